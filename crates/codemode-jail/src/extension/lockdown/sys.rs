//! System calls by number, for code that has no `libc` crate: the extension, and the probe's children.
//!
//! `call` is async-signal-safe: it touches no memory but its arguments, the stack and `errno`.

use core::ffi::{c_int, c_long};

// SAFETY: as the C library declares them on 64-bit Linux, where `int` has 32 bits and `long` and pointers have 64.
unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn __errno_location() -> *mut c_int;
    fn _exit(status: c_int) -> !;
}

#[cfg(target_arch = "x86_64")]
mod numbers {
    use core::ffi::c_long;
    pub(crate) const CLOSE: c_long = 3;
    pub(crate) const MMAP: c_long = 9;
    pub(crate) const SENDMSG: c_long = 46;
    pub(crate) const RECVMSG: c_long = 47;
    pub(crate) const GETPPID: c_long = 110;
    pub(crate) const CAPSET: c_long = 126;
    pub(crate) const PRCTL: c_long = 157;
    pub(crate) const MOUNT: c_long = 165;
    pub(crate) const OPENAT: c_long = 257;
    pub(crate) const UNSHARE: c_long = 272;
    pub(crate) const DUP3: c_long = 292;
    pub(crate) const PRLIMIT64: c_long = 302;
    pub(crate) const CHDIR: c_long = 80;
}

#[cfg(target_arch = "aarch64")]
mod numbers {
    use core::ffi::c_long;
    pub(crate) const CLOSE: c_long = 57;
    pub(crate) const SENDMSG: c_long = 211;
    pub(crate) const RECVMSG: c_long = 212;
    pub(crate) const GETPPID: c_long = 173;
    pub(crate) const CAPSET: c_long = 91;
    pub(crate) const PRCTL: c_long = 167;
    pub(crate) const MOUNT: c_long = 40;
    pub(crate) const OPENAT: c_long = 56;
    pub(crate) const UNSHARE: c_long = 97;
    pub(crate) const DUP3: c_long = 24;
    pub(crate) const PRLIMIT64: c_long = 261;
    pub(crate) const CHDIR: c_long = 49;
    pub(crate) const MMAP: c_long = 222;
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the jail knows the system calls of x86_64 and aarch64 only");

pub(crate) use numbers::*;

// One number on every architecture.
pub(crate) const CLOSE_RANGE: c_long = 436;
pub(crate) const LANDLOCK_CREATE_RULESET: c_long = 444;
pub(crate) const LANDLOCK_ADD_RULE: c_long = 445;
pub(crate) const LANDLOCK_RESTRICT_SELF: c_long = 446;

pub(crate) const EPERM: i32 = 1;
pub(crate) const EINTR: i32 = 4;
pub(crate) const EAGAIN: i32 = 11;
pub(crate) const EINVAL: i32 = 22;

/// The result of a system call, or `errno`.
pub(crate) type Result<T> = core::result::Result<T, i32>;

/// Makes a system call.
///
/// # Safety
///
/// What the arguments mean to the kernel must hold: a pointer argument points at memory of the size the call uses.
pub(crate) unsafe fn call(number: c_long, arguments: [usize; 6]) -> Result<usize> {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    // SAFETY: the caller vouches for the arguments; each is passed as one register-sized integer, as `syscall` expects.
    let result = unsafe { syscall(number, first, second, third, fourth, fifth, sixth) };
    usize::try_from(result).map_err(|_| errno())
}

/// The error of the last failed call of this thread.
pub(crate) fn errno() -> i32 {
    // SAFETY: the location is this thread's own and always valid.
    unsafe { *__errno_location() }
}

/// Ends the process without running a destructor or an exit handler.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` has no precondition.
    unsafe { _exit(status) }
}

/// A descriptor as a system call argument.
pub(crate) fn descriptor(fd: i32) -> usize {
    // A negative one becomes a value that the kernel refuses.
    fd.cast_unsigned() as usize
}

/// `prctl` with integer arguments only.
pub(crate) fn prctl(option: usize, value: usize) -> Result<usize> {
    // SAFETY: the options used in this crate take integers here.
    unsafe { call(PRCTL, [option, value, 0, 0, 0, 0]) }
}

/// Closes a descriptor; a worker has nothing to say about one that is already closed.
pub(crate) fn close(fd: i32) {
    // SAFETY: closing a number touches no memory; each caller owns the descriptor it names.
    let _ = unsafe { call(CLOSE, [descriptor(fd), 0, 0, 0, 0, 0]) };
}
