//! The worker's end: asked for, caused, or noticed.

use std::time::Duration;

use codemode_proto::limits::duration_to_wire;
use codemode_proto::v1::{self, execute_response};

use super::{Running, protocol};
use crate::execution::ExecutionError;
use crate::execution::end::End;
use crate::pool::{MemoryKills, WorkerGroup};

/// How long a worker that closed its socket may take to end by itself, so that the kernel's word on it is not the
/// executor's own kill.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// How long the executor waits for the kernel's word on a worker that it killed.
const EXIT_TIME: Duration = Duration::from_secs(5);

impl Running {
    pub(super) async fn time_out(&mut self) -> End {
        self.stop().await;
        End::timed_out(&self.bounds)
    }

    /// Asks what the worker used, which after its end nobody can, and ends it. It waits for this once it has reported.
    pub(super) fn end_worker(&mut self) {
        if self.exit.is_none() {
            let process = &self.worker.process;
            self.cpu_time = process.cpu_time().unwrap_or_default();
            self.peak_memory = process.peak_memory().unwrap_or_default();
            let _ = process.kill();
        }
    }

    /// Ends the worker and keeps the output that it wrote before. False where the zygote is gone, so that nobody says how.
    async fn stop(&mut self) -> bool {
        let _ = self.worker.process.kill();
        let exit = tokio::time::timeout(EXIT_TIME, &mut self.worker.exited).await;
        let is_told = !matches!(exit, Ok(Err(_)));
        self.exit = exit.ok().and_then(Result::ok);
        while let Ok(1..) = self.worker.stream.try_read_buf(&mut self.inbound) {
            if self.take_frames().is_some() || self.outbox.len() > 1_024 {
                break;
            }
        }
        // From the last on: one may tell of an answer to one before it.
        for message in std::mem::take(&mut self.outbox).into_iter().rev() {
            match message {
                execute_response::Message::ToolCall(call) => self.calls.withdraw(call),
                other => self.outbox.push_front(other),
            }
        }
        is_told
    }

    /// The worker closed its socket without a report: the kernel says why.
    pub(super) async fn died(&mut self) -> Result<End, ExecutionError> {
        let in_time = tokio::time::timeout(CLOSE_TIME, &mut self.worker.exited).await.ok();
        // On a busy machine the zygote's word comes late, and is of the worker's own end all the same.
        let ended_by_itself = in_time.is_some() || self.worker.process.has_ended().unwrap_or(false);
        match in_time {
            Some(exit) => self.exit = Some(exit.map_err(|_zygote_gone| ExecutionError::ZygoteDied)?),
            None if self.stop().await => {}
            None => return Err(ExecutionError::ZygoteDied),
        }
        let kills = self.worker.cgroup.as_ref().map_or(MemoryKills::default(), WorkerGroup::memory_kills);
        match self.exit {
            Some(exit) if ended_by_itself && End::is_from_outside(&exit, kills, &self.bounds) => {
                Err(ExecutionError::WorkerKilled)
            }
            // What is not this executor's kill was the worker's own end.
            Some(exit) if ended_by_itself || End::is_own(&exit, kills) => Ok(End::died(&exit, kills, &self.bounds)),
            _ => Ok(protocol("it closed its channel")),
        }
    }

    /// What the client is told with the end.
    pub(in crate::execution) fn untold(&mut self) -> Vec<v1::Answered> {
        self.calls.untold()
    }

    pub(in crate::execution) fn usage(&self) -> v1::Usage {
        v1::Usage {
            wall_time: Some(duration_to_wire(self.started.elapsed())),
            queue_time: Some(duration_to_wire(self.queue_time)),
            cpu_time: Some(duration_to_wire(self.exit.map_or(self.cpu_time, |exit| exit.cpu_time))),
            peak_memory: self.exit.map_or(self.peak_memory, |exit| exit.peak_memory),
            tool_calls: self.calls.made(),
            output: self.output.written(),
            output_dropped: self.output.dropped(),
        }
    }
}
