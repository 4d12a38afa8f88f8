//! Layer `Rlimits`: what one worker may use of memory, processor time, files and tasks.
//!
//! These are ceilings, soft and hard alike, set before a program is known. The executor lowers them from outside for each
//! execution; nothing can raise them again.

use super::settings::Header;
use super::sys;

const CPU: usize = 0;
const FSIZE: usize = 1;
const DATA: usize = 2;
const STACK: usize = 3;
const CORE: usize = 4;
const NPROC: usize = 6;
const NOFILE: usize = 7;
const MEMLOCK: usize = 8;
const AS: usize = 9;
const MSGQUEUE: usize = 12;

/// The main thread's stack, which `DATA` does not count: every distribution's default. An executor whose own is unlimited
/// must not hand that on.
const STACK_SIZE: u64 = 8 << 20;

/// Applies the ceilings. `own_tasks`: the process is alone in its user namespace, so that a limit on tasks is its own.
pub(crate) fn apply(header: &Header, own_tasks: bool) -> sys::Result<()> {
    set(CPU, header.cpu_seconds)?;
    set(DATA, header.data)?;
    set(AS, header.address_space)?;
    set(NOFILE, header.open_files)?;
    set(FSIZE, if header.has_scratch() { header.scratch } else { 0 })?;
    set(STACK, STACK_SIZE)?;
    set(CORE, 0)?;
    set(MEMLOCK, 0)?;
    set(MSGQUEUE, 0)?;
    if own_tasks {
        set(NPROC, header.tasks)?;
    }
    Ok(())
}

/// Sets one limit, or keeps a lower hard limit that is already there.
fn set(resource: usize, value: u64) -> sys::Result<()> {
    let mut old = [0u64; 2];
    // SAFETY: `old` has room for the two words of `struct rlimit64`.
    unsafe { sys::call(sys::PRLIMIT64, [0, resource, 0, old.as_mut_ptr() as usize, 0, 0])? };
    let value = value.min(old[1]);
    let new = [value, value];
    // SAFETY: `new` holds the two words of `struct rlimit64`; process 0 is the caller.
    unsafe { sys::call(sys::PRLIMIT64, [0, resource, new.as_ptr() as usize, 0, 0, 0])? };
    Ok(())
}
