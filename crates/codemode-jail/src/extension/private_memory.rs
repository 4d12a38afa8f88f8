//! Anonymous memory that a program asks to share, as `mmap.mmap(-1, n)` does, made private.
//!
//! The kernel keeps shared anonymous memory as a file of no name, which the limit on data does not count. A worker has no
//! other process to share it with, so private memory is the same to it, and counts. The seccomp program turns each such
//! call into `SIGSYS`; the handler makes the call again and puts its result where the caller expects it. A program that
//! takes the handler away only loses these calls: with no handler or with the signal blocked, they end it.

use core::ffi::{c_int, c_long, c_ulong, c_void};
use core::mem::offset_of;
use core::ptr;

use crate::lockdown::sys;

const SIGSYS: c_int = 31;
const SA_SIGINFO: c_int = 4;
/// `si_code` of a signal that a seccomp program sent.
const SYS_SECCOMP: c_int = 1;
const MAP_TYPE: usize = 0x0f;
const MAP_PRIVATE: usize = 2;

/// `struct sigaction` of glibc and musl.
#[repr(C)]
struct Action {
    handler: extern "C" fn(c_int, *const Information, *mut Context),
    mask: [u64; 16],
    flags: c_int,
    restorer: *const c_void,
}

/// `siginfo_t` as far as `SIGSYS` fills it.
#[repr(C)]
struct Information {
    signal: c_int,
    errno: c_int,
    code: c_int,
    call_address: *const c_void,
    call: c_int,
    architecture: u32,
}

/// `ucontext_t` up to the registers of the interrupted thread.
#[cfg(target_arch = "x86_64")]
#[repr(C)]
struct Context {
    flags: c_ulong,
    link: *const c_void,
    stack: [u64; 3],
    /// R8 to R15, then RDI, RSI, RBP, RBX, RDX, RAX.
    registers: [usize; 14],
}

#[cfg(target_arch = "x86_64")]
const ARGUMENTS: [usize; 6] = [8, 9, 12, 2, 0, 1];
#[cfg(target_arch = "x86_64")]
const RESULT: usize = 13;
#[cfg(target_arch = "x86_64")]
const _: () = assert!(offset_of!(Context, registers) == 40);

/// `ucontext_t` up to the registers of the interrupted thread; `struct sigcontext` is aligned to 16.
#[cfg(target_arch = "aarch64")]
#[repr(C)]
struct Context {
    flags: c_ulong,
    link: *const c_void,
    stack: [u64; 3],
    mask: [u64; 16],
    padding: u64,
    fault_address: u64,
    /// X0 to X5.
    registers: [usize; 6],
}

#[cfg(target_arch = "aarch64")]
const ARGUMENTS: [usize; 6] = [0, 1, 2, 3, 4, 5];
#[cfg(target_arch = "aarch64")]
const RESULT: usize = 0;
#[cfg(target_arch = "aarch64")]
const _: () = assert!(offset_of!(Context, registers) == 184);

const _: () = assert!(offset_of!(Information, call) == 24);
const _: () = assert!(offset_of!(Action, flags) == 136);

unsafe extern "C" {
    fn sigaction(signal: c_int, new: *const Action, old: *mut Action) -> c_int;
}

/// Installs the handler, which every worker inherits.
pub(crate) fn answer_traps() -> sys::Result<()> {
    let action = Action { handler: answer, mask: [0; 16], flags: SA_SIGINFO, restorer: ptr::null() };
    // SAFETY: `action` has the C library's layout, whose size is asserted above; the old action is not wanted.
    if unsafe { sigaction(SIGSYS, &raw const action, ptr::null_mut()) } == 0 { Ok(()) } else { Err(sys::errno()) }
}

extern "C" fn answer(_signal: c_int, information: *const Information, context: *mut Context) {
    // SAFETY: with `SA_SIGINFO` the kernel passes both, on this thread's stack, and nobody else refers to them.
    let (information, context) = unsafe { (&*information, &mut *context) };
    if information.code != SYS_SECCOMP || c_long::from(information.call) != sys::MMAP {
        return;
    }
    let mut arguments = ARGUMENTS.map(|register| context.registers[register]);
    arguments[3] = arguments[3] & !MAP_TYPE | MAP_PRIVATE;
    // SAFETY: the call that the interrupted code made, with another kind of memory: what it means to map there, perhaps in
    // the place of something else, that code has said.
    let result = unsafe { sys::call(sys::MMAP, arguments) };
    // What the kernel returns in this register: an address, or the negated error.
    context.registers[RESULT] = result.unwrap_or_else(|errno| (errno as isize).wrapping_neg().cast_unsigned());
}
