//! Layer `WorkerNamespaces`: processes, mounts and a scratch file system that no other worker sees.
//!
//! The zygote asks for the process namespace before it forks; the rest happens in the worker.

use core::ffi::CStr;

use super::sys;

pub(crate) const CLONE_NEWNS: usize = 0x0002_0000;
pub(crate) const CLONE_NEWUSER: usize = 0x1000_0000;
pub(crate) const CLONE_NEWPID: usize = 0x2000_0000;
const MS_NOSUID: usize = 2;
const MS_NODEV: usize = 4;
const MS_NOEXEC: usize = 8;

/// Where the scratch file system is.
pub(crate) const SCRATCH: &CStr = c"/tmp";

pub(crate) fn unshare(flags: usize) -> sys::Result<()> {
    // SAFETY: takes flags; none of those used here shares or unshares memory.
    unsafe { sys::call(sys::UNSHARE, [flags, 0, 0, 0, 0, 0])? };
    Ok(())
}

/// Mounts a fresh scratch file system at `target`: no programs, no devices, the size and number of files in `options`.
pub(crate) fn mount_scratch(target: &CStr, options: &[u8]) -> sys::Result<()> {
    let kind = c"tmpfs".as_ptr() as usize;
    let flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    // SAFETY: three zero-terminated strings (`Settings::parse` checked `options`) that outlive the call.
    unsafe { sys::call(sys::MOUNT, [kind, target.as_ptr() as usize, kind, flags, options.as_ptr() as usize, 0])? };
    Ok(())
}

pub(crate) fn change_directory(path: &CStr) -> sys::Result<()> {
    // SAFETY: a zero-terminated string that outlives the call.
    unsafe { sys::call(sys::CHDIR, [path.as_ptr() as usize, 0, 0, 0, 0, 0])? };
    Ok(())
}
