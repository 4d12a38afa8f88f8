//! The task that owns one execution's stream. The diagram is in the module above.

use std::sync::Arc;
use std::time::Duration;

use codemode_proto::v1;
use codemode_proto::v1::execute_response::Message;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::check::Checker;
use super::control::{OUTBOUND, Shared};
use super::{
    Connection, Event, ExecutionError, Finished, OutputMode, OutputStream, RetryPolicy, StartRequest, ToolCall,
    Violation,
};
use crate::transport::{Channel, Inbound, Status, Trace};

/// Events that wait for the application. When it is full the stream is not read, and HTTP/2 stops the executor.
pub(super) const EVENTS: usize = 64;
/// How long the executor has to confirm a cancellation before the stream is reset.
const CANCEL_GRACE: Duration = Duration::from_secs(2);
/// How long the end of the stream may follow `finished`. Past it the stream is reset, to the harm of nobody.
const TRAILERS_GRACE: Duration = Duration::from_secs(1);

pub(super) struct Session {
    pub(super) channel: Channel,
    pub(super) url: String,
    pub(super) request: StartRequest,
    pub(super) deadline: Instant,
    pub(super) retry: Arc<RetryPolicy>,
    pub(super) shared: Arc<Shared>,
    pub(super) events: mpsc::Sender<Result<Event, ExecutionError>>,
    pub(super) closed: watch::Receiver<bool>,
    /// An execution keeps its connection alive, though its application dropped it.
    pub(super) _connection: Connection,
}

/// How one attempt ended.
enum Attempt {
    Finished(Box<Finished>, Option<Inbound>),
    /// Nothing that the application could notice has happened: it may be sent again.
    Harmless {
        status: Status,
        accepted: bool,
    },
    Failed(ExecutionError),
}

impl Session {
    pub(super) async fn run(self) {
        let mut closed = self.closed.clone();
        let end = tokio::select! {
            biased;
            end = self.attempts() => end,
            () = sleep_until(self.deadline) => Err(ExecutionError::Timeout {
                url: self.url.clone(),
                deadline: self.request.deadline,
                tool_calls: self.shared.calls(),
            }),
            _ = closed.wait_for(|closed| *closed) => Err(ExecutionError::Closed { url: self.url.clone() }),
        };
        // Here a stream that did not end in order is dropped, which resets it.
        self.shared.end();
        let (event, inbound) = match end {
            Ok((finished, inbound)) => (Ok(Event::Finished(finished)), inbound),
            Err(error) => (Err(error), None),
        };
        // Where nobody listens any more the execution was dropped.
        let _ = self.events.send(event).await;
        if let Some(mut inbound) = inbound {
            let _ = timeout(TRAILERS_GRACE, inbound.next()).await;
        }
    }

    async fn attempts(&self) -> Result<(Box<Finished>, Option<Inbound>), ExecutionError> {
        let mut attempt = 1;
        loop {
            let (status, accepted) = match self.attempt(attempt).await {
                Attempt::Finished(finished, inbound) => return Ok((finished, inbound)),
                Attempt::Failed(error) => return Err(error),
                // The notification of it was taken by the attempt.
                Attempt::Harmless { .. } if self.shared.is_cancelled() => {
                    return Ok((Box::new(Finished::cancelled()), None));
                }
                Attempt::Harmless { status, accepted } => (status, accepted),
            };
            let pause = self.retry.pause(attempt, &status);
            // A pause that outlasts the deadline would only hide why the attempt failed.
            let Some(pause) = pause.filter(|pause| Instant::now() + *pause < self.deadline) else {
                let url = self.url.clone();
                return Err(if accepted {
                    ExecutionError::Lost { url, attempts: attempt, tool_calls: 0, output_given: false, source: status }
                } else {
                    ExecutionError::refused(&self.url, attempt, status)
                });
            };
            tokio::select! {
                () = sleep(pause) => attempt += 1,
                () = self.shared.cancelled.notified() => return Ok((Box::new(Finished::cancelled()), None)),
            }
        }
    }

    async fn attempt(&self, attempt: u32) -> Attempt {
        let (outbound, receiver) = mpsc::channel(OUTBOUND);
        let trace = Trace { correlation_id: &self.request.correlation_id, traceparent: &self.request.traceparent };
        // The channel is new and has room.
        let _ = outbound.try_send(self.request.to_wire());
        let mut inbound = tokio::select! {
            biased;
            answer = self.channel.execute(receiver, &trace) => match answer {
                Ok(inbound) => inbound,
                Err(status) => return Attempt::Harmless { status, accepted: false },
            },
            () = self.shared.cancelled.notified() => return Attempt::Finished(Box::new(Finished::cancelled()), None),
        };
        let mut running = Running {
            session: self,
            checker: Checker::new(Arc::clone(&self.request.tools)),
            outbound: Some(outbound),
            jail_profile: String::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            noticed: false,
        };
        let end = running.read(&mut inbound).await;
        running.conclude(end, inbound, attempt)
    }
}

