//! What a worker does between the fork and the first byte of a program: the lock-down, step by step.
//!
//! Called by `serve` in the child. A step that fails ends the worker with status 97; the step's name goes to the zygote's
//! standard error, which is still open then. Nothing here allocates.

use crate::lockdown::settings::{Grant, Settings, layers};
use crate::lockdown::{FAILED, capabilities, descriptors, landlock, namespaces, process, rlimits, seccomp, sys};

// SAFETY: as the C library declares them on 64-bit Linux, where `int` has 32 bits and `long` and pointers have 64.
unsafe extern "C" {
    fn write(fd: i32, bytes: *const u8, length: usize) -> isize;
}

/// What the zygote prepared for all its workers.
pub(crate) struct Prepared {
    pub(crate) settings: Settings<'static>,
    /// The zygote's process id, as a worker without a process namespace of its own sees it.
    pub(crate) zygote: usize,
    pub(crate) landlock_version: usize,
    grants: [(Grant, i32); MAX_GRANTS],
    granted: usize,
}

/// The standard library, its shared libraries and a few files make 20 to 40 grants.
const MAX_GRANTS: usize = 128;

impl Prepared {
    /// Opens what workers may read, once, so that a worker only adds descriptors to its ruleset.
    pub(crate) fn new(settings: Settings<'static>, zygote: usize) -> sys::Result<Self> {
        let mut prepared = Self {
            settings,
            zygote,
            landlock_version: landlock::version(),
            grants: [(Grant::ReadFile, -1); MAX_GRANTS],
            granted: 0,
        };
        if settings.header.has(layers::LANDLOCK) {
            for (grant, path) in settings.paths() {
                // A path that is not there needs no grant.
                if let Ok(descriptor) = landlock::open_path(path) {
                    let slot = prepared.grants.get_mut(prepared.granted).ok_or(sys::EINVAL)?;
                    *slot = (grant, descriptor);
                    prepared.granted += 1;
                }
            }
        }
        Ok(prepared)
    }

    fn grants(&self) -> &[(Grant, i32)] {
        self.grants.get(..self.granted).unwrap_or(&[])
    }
}

/// Locks the worker down or ends it.
pub(crate) fn lock_down(prepared: &Prepared, socket: i32) {
    let mut step = "descriptor 3";
    if let Err(errno) = steps(prepared, socket, &mut step) {
        report(step, errno);
        sys::exit_now(FAILED);
    }
}

fn steps(prepared: &Prepared, socket: i32, step: &mut &'static str) -> sys::Result<()> {
    let header = &prepared.settings.header;
    descriptors::place(socket, descriptors::SOCKET)?;

    let own_namespaces = header.has(layers::WORKER_NAMESPACES);
    if own_namespaces {
        *step = "mount namespace";
        namespaces::unshare(namespaces::CLONE_NEWNS)?;
        if header.has_scratch() {
            *step = "scratch file system";
            namespaces::mount_scratch(namespaces::SCRATCH, prepared.settings.options)?;
        }
        // Its own user namespace: no capability over the mounts just made, and a count of tasks of its own.
        *step = "user namespace";
        namespaces::unshare(namespaces::CLONE_NEWUSER)?;
    }
    // The zygote's own may be a private directory that is gone by now; a program asks for the path of where it is.
    *step = "current directory";
    namespaces::change_directory(if header.has_scratch() { namespaces::SCRATCH } else { c"/" })?;
    if header.has(layers::NO_NEW_PRIVILEGES) {
        *step = "no_new_privs";
        process::no_new_privileges()?;
    }
    if header.has(layers::LANDLOCK) {
        *step = "landlock";
        let rules = landlock::Ruleset::new(prepared.landlock_version)?;
        for (grant, path) in prepared.grants() {
            rules.allow(*path, *grant)?;
        }
        if header.has_scratch() {
            rules.allow_scratch(landlock::open_path(namespaces::SCRATCH.to_bytes_with_nul())?)?;
        }
        rules.restrict_self()?;
    }
    if header.has(layers::CAPABILITIES) {
        *step = "capabilities";
        capabilities::bound(0)?;
        capabilities::drop_all()?;
    }
    if header.has(layers::RLIMITS) {
        *step = "resource limits";
        rlimits::apply(header, own_namespaces)?;
    }
    if header.has(layers::UNDUMPABLE) {
        *step = "dumpable";
        process::undumpable()?;
    }
    if !own_namespaces {
        *step = "parent death signal";
        process::die_with_parent(prepared.zygote)?;
    }
    process::refuse_code_generation();
    if header.has(layers::DESCRIPTORS) {
        *step = "descriptors";
        descriptors::place(0, 2)?;
        descriptors::close_from(4)?;
    }
    if header.has(layers::SECCOMP) {
        *step = "seccomp";
        seccomp::load(prepared.settings.program)?;
    }
    Ok(())
}

/// `lock-down failed at <step>, errno <n>`, without a formatter.
fn report(step: &str, errno: i32) {
    let mut digits = [b'0'; 4];
    let mut rest = errno.unsigned_abs();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    for part in [b"lock-down failed at ".as_slice(), step.as_bytes(), b", errno ", &digits, b"\n"] {
        // SAFETY: `part` is valid for its length. A message that cannot be written is given up.
        let _ = unsafe { write(2, part.as_ptr(), part.len()) };
    }
}
