//! Layer `Seccomp`: the one program that decides about every system call from here on.

use super::sys;

const PR_SET_SECCOMP: usize = 22;
const SECCOMP_MODE_FILTER: usize = 2;

/// `struct sock_fprog`.
#[repr(C)]
struct Program {
    length: u16,
    instructions: *const u8,
}

/// Loads the program: eight bytes to an instruction, compiled and checked by the executor.
pub(crate) fn load(instructions: &[u8]) -> sys::Result<()> {
    let length = u16::try_from(instructions.len() / 8).map_err(|_| sys::EINVAL)?;
    let program = Program { length, instructions: instructions.as_ptr() };
    // SAFETY: `program` points at `length` instructions of eight bytes; the kernel copies them byte by byte.
    unsafe { sys::call(sys::PRCTL, [PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (&raw const program) as usize, 0, 0, 0])? };
    Ok(())
}
