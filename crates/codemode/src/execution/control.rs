//! What the application may do to a running execution: answer its tool calls, cancel it.
//!
//! A [`Control`] is cheap to clone and never waits, so that any thread can answer. Answers go straight to the stream, not
//! through the session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use codemode_proto::v1;
use codemode_proto::v1::execute_request::Message;
use tokio::sync::{Notify, mpsc};

/// Tool calls without a result that the session lets pile up before it stops reading the stream. Above what any
/// `asyncio.gather` of a sensible program has; each costs its arguments.
pub(super) const MAX_OUTSTANDING: usize = 1024;
/// Each outstanding call is answered once, the execution is started once and cancelled once: a send never finds it full.
pub(super) const OUTBOUND: usize = MAX_OUTSTANDING + 2;
/// A failure is for the program and its model to read; a longer message is cut.
const MAX_FAILURE: usize = 64 * 1024;

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

/// Why an answer was not sent. The execution goes on, or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No tool call has this id, or it has its result already.
    #[error("no tool call with the id {call_id} waits for a result")]
    UnknownCall {
        /// The id.
        call_id: u32,
    },
    /// The execution ended first; the result is of no use to anybody.
    #[error("the execution has ended")]
    Ended,
}

/// Answers tool calls and cancels. Outlives the [`super::Execution`] without keeping it alive.
#[derive(Clone, Debug)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Tells the session of the cancellation.
    pub(super) cancelled: Notify,
    /// Tells the session that there is room for another outstanding call.
    pub(super) answered: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// From `accepted` until the end.
    outbound: Option<mpsc::Sender<v1::ExecuteRequest>>,
    /// Call id to tool name.
    outstanding: HashMap<u32, String>,
    value_limit: u64,
    calls: u32,
    cancelled: bool,
    ended: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn accepted(&self, outbound: mpsc::Sender<v1::ExecuteRequest>, value_limit: u64) {
        let mut state = self.state();
        state.value_limit = value_limit;
        if state.cancelled {
            // The cancellation came while the request was on its way.
            let _ = outbound.try_send(v1::ExecuteRequest { message: Some(Message::Cancel(v1::Cancel {})) });
        }
        state.outbound = Some(outbound);
    }

    pub(super) fn called(&self, call_id: u32, tool: &str) {
        let mut state = self.state();
        state.calls = call_id;
        state.outstanding.insert(call_id, tool.to_owned());
    }

    pub(super) fn is_full(&self) -> bool {
        self.state().outstanding.len() >= MAX_OUTSTANDING
    }

    /// Whether the application has cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.state().cancelled
    }

    pub(super) fn calls(&self) -> u32 {
        self.state().calls
    }

    /// Closes the sending half. Later answers are refused.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        state.outbound = None;
        state.outstanding.clear();
    }
}

impl Control {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Answers a tool call. A value over the execution's limit reaches the program as a failure that says so.
    pub fn answer(&self, call_id: u32, outcome: ToolOutcome) -> Result<(), SendError> {
        let mut state = self.shared.state();
        let Some(outbound) = state.outbound.clone().filter(|_| !state.ended) else {
            return Err(SendError::Ended);
        };
        let Some(tool) = state.outstanding.remove(&call_id) else {
            return Err(SendError::UnknownCall { call_id });
        };
        let outcome = match outcome {
            ToolOutcome::Value(value) if value.len() as u64 > state.value_limit => {
                v1::tool_result::Outcome::Failure(v1::ToolFailure {
                    r#type: "ValueError".to_owned(),
                    message: format!(
                        "the result of the tool `{tool}` is {} bytes long; the limit of one value is {}",
                        value.len(),
                        state.value_limit
                    ),
                    builtin_type: "ValueError".to_owned(),
                })
            }
            ToolOutcome::Value(value) => v1::tool_result::Outcome::Value(value),
            ToolOutcome::Failure { kind, message, builtin_type } => {
                v1::tool_result::Outcome::Failure(v1::ToolFailure { r#type: kind, message: cut(message), builtin_type })
            }
        };
        drop(state);
        let result = v1::ToolResult { call_id, outcome: Some(outcome) };
        let sent = outbound.try_send(v1::ExecuteRequest { message: Some(Message::ToolResult(result)) });
        self.shared.answered.notify_one();
        sent.map_err(|_| SendError::Ended)
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

fn cut(mut message: String) -> String {
    if message.len() > MAX_FAILURE {
        let end = (0..=MAX_FAILURE).rev().find(|end| message.is_char_boundary(*end)).unwrap_or_default();
        message.truncate(end);
        message.push('…');
    }
    message
}
