//! Layer `Seccomp`, the executor's side: the policy, and the assembler that makes one program of it.
//!
//! The program is compiled once per zygote and passed to it; a worker only loads it.

mod assemble;
#[cfg(any(test, feature = "fuzzing"))]
mod evaluate;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod policy;
mod rule;

pub(crate) use policy::Writes;

/// Compiles the worker's program to the eight-byte instructions the kernel loads.
pub(crate) fn compile(writes: Writes) -> Vec<u8> {
    assemble::assemble(&policy::policy(writes)).iter().flat_map(|instruction| instruction.to_bytes()).collect()
}
