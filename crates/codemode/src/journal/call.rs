//! One tool call of a journal.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use codemode_proto::v1;

use crate::execution::ToolOutcome;
use crate::transport::MAX_MESSAGE_SIZE;

/// Bytes that one journal holds, as it is sent: as many as an executor takes. Beyond it the execution goes on, and cannot be
/// replayed.
pub const MAX_JOURNAL: usize = 64 * 1024 * 1024;
/// A call travels whole in one message, beside names and numbers.
pub(super) const MAX_CALL: usize = MAX_MESSAGE_SIZE - 1024 * 1024;
/// Numbers, tags and lengths of one call on the wire, at most.
const OVERHEAD: usize = 80;
/// What a call keeps of its arguments when the journal lets go of them: what a record of it shows, and one byte more, so
/// that it can be told from a whole one.
const KEPT: usize = 4 * 1024 + 1;

/// One tool call: what the program asked for, and what became of it. Its bytes are shared with the messages that carried
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalCall {
    /// The call's id, the same on every attempt. Numbers ascend from 1; some may be left out.
    pub number: u32,
    /// The tool.
    pub tool: Arc<str>,
    /// The encoded arguments, as the program passed them.
    pub arguments: Bytes,
    /// `None`: the call began, and nothing is known of its end.
    pub outcome: Option<ToolOutcome>,
    /// What the program read from the clock before this call. Opaque.
    pub clock: Bytes,
    /// How many answers the program had received when it made this call.
    pub seen: u32,
    /// The place of its answer among those that the program received, from 1. Zero: not known to have been received.
    pub order: u32,
    /// When it began, from the begin of the execution.
    pub began: Duration,
    /// How long its outcome took, as seen from here.
    pub duration: Option<Duration>,
}

impl JournalCall {
    /// What counts towards [`MAX_JOURNAL`]: no less than its size on the wire.
    pub(super) fn weight(&self) -> usize {
        OVERHEAD
            + self.tool.len()
            + self.arguments.len()
            + self.clock.len()
            + self.outcome.as_ref().map_or(0, weight_of)
    }

    /// Keeps what a record of the call shows.
    pub(super) fn let_go(&mut self) {
        self.arguments = kept(&self.arguments);
        self.clock = Bytes::new();
        if let Some(ToolOutcome::Value(value)) = &mut self.outcome {
            *value = Bytes::new();
        }
    }

    pub(super) fn to_wire(&self) -> v1::JournalCall {
        v1::JournalCall {
            call_id: self.number,
            tool: self.tool.to_string(),
            arguments: self.arguments.clone(),
            clock: self.clock.clone(),
            seen: self.seen,
            order: self.order,
            outcome: self.outcome.as_ref().map(|outcome| match outcome {
                ToolOutcome::Value(value) => v1::journal_call::Outcome::Value(value.clone()),
                ToolOutcome::Failure { kind, message, builtin_type } => {
                    v1::journal_call::Outcome::Failure(v1::ToolFailure {
                        r#type: kind.clone(),
                        message: message.clone(),
                        builtin_type: builtin_type.clone(),
                    })
                }
            }),
        }
    }
}

fn kept(arguments: &Bytes) -> Bytes {
    // A copy: a slice would keep the whole.
    Bytes::copy_from_slice(arguments.get(..KEPT).unwrap_or(arguments))
}

pub(super) fn weight_of(outcome: &ToolOutcome) -> usize {
    match outcome {
        ToolOutcome::Value(value) => value.len(),
        ToolOutcome::Failure { kind, message, builtin_type } => kind.len() + message.len() + builtin_type.len(),
    }
}
