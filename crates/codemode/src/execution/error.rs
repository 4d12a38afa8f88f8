//! Why there is no [`super::Finished`]: the transport, the peer or the deadline failed, not the program.

use std::time::Duration;

use super::Violation;
use crate::journal::{Journal, JournalError};
use crate::transport::{Status, StatusCode, TlsError};

/// Why an execution, or another request, ended without an answer. The connection stays usable after each of these but
/// [`ExecutionError::Closed`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionError {
    /// A field breaks the contract. Nothing was sent.
    #[error("`{field}` cannot be sent: {reason}")]
    Invalid {
        /// Its name in the contract.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// TLS cannot be set up: a file is missing or wrong. Nothing was dialled.
    #[error("failed to prepare TLS for the executor at `{url}`")]
    Tls {
        /// The executor.
        url: String,
        /// Why.
        source: TlsError,
    },
    /// The executor could not be reached, or is draining. Nothing ran; the request may be sent again.
    #[error("failed to reach the executor at `{url}` ({})", tried(*.attempts))]
    Unavailable {
        /// The executor.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// Of the last attempt.
        source: Status,
    },
    /// No key, or a wrong one. Nothing ran; the same key will not do better.
    #[error("the executor at `{url}` refused the API key")]
    Unauthenticated {
        /// The executor.
        url: String,
        /// The executor's words.
        source: Status,
    },
    /// The executor answered, and refused. Nothing ran.
    #[error("the executor at `{url}` refused the request ({})", tried(*.attempts))]
    Refused {
        /// The executor.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// Of the last attempt.
        source: Status,
    },
    /// The program was running, and no further attempt was allowed. The journal goes on from there another time, where it
    /// can be replayed.
    #[error("lost the executor at `{url}` during an execution that had made {}{}", made_some(*.tool_calls), lost(.unreplayable.as_deref(), *.attempts))]
    Lost {
        /// The executor.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// Calls that had reached this application.
        tool_calls: u32,
        /// Why it was not tried again: its journal cannot be replayed. `None` where it was tried as often as the policy allows.
        unreplayable: Option<String>,
        /// What it had done.
        journal: Box<Journal>,
        /// What happened.
        source: Status,
    },
    /// No executor there has the runtime that the journal was made with. Nothing ran since; the journal stays good.
    #[error("no executor at `{url}` can replay an execution of the runtime `{runtime}`, which had made {} ({})", made_some(*.tool_calls), tried(*.attempts))]
    OtherRuntime {
        /// The executor.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// The journal's runtime.
        runtime: String,
        /// Calls that had reached this application.
        tool_calls: u32,
        /// What it had done.
        journal: Box<Journal>,
        /// The executor's words.
        source: Status,
    },
    /// A replay did something that its journal does not explain. It was stopped before it made a call of its own; the same
    /// replay may diverge again.
    #[error("the replay at `{url}` diverged from its journal at tool call {call_id}: {message}")]
    Diverged {
        /// The executor.
        url: String,
        /// The first call of the journal that the program did not make; zero where there is none.
        call_id: u32,
        /// What the journal has, and what the program did instead.
        message: String,
        /// What it was a replay of.
        journal: Box<Journal>,
    },
    /// The execution cannot go on from its journal, or be suspended.
    #[error("failed to use the journal of the execution")]
    Journal {
        /// Why.
        source: JournalError,
    },
    /// The deadline passed. The program is being stopped; `tool_calls` of its calls had reached this application.
    #[error("no answer from the executor at `{url}` within {} s{}", .deadline.as_secs_f64(), made(*.tool_calls))]
    Timeout {
        /// The executor.
        url: String,
        /// As it was asked for.
        deadline: Duration,
        /// Calls that had reached this application.
        tool_calls: u32,
    },
    /// The peer is not an executor, or is a hostile one. The execution was cancelled.
    #[error("the executor at `{url}` broke the protocol")]
    Protocol {
        /// The executor.
        url: String,
        /// What it did.
        source: Violation,
    },
    /// The application closed the connection. The program was cancelled.
    #[error("the connection to the executor at `{url}` is closed")]
    Closed {
        /// The executor.
        url: String,
    },
    /// The runtime that drove the execution is gone. The program was cancelled.
    #[error("the session with the executor at `{url}` stopped")]
    Stopped {
        /// The executor.
        url: String,
    },
}

