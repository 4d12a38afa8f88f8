//! One attempt: the request, what comes back, and why that ended.

use std::sync::Arc;
use std::time::Duration;

use codemode_proto::v1;
use codemode_proto::v1::execute_response::Message;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::check::Checker;
use super::control::{OUTBOUND, Shared};
use super::fleet::Lease;
use super::session::Session;
use super::{Event, ExecutionError, Finished, OutputMode, OutputStream, ToolCall, Violation};
use crate::transport::{Inbound, Status, Trace};

/// How long the executor has to confirm a cancellation before the stream is reset.
const CANCEL_GRACE: Duration = Duration::from_secs(2);
/// How long a program may make no call while all of its open calls are suspended, until the execution is. Well above what
/// lies between two calls of one `gather`; what a program computes meanwhile is computed again when it goes on.
const SUSPEND_GRACE: Duration = Duration::from_millis(20);

/// How one attempt ended.
pub(super) enum Attempt {
    Ended(Event, Option<Inbound>),
    /// The executor refused it, or it or the way to it is gone. Another attempt may do better.
    Lost {
        status: Status,
        accepted: bool,
        /// It was sent a journal.
        replaying: bool,
    },
    Failed(ExecutionError),
}

impl Session {
    pub(super) async fn attempt(&self, number: u32, lease: &Lease) -> Attempt {
        let (outbound, receiver) = mpsc::channel(OUTBOUND);
        let trace = Trace { correlation_id: &self.request.correlation_id, traceparent: &self.request.traceparent };
        let replay = self.shared.begin_attempt();
        let (replayed, calls) = (replay.last(), replay.len());
        let start = self.shared.with(|recorder| self.request.to_wire(recorder.seed(), &replay, recorder.runtime()));
        // What begins the request is made as the connection takes it, so it needs no room in the channel.
        // Weak: the channel's other end is in there, and would keep itself open.
        let shared = Arc::downgrade(&self.shared);
        let taken = move |message| {
            if let Some(shared) = shared.upgrade() {
                shared.taken();
            }
            message
        };
        let beginning = std::iter::once(start).chain(replay.into_messages());
        let messages = tokio_stream::iter(beginning).chain(ReceiverStream::new(receiver).map(taken));
        let mut inbound = tokio::select! {
            biased;
            answer = lease.channel().execute(messages, &trace) => match answer {
                Ok(inbound) => inbound,
                Err(status) => return Attempt::Lost { status, accepted: false, replaying: calls > 0 },
            },
            () = self.shared.cancelled.notified() => return Attempt::Ended(self.cancelled(number), None),
        };
        let mut running = Running {
            session: self,
            lease,
            number,
            replayed: calls,
            checker: Checker::new(Arc::clone(&self.request.tools), replayed, calls),
            outbound: Some(outbound),
            jail_profile: String::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            written: [0; 2],
        };
        let end = running.read(&mut inbound).await;
        running.conclude(end, inbound)
    }
}

/// An attempt that the executor has answered.
struct Running<'a> {
    session: &'a Session,
    lease: &'a Lease,
    number: u32,
    /// How many calls of the journal it was sent.
    replayed: u32,
    checker: Checker,
    /// Given to the application's [`super::Control`] by `accepted`.
    outbound: Option<mpsc::Sender<v1::ExecuteRequest>>,
    jail_profile: String,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Bytes of stdout and stderr that the program has written in this attempt.
    written: [u64; 2],
}

/// Why reading stopped.
enum End {
    Finished(Box<v1::Finished>),
    /// The grace period of a cancellation passed, or there was nothing to wait for.
    Cancelled,
    /// Every open call is suspended.
    Suspended,
    Status(Status),
    Violation(Violation),
}

impl From<Violation> for End {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl Running<'_> {
    fn shared(&self) -> &Shared {
        &self.session.shared
    }

    /// Reads until something ends it.
    async fn read(&mut self, inbound: &mut Inbound) -> End {
        let shared = &self.session.shared;
        let mut grace = None;
        let mut quiet = None;
        loop {
            let pace = shared.pace();
            quiet = match (pace.quiet, quiet) {
                (Some(now), Some((before, since))) if now == before => Some((before, since)),
                (Some(now), _) => Some((now, Instant::now() + SUSPEND_GRACE)),
                (None, _) => None,
            };
            let over = grace.or(quiet.map(|(_, over)| over));
            tokio::select! {
                biased;
                () = shared.cancelled.notified() => {
                    if !self.checker.is_accepted() {
                        return End::Cancelled;
                    }
                    grace = Some(Instant::now() + CANCEL_GRACE);
                }
                message = inbound.next(), if !pace.full => {
                    let message = match message {
                        Ok(Some(message)) => message,
                        Ok(None) => return Violation::ClosedEarly.into(),
                        Err(status) => return End::Status(status),
                    };
                    match self.take(message).await {
                        Ok(None) => {}
                        Ok(Some(finished)) => return End::Finished(Box::new(finished)),
                        Err(violation) => return violation.into(),
                    }
                }
                () = shared.changed.notified() => {}
                () = sleep_until(over.unwrap_or(self.session.deadline)), if over.is_some() => {
                    return if grace.is_some() { End::Cancelled } else { End::Suspended };
                }
            }
        }
    }

