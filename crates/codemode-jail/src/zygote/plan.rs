//! What the zygote's child process will do, computed before the fork: it may not allocate.

use std::collections::BTreeSet;
use std::ffi::{CString, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::interpreter::Interpreter;
use crate::lockdown::settings::Grant;

/// The extension, built by `build.rs`.
const EXTENSION: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/_codemode_jail.abi3.so"));
const EXTENSION_NAME: &str = "_codemode_jail.abi3.so";
/// Where the runner's modules are in the zygote's root.
pub(super) const MODULES: &str = "/codemode";
/// Where the old root is while the new one is populated.
pub(super) const OLD_ROOT: &str = "/.old";

/// One thing to make in the new root. Paths to make are absolute; sources are below the old root.
pub(super) enum Entry {
    Directory(CString),
    Link { at: CString, to: CString },
    Tree { from: CString, at: CString },
    File { from: CString, at: CString, device: bool },
    Content { at: CString, bytes: Vec<u8> },
}

/// What a worker may read, in the zygote's root or in the host's.
pub(super) fn grants(interpreter: &Interpreter) -> Vec<(Grant, Vec<u8>)> {
    let bytes = |path: &Path| path.as_os_str().as_bytes().to_vec();
    let trees = interpreter.trees.iter().map(PathBuf::as_path).chain(extra_trees());
    let mut grants: Vec<_> = trees.map(|tree| (Grant::ReadTree, bytes(tree))).collect();
    let files = interpreter.files.iter().map(PathBuf::as_path).chain(extra_files());
    grants.extend(files.map(|file| (Grant::ReadFile, bytes(file))));
    grants.extend(DEVICES.map(|device| (Grant::Device, device.as_bytes().to_vec())));
    grants
}

const DEVICES: [&str; 2] = ["/dev/null", "/dev/urandom"];

/// Time zones, and the locale of `LC_ALL`.
fn extra_trees<'a>() -> impl Iterator<Item = &'a Path> {
    ["/usr/share/zoneinfo", "/usr/lib/locale/C.utf8"].into_iter().map(Path::new).filter(|path| path.is_dir())
}

/// Where the loader finds libraries outside its default directories.
fn extra_files<'a>() -> impl Iterator<Item = &'a Path> {
    ["/etc/ld.so.cache"].into_iter().map(Path::new).filter(|path| path.is_file())
}

/// The contents of the zygote's root, in the order to make them.
pub(super) fn root(interpreter: &Interpreter, files: &[(&'static str, &'static [u8])]) -> io::Result<Vec<Entry>> {
    let covered = |path: &Path| interpreter.trees.iter().any(|tree| path.starts_with(tree));
    let mut directories = BTreeSet::from([PathBuf::from("/tmp"), PathBuf::from(MODULES)]);
    let mut entries = Vec::new();
    let parents = |directories: &mut BTreeSet<PathBuf>, path: &Path| {
        directories.extend(path.ancestors().skip(1).filter(|parent| *parent != Path::new("/")).map(Path::to_owned));
    };

    for name in ["bin", "lib", "lib32", "lib64", "libx32", "sbin"] {
        let at = Path::new("/").join(name);
        if let Ok(target) = fs::read_link(&at) {
            entries.push(Entry::Link { at: c(&at)?, to: c(&target)? });
        }
    }
    for tree in interpreter.trees.iter().map(PathBuf::as_path).chain(extra_trees()) {
        parents(&mut directories, &tree.join("."));
        directories.insert(tree.to_owned());
        entries.push(Entry::Tree { from: below_old(tree)?, at: c(tree)? });
    }
    let executable = interpreter.executable.as_path();
    let libraries = interpreter.files.iter().map(PathBuf::as_path).chain(extra_files());
    for file in libraries.chain([executable]).filter(|file| !covered(file)) {
        parents(&mut directories, file);
        entries.push(Entry::File { from: below_old(file)?, at: c(file)?, device: false });
    }
    for (link, target) in interpreter.links.iter().filter(|(link, _)| !covered(link)) {
        parents(&mut directories, link);
        entries.push(Entry::Link { at: c(link)?, to: c(target)? });
    }
    for device in DEVICES.map(Path::new) {
        parents(&mut directories, device);
        entries.push(Entry::File { from: below_old(device)?, at: c(device)?, device: true });
    }
    for (name, bytes) in modules(files) {
        let at = Path::new(MODULES).join(name);
        parents(&mut directories, &at);
        entries.push(Entry::Content { at: c(&at)?, bytes: bytes.to_vec() });
    }
    // Parents sort before what is in them.
    let mut all = directories.iter().map(|path| c(path).map(Entry::Directory)).collect::<io::Result<Vec<_>>>()?;
    all.append(&mut entries);
    Ok(all)
}

fn modules<'a>(files: &'a [(&'static str, &'static [u8])]) -> impl Iterator<Item = (&'a str, &'static [u8])> {
    files.iter().map(|(name, bytes)| (*name, *bytes)).chain([(EXTENSION_NAME, EXTENSION)])
}

/// A directory for this start alone, for zygotes without a root of their own. Removed when dropped.
#[derive(Debug)]
pub(super) struct PrivateDirectory(PathBuf);

impl PrivateDirectory {
    pub(super) fn create(files: &[(&'static str, &'static [u8])]) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let base = Self::base()?;
        let mut builder = fs::DirBuilder::new();
        builder.mode(0o700);
        let directory = loop {
            let name = format!("codemode-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let path = base.join(name);
            match builder.create(&path) {
                Ok(()) => break Self(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        };
        for (name, bytes) in modules(files) {
            let path = directory.0.join(name);
            if let Some(parent) = path.parent() {
                builder.recursive(true).create(parent)?;
            }
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            io::Write::write_all(&mut file, bytes)?;
        }
        Ok(directory)
    }

    /// A directory from which the extension may be loaded: many systems forbid it in `/tmp`.
    fn base() -> io::Result<PathBuf> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        [Some(std::env::temp_dir()), Some("/var/tmp".into()), runtime, Some("/dev/shm".into())]
            .into_iter()
            .flatten()
            .find(|path| allows_libraries(path))
            .ok_or_else(|| {
                io::Error::other("no temporary directory is writable and free of `noexec`; set TMPDIR to one")
            })
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Whether files can be made here and mapped to be executed.
fn allows_libraries(path: &Path) -> bool {
    let Ok(path) = c(path) else { return false };
    // SAFETY: a zero-terminated string, and a structure that the call fills; all-zero is a valid value of it.
    unsafe {
        let mut information: libc::statvfs = std::mem::zeroed();
        libc::access(path.as_ptr(), libc::W_OK | libc::X_OK) == 0
            && libc::statvfs(path.as_ptr(), &raw mut information) == 0
            && information.f_flag & (libc::ST_NOEXEC | libc::ST_RDONLY) == 0
    }
}

/// A path as the kernel takes it.
pub(super) fn c(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

fn below_old(path: &Path) -> io::Result<CString> {
    let mut below = OsString::from(OLD_ROOT);
    below.push(path);
    Ok(CString::new(below.into_vec())?)
}
