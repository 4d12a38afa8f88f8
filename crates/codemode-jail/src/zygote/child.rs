//! From the fork of the executor to the interpreter's `execve`: namespaces, root, identity.
//!
//! The child of a process with many threads may call only what is async-signal-safe, so everything here is a system call on
//! memory prepared by `plan` and `spawn`. With namespaces there are two processes: the first makes them and ends, the
//! second is the interpreter, process 1 of its namespace and, by `CLONE_PARENT`, a direct child of the executor.

use std::ffi::{CString, c_char, c_int};
use std::ptr;

use super::plan::Entry;
use super::root::{build_root, write_file};
use crate::error::Step;
use crate::lockdown::{capabilities, process};

/// Descriptors of the child. 0, 1: `/dev/null`; 2: the pipe of standard error; 3: control; 4: settings.
pub(super) const DESCRIPTORS: usize = 7;
const REPORT: c_int = 5;
const ANSWER: c_int = 6;
/// Codes on the report pipe that are not those of a failed step.
pub(super) const REPORT_PID: u32 = 100;
pub(super) const REPORT_MAP: u32 = 101;

/// The user and group of a zygote that root starts: `nobody` by convention.
pub(super) const UNPRIVILEGED: u32 = 65534;
const CAP_SYS_ADMIN: u64 = 21;

/// How the namespaces are made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespaces {
    /// None: the profile `container`.
    None,
    /// The executor is root: mounts first, since only root may reach the interpreter; then another user.
    Privileged,
    /// Any other user: a user namespace first, in which it may mount.
    Unprivileged { user: u32, group: u32 },
}

/// All that the child needs.
pub(super) struct Plan {
    pub(super) namespaces: Namespaces,
    /// Sources of the descriptors 0 to 6.
    pub(super) descriptors: [c_int; DESCRIPTORS],
    /// An existing directory that the new root is mounted on for a moment.
    pub(super) mount_point: CString,
    pub(super) mount_point_old: CString,
    pub(super) entries: Vec<Entry>,
    /// `0 user 1`-style maps for the unprivileged case.
    pub(super) user_map: Vec<u8>,
    pub(super) group_map: Vec<u8>,
    pub(super) directory: CString,
    pub(super) executable: CString,
    /// Null-terminated, pointing into strings that the plan's owner keeps.
    pub(super) arguments: Vec<*const c_char>,
    pub(super) environment: Vec<*const c_char>,
    pub(super) no_new_privileges: bool,
    pub(super) drop_capabilities: bool,
    /// Whether workers will make namespaces of their own.
    pub(super) worker_namespaces: bool,
}

pub(super) type Outcome = Result<(), (Step, i32)>;

/// Runs in the forked child; ends by `execve` or `_exit`.
pub(super) fn run(plan: &Plan) -> ! {
    if let Err((step, errno)) = enter(plan) {
        report(step.code(), errno);
    }
    // SAFETY: ends this process without handlers that belong to the executor.
    unsafe { libc::_exit(127) }
}

fn report(code: u32, value: i32) {
    let mut record = [0u8; 8];
    record[..4].copy_from_slice(&code.to_ne_bytes());
    record[4..].copy_from_slice(&value.to_ne_bytes());
    // SAFETY: `record` is valid for its length; a pipe takes eight bytes at once.
    let _ = unsafe { libc::write(REPORT, record.as_ptr().cast(), record.len()) };
}

/// The executor's side of `report`.
pub(super) fn decode(record: [u8; 8]) -> (u32, i32) {
    let [first, second] = [0, 4].map(|at| [record[at], record[at + 1], record[at + 2], record[at + 3]]);
    (u32::from_ne_bytes(first), i32::from_ne_bytes(second))
}

pub(super) fn step(step: Step, result: c_int) -> Outcome {
    if result < 0 { Err((step, errno())) } else { Ok(()) }
}

pub(super) fn errno() -> i32 {
    // SAFETY: the location is this thread's own.
    unsafe { *libc::__errno_location() }
}

fn enter(plan: &Plan) -> Outcome {
    arrange(plan)?;
    match plan.namespaces {
        Namespaces::None => {
            if plan.drop_capabilities {
                lockdown(Step::Capabilities, capabilities::bound(0))?;
                lockdown(Step::Capabilities, capabilities::drop_all())?;
            }
            return execute(plan);
        }
        Namespaces::Privileged => {
            unshare(Step::MountNamespace, libc::CLONE_NEWNS)?;
            build_root(plan)?;
            unshare(Step::Namespaces, libc::CLONE_NEWUSER | libc::CLONE_NEWNS | OTHERS)?;
            request_map()?;
            become_unprivileged()?;
        }
        Namespaces::Unprivileged { .. } => {
            unshare(Step::Namespaces, libc::CLONE_NEWUSER | libc::CLONE_NEWNS | OTHERS)?;
            lockdown(Step::IdentityMap, map_self(&plan.user_map, &plan.group_map))?;
            build_root(plan)?;
        }
    }
    rename_host()?;
    keep_mounting(plan)?;
    // SAFETY: a plain fork: no memory is shared, and the child's stack is a copy. The C library's idea of its own process
    // number is stale in the child, which makes nothing but system calls before `execve`.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_PARENT | libc::SIGCHLD, 0, 0, 0, 0) };
    let pid = c_int::try_from(pid).unwrap_or(-1);
    if pid == 0 {
        return execute(plan);
    }
    step(Step::Process, pid)?;
    report(REPORT_PID, pid);
    // SAFETY: the interpreter's process goes on alone.
    unsafe { libc::_exit(0) }
}

