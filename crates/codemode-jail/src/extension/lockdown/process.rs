//! Layers `NoNewPrivileges` and `Undumpable`, and the two settings of a process that belong to no layer of their own.

use super::sys;

const PR_SET_PDEATHSIG: usize = 1;
const PR_SET_DUMPABLE: usize = 4;
const PR_SET_NO_NEW_PRIVS: usize = 38;
const PR_SET_MDWE: usize = 65;
const PR_MDWE_REFUSE_EXEC_GAIN: usize = 1;
const SIGKILL: usize = 9;

/// No executable grants this process or its children anything. Landlock and seccomp need it.
pub(crate) fn no_new_privileges() -> sys::Result<()> {
    // SAFETY: integers only; the kernel wants the unused three to be zero.
    unsafe { sys::call(sys::PRCTL, [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0])? };
    Ok(())
}

/// No other process of the same user may read this one's memory, and no core is written.
pub(crate) fn undumpable() -> sys::Result<()> {
    sys::prctl(PR_SET_DUMPABLE, 0)?;
    Ok(())
}

/// The process dies with its parent. Fails if the parent is gone already.
pub(crate) fn die_with_parent(parent: usize) -> sys::Result<()> {
    sys::prctl(PR_SET_PDEATHSIG, SIGKILL)?;
    // SAFETY: no arguments.
    let now = unsafe { sys::call(sys::GETPPID, [0; 6])? };
    if now == parent { Ok(()) } else { Err(sys::EINVAL) }
}

/// Memory that was writable never becomes executable (Linux 6.3 and later). A second lock on a door that seccomp keeps.
pub(crate) fn refuse_code_generation() {
    let _ = sys::prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN);
}
