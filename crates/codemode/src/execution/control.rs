//! What the application may do to a running execution: answer its tool calls, cancel it.
//!
//! A [`Control`] is cheap to clone and never waits, so that any thread can answer. Answers go to the journal, and straight to
//! the stream where an executor waits for them, not through the session.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use codemode_proto::v1;
use codemode_proto::v1::execute_request::Message;
use tokio::sync::{Notify, mpsc};

use super::{StartRequest, Violation};
use crate::journal::{Called, Journal, Recorder, Replay};

/// Tool calls without a result, and results that the connection has not taken, that the session lets pile up before it stops
/// reading the stream. Above what any `asyncio.gather` of a sensible program has; each costs its arguments.
pub(super) const MAX_OUTSTANDING: usize = 1024;
/// Each of them is one message, and the execution is cancelled once: a send never finds it full.
pub(super) const OUTBOUND: usize = MAX_OUTSTANDING + 1;
/// A failure is for the program and its model to read; a longer message is cut.
const MAX_FAILURE: usize = 64 * 1024;

/// Bytes of an exception's name, where an executor gives it.
const MAX_TYPE: usize = 256;

/// What a tool call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolOutcome {
    /// An encoded value.
    Value(Bytes),
    /// The program gets a `ToolError`.
    Failure {
        /// The exception's type, as the program sees it.
        kind: String,
        /// Its message.
        message: String,
        /// The nearest builtin exception that the type derives from, or empty.
        builtin_type: String,
    },
}

impl ToolOutcome {
    /// What an executor answered in place of the application.
    pub(crate) fn from_failure(failure: &v1::ToolFailure) -> Self {
        Self::Failure {
            kind: cut(failure.r#type.clone(), MAX_TYPE),
            message: cut(failure.message.clone(), MAX_FAILURE),
            builtin_type: cut(failure.builtin_type.clone(), MAX_TYPE),
        }
    }

    fn into_wire(self) -> v1::tool_result::Outcome {
        match self {
            Self::Value(value) => v1::tool_result::Outcome::Value(value),
            Self::Failure { kind, message, builtin_type } => {
                v1::tool_result::Outcome::Failure(v1::ToolFailure { r#type: kind, message, builtin_type })
            }
        }
    }
}

/// Why an answer was not taken. The execution goes on, or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No tool call has this id, or it has its result already.
    #[error("no tool call with the id {call_id} waits for a result")]
    UnknownCall {
        /// The id.
        call_id: u32,
    },
    /// The execution ended first; the result is of no use to anybody. The journal has it.
    #[error("the execution has ended")]
    Ended,
}

/// Answers tool calls and cancels. Outlives the [`super::Execution`] without keeping it alive.
#[derive(Clone, Debug)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Tells the session of the cancellation.
    pub(super) cancelled: Notify,
    /// Tells the session of answers and suspensions, and that the connection took a message.
    pub(super) changed: Notify,
}

#[derive(Debug)]
struct State {
    /// Where the executor of this attempt gets its answers: from `accepted` until the attempt ends.
    outbound: Option<mpsc::Sender<v1::ExecuteRequest>>,
    recorder: Recorder,
    value_limit: u64,
    cancelled: bool,
    ended: bool,
    /// The session has seen that it is full, and waits to be told otherwise.
    stalled: bool,
}

/// Whether the session may read on, and whether there is anything to wait for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    pub(super) full: bool,
    /// See [`Recorder::quiet`].
    pub(super) quiet: Option<u64>,
}

impl Shared {
    pub(super) fn new(request: &Arc<StartRequest>, journal: Option<&Journal>) -> Self {
        let state = State {
            outbound: None,
            recorder: Recorder::new(request, journal),
            value_limit: u64::MAX,
            cancelled: false,
            ended: false,
            stalled: false,
        };
        Self { state: Mutex::new(state), cancelled: Notify::new(), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads or changes the journal.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Recorder) -> T) -> T {
        look(&mut self.state().recorder)
    }

    /// From here on answers only join the journal, until the next executor has accepted and asks for them.
    pub(super) fn begin_attempt(&self) -> Replay {
        let mut state = self.state();
        state.outbound = None;
        state.recorder.begin_attempt()
    }

    pub(super) fn accepted(
        &self,
        outbound: mpsc::Sender<v1::ExecuteRequest>,
        value_limit: u64,
        runtime: &str,
    ) -> Result<(), Violation> {
        let mut state = self.state();
        state.recorder.accepted(runtime)?;
        state.value_limit = value_limit;
        if state.cancelled {
            // The cancellation came while the request was on its way.
            let _ = outbound.try_send(v1::ExecuteRequest { message: Some(Message::Cancel(v1::Cancel {})) });
        }
        state.outbound = Some(outbound);
        Ok(())
    }

    /// The executor has no more to say of the calls than this.
    pub(super) fn ended(&self, answers: &[v1::Answered]) -> Result<(), Violation> {
        self.state().recorder.ended(answers)
    }

