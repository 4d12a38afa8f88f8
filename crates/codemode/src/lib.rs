//! Runs Python programs that a model wrote, in an executor's kernel jail, while the tools that they call run here, in the
//! application that owns them.
//!
//! - [`Codemode`] is all that most applications need; `examples/orders.rs` shows it.
//! - [`client`]: executions with their tools. [`registry`]: tools from async functions.
//! - [`execution`]: one execution as a stream of events, for applications that dispatch tools themselves.
//! - [`local`]: the embedded executor. [`transport`]: addresses and statuses. [`values`]: what crosses.
//!
//! A request is sent again only while the executor has not accepted it, so no tool call happens twice.

pub mod client;
pub mod execution;
pub mod local;
mod random;
pub mod registry;
pub mod transport;
pub mod values;

pub use client::{Codemode, CodemodeError, ExecuteOptions, ExecutionResult, ExecutorClient};
pub use registry::{ComponentRegistry, ToolError};
