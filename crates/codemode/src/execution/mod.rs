//! One execution, from its start to how it ended.
//!
//! [`Connection::start`] gives each execution to a task of its own, the session, which owns the stream to the executor
//! and checks everything that comes over it; the peer is taken to be hostile. [`Execution`] is the application's end.
//!
//! ```text
//!              refused or lost, and the policy allows it
//!            ┌──────── backoff ◄───────┐
//!            ▼                         │
//! start ─► requested ── accepted ─► running ── finished ─► ended
//!            │  │                      │  │                  ▲
//!            │  └── cancel ────────────┼──┼──────────────────┤  Finished, `cancelled`
//!            │                         │  └─ cancel ─ closing ┤  Finished, as the executor says, or `cancelled` after
//!            │                         │                     │  a grace period
//!            └── status, deadline ─────┴─────────────────────┘  an `ExecutionError`
//! ```
//!
//! Each attempt after the first is sent the journal ([`crate::journal`]), so that no tool is called twice; tools that run when
//! an executor is lost go on, and their answers join the journal. Where the journal cannot be replayed, an execution of which
//! the application has noticed a tool call or output is not sent again. One deadline holds over all of it. Where every open
//! call is suspended, the execution ends as `suspended`. Dropping an [`Execution`] resets the stream, which cancels the program.

mod attempt;
mod check;
mod connection;
mod control;
mod error;
mod finished;
mod fleet;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod info;
mod limits;
mod retry;
mod session;
mod start;
mod stream;

pub use check::Violation;
pub use connection::{Connection, ConnectionOptions};
pub use control::{Control, SendError, ToolOutcome};
pub use error::ExecutionError;
pub use finished::{Exceeded, Finished, Outcome, ProgramError, Suspended, Usage};
pub use info::{ExecutorInfo, JailLayer, JailReport, PoolInfo};
pub use limits::Limits;
pub use retry::RetryPolicy;
pub(crate) use start::check_tool_name;
pub use start::{OutputMode, StartRequest, ToolDescription, ToolSet, ToolSetError};
pub use stream::{Event, Execution, OutputStream, ToolCall};
