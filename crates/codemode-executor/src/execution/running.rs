//! A program in a worker: one loop over everything that can happen to it.
//!
//! `drive` is the only place that waits. Each handler takes what came, queues what is to be sent (`outbox` for the client,
//! `outbound` for the worker), and returns an [`End`] when it was the last thing.

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;

mod ending;
mod requests;

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use codemode_jail::WorkerLimits;
use codemode_proto::v1::{self, execute_response};
use futures_core::Stream;
use tokio::time::Instant;
use tokio_stream::StreamExt;

use super::ExecutionError;
use super::calls::{Opened, PendingCalls};
use super::delivery::{Responses, Room};
use super::end::End;
use super::explain::{Bounds, Raise};
use super::journal::{Journal, JournalSize, worker_memory};
use super::output::{Admitted, FLOOD_FACTOR, OutputBudget};
use crate::frame::{self, Call, FrameError, FrameLimits, MAX_CLOCK, WorkerFrame, WorkerOutcome};
use crate::limits::display_size;
use crate::pool::{Exit, Worker};
use crate::shutdown::Shutdown;

/// Frames that may wait for the worker to read them. Past this, the client's results are not read.
const MAX_WORKER_BACKLOG: usize = 1024 * 1024;

/// How long `accepted` waits to be sent together with what the worker says first: a small program has ended by then, and its
/// client is woken once instead of twice.
const ACCEPTED_DELAY: Duration = Duration::from_millis(1);

/// What a client is told where a journal cannot hold what the program read from the clock.
const CLOCK_OVERRUN: &str = "the program reads the clock too often: of one execution, 64 KiB of reads are recorded";

/// Bytes read from a worker at once.
const READ_SIZE: usize = 16 * 1024;

/// Bytes of a frame from which on its memory is its own. A response counts as this many bytes at least, so what small ones
/// keep alive beside them is counted as well.
const LARGE_FRAME: usize = 64 * 1024;

