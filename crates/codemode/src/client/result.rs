//! What came of an execution.

use std::time::Duration;

use crate::execution::{Finished, Outcome, Usage};
use crate::journal::Journal;
use crate::registry::ToolError;
use crate::values::Value;

/// What came of an execution.
#[derive(Clone, Debug)]
pub struct ExecutionResult {
    /// Whether the program ran to its end.
    pub success: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The value as a JSON document: `4`, `"hello"`. `None` where there is no success.
    pub result: Option<String>,
    /// The value, lossless.
    pub value: Value,
    /// What the program printed.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// Where there is no success.
    pub error: Option<FailureDetails>,
    /// Unique for each execution.
    pub execution_id: String,
    /// For tracing.
    pub correlation_id: String,
    /// As seen from here.
    pub duration: Duration,
    /// Those whose tools were called here, in the order of their begin.
    pub tool_calls: Vec<ToolCallRecord>,
    /// The program.
    pub code: String,
    /// What it used, as the executor saw it.
    pub usage: Usage,
    /// The jail profile that it ran under.
    pub jail_profile: String,
    /// Its tool calls as they were encoded, with those of earlier executions that it went on from.
    pub journal: Journal,
    /// How often it was sent to an executor.
    pub attempts: u32,
    /// Calls that the last attempt took from the journal, whose tools were called by earlier ones.
    pub replayed_calls: u32,
}

/// Why there was no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureDetails {
    /// The exception's type, or `Timeout`, `LimitExceeded`, `Cancelled`.
    pub kind: String,
    /// For people.
    pub message: String,
    /// Of the program's own lines; empty where there is none.
    pub traceback: String,
    /// 1-based; 0 where there is none.
    pub line: u32,
    /// 1-based; 0 where there is none.
    pub column: u32,
    /// The limit or crash that ended the program; empty where none did.
    pub limit: &'static str,
}

/// How a tool call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolCallStatus {
    /// It gave a value.
    Completed,
    /// It gave an error.
    Failed(ToolError),
    /// The execution ended first.
    Cancelled,
}

/// A tool call of an execution.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCallRecord {
    /// The tool.
    pub name: String,
    /// What the program passed.
    pub arguments: Value,
    /// How it ended.
    pub status: ToolCallStatus,
    /// How long it took.
    pub duration: Duration,
}

impl ExecutionResult {
    /// The parts that `finished` decides. What a worker sent as its value may be anything: where it is malformed, the
    /// execution was not a success.
    pub(super) fn new(finished: Finished, code: String) -> Self {
        let mut outcome = finished.outcome;
        let mut error = (outcome != Outcome::Completed).then(|| details(&finished));
        let mut value = Value::None;
        if outcome == Outcome::Completed && !finished.value.is_empty() {
            match Value::decode(&finished.value) {
                Ok(decoded) => value = decoded,
                Err(malformed) => {
                    outcome = Outcome::Killed;
                    error = Some(failure(
                        "LimitExceeded",
                        format!("the worker sent a malformed value: {malformed}"),
                        "protocol",
                    ));
                }
            }
        }
        Self {
            success: outcome == Outcome::Completed,
            outcome,
            result: (outcome == Outcome::Completed).then(|| value.to_json()),
            value,
            stdout: String::from_utf8_lossy(&finished.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&finished.stderr).into_owned(),
            error,
            execution_id: String::new(),
            correlation_id: String::new(),
            duration: Duration::ZERO,
            tool_calls: Vec::new(),
            code,
            usage: finished.usage,
            jail_profile: finished.jail_profile,
            journal: finished.journal,
            attempts: finished.attempts,
            replayed_calls: finished.replayed_calls,
        }
    }
}

fn failure(kind: &str, message: String, limit: &'static str) -> FailureDetails {
    FailureDetails { kind: kind.to_owned(), message, traceback: String::new(), line: 0, column: 0, limit }
}

fn details(finished: &Finished) -> FailureDetails {
    let (limit, message) =
        finished.exceeded.as_ref().map_or(("", ""), |exceeded| (exceeded.limit, exceeded.message.as_str()));
    if let Some(error) = &finished.error {
        return FailureDetails {
            kind: error.kind.clone(),
            message: error.message.clone(),
            traceback: error.traceback.clone(),
            line: error.line,
            column: error.column,
            limit,
        };
    }
    let (kind, otherwise) = match finished.outcome {
        Outcome::TimedOut => ("Timeout", "the program ran out of time"),
        Outcome::Killed => ("LimitExceeded", "the program was stopped"),
        Outcome::Cancelled => ("Cancelled", "the execution was cancelled"),
        Outcome::Completed | Outcome::Failed | Outcome::Rejected => ("ProgramError", "the program failed"),
    };
    failure(kind, if message.is_empty() { otherwise } else { message }.to_owned(), limit)
}
