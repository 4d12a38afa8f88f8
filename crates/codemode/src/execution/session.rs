//! The task that owns one execution: its attempts, until one of them ends it. The diagram is in the module above.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::attempt::Attempt;
use super::control::Shared;
use super::fleet::Fleet;
use super::{Connection, Event, ExecutionError, Finished, RetryPolicy, StartRequest, Suspended};
use crate::transport::{Inbound, Status, StatusCode};

/// Events that wait for the application. When it is full the stream is not read, and HTTP/2 stops the executor.
pub(super) const EVENTS: usize = 64;
/// How long the end of the stream may follow `finished`. Past it the stream is reset, to the harm of nobody.
const TRAILERS_GRACE: Duration = Duration::from_secs(1);

pub(super) struct Session {
    pub(super) fleet: Arc<Fleet>,
    pub(super) url: String,
    pub(super) request: Arc<StartRequest>,
    pub(super) deadline: Instant,
    pub(super) retry: Arc<RetryPolicy>,
    pub(super) shared: Arc<Shared>,
    pub(super) events: mpsc::Sender<Result<Event, ExecutionError>>,
    pub(super) closed: watch::Receiver<bool>,
    /// An execution keeps its connection alive, though its application dropped it.
    pub(super) _connection: Connection,
}

impl Drop for Session {
    fn drop(&mut self) {
        // A `Control` that outlives a dropped execution must not hold the request open.
        self.shared.end();
    }
}

/// How the execution ended, with the stream of it where that has not ended.
type End = Result<(Event, Option<Inbound>), ExecutionError>;

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
            Ok((event, inbound)) => (Ok(event), inbound),
            Err(error) => (Err(error), None),
        };
        // Where nobody listens any more the execution was dropped.
        let _ = self.events.send(event).await;
        if let Some(mut inbound) = inbound {
            let _ = timeout(TRAILERS_GRACE, inbound.next()).await;
        }
    }

    async fn attempts(&self) -> End {
        let mut number = 1;
        let mut last = None;
        loop {
            // Not the executor that failed the attempt before, where there is another.
            let lease = match self.fleet.pick(last.as_ref()).await {
                Ok(lease) => lease,
                Err(status) => return Err(self.lost(number, status, false, None)),
            };
            let (status, accepted, replaying) = match self.attempt(number, &lease).await {
                Attempt::Ended(event, inbound) => return Ok((event, inbound)),
                Attempt::Failed(error) => return Err(error),
                Attempt::Lost { status, accepted, replaying } => (status, accepted, replaying),
            };
            lease.lost(&status);
            // The notification of it was taken by the attempt.
            if self.shared.is_cancelled() {
                return Ok((self.cancelled(number), None));
            }
            let unreplayable = self.unreplayable();
            if unreplayable.is_none() && self.shared.pace().quiet.is_some() {
                // What the program waits for has no outcome yet: another attempt would come to the same place.
                return Ok((Event::Suspended(Box::new(self.suspended(number))), None));
            }
            let Some(pause) = self.pause(number, &status, replaying).filter(|_| unreplayable.is_none()) else {
                return Err(self.lost(number, status, accepted, unreplayable));
            };
            let failed = lease.id();
            // The first time, another executor is tried at once: the pause is for one that needs it.
            let pause = if last.is_none() && self.fleet.has_other(&failed) { Duration::ZERO } else { pause };
            last = Some(failed);
            drop(lease);
            tokio::select! {
                () = sleep(pause) => number += 1,
                () = self.shared.cancelled.notified() => return Ok((self.cancelled(number), None)),
            }
        }
    }

    /// How long to wait before the next attempt; `None` where there is no other.
    fn pause(&self, number: u32, status: &Status, replaying: bool) -> Option<Duration> {
        // A replay that this executor's runtime cannot do may be done by another replica behind the same address.
        let allowed = self.retry.allows(status) || (replaying && status.code() == StatusCode::FailedPrecondition);
        let pause = self.retry.pause(number, status).filter(|_| allowed)?;
        // A pause that outlasts the deadline would only hide why the attempt failed.
        (Instant::now() + pause < self.deadline).then_some(pause)
    }

    /// Why another attempt could repeat what was noticed outside of the jail: a tool call, or output.
    fn unreplayable(&self) -> Option<Arc<str>> {
        self.shared.with(|recorder| recorder.is_noticed().then(|| recorder.unreplayable().cloned()).flatten())
    }

    fn lost(&self, attempts: u32, source: Status, accepted: bool, unreplayable: Option<Arc<str>>) -> ExecutionError {
        let (url, tool_calls) = (self.url.clone(), self.shared.calls());
        let has_run = accepted || tool_calls > 0;
        match source.code() {
            StatusCode::FailedPrecondition if tool_calls > 0 && !accepted => {
                let runtime = self.shared.with(|recorder| recorder.runtime().to_string());
                ExecutionError::OtherRuntime {
                    url,
                    attempts,
                    runtime,
                    tool_calls,
                    journal: Box::new(self.shared.journal()),
                    source,
                }
            }
            StatusCode::Unauthenticated => ExecutionError::refused(&self.url, attempts, source),
            _ if has_run => {
                let unreplayable = unreplayable.map(|reason| reason.to_string());
                let journal = Box::new(self.shared.journal());
                ExecutionError::Lost { url, attempts, tool_calls, unreplayable, journal, source }
            }
            _ => ExecutionError::refused(&self.url, attempts, source),
        }
    }

    pub(super) fn cancelled(&self, attempts: u32) -> Event {
        Event::Finished(Box::new(Finished { attempts, ..Finished::cancelled(self.shared.journal()) }))
    }

    pub(super) fn suspended(&self, attempts: u32) -> Suspended {
        Suspended { journal: self.shared.journal(), stdout: Vec::new(), stderr: Vec::new(), attempts }
    }
}
