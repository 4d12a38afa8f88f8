//! The attacks, one function for each layer: apply it, attack it, say which attack got through.
//!
//! They run in forked children and make system calls only. Zero is "all stopped"; a small number names the attack.

use std::ffi::{c_int, c_long};
use std::ptr;

use super::attempt::{STOPPED, refused};
use crate::blob;
use crate::layer::LayerSet;
use crate::limits::Ceilings;
use crate::lockdown::{self, capabilities, descriptors, process, rlimits, sys};

/// What a child in a control group for one process could not do.
pub(super) const PAUSED_FORK: &str = "fork";

/// Numbers the attacks of a test: the first that gets through is the status.
macro_rules! all_stopped {
    ($($number:literal: $stopped:expr),+ $(,)?) => {{
        $(if !$stopped { return $number; })+
        STOPPED
    }};
}

/// Goes on with the value, or ends the test: the layer could not be applied.
macro_rules! apply {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(errno) => return refused(errno),
        }
    };
}
pub(super) use apply;

pub(super) fn errno() -> i32 {
    sys::errno()
}

/// Whether a call failed with this error.
fn fails(result: c_long, errno: i32) -> bool {
    result < 0 && sys::errno() == errno
}

pub(super) fn no_new_privileges() -> i32 {
    apply!(process::no_new_privileges());
    // SAFETY: integers only.
    unsafe {
        all_stopped! {
            1: libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
            2: libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) < 0,
        }
    }
}

pub(super) fn capabilities() -> i32 {
    apply!(capabilities::bound(0));
    apply!(capabilities::drop_all());
    // SAFETY: integers and a constant string.
    unsafe {
        all_stopped! {
            1: fails(c_long::from(libc::chroot(c"/".as_ptr())), libc::EPERM),
            2: fails(c_long::from(libc::unshare(libc::CLONE_NEWNS)), libc::EPERM),
            3: capabilities::set(1 << 21, 0).is_err(),
            4: fails(c_long::from(libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, 21, 0, 0)), libc::EPERM),
        }
    }
}

pub(super) fn descriptors() -> i32 {
    const HIGH: i32 = 200;
    // SAFETY: integers only; the child owns its descriptors.
    unsafe {
        let low = libc::socket(libc::AF_UNIX, libc::SOCK_STREAM, 0);
        if low < 0 || libc::fcntl(low, libc::F_DUPFD, HIGH) < 0 {
            return refused(errno());
        }
        apply!(descriptors::close_from(4));
        all_stopped! {
            1: (4..HIGH + 8).all(|descriptor| libc::fcntl(descriptor, libc::F_GETFD) < 0),
        }
    }
}

pub(super) fn rlimits() -> i32 {
    const SIZE: usize = 64 << 20;
    let ceilings = Ceilings { memory: 1 << 20, cpu_seconds: 1, open_files: 16, tasks: 1, scratch: 0, scratch_files: 0 };
    let mut header = blob::header(LayerSet::empty(), &ceilings, 0);
    header.data = 1 << 20;
    // SAFETY: integers, and memory that is mapped and never used.
    unsafe {
        let file = libc::memfd_create(c"probe".as_ptr(), 0);
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        apply!(rlimits::apply(&header, false));
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let mapped = libc::mmap(ptr::null_mut(), SIZE, protection, flags, -1, 0);
        let mut cpu = [0u64; 2];
        libc::syscall(libc::SYS_prlimit64, 0, 0, ptr::null::<u64>(), cpu.as_mut_ptr());
        all_stopped! {
            1: mapped == libc::MAP_FAILED,
            2: file < 0 || fails(libc::write(file, c"x".as_ptr().cast(), 1) as c_long, libc::EFBIG),
            3: (0..32).any(|_| fails(c_long::from(libc::dup(0)), libc::EMFILE) || fails(c_long::from(libc::dup(1)), libc::EMFILE)),
            4: cpu == [1, 1],
        }
    }
}

