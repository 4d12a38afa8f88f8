//! A worker as the executor holds it: its socket, its process, and the news of its end.
//!
//! A worker is owned by exactly one place at a time: its generation while it warms up, the idle list, or the execution
//! that checked it out. Whoever drops it kills the process, so a worker never outlives its owner.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use codemode_jail::{WaitStatus, WorkerProcess};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tracing::warn;

use super::cgroups::{Groups, WorkerGroup};
use crate::frame::{FrameLimits, WorkerFrame};

/// How a worker's process ended, as the zygote saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub(crate) status: WaitStatus,
    pub(crate) cpu_time: Duration,
    pub(crate) peak_memory: u64,
}

/// Signals that end a worker that did nothing forbidden: of the executor and the kernel's memory limit, and of the limit on
/// processor time.
const KILL: i32 = 9;
const XCPU: i32 = 24;

impl Exit {
    /// Whether the program corrupted its memory, or made a system call that only an escape needs.
    pub(crate) fn is_fault(&self) -> bool {
        matches!(self.status, WaitStatus::Signaled(signal) if signal != KILL && signal != XCPU)
    }
}

/// One jailed process, for one execution.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) stream: UnixStream,
    pub(crate) process: WorkerProcess,
    /// Resolves when the process has ended; an error when the zygote itself is gone, and the worker with it.
    pub(crate) exited: oneshot::Receiver<Exit>,
    pub(crate) cgroup: Option<WorkerGroup>,
    /// The zygote that it came from.
    pub(crate) generation: u64,
}

impl Worker {
    /// Waits until the worker says that it is locked down and warm, and moves it into a control group. `None` when it ended,
    /// said anything else, or cannot be moved.
    pub(crate) async fn warm_up(mut self, groups: Option<Arc<Groups>>) -> Option<Self> {
        self.ready().await?;
        if let Some(groups) = groups {
            let pid = self.process.pid();
            // The kernel takes a lock for the move that may take it milliseconds, in which no execution must wait.
            match tokio::task::spawn_blocking(move || groups.assign(pid)).await.ok()? {
                Ok(group) => self.cgroup = Some(group),
                Err(error) => {
                    warn!(%error, "failed to move a worker into a control group");
                    return None;
                }
            }
        }
        self.process.measure().ok()?;
        Some(self)
    }

    async fn ready(&mut self) -> Option<()> {
        let mut buffer = BytesMut::with_capacity(64);
        loop {
            match WorkerFrame::parse(&mut buffer, FrameLimits { value: 0, calls: 0 }) {
                Ok(Some(WorkerFrame::Ready)) if buffer.is_empty() => return Some(()),
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return None,
            }
            if self.stream.read_buf(&mut buffer).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// False when the worker died, or spoke, while it was idle.
    pub(crate) fn is_idle(&self) -> bool {
        let mut byte = [0];
        matches!(self.stream.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself; the zygote reaps it either way.
        let _ = self.process.kill();
    }
}
