//! What may be said about one execution.

use std::time::Duration;

use crate::execution::Limits;
use crate::journal::Journal;
use crate::values::Value;

/// What the deadline leaves to the executor and the network beyond the program's own time.
const MARGIN: Duration = Duration::from_secs(5);
/// The executor's default for the wall time.
const DEFAULT_WALL_TIME: Duration = Duration::from_secs(30);

/// What may be said about one execution. The defaults are those of the executor.
#[derive(Clone, Debug, Default)]
pub struct ExecuteOptions {
    /// What is asked for. The wall time is the program's.
    pub limits: Limits,
    /// The program's global `config`.
    pub config: Value,
    /// A dict: what the program may read as its global `context`. Default: nothing.
    pub context: Value,
    /// The W3C trace context of the caller.
    pub traceparent: Option<String>,
    /// Default: a new one.
    pub correlation_id: Option<String>,
    /// Default: the journal's, else a new one. Each attempt carries the same.
    pub execution_id: Option<String>,
    /// For the whole of it, as seen from here. Default: the wall time and 5 s.
    pub deadline: Option<Duration>,
    /// What to go on from: see [`crate::execution::StartRequest::journal`]. Every call in it needs an outcome
    /// ([`Journal::answer`]).
    pub journal: Option<Journal>,
}

impl ExecuteOptions {
    /// Bounds the program's time.
    pub fn timeout(timeout: Duration) -> Self {
        Self { limits: Limits { wall_time: Some(timeout), ..Limits::default() }, ..Self::default() }
    }

    pub(super) fn effective_deadline(&self) -> Duration {
        self.deadline.unwrap_or_else(|| self.limits.wall_time.unwrap_or(DEFAULT_WALL_TIME).saturating_add(MARGIN))
    }
}