/// A program in a worker.
pub(super) struct Running {
    worker: Worker,
    queue_time: Duration,
    pub(super) bounds: Bounds,
    tools: Vec<String>,
    journal: Journal,
    calls: PendingCalls,
    /// Bytes of clock reads that calls brought, those of the journal left out.
    clock: usize,
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
        worker: Worker,
        queue_time: Duration,
        bounds: Bounds,
        tools: Vec<String>,
        journal: JournalSize,
        header: &[u8],
        started: Instant,
    ) -> Result<Self, ExecutionError> {
        let limits = &bounds.limits;
        // What the journal needs is not taken from the program.
        let memory = limits.memory.saturating_add(worker_memory(journal.calls, journal.bytes));
        let worker_limits = WorkerLimits {
            memory,
            cpu_seconds: limits.cpu_seconds(),
            open_files: u64::from(limits.open_files),
            tasks: u64::from(limits.tasks),
        };
        worker.process.set_limits(&worker_limits).map_err(ExecutionError::Worker)?;
        if let Some(group) = &worker.cgroup {
            group.set_memory(memory).map_err(ExecutionError::Worker)?;
        }
        let output = OutputBudget::new(limits.output);
        let journal = Journal::new(journal, limits.tool_calls, limits.value, &tools);
        let mut running = Self {
            worker,
            queue_time,
            bounds,
            tools,
            journal,
            calls: PendingCalls::default(),
            clock: 0,
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
        responses: &Responses,
        shutdown: &Shutdown,
        on_end: impl Fn(&End, i32),
    ) -> Result<End, ExecutionError>
    where
        R: Stream<Item = Result<v1::ExecuteRequest, String>> + Unpin,
    {
        let mut wall_time = pin!(tokio::time::sleep_until(self.accepted + self.bounds.limits.wall_time));
        let mut grace_over = pin!(shutdown.expired());
        let mut accepted = pin!(tokio::time::sleep_until(self.accepted + ACCEPTED_DELAY));
        let mut held = true;
        loop {
            // More than `accepted` is waiting, or has left.
            held &= self.outbox.len() == 1;
            if !held {
                self.send_what_fits(responses);
            }
            let call_deadline = self.calls.next_deadline();
            let next = self.outbox.front().filter(|_| !held);
            let end = tokio::select! {
                biased;
                () = &mut grace_over => return Err(ExecutionError::ShuttingDown),
                request = requests.next(), if self.outbound.len() < MAX_WORKER_BACKLOG => match request {
                    None => return Err(ExecutionError::ClientGone),
                    Some(Err(malformed)) => return Err(ExecutionError::Malformed(malformed)),
                    Some(Ok(request)) => self.take_request(request)?,
                },
                _ready = self.worker.stream.readable(), if next.is_none() => {
                    match self.worker.stream.try_read_buf(&mut self.inbound) {
                        Ok(1..) => self.take_frames(),
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
                        // A worker that was killed in the middle of a write resets the socket.
                        Ok(0) | Err(_) => Some(self.died().await?),
                    }
                }
                () = &mut accepted, if held => {
                    held = false;
                    None
                }
                room = room_for(next, responses), if next.is_some() => {
                    if let Some(message) = self.outbox.pop_front() {
                        responses.send(message, Some(room));
                    }
                    None
                }
                () = responses.closed() => return Err(ExecutionError::ClientGone),
                ready = self.worker.stream.writable(), if !self.outbound.is_empty() => {
                    // A worker that does not read is a worker that ended, or will be stopped by its wall time.
                    if ready.is_err() || self.write_to_worker().is_err() {
                        self.outbound.clear();
                    }
                    None
                }
                () = &mut wall_time => Some(self.time_out().await),
                () = sleep_until(call_deadline), if call_deadline.is_some() => {
                    self.expire_calls();
                    None
                }
            };
            if let Some(end) = end {
                on_end(&end, self.worker.process.pid());
                self.end_worker();
                self.put_truncation_marker();
                // Nothing is added any more: what there is waits beside the last response.
                for message in self.outbox.drain(..) {
                    responses.send(message, None);
                }
                return Ok(end);
            }
        }
    }

    /// Sends what there is room for now.
    fn send_what_fits(&mut self, responses: &Responses) {
        while let Some(message) = self.outbox.front()
            && let Some(room) = responses.try_room(message)
        {
            responses.send(self.outbox.pop_front().expect("it is there"), Some(room));
        }
    }

    /// Handles every whole frame that was read.
    fn take_frames(&mut self) -> Option<End> {
        let limits = FrameLimits {
            value: usize::try_from(self.bounds.limits.value).unwrap_or(usize::MAX),
            calls: self.bounds.limits.tool_calls as usize,
        };
        loop {
            let unparsed = self.inbound.len();
            let parsed = WorkerFrame::parse(&mut self.inbound, limits);
            if unparsed - self.inbound.len() > LARGE_FRAME {
                // What comes next must not keep the memory of this one alive.
                let mut fresh = BytesMut::with_capacity(self.inbound.len().max(READ_SIZE));
                fresh.extend_from_slice(&self.inbound);
                self.inbound = fresh;
            }
            match parsed {
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
                            display_size((limit - limits.value) as u64),
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
            WorkerFrame::Call(call) => self.take_call(call),
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
            WorkerFrame::Finished(WorkerOutcome::Diverged(_)) if !self.journal.exists() => {
                Some(protocol("it diverged from a journal that there is not"))
            }
            WorkerFrame::Finished(outcome) => {
                Some(End::reported(outcome, &self.bounds).unwrap_or_else(|| protocol("its report is malformed")))
            }
        }
    }

    fn take_call(&mut self, call: Call) -> Option<End> {
        let Call { call_id, tool_index, clock_overrun, answered, clock, arguments } = call;
        if !self.journal.is_complete() {
            return Some(protocol("it called a tool before it had its journal"));
        }
        let Some(opened) = self.calls.open(call_id, self.bounds.limits.tool_call_time) else {
            return Some(protocol("a tool call's id was not the next one"));
        };
        let Some(tool) = self.tools.get(usize::from(tool_index)) else {
            return Some(protocol("it called a tool that the execution does not have"));
        };
        // The journal has this already, from when the call was made.
        if opened == Opened::AskedAgain && (clock_overrun || !answered.is_empty() || !clock.is_empty()) {
            return Some(protocol("it told anew what the journal has of a call"));
        }
        self.clock += clock.len();
        if self.clock + self.journal.clock() > MAX_CLOCK {
            return Some(protocol("it recorded more of the clock than may be"));
        }
        let Some(answered) = self.calls.received(&answered, self.bounds.limits.tool_calls) else {
            return Some(protocol("it received an answer that it was not given, or one twice"));
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
                let unreplayable = if clock_overrun { CLOCK_OVERRUN.to_owned() } else { String::new() };
                self.outbox.push_back(execute_response::Message::ToolCall(v1::ToolCall {
                    call_id,
                    tool,
                    arguments,
                    clock,
                    answered,
                    unreplayable,
                }));
            }
            Some(message) => {
                self.calls.carry(answered);
                self.calls.refuse(call_id, self.bounds.limits.tool_calls);
                self.put_failure(call_id, "ToolLimitError", &message, "RuntimeError");
                let _ = self.write_to_worker();
            }
        }
        // A program that floods calls and reads no answer is stopped before the answers fill the memory.
        (self.outbound.len() > 4 * MAX_WORKER_BACKLOG).then(|| protocol("it does not read the answers to its calls"))
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

    fn write_to_worker(&mut self) -> std::io::Result<()> {
        while !self.outbound.is_empty() {
            match self.worker.stream.try_write(&self.outbound) {
                Ok(written) => drop(self.outbound.split_to(written)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Waits for as long as the client takes nothing.
async fn room_for(message: Option<&execute_response::Message>, responses: &Responses) -> Room {
    match message {
        Some(message) => responses.room(message).await,
        None => std::future::pending().await,
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
