//! Control groups for workers, reused: making one costs more than a worker needs one for.
//!
//! A group is free again when the execution that held it has ended. Its memory limit is a second line: a program meets
//! `RLIMIT_DATA` first, as a `MemoryError` that it can catch.

use std::sync::{Arc, Mutex};

use codemode_jail::{CgroupParent, CgroupSlot};

/// Memory beyond an execution's limit before the kernel kills: what the kernel itself and the scratch directory take.
const ALLOWANCE: u64 = 64 * 1024 * 1024;

/// The groups of one executor.
#[derive(Debug)]
pub(crate) struct Groups {
    slots: Mutex<Vec<Arc<CgroupSlot>>>,
    /// The most threads of one worker.
    tasks: u64,
    /// Bytes of memory that an execution has unless it asks for another limit.
    memory: u64,
    /// Last, so that it is removed after its slots.
    parent: CgroupParent,
}

/// The group of one worker.
#[derive(Clone, Debug)]
pub(crate) struct WorkerGroup {
    slot: Arc<CgroupSlot>,
    memory: u64,
}

impl Groups {
    pub(crate) fn new(parent: CgroupParent, tasks: u64, memory: u64) -> Self {
        Self { slots: Mutex::default(), tasks, memory, parent }
    }

    /// Moves a worker into a group of its own.
    pub(crate) fn assign(&self, pid: i32) -> std::io::Result<WorkerGroup> {
        let mut slots = self.slots.lock().expect("no code panics while it holds the groups");
        for slot in slots.iter_mut() {
            if let Some(free) = Arc::get_mut(slot) {
                free.set_memory(self.memory + ALLOWANCE)?;
                free.add(pid)?;
                return Ok(WorkerGroup { slot: Arc::clone(slot), memory: self.memory });
            }
        }
        let mut slot = self.parent.slot(self.tasks)?;
        slot.set_memory(self.memory + ALLOWANCE)?;
        slot.add(pid)?;
        let slot = Arc::new(slot);
        slots.push(Arc::clone(&slot));
        Ok(WorkerGroup { slot, memory: self.memory })
    }
}

impl WorkerGroup {
    /// Bounds the memory of the execution that is about to begin.
    pub(crate) fn set_memory(&self, bytes: u64) -> std::io::Result<()> {
        if bytes == self.memory { Ok(()) } else { self.slot.set_memory(bytes.saturating_add(ALLOWANCE)) }
    }

    /// How often the kernel killed for memory. A group that cannot be read leaves a death unexplained, no more.
    pub(crate) fn memory_kills(&self) -> u64 {
        self.slot.oom_kills().unwrap_or(0)
    }
}
