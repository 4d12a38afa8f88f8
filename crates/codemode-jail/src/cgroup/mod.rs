//! Layer `Cgroup`: a control group for each worker, where the executor may make them.
//!
//! `CgroupParent` is the executor's own directory; `CgroupSlot` one reusable group below it. A worker is moved into its slot
//! from outside, by its host process id, after the fork: what it shares with the zygote stays charged to the zygote.

mod discover;
mod slot;

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use slot::CgroupSlot;

/// Where the executor itself goes under version 2, in which only leaves may hold processes.
const EXECUTOR: &str = "codemode-executor";

/// What a group must pass on.
const CONTROLLERS: &str = "+memory +pids";

/// Where one controller's groups are made.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hierarchy {
    /// One directory for all controllers.
    Two(PathBuf),
    /// A directory for each.
    One { memory: PathBuf, pids: PathBuf },
}

/// The executor's directory of control groups. Removed on drop, when its slots are gone.
#[derive(Debug)]
pub struct CgroupParent {
    hierarchy: Hierarchy,
    slots: AtomicU32,
    /// Held for as long as the directories are in use: what nobody holds is swept by the next executor.
    _locks: Vec<File>,
}

/// How often a directory is made anew that was swept before it could be locked.
const CLAIMS: u32 = 8;

impl CgroupParent {
    /// Makes a directory in a delegated version 2 subtree, or in writable version 1 hierarchies.
    ///
    /// Under version 2 the executor is moved into a leaf of its own group: see [`settle_in_leaf`]. Fails where there is nothing
    /// to write to, or where other processes are in that group; nothing is left behind then.
    pub fn create() -> io::Result<Self> {
        let found = hierarchies()?;
        found.iter().for_each(sweep);
        let mut last =
            io::Error::new(io::ErrorKind::NotFound, "no control group hierarchy has the memory and pids controllers");
        for hierarchy in found {
            match claim(&hierarchy) {
                Ok(parent) => return Ok(parent),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Makes a slot that allows `tasks` processes and threads.
    pub fn slot(&self, tasks: u64) -> io::Result<CgroupSlot> {
        let name = format!("slot-{}", self.slots.fetch_add(1, Ordering::Relaxed));
        CgroupSlot::create(&self.hierarchy, &name, tasks)
    }

    /// 1 or 2: the version of the kernel's interface in use.
    pub fn version(&self) -> u8 {
        match self.hierarchy {
            Hierarchy::Two(_) => 2,
            Hierarchy::One { .. } => 1,
        }
    }
}

impl Drop for CgroupParent {
    fn drop(&mut self) {
        match &self.hierarchy {
            Hierarchy::Two(directory) => remove(directory),
            Hierarchy::One { memory, pids } => {
                remove(memory);
                remove(pids);
            }
        }
    }
}

/// Those of this process that might do, the better one first.
fn hierarchies() -> io::Result<Vec<Hierarchy>> {
    let mountinfo = fs::read_to_string("/proc/self/mountinfo")?;
    let own = fs::read_to_string("/proc/self/cgroup")?;
    Ok(discover::directories(&mountinfo, &own))
}

/// Makes directories below `base` and locks them.
fn claim(base: &Hierarchy) -> io::Result<CgroupParent> {
    for _ in 0..CLAIMS {
        let name = unique_name();
        let hierarchy = match base {
            Hierarchy::Two(base) => Hierarchy::Two(delegate(base, &name)?),
            Hierarchy::One { memory, pids } => {
                let (memory, pids) = (memory.join(&name), pids.join(&name));
                make_both(&memory, &pids)?;
                Hierarchy::One { memory, pids }
            }
        };
        let locks = hierarchy.directories().into_iter().map(lock).collect::<io::Result<Option<Vec<_>>>>();
        if let Ok(Some(locks)) = locks {
            return Ok(CgroupParent { hierarchy, slots: AtomicU32::new(0), _locks: locks });
        }
        hierarchy.directories().into_iter().for_each(remove);
        locks?;
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "each directory that was made was swept before it could be locked"))
}

/// Locks a directory; `None` where another executor holds it or has removed it meanwhile.
fn lock(directory: &Path) -> io::Result<Option<File>> {
    let file = match File::open(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    // SAFETY: the descriptor is open for the call, which takes no pointer.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } < 0 {
        return Ok(None);
    }
    let own = file.metadata()?;
    let there = fs::metadata(directory).is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino()));
    Ok(there.then_some(file))
}

