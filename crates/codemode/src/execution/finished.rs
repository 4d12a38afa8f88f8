//! How an execution ended, in our own types: nothing of the wire's reaches the application unchecked.

use std::time::Duration;

use bytes::Bytes;
use codemode_proto::limits::duration_from_wire;
use codemode_proto::v1;

use crate::journal::Journal;

/// How an execution ended. A program's own failure is an outcome, never an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The program ran to its end.
    Completed,
    /// The program raised.
    Failed,
    /// The program did not compile or was too long: nothing of it ran.
    Rejected,
    /// The wall time ended first.
    TimedOut,
    /// The application cancelled it, or the executor was shutting down.
    Cancelled,
    /// A limit other than the wall time, or a crash, ended the worker.
    Killed,
}

impl Outcome {
    /// The word for it everywhere: `timed_out`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Killed => "killed",
        }
    }

    fn from_wire(wire: v1::Outcome) -> Option<Self> {
        match wire {
            // A divergence is an error, made where a replay was asked for.
            v1::Outcome::Unspecified | v1::Outcome::Diverged => None,
            v1::Outcome::Completed => Some(Self::Completed),
            v1::Outcome::Failed => Some(Self::Failed),
            v1::Outcome::Rejected => Some(Self::Rejected),
            v1::Outcome::TimedOut => Some(Self::TimedOut),
            v1::Outcome::Cancelled => Some(Self::Cancelled),
            v1::Outcome::Killed => Some(Self::Killed),
        }
    }
}

/// What the program raised, or why it did not compile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramError {
    /// The exception's type name.
    pub kind: String,
    /// Its message.
    pub message: String,
    /// Names the program's own lines only.
    pub traceback: String,
    /// 1-based; 0 where there is none.
    pub line: u32,
    /// 1-based; 0 where there is none.
    pub column: u32,
}

/// Which limit or crash ended the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// `wall_time`, `cpu_time`, `memory`, `output`, `tool_calls`, `value`, `system_call`, `crash`, `protocol`, or empty
    /// where the executor names one that this client does not know.
    pub limit: &'static str,
    /// Which limit, how much was used, how to raise it.
    pub message: String,
}

/// What an execution used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// From the arrival of the request to the end, as the executor saw it.
    pub wall_time: Duration,
    /// Of that, waiting for a worker.
    pub queue_time: Duration,
    /// Processor time.
    pub cpu_time: Duration,
    /// Peak resident bytes; zero where it was not measured.
    pub peak_memory: u64,
    /// Tool calls.
    pub tool_calls: u32,
    /// Bytes that the program wrote.
    pub output: u64,
    /// Of these, the bytes that were dropped past the limit.
    pub output_dropped: u64,
}

/// The last event of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub outcome: Outcome,
    /// The value, encoded, where it completed.
    pub value: Bytes,
    /// Empty where output was streamed.
    pub stdout: Vec<u8>,
    /// Empty where output was streamed.
    pub stderr: Vec<u8>,
    /// Where it failed or was rejected.
    pub error: Option<ProgramError>,
    /// Where it was killed or timed out.
    pub exceeded: Option<Exceeded>,
    /// What it used.
    pub usage: Usage,
    /// The profile that the worker ran under; empty where it was never accepted.
    pub jail_profile: String,
    /// Its tool calls, with what became of them.
    pub journal: Journal,
    /// How often it was sent to an executor.
    pub attempts: u32,
    /// Calls that the last attempt took from the journal: their tools were called by earlier ones.
    pub replayed_calls: u32,
}

/// The last event of an execution whose open calls are all suspended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspended {
    /// What another execution goes on from, once its open calls have outcomes.
    pub journal: Journal,
    /// Empty where output was streamed. The execution that goes on prints it again.
    pub stdout: Vec<u8>,
    /// See `stdout`.
    pub stderr: Vec<u8>,
    /// How often it was sent to an executor.
    pub attempts: u32,
}

impl Finished {
    /// `None` where the outcome is one that this client does not know.
    pub(super) fn from_wire(wire: v1::Finished, journal: Journal) -> Option<Self> {
        let outcome = Outcome::from_wire(wire.outcome())?;
        Some(Self {
            outcome,
            value: wire.value,
            stdout: Vec::new(),
            stderr: Vec::new(),
            error: wire.error.map(|error| ProgramError {
                kind: error.r#type,
                message: error.message,
                traceback: error.traceback,
                line: error.line,
                column: error.column,
            }),
            exceeded: wire
                .exceeded
                .map(|exceeded| Exceeded { limit: limit_name(exceeded.limit()), message: exceeded.message }),
            usage: wire.usage.map(usage_from_wire).unwrap_or_default(),
            jail_profile: String::new(),
            journal,
            attempts: 0,
            replayed_calls: 0,
        })
    }

    /// The end of an execution that was cancelled from here, where the executor did not say so itself.
    pub(super) fn cancelled(journal: Journal) -> Self {
        Self {
            outcome: Outcome::Cancelled,
            value: Bytes::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            error: None,
            exceeded: None,
            usage: Usage::default(),
            jail_profile: String::new(),
            journal,
            attempts: 0,
            replayed_calls: 0,
        }
    }
}

fn usage_from_wire(wire: v1::Usage) -> Usage {
    let duration = |wire: Option<prost_types::Duration>| wire.and_then(duration_from_wire).unwrap_or_default();
    Usage {
        wall_time: duration(wire.wall_time),
        queue_time: duration(wire.queue_time),
        cpu_time: duration(wire.cpu_time),
        peak_memory: wire.peak_memory,
        tool_calls: wire.tool_calls,
        output: wire.output,
        output_dropped: wire.output_dropped,
    }
}

fn limit_name(limit: v1::Limit) -> &'static str {
    match limit {
        v1::Limit::Unspecified => "",
        v1::Limit::WallTime => "wall_time",
        v1::Limit::CpuTime => "cpu_time",
        v1::Limit::Memory => "memory",
        v1::Limit::Output => "output",
        v1::Limit::ToolCalls => "tool_calls",
        v1::Limit::Value => "value",
        v1::Limit::SystemCall => "system_call",
        v1::Limit::Crash => "crash",
        v1::Limit::Protocol => "protocol",
    }
}
