//! Where tool calls go.

use std::pin::Pin;
use std::sync::Arc;

use super::ToolError;
use crate::execution::ToolSet;
use crate::values::Value;

/// What a tool may know of the call that it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolContext {
    /// The execution that calls.
    pub execution_id: String,
    /// For tracing; empty where there is none.
    pub correlation_id: String,
    /// Ascending within the execution, and the same on each attempt.
    pub call_id: u32,
}

impl ToolContext {
    /// Equal for the same call of the same execution, however often it is attempted. For services that accept one.
    pub fn idempotency_key(&self) -> String {
        format!("{}:{}", self.execution_id, self.call_id)
    }
}

/// A tool call under way. Dropping it cancels the call: it happens when the execution ends first.
pub type ToolFuture = Pin<Box<dyn Future<Output = Result<Value, ToolError>> + Send>>;

/// Offers tools to executions and runs them. The calls of one execution run side by side.
pub trait ToolHost: Send + Sync + 'static {
    /// The tools that executions may call from now on.
    fn tools(&self) -> Arc<ToolSet>;

    /// Runs a tool. `tool` was offered, but may have been removed since; `arguments` is a dict of what the program
    /// passed, unchecked.
    fn call(&self, tool: &str, arguments: Value, context: ToolContext) -> ToolFuture;
}