/// Workers are told a name that says nothing of the host.
fn rename_host() -> Outcome {
    let name = c"codemode";
    // SAFETY: a string and its length.
    unsafe {
        step(Step::Namespaces, libc::sethostname(name.as_ptr(), name.count_bytes()))?;
        step(Step::Namespaces, libc::setdomainname(c"".as_ptr(), 0))
    }
}

const OTHERS: c_int =
    libc::CLONE_NEWPID | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS | libc::CLONE_NEWCGROUP;

fn lockdown(at: Step, result: Result<(), i32>) -> Outcome {
    result.map_err(|errno| (at, errno))
}

fn unshare(at: Step, flags: c_int) -> Outcome {
    // SAFETY: this process has one thread and shares no memory.
    step(at, unsafe { libc::unshare(flags) })
}

/// Descriptors to their places, the executor's signal handlers and session left behind, first to go when memory is short.
fn arrange(plan: &Plan) -> Outcome {
    // SAFETY: integers, and structures that outlive each call. Descriptors are first moved out of the way of their targets.
    unsafe {
        libc::setsid();
        let mut moved = [-1; DESCRIPTORS];
        for (source, place) in plan.descriptors.iter().zip(&mut moved) {
            *place = libc::fcntl(*source, libc::F_DUPFD, 32);
            step(Step::Arrange, *place)?;
        }
        for (target, source) in (0..).zip(moved) {
            let flags = if target >= REPORT { libc::O_CLOEXEC } else { 0 };
            step(Step::Arrange, libc::dup3(source, target, flags))?;
        }
        let closed = libc::syscall(libc::SYS_close_range, DESCRIPTORS, u32::MAX, 0);
        step(Step::Arrange, c_int::try_from(closed).unwrap_or(-1))?;

        for signal in 1..=64 {
            // Fails for the few that have no handler.
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        step(Step::Arrange, libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut()))?;
        libc::umask(0o022);
    }
    if let Namespaces::Unprivileged { .. } = plan.namespaces {
        // The files of a process that is not dumpable belong to root. Until the map is written, no worker runs.
        // SAFETY: integers.
        unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0) };
    }
    // Refused where the executor itself may not be read; the kernel's own choice is good enough then.
    let _ = write_file(c"/proc/self/oom_score_adj", b"1000");
    Ok(())
}

/// Asks the executor, which is root here, to map the unprivileged user into the new user namespace.
fn request_map() -> Outcome {
    report(REPORT_MAP, 0);
    let mut answer = [0u8; 4];
    // SAFETY: `answer` has room for what is read.
    let read = unsafe { libc::read(ANSWER, answer.as_mut_ptr().cast(), answer.len()) };
    match i32::from_ne_bytes(answer) {
        0 if read == 4 => Ok(()),
        errno => Err((Step::IdentityMap, errno)),
    }
}

/// Maps the user and the group into the user namespace just made. The process must be dumpable, and is not afterwards.
pub(crate) fn map_self(user_map: &[u8], group_map: &[u8]) -> Result<(), i32> {
    write_file(c"/proc/self/setgroups", b"deny")?;
    write_file(c"/proc/self/uid_map", user_map)?;
    write_file(c"/proc/self/gid_map", group_map)?;
    process::undumpable()
}

fn become_unprivileged() -> Outcome {
    let id = UNPRIVILEGED;
    // The C library's wrappers would look for other threads to change.
    // SAFETY: integers, and an empty list of groups.
    unsafe {
        let results = [
            libc::syscall(libc::SYS_setgroups, 0, ptr::null::<libc::gid_t>()),
            libc::syscall(libc::SYS_setresgid, id, id, id),
            libc::syscall(libc::SYS_setresuid, id, id, id),
        ];
        if results == [0; 3] { Ok(()) } else { Err((Step::Identity, errno())) }
    }
}

/// Keeps one capability over `execve`: the zygote makes namespaces and mounts for its workers.
fn keep_mounting(plan: &Plan) -> Outcome {
    let keep = if plan.worker_namespaces { 1 << CAP_SYS_ADMIN } else { 0 };
    lockdown(Step::Capabilities, capabilities::bound(keep))?;
    lockdown(Step::Capabilities, capabilities::set(keep, keep))?;
    if plan.worker_namespaces {
        // SAFETY: integers.
        let raised = unsafe { libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0) };
        step(Step::Capabilities, raised)?;
    }
    Ok(())
}

fn execute(plan: &Plan) -> Outcome {
    if plan.no_new_privileges {
        lockdown(Step::Capabilities, process::no_new_privileges())?;
    }
    // SAFETY: the strings and the null-terminated arrays are kept by the plan's owner, whose memory this process copied.
    unsafe {
        libc::umask(0o077);
        step(Step::Execute, libc::chdir(plan.directory.as_ptr()))?;
        let environment = plan.environment.as_ptr();
        step(Step::Execute, libc::execve(plan.executable.as_ptr(), plan.arguments.as_ptr(), environment))
    }
}