/// One attempt that the executor has answered.
struct Running<'a> {
    session: &'a Session,
    checker: Checker,
    /// Given to the application's [`super::Control`] by `accepted`.
    outbound: Option<mpsc::Sender<v1::ExecuteRequest>>,
    jail_profile: String,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// The application was given a tool call or a piece of output: another attempt would give it again.
    noticed: bool,
}

/// Why reading stopped.
enum End {
    Finished(Box<Finished>),
    /// The grace period of a cancellation passed, or there was nothing to wait for.
    Cancelled,
    Status(Status),
    Violation(Violation),
}

impl From<Violation> for End {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl Running<'_> {
    /// Reads until something ends it.
    async fn read(&mut self, inbound: &mut Inbound) -> End {
        let shared = &self.session.shared;
        let mut grace = None;
        loop {
            let full = shared.is_full();
            tokio::select! {
                biased;
                () = shared.cancelled.notified() => {
                    if !self.checker.is_accepted() {
                        return End::Cancelled;
                    }
                    grace = Some(Instant::now() + CANCEL_GRACE);
                }
                message = inbound.next(), if !full => {
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
                () = shared.answered.notified(), if full => {}
                () = sleep_until(grace.unwrap_or(self.session.deadline)), if grace.is_some() => return End::Cancelled,
            }
        }
    }

    async fn take(&mut self, message: v1::ExecuteResponse) -> Result<Option<Finished>, Violation> {
        let shared = &self.session.shared;
        match message.message.ok_or(Violation::Empty)? {
            Message::Accepted(accepted) => {
                self.checker.accept(&self.session.request.limits, &accepted.limits.unwrap_or_default())?;
                self.jail_profile = accepted.jail_profile;
                if let Some(outbound) = self.outbound.take() {
                    shared.accepted(outbound, self.checker.value_limit());
                }
            }
            Message::ToolCall(call) => {
                self.checker.tool_call(&call)?;
                shared.called(call.call_id, &call.tool);
                let call = ToolCall { call_id: call.call_id, tool: call.tool, arguments: call.arguments };
                self.deliver(Event::ToolCall(call)).await;
            }
            Message::Output(output) => {
                let stream = self.checker.output(&output)?;
                match (self.session.request.output, stream) {
                    (OutputMode::Stream, stream) => self.deliver(Event::Output { stream, data: output.data }).await,
                    (OutputMode::Accumulate, OutputStream::Stdout) => self.stdout.extend_from_slice(&output.data),
                    (OutputMode::Accumulate, OutputStream::Stderr) => self.stderr.extend_from_slice(&output.data),
                }
            }
            Message::Finished(finished) => {
                self.checker.finished(&finished)?;
                return Finished::from_wire(finished).map(Some).ok_or(Violation::UnknownOutcome);
            }
        }
        Ok(None)
    }

    /// Waits while the application is behind. Where nobody listens any more, this task is about to be aborted.
    async fn deliver(&mut self, event: Event) {
        self.noticed = true;
        let _ = self.session.events.send(Ok(event)).await;
    }

    fn conclude(self, end: End, inbound: Inbound, attempt: u32) -> Attempt {
        let url = self.session.url.clone();
        let (mut finished, inbound) = match end {
            End::Finished(finished) => (finished, Some(inbound)),
            End::Cancelled => (Box::new(Finished::cancelled()), None),
            End::Status(source) if self.noticed => {
                let tool_calls = self.session.shared.calls();
                let output_given = tool_calls == 0;
                return Attempt::Failed(ExecutionError::Lost {
                    url,
                    attempts: attempt,
                    tool_calls,
                    output_given,
                    source,
                });
            }
            End::Status(status) => return Attempt::Harmless { status, accepted: self.checker.is_accepted() },
            End::Violation(source) => return Attempt::Failed(ExecutionError::Protocol { url, source }),
        };
        finished.jail_profile = self.jail_profile;
        finished.stdout = self.stdout;
        finished.stderr = self.stderr;
        Attempt::Finished(finished, inbound)
    }
}
