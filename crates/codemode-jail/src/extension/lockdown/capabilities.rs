//! Layer `Capabilities`: no capability in any set, and none that an `execve` could bring back.

use super::sys;

const PR_CAPBSET_DROP: usize = 24;
const PR_CAP_AMBIENT: usize = 47;
const PR_CAP_AMBIENT_CLEAR_ALL: usize = 4;
/// `_LINUX_CAPABILITY_VERSION_3`: 64 bits in two halves.
const VERSION: u32 = 0x2008_0522;

/// Drops the bounding set, except what `keep` has. Without `CAP_SETPCAP` it stays, and is useless: nothing is executed,
/// and `no_new_privs` keeps an executable from granting anything.
pub(crate) fn bound(keep: u64) -> sys::Result<()> {
    for capability in 0..64 {
        if keep & (1 << capability) == 0 {
            match sys::prctl(PR_CAPBSET_DROP, capability) {
                Ok(_) => {}
                // Past the last capability, or not ours to drop.
                Err(sys::EINVAL | sys::EPERM) => break,
                Err(errno) => return Err(errno),
            }
        }
    }
    Ok(())
}

/// Empties the ambient, effective, permitted and inheritable sets.
pub(crate) fn drop_all() -> sys::Result<()> {
    match sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL) {
        Ok(_) | Err(sys::EINVAL) => {}
        Err(errno) => return Err(errno),
    }
    set(0, 0)
}

/// Sets the effective and permitted sets to `held` and the inheritable set to `inheritable`.
pub(crate) fn set(held: u64, inheritable: u64) -> sys::Result<()> {
    let header = [VERSION, 0];
    let low = |set: u64| (set & 0xffff_ffff) as u32;
    let high = |set: u64| (set >> 32) as u32;
    let data = [low(held), low(held), low(inheritable), high(held), high(held), high(inheritable)];
    // SAFETY: the header and the two triples are those of version 3; process 0 is the caller.
    unsafe { sys::call(sys::CAPSET, [header.as_ptr() as usize, data.as_ptr() as usize, 0, 0, 0, 0])? };
    Ok(())
}
