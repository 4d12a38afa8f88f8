//! Small safe wrappers of the executor's own system calls.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use libc::c_int;

/// Turns the result of a C function into a `Result`.
pub(crate) fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Takes ownership of a descriptor that the kernel has just made.
///
/// # Safety
///
/// `descriptor` is new: nothing else owns it.
pub(crate) unsafe fn owned(descriptor: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the caller says that nothing else owns it, and `check` that it is valid.
    check(descriptor).map(|descriptor| unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// A pipe: the end to read, the end to write; both closed on `execve`.
pub(crate) fn pipe(flags: c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: `ends` has room for the two descriptors.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), flags | libc::O_CLOEXEC) })?;
    // SAFETY: `pipe2` has just made both.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// A pair of connected local sockets, closed on `execve`.
pub(crate) fn socketpair(kind: c_int) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: `ends` has room for the two descriptors.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind | libc::SOCK_CLOEXEC, 0, ends.as_mut_ptr()) })?;
    // SAFETY: `socketpair` has just made both.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

/// Whether a pipe that does not block has a byte; takes it.
pub(crate) fn read_byte(descriptor: BorrowedFd<'_>) -> bool {
    let mut byte = 0u8;
    // SAFETY: room for one byte; the descriptor is open for as long as it is borrowed.
    unsafe { libc::read(descriptor.as_raw_fd(), (&raw mut byte).cast(), 1) == 1 }
}

pub(crate) fn set_nonblocking(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: changes flags of a descriptor that is open for as long as it is borrowed.
    unsafe {
        let flags = check(libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFL))?;
        check(libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK))?;
    }
    Ok(())
}

pub(crate) fn pidfd_open(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: a process number and no flags; the descriptor is new.
    unsafe { owned(c_int::try_from(libc::syscall(libc::SYS_pidfd_open, pid, 0)).unwrap_or(-1)) }
}

/// Whether a process has not been reaped yet; `ESRCH` where it has.
pub(crate) fn pidfd_exists(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: signal 0 is only a question; the descriptor is open for as long as it is borrowed.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), 0, none, 0) };
    check(c_int::try_from(result).unwrap_or(-1)).map(drop)
}

/// Whether a process has ended, reaped or not.
pub(crate) fn pidfd_ended(pidfd: BorrowedFd<'_>) -> io::Result<bool> {
    let mut asked = libc::pollfd { fd: pidfd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, alive for the call, which does not wait.
    check(unsafe { libc::poll(&raw mut asked, 1, 0) }).map(|ready| ready > 0)
}

/// Kills a process. One that has ended already is not an error.
pub(crate) fn pidfd_kill(pidfd: BorrowedFd<'_>) -> io::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: no signal information is passed; the descriptor is open for as long as it is borrowed.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), libc::SIGKILL, none, 0) };
    match check(c_int::try_from(result).unwrap_or(-1)) {
        Err(error) if error.raw_os_error() != Some(libc::ESRCH) => Err(error),
        _ => Ok(()),
    }
}