impl Hierarchy {
    fn directories(&self) -> Vec<&Path> {
        match self {
            Self::Two(directory) => vec![directory],
            Self::One { memory, pids } => vec![memory, pids],
        }
    }
}

/// What the names of our directories begin with.
const PREFIX: &str = "codemode-";

/// `codemode-<pid>-<time>`: the pid is for people. It does not tell whether an executor lives: one in another process
/// namespace has numbers of its own, and may see this hierarchy.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{PREFIX}{}-{time:x}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Removes what executors left that were killed. A directory in use stays: the kernel refuses to remove it.
fn sweep(hierarchy: &Hierarchy) {
    for entry in hierarchy.directories().into_iter().flat_map(fs::read_dir).flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| {
            name.strip_prefix(PREFIX).is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        });
        if ours && let Ok(Some(_lock)) = lock(&entry.path()) {
            for slot in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
                // Control files are no directories, and go with theirs.
                let _ = fs::remove_dir(slot.path());
            }
            let _ = fs::remove_dir(entry.path());
        }
    }
}

fn make_both(memory: &Path, pids: &Path) -> io::Result<()> {
    fs::create_dir(memory)?;
    fs::create_dir(pids).inspect_err(|_| remove(memory))
}

/// Under version 2, moves this process into a leaf of its group, since a group with processes cannot pass controllers on to
/// those of workers. To be called before there are children: they would stay behind, and be in the way.
///
/// Where the group is shared with other processes, or nothing can be written to, nothing changes; [`CgroupParent::create`]
/// says why then.
pub fn settle_in_leaf() {
    if let Ok(found) = hierarchies()
        && let Some(Hierarchy::Two(base)) = found.first()
    {
        let _ = pass_on(own_group(base));
    }
}

/// An executor started by this one, or restarted, may be in the leaf already.
fn own_group(base: &Path) -> &Path {
    if base.ends_with(EXECUTOR) { base.parent().unwrap_or(base) } else { base }
}

/// Version 2: makes `base` pass the controllers on. Whether this process was moved for that.
fn pass_on(base: &Path) -> io::Result<bool> {
    let offered = fs::read_to_string(base.join("cgroup.controllers"))?;
    if !["memory", "pids"].iter().all(|name| offered.split_whitespace().any(|offer| offer == *name)) {
        let message = format!("the control group {} has not both memory and pids", base.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    let control = base.join("cgroup.subtree_control");
    if fs::write(&control, CONTROLLERS).is_ok() {
        return Ok(false);
    }
    let leaf = base.join(EXECUTOR);
    match fs::create_dir(&leaf) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::write(leaf.join("cgroup.procs"), "0")?;
    fs::write(&control, CONTROLLERS).map(|()| true).map_err(|error| {
        move_back(base);
        if error.kind() == io::ErrorKind::ResourceBusy {
            let message = format!("other processes share the control group {}", base.display());
            return io::Error::new(error.kind(), message);
        }
        error
    })
}

fn move_back(base: &Path) {
    let _ = fs::write(base.join("cgroup.procs"), "0");
    remove(&base.join(EXECUTOR));
}

/// Version 2: makes a directory of ours that passes the controllers on.
fn delegate(base: &Path, name: &str) -> io::Result<PathBuf> {
    let base = own_group(base);
    let moved = pass_on(base)?;
    let parent = base.join(name);
    let made = fs::create_dir(&parent).and_then(|()| fs::write(parent.join("cgroup.subtree_control"), CONTROLLERS));
    if let Err(error) = made {
        remove(&parent);
        if moved {
            move_back(base);
        }
        return Err(error);
    }
    Ok(parent)
}

/// Removes a group. Its last process may take a moment to leave.
fn remove(directory: &Path) {
    const TRIES: u32 = 25;
    for _ in 0..TRIES {
        match fs::remove_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => thread::sleep(Duration::from_millis(1)),
            _ => return,
        }
    }
}
