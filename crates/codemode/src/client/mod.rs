//! What most applications use: [`Codemode`], and below it [`ExecutorClient`], which runs tools for an execution.

mod error;
mod executor_client;
mod facade;
mod identifier;
mod options;
mod result;

pub use error::CodemodeError;
pub use executor_client::ExecutorClient;
pub use facade::Codemode;
pub use identifier::{correlation_id, execution_id};
pub use options::ExecuteOptions;
pub use result::{ExecutionResult, FailureDetails, ToolCallRecord, ToolCallStatus};