    async fn take(&mut self, message: v1::ExecuteResponse) -> Result<Option<v1::Finished>, Violation> {
        match message.message.ok_or(Violation::Empty)? {
            Message::Accepted(accepted) => {
                self.checker.accept(&self.session.request.limits, &accepted.limits.unwrap_or_default())?;
                self.jail_profile = accepted.jail_profile;
                self.lease.accepted();
                if let Some(outbound) = self.outbound.take() {
                    self.shared().accepted(outbound, self.checker.value_limit(), &accepted.runtime)?;
                }
            }
            Message::ToolCall(call) => {
                let tool = self.checker.tool_call(&call)?;
                if self.shared().called(&call, &tool)? {
                    let call = ToolCall { call_id: call.call_id, tool: call.tool, arguments: call.arguments };
                    self.deliver(Event::ToolCall(call)).await;
                }
            }
            Message::Output(output) => {
                let stream = self.checker.output(&output)?;
                match (self.session.request.output, stream) {
                    (OutputMode::Stream, stream) => self.pass_on(stream, output.data).await,
                    (OutputMode::Accumulate, OutputStream::Stdout) => self.stdout.extend_from_slice(&output.data),
                    (OutputMode::Accumulate, OutputStream::Stderr) => self.stderr.extend_from_slice(&output.data),
                }
            }
            Message::Finished(finished) => {
                self.checker.finished(&finished)?;
                self.shared().ended(&finished.answered)?;
                return Ok(Some(finished));
            }
        }
        Ok(None)
    }

    /// Gives the application what it was not given by an earlier attempt.
    async fn pass_on(&mut self, stream: OutputStream, mut data: bytes::Bytes) {
        let index = usize::from(stream == OutputStream::Stderr);
        let from = self.written[index];
        self.written[index] += data.len() as u64;
        let before = self.shared().with(|recorder| recorder.given_before(index, from, data.len()));
        let rest = data.split_off(before);
        if !rest.is_empty() {
            self.deliver(Event::Output { stream, data: rest }).await;
        }
    }

    /// Waits while the application is behind. Where nobody listens any more, this task is about to be aborted.
    async fn deliver(&mut self, event: Event) {
        let _ = self.session.events.send(Ok(event)).await;
    }

    fn conclude(self, end: End, inbound: Inbound) -> Attempt {
        let session = self.session;
        let url = session.url.clone();
        let journal = || session.shared.journal();
        match end {
            End::Finished(finished) if finished.outcome() == v1::Outcome::Diverged => {
                let divergence = finished.divergence.unwrap_or_default();
                let (call_id, message) = (divergence.call_id, divergence.message);
                Attempt::Failed(ExecutionError::Diverged { url, call_id, message, journal: Box::new(journal()) })
            }
            End::Finished(finished) => match Finished::from_wire(*finished, journal()) {
                Some(finished) => {
                    let finished = self.completed(finished);
                    Attempt::Ended(Event::Finished(Box::new(finished)), Some(inbound))
                }
                None => Attempt::Failed(ExecutionError::Protocol { url, source: Violation::UnknownOutcome }),
            },
            End::Cancelled => {
                let finished = self.completed(Finished::cancelled(journal()));
                Attempt::Ended(Event::Finished(Box::new(finished)), None)
            }
            End::Suspended => {
                if let Some(reason) = session.shared.with(|recorder| recorder.unreplayable().cloned()) {
                    let source = crate::journal::JournalError::Unreplayable { reason: reason.to_string() };
                    return Attempt::Failed(ExecutionError::Journal { source });
                }
                let suspended = session.suspended(self.number);
                let suspended = super::Suspended { stdout: self.stdout, stderr: self.stderr, ..suspended };
                Attempt::Ended(Event::Suspended(Box::new(suspended)), None)
            }
            End::Status(status) => {
                Attempt::Lost { status, accepted: self.checker.is_accepted(), replaying: self.replayed > 0 }
            }
            End::Violation(source) => Attempt::Failed(ExecutionError::Protocol { url, source }),
        }
    }

    fn completed(self, finished: Finished) -> Finished {
        Finished {
            jail_profile: self.jail_profile,
            stdout: self.stdout,
            stderr: self.stderr,
            attempts: self.number,
            replayed_calls: self.replayed,
            ..finished
        }
    }
}