    /// Whether the application is to be given the call. Where it was given it before, its outcome goes out as soon as it is
    /// there.
    pub(super) fn called(&self, call: &v1::ToolCall, tool: &Arc<str>) -> Result<bool, Violation> {
        let mut state = self.state();
        match state.recorder.called(call, tool)? {
            Called::New => Ok(true),
            Called::Again(outcome) => {
                if let Some(outcome) = outcome {
                    // Where it cannot be sent, the stream is about to end, and says why.
                    let _ = state.send(call.call_id, outcome);
                }
                Ok(false)
            }
        }
    }

    pub(super) fn pace(&self) -> Pace {
        let mut state = self.state();
        let queued = state.outbound.as_ref().map_or(0, |outbound| outbound.max_capacity() - outbound.capacity());
        state.stalled = state.recorder.waiting() + queued >= MAX_OUTSTANDING;
        Pace { full: state.stalled, quiet: state.recorder.quiet() }
    }

    /// The connection took a message.
    pub(super) fn taken(&self) {
        if self.state().stalled {
            self.changed.notify_one();
        }
    }

    /// Whether the application has cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    pub(super) fn calls(&self) -> u32 {
        self.with(|recorder| recorder.len())
    }

    pub(super) fn journal(&self) -> Journal {
        self.with(|recorder| recorder.snapshot())
    }

    /// Closes the sending half. Later answers join the journal alone.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        state.outbound = None;
    }
}

impl State {
    fn send(&self, call_id: u32, outcome: ToolOutcome) -> Result<(), SendError> {
        let Some(outbound) = &self.outbound else { return Ok(()) };
        let result = v1::ToolResult { call_id, outcome: Some(outcome.into_wire()) };
        let request = v1::ExecuteRequest { message: Some(Message::ToolResult(result)) };
        outbound.try_send(request).map_err(|_| SendError::Ended)
    }
}

impl Control {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Answers a tool call. A value over the execution's limit reaches the program as a failure that says so. Where the
    /// executor was lost in the meantime the answer joins the journal, and the next executor gets it.
    pub fn answer(&self, call_id: u32, outcome: ToolOutcome) -> Result<(), SendError> {
        let mut state = self.shared.state();
        let outcome = match outcome {
            ToolOutcome::Value(value) if value.len() as u64 > state.value_limit => {
                let tool = state.recorder.tool(call_id).ok_or(SendError::UnknownCall { call_id })?;
                ToolOutcome::Failure {
                    kind: "ValueError".to_owned(),
                    message: format!(
                        "the result of the tool `{tool}` is {} bytes long; the limit of one value is {}",
                        value.len(),
                        state.value_limit
                    ),
                    builtin_type: "ValueError".to_owned(),
                }
            }
            value @ ToolOutcome::Value(_) => value,
            ToolOutcome::Failure { kind, message, builtin_type } => {
                ToolOutcome::Failure { kind, message: cut(message, MAX_FAILURE), builtin_type }
            }
        };
        let asked = state.recorder.answer(call_id, &outcome);
        if state.ended {
            return Err(SendError::Ended);
        }
        let sent = if asked? { state.send(call_id, outcome) } else { Ok(()) };
        // Most often the session waits for nothing but the executor.
        if state.stalled || state.recorder.suspends() {
            self.shared.changed.notify_one();
        }
        // Of a stream that is about to end: the answer is in the journal.
        sent.or(Ok(()))
    }

    /// Leaves a tool call open: nobody will answer it soon. When every open call is suspended, and the program makes no other
    /// one, the execution ends as [`super::Event::Suspended`], and its journal goes on from there another time.
    pub fn suspend(&self, call_id: u32) -> Result<(), SendError> {
        let mut state = self.shared.state();
        if state.ended {
            return Err(SendError::Ended);
        }
        state.recorder.suspend(call_id)?;
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }

    /// The journal as it is now; after the end of the execution too.
    pub fn journal(&self) -> Journal {
        self.shared.journal()
    }

    /// What changed in the journal since the last call, as lines to append to a log that [`Journal::from_log`] reads; empty
    /// where nothing did. A store that appends them when it is given a tool call, before it starts the tool, and after each
    /// answer, can go on from any crash. Taking and appending must be one step where several threads do it.
    pub fn journal_changes(&self) -> Vec<u8> {
        self.shared.with(Recorder::changes)
    }

    /// Stops the worker. [`super::Event::Finished`] with [`super::Outcome::Cancelled`] follows. Idempotent.
    pub fn cancel(&self) {
        let mut state = self.shared.state();
        if state.ended || std::mem::replace(&mut state.cancelled, true) {
            return;
        }
        if let Some(outbound) = &state.outbound {
            let _ = outbound.try_send(v1::ExecuteRequest { message: Some(Message::Cancel(v1::Cancel {})) });
        }
        drop(state);
        self.shared.cancelled.notify_one();
    }
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
    text
}
