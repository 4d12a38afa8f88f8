//! The zygote's root: a temporary file system with read-only binds of the interpreter, and nothing else.
//!
//! Runs in the forked child between `unshare` and `execve`: system calls only, on memory that `plan` prepared.

use std::ffi::{CStr, c_int};
use std::ptr;

use super::child::{Outcome, Plan, errno, step};
use super::plan::{Entry, OLD_ROOT};
use crate::error::Step;

/// A temporary file system with read-only binds becomes the root; the old one is gone afterwards.
pub(super) fn build_root(plan: &Plan) -> Outcome {
    let none = ptr::null();
    let old = OLD_ROOT_C.as_ptr();
    // SAFETY: zero-terminated strings of the plan, or constants; no data where none is wanted.
    unsafe {
        let flags = libc::MS_REC | libc::MS_PRIVATE;
        step(Step::Root, libc::mount(none, c"/".as_ptr(), none, flags, none.cast()))?;
        let flags = libc::MS_NOSUID | libc::MS_NODEV;
        let kind = c"tmpfs".as_ptr();
        let options = c"mode=0755,size=64m".as_ptr();
        step(Step::Root, libc::mount(kind, plan.mount_point.as_ptr(), kind, flags, options.cast()))?;
        step(Step::Root, libc::mkdir(plan.mount_point_old.as_ptr(), 0o755))?;
        step(Step::Pivot, pivot_root(&plan.mount_point, &plan.mount_point_old))?;
        step(Step::Pivot, libc::chdir(c"/".as_ptr()))?;
    }
    for entry in &plan.entries {
        make(entry).map_err(|errno| (Step::Populate, errno))?;
    }
    // SAFETY: constants.
    unsafe {
        step(Step::Pivot, libc::umount2(old, libc::MNT_DETACH))?;
        step(Step::Pivot, libc::rmdir(old))?;
    }
    set_mount(c"/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0).map_err(|errno| (Step::Pivot, errno))
}

const OLD_ROOT_C: &CStr = c"/.old";
const _: () = assert!(OLD_ROOT.len() == OLD_ROOT_C.count_bytes());
const MOUNT_ATTR_RDONLY: u64 = 1;
const MOUNT_ATTR_NOSUID: u64 = 2;
const MOUNT_ATTR_NODEV: u64 = 4;
const MOUNT_ATTR_NOEXEC: u64 = 8;

fn pivot_root(new: &CStr, old: &CStr) -> c_int {
    // SAFETY: zero-terminated strings.
    c_int::try_from(unsafe { libc::syscall(libc::SYS_pivot_root, new.as_ptr(), old.as_ptr()) }).unwrap_or(-1)
}

fn make(entry: &Entry) -> Result<(), i32> {
    match entry {
        Entry::Directory(path) => {
            // SAFETY: a zero-terminated string.
            let made = unsafe { libc::mkdir(path.as_ptr(), 0o755) };
            if made < 0 && errno() != libc::EEXIST { Err(errno()) } else { Ok(()) }
        }
        Entry::Link { at, to } => {
            // SAFETY: zero-terminated strings.
            let made = unsafe { libc::symlink(to.as_ptr(), at.as_ptr()) };
            if made < 0 && errno() != libc::EEXIST { Err(errno()) } else { Ok(()) }
        }
        Entry::Tree { from, at } => {
            bind(from, at)?;
            set_mount(at, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, AT_RECURSIVE)
        }
        Entry::File { from, at, device } => {
            write_new(at, &[])?;
            bind(from, at)?;
            let attributes = if *device { MOUNT_ATTR_NOEXEC } else { MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV };
            set_mount(at, attributes | MOUNT_ATTR_NOSUID, AT_RECURSIVE)
        }
        Entry::Content { at, bytes } => write_new(at, bytes),
    }
}

fn bind(from: &CStr, at: &CStr) -> Result<(), i32> {
    // Recursive: in a user namespace a mount cannot be copied without what is mounted on it.
    // SAFETY: zero-terminated strings; a bind takes no type and no data.
    let bound =
        unsafe { libc::mount(from.as_ptr(), at.as_ptr(), ptr::null(), libc::MS_BIND | libc::MS_REC, ptr::null()) };
    if bound < 0 { Err(errno()) } else { Ok(()) }
}

const AT_RECURSIVE: c_int = 0x8000;

fn set_mount(at: &CStr, set: u64, flags: c_int) -> Result<(), i32> {
    // `struct mount_attr`: set, clear, propagation, user namespace.
    let attributes = [set, 0, 0, 0];
    // SAFETY: the structure of 32 bytes and the path outlive the call.
    let result =
        unsafe { libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, at.as_ptr(), flags, attributes.as_ptr(), 32) };
    if result < 0 { Err(errno()) } else { Ok(()) }
}

fn write_new(path: &CStr, bytes: &[u8]) -> Result<(), i32> {
    write_with(path, bytes, libc::O_CREAT)
}

pub(super) fn write_file(path: &CStr, bytes: &[u8]) -> Result<(), i32> {
    write_with(path, bytes, 0)
}

fn write_with(path: &CStr, mut bytes: &[u8], flags: c_int) -> Result<(), i32> {
    // SAFETY: a zero-terminated path; `bytes` is valid for its length; the descriptor is this function's own.
    unsafe {
        let file = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC | flags, 0o644);
        if file < 0 {
            return Err(errno());
        }
        let mut result = Ok(());
        while !bytes.is_empty() {
            match usize::try_from(libc::write(file, bytes.as_ptr().cast(), bytes.len())) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or(&[]),
                Err(_) if errno() == libc::EINTR => {}
                Err(_) => {
                    result = Err(errno());
                    break;
                }
            }
        }
        libc::close(file);
        result
    }
}
