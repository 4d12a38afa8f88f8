//! A program in a worker: one loop over everything that can happen to it.
//!
//! `drive` is the only place that waits. Each handler takes what came, queues what is to be sent (`outbox` for the client,
//! `outbound` for the worker), and returns an [`End`] when it was the last thing.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use codemode_jail::WorkerLimits;
use codemode_proto::limits::duration_to_wire;
use codemode_proto::v1::{self, execute_request, execute_response};
use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::StreamExt;

use super::calls::{PendingCalls, Taken};
use super::end::End;
use super::explain::{Bounds, Raise};
use super::output::{Admitted, FLOOD_FACTOR, OutputBudget};
use super::{ExecutionError, Response, response};
use crate::frame::{self, FrameError, ResultStatus, WorkerFrame};
use crate::limits::display_size;
use crate::pool::{Checkout, Exit, MemoryKills, WorkerGroup};
use crate::shutdown::Shutdown;

/// Frames that may wait for the worker to read them. Past this, the client's results are not read.
const MAX_WORKER_BACKLOG: usize = 1024 * 1024;

/// How long a worker that closed its socket may take to end by itself, so that the kernel's word on it is not the
/// executor's own kill.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// How long the executor waits for the kernel's word on a worker that it killed.
const EXIT_TIME: Duration = Duration::from_secs(5);

/// How long `accepted` waits to be sent together with what the worker says first: a small program has ended by then, and its
/// client is woken once instead of twice.
const ACCEPTED_DELAY: Duration = Duration::from_millis(1);

/// Bytes read from a worker at once.
const READ_SIZE: usize = 16 * 1024;

/// A program in a worker.
pub(super) struct Running {
    checkout: Checkout,
    pub(super) bounds: Bounds,
    tools: Vec<String>,
    calls: PendingCalls,
    output: OutputBudget,
    /// From the worker, not parsed yet.
    inbound: BytesMut,
    /// For the worker, not written yet.
    outbound: BytesMut,
    /// For the client, not sent yet.
    pub(super) outbox: VecDeque<execute_response::Message>,
    started: Instant,
    accepted: Instant,
    exit: Option<Exit>,
    cpu_time: Duration,
    peak_memory: u64,
}

impl Running {
    pub(super) fn begin(
        checkout: Checkout,
        bounds: Bounds,
        tools: Vec<String>,
        header: &[u8],
        started: Instant,
    ) -> Result<Self, ExecutionError> {
        let limits = &bounds.limits;
        let worker_limits = WorkerLimits {
            memory: limits.memory,
            cpu_seconds: limits.cpu_seconds(),
            open_files: u64::from(limits.open_files),
            tasks: u64::from(limits.tasks),
        };
        checkout.worker.process.set_limits(&worker_limits).map_err(ExecutionError::Worker)?;
        if let Some(group) = &checkout.worker.cgroup {
            group.set_memory(limits.memory).map_err(ExecutionError::Worker)?;
        }
        let output = OutputBudget::new(limits.output);
        let mut running = Self {
            checkout,
            bounds,
            tools,
            calls: PendingCalls::default(),
            output,
            inbound: BytesMut::with_capacity(READ_SIZE),
            outbound: BytesMut::new(),
            outbox: VecDeque::new(),
            started,
            accepted: Instant::now(),
            exit: None,
            cpu_time: Duration::ZERO,
            peak_memory: 0,
        };
        frame::put_start(&mut running.outbound, header);
        running.write_to_worker().map_err(ExecutionError::Worker)?;
        Ok(running)
    }