fn calls(count: u32) -> String {
    if count == 1 { "1 tool call".to_owned() } else { format!("{count} tool calls") }
}

/// Requests other than executions make none.
fn made(count: u32) -> String {
    if count == 0 { String::new() } else { format!("; the execution had made {}", calls(count)) }
}

fn made_some(count: u32) -> String {
    if count == 0 { "no tool calls".to_owned() } else { calls(count) }
}

fn lost(unreplayable: Option<&str>, attempts: u32) -> String {
    match unreplayable {
        None => format!(" ({})", tried(attempts)),
        Some(reason) => format!("; it cannot be replayed: {reason}"),
    }
}

fn tried(count: u32) -> String {
    if count == 1 { "1 attempt".to_owned() } else { format!("{count} attempts") }
}

impl ExecutionError {
    /// What a status means before the execution was accepted.
    pub(super) fn refused(url: &str, attempts: u32, source: Status) -> Self {
        let url = url.to_owned();
        match source.code() {
            StatusCode::Unavailable => Self::Unavailable { url, attempts, source },
            StatusCode::Unauthenticated => Self::Unauthenticated { url, source },
            _ => Self::Refused { url, attempts, source },
        }
    }

    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::Tls { .. } => "tls",
            Self::Unavailable { .. } => "unavailable",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::Refused { .. } => "refused",
            Self::Lost { .. } => "lost",
            Self::OtherRuntime { .. } => "other_runtime",
            Self::Diverged { .. } => "diverged",
            Self::Journal { .. } => "journal",
            Self::Timeout { .. } => "timeout",
            Self::Protocol { .. } => "protocol",
            Self::Closed { .. } => "closed",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// Whether the same request may be sent again without a tool call happening twice, and with hope.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable { source, .. } => !source.is_permanent(),
            Self::Refused { source, .. } => source.code() == StatusCode::ResourceExhausted,
            Self::Invalid { .. }
            | Self::Tls { .. }
            | Self::Unauthenticated { .. }
            | Self::Lost { .. }
            | Self::OtherRuntime { .. }
            | Self::Diverged { .. }
            | Self::Journal { .. }
            | Self::Timeout { .. }
            | Self::Protocol { .. }
            | Self::Closed { .. }
            | Self::Stopped { .. } => false,
        }
    }

    /// What the reader may do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            // What is wrong with the connection is said with its remedy.
            Self::Unavailable { source, .. } if source.is_permanent() => None,
            Self::Unavailable { .. } => {
                Some("check that an executor (`codemode serve`) runs there and that the url is right")
            }
            Self::Unauthenticated { .. } => {
                Some("the key of the client (CODEMODE_EXECUTOR_API_KEY) and that of the executor must be the same")
            }
            Self::Refused { source, .. } if source.code() == StatusCode::ResourceExhausted => Some(
                "the executor is full, or this key has as much as it may: add executors, raise the capacity, or send less at once",
            ),
            Self::OtherRuntime { .. } => {
                Some("resume the journal where executors of that release and Python version still run")
            }
            Self::Diverged { .. } => Some(
                "what a program does between tool calls must not depend on object addresses, races of threads, or files",
            ),
            Self::Journal { source } => source.hint(),
            Self::Timeout { .. } => Some("raise the execution timeout, or let the program do less"),
            Self::Closed { .. } => Some("create a new client"),
            Self::Invalid { .. }
            | Self::Tls { .. }
            | Self::Refused { .. }
            | Self::Lost { .. }
            | Self::Protocol { .. }
            | Self::Stopped { .. } => None,
        }
    }
}