/// Ends with `SIGSYS` when all is well: the last attack is one that kills. Before it, a byte on `proof` says that the program
/// is loaded and stopped the others: a seccomp program of the container may kill too, and earlier.
pub(super) fn seccomp(program: &[u8], proof: c_int) -> i32 {
    apply!(process::no_new_privileges());
    apply!(lockdown::seccomp::load(program));
    // SAFETY: integers, constant strings, and a fork that the program refuses; if it does not, both processes end.
    unsafe {
        let anonymous = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        for (number, result) in [
            (1, c_long::from(libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0))),
            (2, c_long::from(libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY))),
            (3, libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0)),
            (4, libc::mmap(ptr::null_mut(), 4096, all, anonymous, -1, 0) as c_long),
            (5, c_long::from(libc::kill(libc::getppid(), 0))),
        ] {
            if !fails(result, libc::EPERM) {
                return number;
            }
        }
        libc::write(proof, c"x".as_ptr().cast(), 1);
        libc::syscall(libc::SYS_ptrace, libc::PTRACE_TRACEME, 0, 0, 0);
    }
    6
}

pub(super) fn landlock() -> i32 {
    let version = lockdown::landlock::version();
    if version == 0 {
        return refused(libc::ENOSYS);
    }
    apply!(process::no_new_privileges());
    apply!(apply!(lockdown::landlock::Ruleset::new(version)).restrict_self());
    // SAFETY: constant strings, integers, and an address structure that outlives the call.
    unsafe {
        let mut address: libc::sockaddr_in = std::mem::zeroed();
        address.sin_family = libc::AF_INET.unsigned_abs().try_into().unwrap_or(2);
        address.sin_port = 9u16.to_be();
        address.sin_addr.s_addr = 0x7f00_0001_u32.to_be();
        let socket = libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0);
        let size = std::mem::size_of::<libc::sockaddr_in>();
        let connect = || libc::syscall(libc::SYS_connect, socket, &raw const address, size);
        all_stopped! {
            1: fails(c_long::from(libc::open(c"/".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY)), libc::EACCES),
            2: fails(c_long::from(libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY)), libc::EACCES),
            3: version < 4 || socket < 0 || fails(connect(), libc::EACCES),
            4: version < 6 || fails(c_long::from(libc::kill(libc::getppid(), 0)), libc::EPERM),
        }
    }
}

/// The child is the victim; its own child, without capabilities, tries to read it.
pub(super) fn undumpable() -> i32 {
    let secret = [7u8; 16];
    apply!(process::undumpable());
    wait_for(|| {
        apply!(capabilities::drop_all());
        let mut stolen = [0u8; 16];
        // SAFETY: both vectors describe arrays of this frame; the victim has its copy at the same address.
        unsafe {
            let victim = libc::getppid();
            let here = libc::iovec { iov_base: stolen.as_mut_ptr().cast(), iov_len: 16 };
            let there = libc::iovec { iov_base: secret.as_ptr().cast_mut().cast(), iov_len: 16 };
            all_stopped! {
                1: libc::process_vm_readv(victim, &raw const here, 1, &raw const there, 1, 0) < 0,
                2: libc::syscall(libc::SYS_ptrace, libc::PTRACE_SEIZE, victim, 0, 0) < 0,
            }
        }
    })
}

/// Waits for the gate's closing, then forks, which the control group must refuse.
pub(super) fn fork_when_told(wait: c_int, gate: c_int) -> i32 {
    // SAFETY: the child closes its copy of the gate; `byte` has room for what is read.
    unsafe {
        libc::close(gate);
        let mut byte = 0u8;
        libc::read(wait, (&raw mut byte).cast(), 1);
        match libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) {
            0 => libc::_exit(0),
            result => all_stopped! { 1: fails(result, libc::EAGAIN) },
        }
    }
}

/// Forks a child that runs `attack` and returns its status.
pub(super) fn wait_for(attack: impl FnOnce() -> i32) -> i32 {
    // SAFETY: this process has one thread; the child makes system calls only and ends.
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::_exit(attack());
        }
        let mut status = 0;
        if pid < 0 || libc::waitpid(pid, &raw mut status, 0) != pid {
            return refused(errno());
        }
        if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 127 }
    }
}