    pub(super) async fn drive<R>(
        &mut self,
        mut requests: R,
        responses: &mpsc::Sender<Response>,
        shutdown: &Shutdown,
    ) -> Result<End, ExecutionError>
    where
        R: Stream<Item = Result<v1::ExecuteRequest, String>> + Unpin,
    {
        let mut wall_time = pin!(tokio::time::sleep_until(self.accepted + self.bounds.limits.wall_time));
        let mut grace_over = pin!(shutdown.expired());
        let mut end = None;
        let mut accepted = pin!(tokio::time::sleep_until(self.accepted + ACCEPTED_DELAY));
        let mut held = true;
        loop {
            // More than `accepted` is waiting, or has left.
            held &= self.outbox.len() == 1 && end.is_none();
            if !held {
                self.flush_outbox(responses);
            }
            if self.outbox.is_empty()
                && let Some(end) = end.take()
            {
                return Ok(end);
            }
            let ended = end.is_some();
            let call_deadline = self.calls.next_deadline();
            tokio::select! {
                biased;
                () = &mut grace_over => return Err(ExecutionError::ShuttingDown),
                request = requests.next(), if !ended && self.outbound.len() < MAX_WORKER_BACKLOG => match request {
                    None => return Err(ExecutionError::ClientGone),
                    Some(Err(malformed)) => return Err(ExecutionError::Malformed(malformed)),
                    Some(Ok(request)) => end = self.take_request(request)?,
                },
                _ready = self.checkout.worker.stream.readable(), if !ended && (held || self.outbox.is_empty()) => {
                    end = match self.checkout.worker.stream.try_read_buf(&mut self.inbound) {
                        Ok(1..) => self.take_frames(),
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
                        // A worker that was killed in the middle of a write resets the socket.
                        Ok(0) | Err(_) => Some(self.died().await?),
                    };
                }
                () = &mut accepted, if held => held = false,
                permit = responses.reserve(), if !held && !self.outbox.is_empty() => {
                    let permit = permit.map_err(|_closed| ExecutionError::ClientGone)?;
                    if let Some(message) = self.outbox.pop_front() {
                        permit.send(Ok(response(message)));
                    }
                }
                () = responses.closed(), if held || self.outbox.is_empty() => return Err(ExecutionError::ClientGone),
                ready = self.checkout.worker.stream.writable(), if !ended && !self.outbound.is_empty() => {
                    // A worker that does not read is a worker that ended, or will be stopped by its wall time.
                    if ready.is_err() || self.write_to_worker().is_err() {
                        self.outbound.clear();
                    }
                }
                () = &mut wall_time, if !ended => end = Some(self.time_out().await),
                () = sleep_until(call_deadline), if !ended && call_deadline.is_some() => self.expire_calls(),
            }
            if !ended && end.is_some() {
                self.end_worker();
                self.put_truncation_marker();
            }
        }
    }

    /// Sends what fits without waiting.
    fn flush_outbox(&mut self, responses: &mpsc::Sender<Response>) {
        while !self.outbox.is_empty() {
            let Ok(permit) = responses.try_reserve() else { return };
            if let Some(message) = self.outbox.pop_front() {
                permit.send(Ok(response(message)));
            }
        }
    }

    fn take_request(&mut self, request: v1::ExecuteRequest) -> Result<Option<End>, ExecutionError> {
        match request.message {
            Some(execute_request::Message::ToolResult(result)) => {
                if self.calls.take(result.call_id)? == Taken::Wanted {
                    self.answer_call(result)?;
                }
                Ok(None)
            }
            Some(execute_request::Message::Cancel(v1::Cancel {})) => Ok(Some(End::cancelled())),
            Some(execute_request::Message::Start(_)) => {
                Err(ExecutionError::Malformed("`start` was sent a second time".to_owned()))
            }
            None => Err(ExecutionError::Malformed("`message` has none of `tool_result`, `cancel`".to_owned())),
        }
    }

