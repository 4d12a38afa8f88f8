//! Control groups for workers, reused: making one costs more than a worker needs one for.
//!
//! A group is free again when the execution that held it has ended. Its memory limit is a second line: a program meets
//! `RLIMIT_DATA` first, as a `MemoryError` that it can catch.

use std::sync::{Arc, Mutex};

use codemode_jail::{CgroupParent, CgroupSlot};
use tracing::warn;

/// Memory beyond an execution's limit before the kernel kills: what the kernel itself and the scratch directory take.
const ALLOWANCE: u64 = 64 * 1024 * 1024;

/// The groups of one executor.
#[derive(Debug)]
pub(crate) struct Groups {
    made: Mutex<Made>,
    /// The most threads of one worker.
    tasks: u64,
    /// Bytes of memory that an execution has unless it asks for another limit.
    memory: u64,
}

#[derive(Debug)]
struct Made {
    slots: Vec<Arc<CgroupSlot>>,
    /// Last, so that it is removed after its slots.
    parent: CgroupParent,
}

/// The group of one worker.
#[derive(Clone, Debug)]
pub(crate) struct WorkerGroup {
    slot: Arc<CgroupSlot>,
    memory: u64,
}

/// How often the kernel killed the worker for its memory, and the most that it was charged with, where the kernel tells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MemoryKills {
    pub(crate) count: u64,
    pub(crate) peak: Option<u64>,
}

impl Groups {
    pub(crate) fn new(parent: CgroupParent, tasks: u64, memory: u64) -> Self {
        Self { made: Mutex::new(Made { slots: Vec::new(), parent }), tasks, memory }
    }

    /// Moves a worker into a group of its own. Groups that somebody removed are made anew: without them no worker could
    /// start ever again.
    pub(crate) fn assign(&self, pid: i32) -> std::io::Result<WorkerGroup> {
        let mut made = self.made.lock().expect("no code panics while it holds the groups");
        match self.assign_one(&mut made, pid) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                warn!("the control groups of the workers were removed by another process: making new ones");
                *made = Made { slots: Vec::new(), parent: CgroupParent::create()? };
                self.assign_one(&mut made, pid)
            }
            assigned => assigned,
        }
    }

    fn assign_one(&self, made: &mut Made, pid: i32) -> std::io::Result<WorkerGroup> {
        for slot in &mut made.slots {
            if let Some(free) = Arc::get_mut(slot) {
                free.set_memory(self.memory + ALLOWANCE)?;
                free.add(pid)?;
                return Ok(WorkerGroup { slot: Arc::clone(slot), memory: self.memory });
            }
        }
        let mut slot = made.parent.slot(self.tasks)?;
        slot.set_memory(self.memory + ALLOWANCE)?;
        slot.add(pid)?;
        let slot = Arc::new(slot);
        made.slots.push(Arc::clone(&slot));
        Ok(WorkerGroup { slot, memory: self.memory })
    }
}

impl WorkerGroup {
    /// Bounds the memory of the execution that is about to begin.
    pub(crate) fn set_memory(&self, bytes: u64) -> std::io::Result<()> {
        if bytes == self.memory { Ok(()) } else { self.slot.set_memory(bytes.saturating_add(ALLOWANCE)) }
    }

    /// What the kernel counted. A group that cannot be read leaves a death unexplained, no more.
    pub(crate) fn memory_kills(&self) -> MemoryKills {
        MemoryKills { count: self.slot.oom_kills().unwrap_or(0), peak: self.slot.peak_memory().unwrap_or(None) }
    }
}
