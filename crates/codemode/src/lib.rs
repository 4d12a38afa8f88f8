//! Runs Python programs that a model wrote, in an executor's kernel jail, while the tools that they call run here, in the
//! application that owns them.
//!
//! - [`Codemode`] is all that most applications need; `examples/orders.rs` shows it.
//! - [`client`]: executions with their tools. [`registry`]: tools from async functions.
//! - [`execution`]: one execution as a stream of events, for applications that dispatch tools themselves.
//! - [`journal`]: what an execution did, so that it can go on elsewhere without calling a tool twice.
//! - [`checkpoint`]: how an execution is kept that waits.
//! - [`local`]: the embedded executor. [`transport`]: addresses and statuses. [`values`]: what crosses.
//!
//! An execution whose executor was lost is run again with its journal, so no tool call happens twice.
//!
//! Feature `fuzzing`: the entry points of `fuzz/`, and nothing for anybody else.

pub mod checkpoint;
pub mod client;
pub mod execution;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod journal;
pub mod local;
mod random;
pub mod registry;
pub mod transport;
pub mod values;

pub use client::{Codemode, CodemodeError, ExecuteOptions, ExecutionResult, ExecutorClient};
pub use registry::{ComponentRegistry, ToolError};
