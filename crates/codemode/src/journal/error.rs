//! Why a journal cannot be read, answered or resumed from.

use super::{FORMAT, MAX_JOURNAL};

/// Why a journal cannot be used. Nothing was sent, and no journal was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Not a journal's document, or one that was cut off.
    #[error("not a journal: {reason}")]
    Malformed {
        /// What is wrong, and where.
        reason: String,
    },
    /// A later release wrote it.
    #[error("the journal has the format {found}; this release reads up to {FORMAT}")]
    NewerFormat {
        /// What it says of itself.
        found: u64,
    },
    /// The digest is of another text.
    #[error("the journal was changed after it was written: its digest does not match")]
    Edited,
    /// More than an execution's journal may hold.
    #[error("a journal of {size} bytes is larger than the {limit} that one may have")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit that it breaks.
        limit: usize,
    },
    /// The calls contradict each other.
    #[error("the journal contradicts itself at tool call {number}: {reason}")]
    Inconsistent {
        /// The first call that does not fit.
        number: u32,
        /// Why.
        reason: &'static str,
    },
    /// What is to be resumed is not what the journal was made of.
    #[error("the journal is of another execution: its {what} is not the same")]
    Other {
        /// `program`, `config`, `context`, `set of tools`, `set of limits` or `execution id`.
        what: &'static str,
    },
    /// The journal has no such call.
    #[error("the journal has no tool call {number}")]
    UnknownCall {
        /// The number that was asked for.
        number: u32,
    },
    /// The call has its outcome.
    #[error("tool call {number} of the journal has an outcome already")]
    Answered {
        /// Its number.
        number: u32,
    },
    /// The execution cannot go on: nobody has said what became of a call.
    #[error("tool call {number} of the journal has no outcome")]
    Open {
        /// The first such call that the program waits for.
        number: u32,
    },
    /// A replay would not do what the first run did.
    #[error("the journal cannot be replayed: {reason}")]
    Unreplayable {
        /// Why, for people.
        reason: String,
    },
}

impl JournalError {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::NewerFormat { .. } => "newer_format",
            Self::Edited => "edited",
            Self::TooLarge { .. } => "too_large",
            Self::Inconsistent { .. } => "inconsistent",
            Self::Other { .. } => "other_execution",
            Self::UnknownCall { .. } => "unknown_call",
            Self::Answered { .. } => "answered",
            Self::Open { .. } => "open",
            Self::Unreplayable { .. } => "unreplayable",
        }
    }

    /// What the reader may do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NewerFormat { .. } => Some("upgrade codemode here to the release that wrote the journal"),
            Self::Edited | Self::Inconsistent { .. } => {
                Some("store the document as it was given; an outcome is added with `answer`")
            }
            Self::Open { .. } => {
                Some("find out what became of the call, and give the journal its outcome with `answer`")
            }
            Self::Other { .. } => {
                Some("resume with the program, config, context and tools that the execution was started with")
            }
            Self::Malformed { .. }
            | Self::TooLarge { .. }
            | Self::UnknownCall { .. }
            | Self::Answered { .. }
            | Self::Unreplayable { .. } => None,
        }
    }

    pub(super) fn too_large(size: usize) -> Self {
        Self::TooLarge { size, limit: MAX_JOURNAL }
    }
}
