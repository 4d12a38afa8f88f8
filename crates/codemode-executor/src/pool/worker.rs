//! A worker as the executor holds it: its socket, its process, and the news of its end.
//!
//! A worker is owned by exactly one place at a time: its generation while it warms up, the idle list, or the execution
//! that checked it out. Whoever drops it kills the process, so a worker never outlives its owner.

use std::time::Duration;

use bytes::BytesMut;
use codemode_jail::{WaitStatus, WorkerProcess};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::cgroups::WorkerGroup;
use crate::frame::WorkerFrame;

/// How a worker's process ended, as the zygote saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exit {
    pub(crate) status: WaitStatus,
    pub(crate) cpu_time: Duration,
    pub(crate) peak_memory: u64,
    /// Kills by the kernel because of the worker's memory.
    pub(crate) memory_kills: u64,
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
    /// Waits until the worker says that it is locked down and warm. `None` when it ended or said anything else.
    pub(crate) async fn warm_up(mut self) -> Option<Self> {
        let mut buffer = BytesMut::with_capacity(64);
        loop {
            match WorkerFrame::parse(&mut buffer, 0) {
                Ok(Some(WorkerFrame::Ready)) if buffer.is_empty() => {
                    self.process.measure().ok()?;
                    return Some(self);
                }
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