    fn answer_call(&mut self, result: v1::ToolResult) -> Result<(), ExecutionError> {
        let call_id = result.call_id;
        match result.outcome {
            Some(v1::tool_result::Outcome::Value(value)) if value.len() as u64 > self.bounds.limits.value => {
                let message = format!(
                    "the tool's result is {}; for one value {}",
                    display_size(value.len() as u64),
                    self.bounds.limit(Raise::Value)
                );
                self.put_failure(call_id, "ValueError", &message, "ValueError");
            }
            Some(v1::tool_result::Outcome::Value(value)) => {
                frame::put_result(&mut self.outbound, call_id, ResultStatus::Value, &value);
            }
            Some(v1::tool_result::Outcome::Failure(failure)) => {
                self.put_failure(call_id, &failure.r#type, &failure.message, &failure.builtin_type);
            }
            None => {
                return Err(ExecutionError::Malformed(
                    "`tool_result.outcome` has neither `value` nor `failure`".to_owned(),
                ));
            }
        }
        // What cannot be written now waits until the worker reads.
        let _ = self.write_to_worker();
        Ok(())
    }

    fn put_failure(&mut self, call_id: u32, kind: &str, message: &str, builtin: &str) {
        let payload = serde_json::json!({ "type": kind, "message": message, "builtin": builtin }).to_string();
        frame::put_result(&mut self.outbound, call_id, ResultStatus::Failure, payload.as_bytes());
    }

    /// Handles every whole frame that was read.
    fn take_frames(&mut self) -> Option<End> {
        let value_limit = usize::try_from(self.bounds.limits.value).unwrap_or(usize::MAX);
        loop {
            match WorkerFrame::parse(&mut self.inbound, value_limit) {
                Ok(None) => {
                    if self.inbound.capacity() - self.inbound.len() < READ_SIZE {
                        self.inbound.reserve(READ_SIZE);
                    }
                    return None;
                }
                Ok(Some(frame)) => {
                    if let Some(end) = self.take_frame(frame) {
                        return Some(end);
                    }
                }
                Err(FrameError::TooLarge { length, limit }) => {
                    return Some(End::killed(
                        v1::Limit::Value,
                        format!(
                            "the program sent {} at once, of which {} may be more than a value; {}",
                            display_size(length as u64),
                            display_size((limit - value_limit) as u64),
                            self.bounds.limit(Raise::Value)
                        ),
                    ));
                }
                Err(error) => return Some(protocol(&error.to_string())),
            }
        }
    }

    fn take_frame(&mut self, frame: WorkerFrame) -> Option<End> {
        match frame {
            WorkerFrame::Ready => Some(protocol("it said ready twice")),
            WorkerFrame::Call { call_id, tool_index, arguments } => {
                if !self.calls.open(call_id, self.bounds.limits.tool_call_time) {
                    return Some(protocol("a tool call's id was not the next one"));
                }
                let Some(tool) = self.tools.get(usize::from(tool_index)) else {
                    return Some(protocol("it called a tool that the execution does not have"));
                };
                let refusal = if call_id > self.bounds.limits.tool_calls {
                    Some(format!(
                        "the limit of {} tool calls is reached: {}",
                        self.bounds.limits.tool_calls,
                        self.bounds.remedy(Raise::ToolCalls)
                    ))
                } else if arguments.len() as u64 > self.bounds.limits.value {
                    Some(format!(
                        "the arguments are {}; for one value {}",
                        display_size(arguments.len() as u64),
                        self.bounds.limit(Raise::Value)
                    ))
                } else {
                    None
                };
                match refusal {
                    None => {
                        let tool = tool.clone();
                        self.outbox.push_back(execute_response::Message::ToolCall(v1::ToolCall {
                            call_id,
                            tool,
                            arguments,
                        }));
                    }
                    Some(message) => {
                        self.calls.refuse(call_id);
                        self.put_failure(call_id, "ToolLimitError", &message, "RuntimeError");
                        let _ = self.write_to_worker();
                    }
                }
                // A program that floods calls and reads no answer is stopped before the answers fill the memory.
                (self.outbound.len() > 4 * MAX_WORKER_BACKLOG)
                    .then(|| protocol("it does not read the answers to its calls"))
            }
            WorkerFrame::Output { stream, data } => match self.output.admit(data) {
                Admitted::Keep(data) => {
                    self.put_output(stream, data);
                    None
                }
                Admitted::Flood => Some(End::killed(
                    v1::Limit::Output,
                    format!(
                        "the program wrote {}, {FLOOD_FACTOR} times what is kept; {}",
                        display_size(self.output.written()),
                        self.bounds.limit(Raise::Output)
                    ),
                )),
            },
            WorkerFrame::Finished(outcome) => {
                Some(End::reported(outcome, &self.bounds).unwrap_or_else(|| protocol("its report is malformed")))
            }
        }
    }

    /// Joins pieces that follow each other, so that a program that prints lines does not cost a message each.
    fn put_output(&mut self, stream: v1::Stream, data: Bytes) {
        if data.is_empty() {
            return;
        }
        if let Some(execute_response::Message::Output(last)) = self.outbox.back_mut()
            && last.stream() == stream
            && last.data.len() < READ_SIZE
        {
            let mut joined = BytesMut::from(std::mem::take(&mut last.data));
            joined.extend_from_slice(&data);
            last.data = joined.freeze();
            return;
        }
        self.outbox.push_back(execute_response::Message::Output(v1::Output { stream: stream.into(), data }));
    }

    /// Once, when the execution has its end.
    fn put_truncation_marker(&mut self) {
        if let Some(marker) = self.output.truncation_marker() {
            self.put_output(v1::Stream::Stdout, marker.into());
        }
    }

    fn expire_calls(&mut self) {
        let remedy = self.bounds.remedy(Raise::ToolCallTime);
        let seconds = self.bounds.limits.tool_call_time.as_secs_f64();
        while let Some(call_id) = self.calls.expire(Instant::now()) {
            let message = format!("the tool did not answer within {seconds} s: {remedy}");
            self.put_failure(call_id, "TimeoutError", &message, "TimeoutError");
        }
        let _ = self.write_to_worker();
    }

    async fn time_out(&mut self) -> End {
        self.stop().await;
        End::timed_out(&self.bounds)
    }

    /// Asks what the worker used, which after its end nobody can, and ends it. It waits for this once it has reported.
    fn end_worker(&mut self) {
        if self.exit.is_none() {
            let process = &self.checkout.worker.process;
            self.cpu_time = process.cpu_time().unwrap_or_default();
            self.peak_memory = process.peak_memory().unwrap_or_default();
            let _ = process.kill();
        }
    }

    /// The process id that the kernel's logs know the worker by.
    pub(super) fn worker_pid(&self) -> i32 {
        self.checkout.worker.process.pid()
    }

    /// Ends the worker and keeps the output that it wrote before.
    async fn stop(&mut self) {
        let _ = self.checkout.worker.process.kill();
        self.exit = self.await_exit().await;
        while let Ok(1..) = self.checkout.worker.stream.try_read_buf(&mut self.inbound) {
            if self.take_frames().is_some() || self.outbox.len() > 1_024 {
                break;
            }
        }
        self.outbox.retain(|message| !matches!(message, execute_response::Message::ToolCall(_)));
    }

    /// The worker closed its socket without a report: the kernel says why.
    async fn died(&mut self) -> Result<End, ExecutionError> {
        let Ok(exit) = tokio::time::timeout(CLOSE_TIME, &mut self.checkout.worker.exited).await else {
            self.stop().await;
            return Ok(protocol("it closed its channel"));
        };
        let exit = exit.map_err(|_zygote_gone| ExecutionError::ZygoteDied)?;
        self.exit = Some(exit);
        let kills = self.checkout.worker.cgroup.as_ref().map_or(MemoryKills::default(), WorkerGroup::memory_kills);
        Ok(End::died(&exit, kills, &self.bounds))
    }

    async fn await_exit(&mut self) -> Option<Exit> {
        tokio::time::timeout(EXIT_TIME, &mut self.checkout.worker.exited).await.ok()?.ok()
    }

    fn write_to_worker(&mut self) -> std::io::Result<()> {
        while !self.outbound.is_empty() {
            match self.checkout.worker.stream.try_write(&self.outbound) {
                Ok(written) => drop(self.outbound.split_to(written)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(super) fn usage(&self) -> v1::Usage {
        v1::Usage {
            wall_time: Some(duration_to_wire(self.started.elapsed())),
            queue_time: Some(duration_to_wire(self.checkout.queue_time)),
            cpu_time: Some(duration_to_wire(self.exit.map_or(self.cpu_time, |exit| exit.cpu_time))),
            peak_memory: self.exit.map_or(self.peak_memory, |exit| exit.peak_memory),
            tool_calls: self.calls.made(),
            output: self.output.written(),
            output_dropped: self.output.dropped(),
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn protocol(message: &str) -> End {
    End::killed(v1::Limit::Protocol, format!("the worker broke its protocol: {message}"))
}
