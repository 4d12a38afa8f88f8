//! The attacks on namespaces: whether mounts really work in them, and whether anything outside can be seen.
//!
//! `unshare` alone proves nothing: some systems allow it and then grant no capability inside, so a mount is tried.

use std::ffi::{CString, c_char, c_int};
use std::ptr;

use super::attacks::{apply, errno, wait_for};
use super::attempt::{STOPPED, refused};
use crate::lockdown::namespaces as worker;
use crate::zygote::{map_self, may_mount_and_map, temporary_mount_point};

/// More than the scratch holds.
static BLOCK: [u8; 1 << 17] = [0; 1 << 17];

const ALL: c_int = libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUSER;

/// What the children need, made before the fork.
pub(super) struct Prepared {
    privileged: bool,
    mount_point: CString,
    executor: c_int,
    user_map: Vec<u8>,
    group_map: Vec<u8>,
}

impl Prepared {
    pub(super) fn new() -> Self {
        let mount_point = CString::new(temporary_mount_point()).expect("a constant path");
        // SAFETY: no precondition.
        let (user, group, executor) = unsafe { (libc::geteuid(), libc::getegid(), libc::getpid()) };
        Self {
            privileged: user == 0 && may_mount_and_map(),
            mount_point,
            executor,
            user_map: format!("{user} {user} 1").into_bytes(),
            group_map: format!("{group} {group} 1").into_bytes(),
        }
    }

    /// Enters the namespaces as a zygote does and attacks from process 1.
    pub(super) fn zygote(&self) -> i32 {
        if let Err(status) = self.enter() {
            return status;
        }
        let executor = self.executor;
        wait_for(|| {
            // SAFETY: integers, and a structure that outlives the call.
            unsafe {
                let mut request: libc::ifreq = std::mem::zeroed();
                request.ifr_name[0] = c_char::from_ne_bytes([b'l']);
                request.ifr_name[1] = c_char::from_ne_bytes([b'o']);
                let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0);
                let asked = libc::ioctl(socket, libc::SIOCGIFFLAGS, &raw mut request);
                let up = asked == 0 && c_int::from(request.ifr_ifru.ifru_flags) & libc::IFF_UP != 0;
                // A process of the executor's number may exist inside only as this one.
                let visible = executor != 1 && libc::kill(executor, 0) == 0;
                match (libc::getpid(), visible, up) {
                    (1, false, false) => STOPPED,
                    (1, false, true) => 3,
                    (1, true, _) => 2,
                    _ => 1,
                }
            }
        })
    }

    /// Enters the namespaces of a zygote, then those of a worker, and attacks the worker's.
    pub(super) fn worker(&self) -> i32 {
        if let Err(status) = self.enter() {
            return status;
        }
        let scratch = self.mount_point.as_c_str();
        wait_for(|| {
            // Process 1 of the zygote's namespace: what follows is a worker's birth.
            apply!(worker::unshare(worker::CLONE_NEWPID));
            wait_for(|| {
                apply!(worker::unshare(worker::CLONE_NEWNS));
                apply!(worker::mount_scratch(scratch, b"size=65536,nr_inodes=8,mode=0700\0"));
                apply!(worker::change_directory(scratch));
                apply!(worker::unshare(worker::CLONE_NEWUSER));
                // SAFETY: constant strings and memory; the descriptor is the child's own.
                unsafe {
                    let file = libc::open(c"file".as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600);
                    if file < 0 {
                        return refused(errno());
                    }
                    let written = libc::write(file, BLOCK.as_ptr().cast(), BLOCK.len());
                    match () {
                        () if libc::getpid() != 1 => 1,
                        () if written > 1 << 16 => 2,
                        () if libc::umount2(scratch.as_ptr(), libc::MNT_DETACH) == 0 => 3,
                        () => STOPPED,
                    }
                }
            })
        })
    }

    /// The namespaces, with a temporary file system mounted inside.
    fn enter(&self) -> Result<(), i32> {
        let step = |result: c_int| if result < 0 { Err(refused(errno())) } else { Ok(()) };
        let none = ptr::null();
        let kind = c"tmpfs".as_ptr();
        // SAFETY: constant strings; no data. Mounts happen in a mount namespace of this child's own.
        unsafe {
            let mount = || {
                let private = libc::MS_REC | libc::MS_PRIVATE;
                step(libc::mount(none, c"/".as_ptr(), none, private, none.cast()))?;
                step(libc::mount(kind, self.mount_point.as_ptr(), kind, libc::MS_NOSUID, c"size=64k".as_ptr().cast()))
            };
            if self.privileged {
                step(libc::unshare(libc::CLONE_NEWNS))?;
                mount()?;
            }
            step(libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0))?;
            step(libc::unshare(ALL))?;
            // A user without a map could make no namespace for a worker.
            map_self(&self.user_map, &self.group_map).map_err(refused)?;
            if self.privileged { Ok(()) } else { mount() }
        }
    }
}
