//! Layer `Landlock`: the files a worker may open, whatever it sees; no TCP; no signals or abstract sockets outside.
//!
//! Every right that the running kernel knows is handled, so what is not granted here is denied. A ruleset made before a
//! file system is mounted does not cover that file system: build it after the scratch is there.

use core::mem;

use super::settings::Grant;
use super::sys;

const CREATE_RULESET_VERSION: usize = 1;
const RULE_PATH_BENEATH: usize = 1;

const WRITE_FILE: u64 = 1 << 1;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REMOVE_DIR: u64 = 1 << 4;
const REMOVE_FILE: u64 = 1 << 5;
const MAKE_DIR: u64 = 1 << 7;
const MAKE_REG: u64 = 1 << 8;
const MAKE_SYM: u64 = 1 << 12;
const REFER: u64 = 1 << 13;
const TRUNCATE: u64 = 1 << 14;

/// Files, directories and links of a worker's own; no programs, devices, sockets or pipes.
const SCRATCH: u64 =
    WRITE_FILE | READ_FILE | READ_DIR | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE;

#[repr(C)]
struct Attributes {
    files: u64,
    network: u64,
    scopes: u64,
}

/// `struct landlock_path_beneath_attr`, which the kernel packs to 12 bytes.
#[repr(C, packed)]
struct Beneath {
    rights: u64,
    directory: i32,
}

/// A ruleset under construction; its descriptor is closed with the rest of the worker's.
pub(crate) struct Ruleset {
    descriptor: i32,
    handled: u64,
}

impl Ruleset {
    /// Makes a ruleset that denies all the running kernel can deny.
    pub(crate) fn new(version: usize) -> sys::Result<Self> {
        let files = match version {
            0 => return Err(sys::EINVAL),
            1 => (1 << 13) - 1,
            2 => (1 << 14) - 1,
            3 | 4 => (1 << 15) - 1,
            _ => (1 << 16) - 1,
        };
        let network = if version >= 4 { 3 } else { 0 };
        let scopes = if version >= 6 { 3 } else { 0 };
        let attributes = Attributes { files, network, scopes };
        // A kernel refuses a structure longer than the one it knows.
        let size = match version {
            1..=3 => mem::offset_of!(Attributes, network),
            4 | 5 => mem::offset_of!(Attributes, scopes),
            _ => mem::size_of::<Attributes>(),
        };
        // SAFETY: `attributes` is at least `size` bytes.
        let descriptor =
            unsafe { sys::call(sys::LANDLOCK_CREATE_RULESET, [(&raw const attributes) as usize, size, 0, 0, 0, 0])? };
        Ok(Self { descriptor: i32::try_from(descriptor).map_err(|_| sys::EINVAL)?, handled: files })
    }

    /// Grants what `grant` says on an open path.
    pub(crate) fn allow(&self, path: i32, grant: Grant) -> sys::Result<()> {
        let rights = match grant {
            Grant::ReadTree => READ_FILE | READ_DIR,
            Grant::ReadFile => READ_FILE,
            Grant::Device => READ_FILE | WRITE_FILE,
        };
        self.add(path, rights)
    }

    /// Grants the worker's own files on the scratch directory.
    pub(crate) fn allow_scratch(&self, directory: i32) -> sys::Result<()> {
        self.add(directory, SCRATCH)
    }

    fn add(&self, path: i32, rights: u64) -> sys::Result<()> {
        let rule = Beneath { rights: rights & self.handled, directory: path };
        // SAFETY: `rule` has the kernel's packed layout and outlives the call.
        unsafe {
            let ruleset = sys::descriptor(self.descriptor);
            sys::call(sys::LANDLOCK_ADD_RULE, [ruleset, RULE_PATH_BENEATH, (&raw const rule) as usize, 0, 0, 0])?
        };
        Ok(())
    }

    /// Puts the calling process under the rules, for ever.
    pub(crate) fn restrict_self(self) -> sys::Result<()> {
        // SAFETY: a descriptor and flags.
        unsafe { sys::call(sys::LANDLOCK_RESTRICT_SELF, [sys::descriptor(self.descriptor), 0, 0, 0, 0, 0])? };
        sys::close(self.descriptor);
        Ok(())
    }
}

/// The kernel's Landlock version; zero where it has none.
pub(crate) fn version() -> usize {
    // SAFETY: with this flag the kernel reads no attributes.
    unsafe { sys::call(sys::LANDLOCK_CREATE_RULESET, [0, 0, CREATE_RULESET_VERSION, 0, 0, 0]).unwrap_or(0) }
}

/// Opens a zero-terminated path as a place, without reading it.
pub(crate) fn open_path(path: &[u8]) -> sys::Result<i32> {
    const AT_FDCWD: usize = (-100_isize).cast_unsigned();
    const O_PATH: usize = 0o10_000_000;
    const O_CLOEXEC: usize = 0o2_000_000;
    if !path.ends_with(&[0]) {
        return Err(sys::EINVAL);
    }
    // SAFETY: `path` ends with a zero and outlives the call.
    let descriptor =
        unsafe { sys::call(sys::OPENAT, [AT_FDCWD, path.as_ptr() as usize, O_PATH | O_CLOEXEC, 0, 0, 0])? };
    i32::try_from(descriptor).map_err(|_| sys::EINVAL)
}
