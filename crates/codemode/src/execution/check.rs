//! What an executor may say, and when. Each message passes here before anything else sees it.
//!
//! The session owns one [`Checker`] per attempt. The invariant: whatever the peer sends, what the application holds for an
//! execution is bounded by the limits that were asked for, or by the constants here where none was.

use std::sync::Arc;

use codemode_proto::v1;

use super::{Limits, OutputStream};
use crate::transport::MAX_MESSAGE_SIZE;

/// What is kept of a program's output where neither side names a limit. The executor's ceiling is 16 MiB.
const DEFAULT_OUTPUT: u64 = 16 * 1024 * 1024;
/// The executor marks truncated output in the output itself; the mark comes on top of the limit.
const OUTPUT_MARK: u64 = 1024;
/// How much of a peer's text is shown in a message.
const SHOWN: usize = 64;

/// What an executor did that the contract does not allow. The execution is over and the stream is reset; the
/// connection stays usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A message without content, or of a kind that a later contract has.
    #[error("an empty message")]
    Empty,
    /// Something came before `accepted`.
    #[error("`{0}` before `accepted`")]
    NotAccepted(&'static str),
    /// `accepted` came again.
    #[error("`accepted` twice")]
    AcceptedTwice,
    /// Call ids are 1, 2, 3, …
    #[error("tool call {got} where {expected} was next")]
    CallId {
        /// What was due.
        expected: u32,
        /// What came.
        got: u32,
    },
    /// A tool that was not offered.
    #[error("a call of the tool `{0}`, which was not offered")]
    UnknownTool(String),
    /// More calls than the limit.
    #[error("more tool calls than the limit of {0}")]
    ToolCalls(u32),
    /// A value over the limit.
    #[error("a value of {size} bytes where the limit is {limit}")]
    Value {
        /// Its size.
        size: usize,
        /// What was agreed.
        limit: u64,
    },
    /// More output than the limit.
    #[error("more output than the limit of {0} bytes")]
    Output(u64),
    /// Neither stdout nor stderr.
    #[error("output of an unknown stream")]
    UnknownStream,
    /// `finished` without an outcome, or with one that a later contract has.
    #[error("an unknown outcome")]
    UnknownOutcome,
    /// The stream ended without `finished`.
    #[error("the stream closed before `finished`")]
    ClosedEarly,
}

#[derive(Debug)]
pub(super) struct Checker {
    offered: Arc<super::ToolSet>,
    accepted: bool,
    calls: u32,
    value: u64,
    tool_calls: u32,
    output: u64,
    output_seen: u64,
}

/// What was asked for, lowered to what the executor says that holds.
fn lower<T: Ord + Copy>(asked: Option<T>, holds: Option<T>) -> Option<T> {
    match (asked, holds) {
        (Some(asked), Some(holds)) => Some(asked.min(holds)),
        (one, other) => one.or(other),
    }
}

impl Checker {
    pub(super) fn new(offered: Arc<super::ToolSet>) -> Self {
        let most = MAX_MESSAGE_SIZE as u64;
        Self {
            offered,
            accepted: false,
            calls: 0,
            value: most,
            tool_calls: u32::MAX,
            output: DEFAULT_OUTPUT,
            output_seen: 0,
        }
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// Bytes of one encoded value, in either direction.
    pub(super) fn value_limit(&self) -> u64 {
        self.value
    }

    pub(super) fn accept(&mut self, asked: &Limits, holds: &v1::Limits) -> Result<(), Violation> {
        if self.accepted {
            return Err(Violation::AcceptedTwice);
        }
        self.accepted = true;
        let holds = Limits::from_wire(holds);
        self.value = lower(asked.value, holds.value).unwrap_or(self.value).min(self.value);
        self.tool_calls = lower(asked.tool_calls, holds.tool_calls).unwrap_or(self.tool_calls);
        // A peer that names a limit of its own must not thereby lift ours.
        self.output = lower(asked.output.or(Some(self.output)), holds.output).unwrap_or(self.output);
        Ok(())
    }

    pub(super) fn tool_call(&mut self, call: &v1::ToolCall) -> Result<(), Violation> {
        self.running("tool_call")?;
        let expected = self.calls.checked_add(1).ok_or(Violation::ToolCalls(self.tool_calls))?;
        if call.call_id != expected {
            return Err(Violation::CallId { expected, got: call.call_id });
        }
        if expected > self.tool_calls {
            return Err(Violation::ToolCalls(self.tool_calls));
        }
        if !self.offered.names.contains(call.tool.as_str()) {
            return Err(Violation::UnknownTool(call.tool.chars().take(SHOWN).collect()));
        }
        self.value(call.arguments.len())?;
        self.calls = expected;
        Ok(())
    }

    pub(super) fn output(&mut self, output: &v1::Output) -> Result<OutputStream, Violation> {
        self.running("output")?;
        let stream = match output.stream() {
            v1::Stream::Unspecified => return Err(Violation::UnknownStream),
            v1::Stream::Stdout => OutputStream::Stdout,
            v1::Stream::Stderr => OutputStream::Stderr,
        };
        self.output_seen = self.output_seen.saturating_add(output.data.len() as u64);
        if self.output_seen > self.output.saturating_add(OUTPUT_MARK) {
            return Err(Violation::Output(self.output));
        }
        Ok(stream)
    }

    pub(super) fn finished(&mut self, finished: &v1::Finished) -> Result<(), Violation> {
        // A program that was rejected, or cancelled while it waited for a worker, never had one.
        let never_ran = matches!(finished.outcome(), v1::Outcome::Rejected | v1::Outcome::Cancelled);
        if !never_ran {
            self.running("finished")?;
        }
        self.value(finished.value.len())
    }

    fn running(&self, message: &'static str) -> Result<(), Violation> {
        if self.accepted { Ok(()) } else { Err(Violation::NotAccepted(message)) }
    }

    fn value(&self, size: usize) -> Result<(), Violation> {
        if size as u64 > self.value { Err(Violation::Value { size, limit: self.value }) } else { Ok(()) }
    }
}
