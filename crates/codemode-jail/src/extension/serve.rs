//! The zygote's loop: fork a worker for each request, report each worker's end, end with the executor.
//!
//! ```text
//!            ┌────────── request ──► fork ──► parent: reply with a pidfd ─┐
//!  start ─► wait ◄───────────────────────────────────────────────────────┘
//!            ├────────── SIGCHLD ──► reap all, report each
//!            └────────── end of file ──► exit; the kernel kills what is left
//! ```
//! The zygote has one thread. `run` returns in a worker only.

use core::ffi::{CStr, c_int, c_void};
use core::ptr;

use crate::channel::{self, Request};
use crate::lockdown::settings::{Settings, layers};
use crate::lockdown::{FAILED, descriptors::SOCKET, namespaces, process, sys};
use crate::private_memory;
use crate::python;
use crate::worker::{self, Prepared};

/// The descriptor of the settings, mapped and closed before the first worker.
const SETTINGS: c_int = 4;
const SIGCHLD: c_int = 17;
const SIG_BLOCK: c_int = 0;
const SIG_UNBLOCK: c_int = 1;
const POLLIN: i16 = 1;
const WNOHANG: c_int = 1;
const PIDFD_OPEN: core::ffi::c_long = 434;
const SFD_FLAGS: c_int = 0o2_004_000; // SFD_CLOEXEC | SFD_NONBLOCK
const SIGKILL: c_int = 9;

#[repr(C)]
struct Poll {
    descriptor: c_int,
    wanted: i16,
    seen: i16,
}

