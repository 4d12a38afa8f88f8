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
/// Tool calls where neither side names a limit: the executor's ceiling.
const DEFAULT_TOOL_CALLS: u32 = 100_000;
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
    /// Call ids ascend; on a replay, new ones from the journal's last.
    #[error("tool call {got} after tool call {last}")]
    NotAscending {
        /// The highest one before.
        last: u32,
        /// What came.
        got: u32,
    },
    /// The journal has the outcome, or the executor has asked before.
    #[error("tool call {0} again, which has its answer or waits for it")]
    Asked(u32),
    /// A call of the journal is another one now.
    #[error("tool call {0} with another tool or other arguments than the journal has")]
    OtherCall(u32),
    /// The program is said to have received an answer that it cannot have, or in an order that it cannot be.
    #[error("an answer to tool call {0} that the program cannot have received")]
    Answered(u32),
    /// More of the clock than the contract allows.
    #[error("{0} bytes of the clock where the contract allows 65536")]
    Clock(usize),
    /// A replay under another runtime.
    #[error("a replay under the runtime `{executor}` of a journal of `{journal}`")]
    Runtime {
        /// The journal's.
        journal: String,
        /// The executor's.
        executor: String,
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
    /// The last call of the journal that this attempt is a replay of.
    replayed: u32,
    /// The highest number of a call.
    last: u32,
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

/// A peer's character as a message may show it: none moves a terminal's cursor.
fn visible(character: char) -> char {
    if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }
}

impl Checker {
    /// `calls` of a journal, up to the number `replayed`, are replayed.
    pub(super) fn new(offered: Arc<super::ToolSet>, replayed: u32, calls: u32) -> Self {
        let most = MAX_MESSAGE_SIZE as u64;
        Self {
            offered,
            accepted: false,
            replayed,
            last: replayed,
            calls,
            value: most,
            tool_calls: DEFAULT_TOOL_CALLS,
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

    /// The name of the tool. What the journal says of the call is the recorder's to check.
    pub(super) fn tool_call(&mut self, call: &v1::ToolCall) -> Result<Arc<str>, Violation> {
        self.running("tool_call")?;
        let new = call.call_id > self.replayed;
        if new && call.call_id <= self.last {
            return Err(Violation::NotAscending { last: self.last, got: call.call_id });
        }
        if new && self.calls >= self.tool_calls {
            return Err(Violation::ToolCalls(self.tool_calls));
        }
        let Some(tool) = self.offered.names.get(call.tool.as_str()) else {
            return Err(Violation::UnknownTool(call.tool.chars().take(SHOWN).map(visible).collect()));
        };
        self.value(call.arguments.len())?;
        if new {
            self.calls += 1;
            self.last = call.call_id;
        }
        Ok(Arc::clone(tool))
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
        if finished.outcome() == v1::Outcome::Diverged && self.replayed == 0 {
            // Nothing is replayed that was not asked for.
            return Err(Violation::UnknownOutcome);
        }
        // A program that was rejected, or cancelled while it waited for a worker, never had one.
        let never_ran = matches!(finished.outcome(), v1::Outcome::Rejected | v1::Outcome::Cancelled);
        if !never_ran {
            self.running("finished")?;
        }
        // Until then no limit is agreed, and what did not run has no value.
        if !self.accepted && !finished.value.is_empty() {
            return Err(Violation::NotAccepted("finished.value"));
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
