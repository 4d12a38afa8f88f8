//! One worker's control group, used by one worker after another.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Hierarchy, make_both, remove};

/// A control group for one worker at a time. Removed on drop.
#[derive(Debug)]
pub struct CgroupSlot {
    hierarchy: Hierarchy,
    /// Kills counted before the present worker.
    kills_before: u64,
    /// Version 2: the peak counts from this descriptor's last write, where the kernel allows one (Linux 6.12).
    peak: Option<File>,
}

impl CgroupSlot {
    pub(super) fn create(parent: &Hierarchy, name: &str, tasks: u64) -> io::Result<Self> {
        let slot = match parent {
            Hierarchy::Two(parent) => {
                let directory = parent.join(name);
                fs::create_dir(&directory)?;
                let peak = OpenOptions::new().read(true).write(true).open(directory.join("memory.peak")).ok();
                // Absent without swap.
                let _ = write(&directory, "memory.swap.max", "0");
                Self { hierarchy: Hierarchy::Two(directory), kills_before: 0, peak }
            }
            Hierarchy::One { memory, pids } => {
                let (memory, pids) = (memory.join(name), pids.join(name));
                make_both(&memory, &pids)?;
                Self { hierarchy: Hierarchy::One { memory, pids }, kills_before: 0, peak: None }
            }
        };
        write(slot.pids(), "pids.max", &tasks.to_string())?;
        Ok(slot)
    }

    /// Bounds the memory of the slot's worker, present or next. Fails where the worker has more already.
    pub fn set_memory(&self, bytes: u64) -> io::Result<()> {
        match &self.hierarchy {
            Hierarchy::Two(directory) => {
                write(directory, "memory.oom.group", "1")?;
                write(directory, "memory.max", &bytes.to_string())
            }
            Hierarchy::One { memory, .. } => write(memory, "memory.limit_in_bytes", &bytes.to_string()),
        }
    }

    /// Moves a worker into the slot and starts its counters. `pid` is the host's number:
    /// [`WorkerProcess::pid`](crate::WorkerProcess::pid).
    pub fn add(&mut self, pid: i32) -> io::Result<()> {
        self.kills_before = self.all_kills()?;
        match &self.hierarchy {
            Hierarchy::Two(directory) => {
                if let Some(peak) = &mut self.peak
                    && peak.write_all(b"reset").is_err()
                {
                    self.peak = None;
                }
                write(directory, "cgroup.procs", &pid.to_string())
            }
            Hierarchy::One { memory, pids } => {
                write(memory, "memory.max_usage_in_bytes", "0")?;
                write(memory, "cgroup.procs", &pid.to_string())?;
                write(pids, "cgroup.procs", &pid.to_string())
            }
        }
    }

    /// How often the kernel killed the present worker for its memory.
    pub fn oom_kills(&self) -> io::Result<u64> {
        Ok(self.all_kills()?.saturating_sub(self.kills_before))
    }

    /// The most memory the present worker was charged with; `None` where the kernel cannot tell it from the workers before.
    pub fn peak_memory(&self) -> io::Result<Option<u64>> {
        let text = match (&self.hierarchy, &self.peak) {
            (Hierarchy::Two(_), None) => return Ok(None),
            (Hierarchy::Two(_), Some(peak)) => {
                let (mut text, mut peak) = (String::new(), peak);
                peak.seek(SeekFrom::Start(0))?;
                peak.read_to_string(&mut text)?;
                text
            }
            (Hierarchy::One { memory, .. }, _) => fs::read_to_string(memory.join("memory.max_usage_in_bytes"))?,
        };
        text.trim().parse().map(Some).map_err(|_| unexpected("memory.peak"))
    }

    fn all_kills(&self) -> io::Result<u64> {
        let file = match &self.hierarchy {
            Hierarchy::Two(directory) => directory.join("memory.events"),
            Hierarchy::One { memory, .. } => memory.join("memory.oom_control"),
        };
        let text = fs::read_to_string(file)?;
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count.and_then(|count| count.trim().parse().ok()).ok_or_else(|| unexpected("the count of memory kills"))
    }

    fn pids(&self) -> &PathBuf {
        match &self.hierarchy {
            Hierarchy::Two(directory) => directory,
            Hierarchy::One { pids, .. } => pids,
        }
    }
}

impl Drop for CgroupSlot {
    fn drop(&mut self) {
        match &self.hierarchy {
            Hierarchy::Two(directory) => {
                let _ = write(directory, "cgroup.kill", "1");
                remove(directory);
            }
            Hierarchy::One { memory, pids } => {
                remove(memory);
                remove(pids);
            }
        }
    }
}

fn write(directory: &Path, file: &str, text: &str) -> io::Result<()> {
    // Not `fs::write`: a control file is neither created nor truncated.
    OpenOptions::new().write(true).open(directory.join(file))?.write_all(text.as_bytes())
}

fn unexpected(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("unexpected text for {what}"))
}