// SAFETY: as the C library declares them on 64-bit Linux; the arrays are at least as large as its structures.
unsafe extern "C" {
    fn fork() -> c_int;
    fn getpid() -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn lseek(fd: c_int, offset: i64, whence: c_int) -> i64;
    fn mmap(address: *mut c_void, size: usize, protection: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void;
    fn poll(descriptors: *mut Poll, count: u64, timeout: c_int) -> c_int;
    fn read(fd: c_int, bytes: *mut u8, length: usize) -> isize;
    fn setns(fd: c_int, kind: c_int) -> c_int;
    fn sigprocmask(how: c_int, set: *const [u64; 16], old: *mut [u64; 16]) -> c_int;
    fn signalfd(fd: c_int, set: *const [u64; 16], flags: c_int) -> c_int;
    fn wait4(pid: c_int, status: *mut c_int, options: c_int, usage: *mut [i64; 18]) -> c_int;
}

/// Serves until the executor goes, or until this process is a locked-down worker.
pub(crate) fn run() {
    let Ok(mut zygote) = Zygote::start() else { sys::exit_now(FAILED) };
    loop {
        let mut watched = [
            Poll { descriptor: SOCKET, wanted: POLLIN, seen: 0 },
            Poll { descriptor: zygote.children, wanted: POLLIN, seen: 0 },
        ];
        // SAFETY: `watched` is an array of two.
        let ready = unsafe { poll(watched.as_mut_ptr(), 2, -1) };
        if ready < 0 {
            continue;
        }
        if watched[1].seen != 0 {
            zygote.reap();
        }
        if watched[0].seen != 0 {
            match channel::receive(SOCKET) {
                Request::Fork { sequence, socket } => {
                    if let Role::Worker = zygote.fork_worker(sequence, socket) {
                        return;
                    }
                }
                Request::Closed => sys::exit_now(0),
                Request::Nothing => {}
            }
        }
    }
}

enum Role {
    Zygote,
    Worker,
}

struct Zygote {
    prepared: Prepared,
    /// A signalfd that becomes readable when a worker ends.
    children: c_int,
    /// The zygote's own pidfd: the way back into its process namespace.
    myself: c_int,
}

impl Zygote {
    fn start() -> sys::Result<Self> {
        let settings = map_settings()?;
        if settings.header.has(layers::UNDUMPABLE) {
            process::undumpable()?;
        }
        // SAFETY: no precondition.
        let pid = unsafe { getpid() };
        if settings.header.has(layers::SECCOMP) {
            private_memory::answer_traps()?;
        }
        let prepared = Prepared::new(settings, pid.cast_unsigned() as usize)?;
        let myself = pidfd_open(pid)?;
        child_signal(SIG_BLOCK)?;
        // SAFETY: a new descriptor for a set that outlives the call.
        let children = unsafe { signalfd(-1, &raw const CHILD_SET, SFD_FLAGS) };
        if children < 0 {
            return Err(sys::errno());
        }
        announce()?;
        Ok(Self { prepared, children, myself })
    }

    fn fork_worker(&mut self, sequence: u32, socket: c_int) -> Role {
        let own_namespaces = self.prepared.settings.header.has(layers::WORKER_NAMESPACES);
        if own_namespaces && let Err(errno) = namespaces::unshare(namespaces::CLONE_NEWPID) {
            sys::close(socket);
            Self::fork_failed(sequence, errno);
            return Role::Zygote;
        }
        // SAFETY: the interpreter's lock is held and this is the process's only thread; the three hooks go around `fork` in
        // this order, as the C API asks.
        let pid = unsafe {
            python::PyOS_BeforeFork();
            let pid = fork();
            if pid == 0 {
                python::PyOS_AfterFork_Child();
            } else {
                python::PyOS_AfterFork_Parent();
            }
            pid
        };
        let errno = sys::errno();
        if pid == 0 {
            if child_signal(SIG_UNBLOCK).is_err() {
                sys::exit_now(FAILED);
            }
            worker::lock_down(&self.prepared, socket);
            return Role::Worker;
        }
        sys::close(socket);
        // SAFETY: a descriptor of this process. Without the way back the next worker would join this one's namespace.
        if own_namespaces && unsafe { setns(self.myself, namespaces::CLONE_NEWPID as c_int) } != 0 {
            sys::exit_now(FAILED);
        }
        if pid < 0 {
            Self::fork_failed(sequence, errno);
            return Role::Zygote;
        }
        match pidfd_open(pid) {
            Ok(descriptor) => {
                let mut packet = [0u8; 9];
                packet[0] = 1;
                packet[1..5].copy_from_slice(&sequence.to_le_bytes());
                packet[5..9].copy_from_slice(&pid.to_le_bytes());
                if channel::send(SOCKET, &packet, Some(descriptor)).is_err() {
                    sys::exit_now(0);
                }
                sys::close(descriptor);
            }
            Err(errno) => {
                // SAFETY: a child not yet reaped: its number cannot belong to another process.
                unsafe { kill(pid, SIGKILL) };
                Self::fork_failed(sequence, errno);
            }
        }
        Role::Zygote
    }

    fn fork_failed(sequence: u32, errno: i32) {
        let mut packet = [0u8; 9];
        packet[0] = 2;
        packet[1..5].copy_from_slice(&sequence.to_le_bytes());
        packet[5..9].copy_from_slice(&errno.to_le_bytes());
        if channel::send(SOCKET, &packet, None).is_err() {
            sys::exit_now(0);
        }
    }

    fn reap(&mut self) {
        let mut information = [0u8; 128];
        // One read takes one pending signal; SIGCHLD is never queued twice.
        // SAFETY: the buffer has the size of `struct signalfd_siginfo`.
        unsafe { read(self.children, information.as_mut_ptr(), information.len()) };
        loop {
            let (mut status, mut usage) = (0, [0i64; 18]);
            // SAFETY: `usage` has the size of `struct rusage`.
            let pid = unsafe { wait4(-1, &raw mut status, WNOHANG, &raw mut usage) };
            if pid <= 0 {
                return;
            }
            let micros = |seconds: i64, rest: i64| seconds.wrapping_mul(1_000_000).wrapping_add(rest);
            let mut packet = [0u8; 33];
            packet[0] = 3;
            packet[1..5].copy_from_slice(&pid.to_le_bytes());
            packet[5..9].copy_from_slice(&status.to_le_bytes());
            packet[9..17].copy_from_slice(&micros(usage[0], usage[1]).to_le_bytes());
            packet[17..25].copy_from_slice(&micros(usage[2], usage[3]).to_le_bytes());
            packet[25..33].copy_from_slice(&usage[4].to_le_bytes());
            if channel::send(SOCKET, &packet, None).is_err() {
                sys::exit_now(0);
            }
        }
    }
}

static CHILD_SET: [u64; 16] = {
    let mut set = [0; 16];
    set[0] = 1 << (SIGCHLD - 1);
    set
};

fn child_signal(how: c_int) -> sys::Result<()> {
    // SAFETY: a set of glibc's size (128 bytes; musl's is the same), and no old set wanted.
    if unsafe { sigprocmask(how, &raw const CHILD_SET, ptr::null_mut()) } == 0 { Ok(()) } else { Err(sys::errno()) }
}

fn pidfd_open(pid: c_int) -> sys::Result<c_int> {
    // SAFETY: a process number and no flags.
    let descriptor = unsafe { sys::call(PIDFD_OPEN, [sys::descriptor(pid), 0, 0, 0, 0, 0])? };
    c_int::try_from(descriptor).map_err(|_| sys::EINVAL)
}

/// Maps the settings for the life of the process and closes their descriptor.
fn map_settings() -> sys::Result<Settings<'static>> {
    const SEEK_END: c_int = 2;
    const PROT_READ: c_int = 1;
    const MAP_PRIVATE: c_int = 2;
    // SAFETY: asks for a length.
    let size = usize::try_from(unsafe { lseek(SETTINGS, 0, SEEK_END) }).map_err(|_| sys::errno())?;
    // SAFETY: a new mapping at an address of the kernel's choice.
    let address = unsafe { mmap(ptr::null_mut(), size, PROT_READ, MAP_PRIVATE, SETTINGS, 0) };
    if address.addr() == usize::MAX {
        return Err(sys::errno());
    }
    sys::close(SETTINGS);
    // SAFETY: the mapping has `size` readable bytes, is never unmapped, and its memfd is sealed against changes.
    Settings::parse(unsafe { core::slice::from_raw_parts(address.cast(), size) })
}

/// Tells the executor that the zygote serves, and which Python it is.
fn announce() -> sys::Result<()> {
    // SAFETY: the interpreter returns a static, zero-terminated string.
    let version = unsafe { CStr::from_ptr(python::Py_GetVersion()) }.to_bytes();
    let version = version.split(|byte| *byte == b' ').next().unwrap_or_default();
    let mut packet = [0u8; 33];
    packet[0] = 4;
    let length = version.len().min(32);
    packet[1..=length].copy_from_slice(&version[..length]);
    channel::send(SOCKET, &packet[..=length], None)
}
