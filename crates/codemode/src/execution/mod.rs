//! One execution, from its start to how it ended.
//!
//! [`Connection::start`] gives each execution to a task of its own, the session, which owns the stream to the executor
//! and checks everything that comes over it; the peer is taken to be hostile. [`Execution`] is the application's end.
//!
//! ```text
//!              not accepted, and the policy allows it
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
//! Until `accepted` nothing of the program has run, so the request may be sent again. After it never: the error then says
//! how many tool calls had been made. One deadline holds over all of it. Dropping an [`Execution`] resets the stream, which
//! cancels the program.

mod check;
mod connection;
mod control;
mod error;
mod finished;
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
pub use finished::{Exceeded, Finished, Outcome, ProgramError, Usage};
pub use info::{ExecutorInfo, JailLayer, JailReport, PoolInfo};
pub use limits::Limits;
pub use retry::RetryPolicy;
pub(crate) use start::check_tool_name;
pub use start::{OutputMode, StartRequest, ToolDescription, ToolSet, ToolSetError};
pub use stream::{Event, Execution, OutputStream, ToolCall};
