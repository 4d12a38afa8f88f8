//! From the client library's errors to Python's exceptions. The only place that knows the exception classes.

use std::error::Error;

use codemode::execution::ExecutionError;
use codemode::local::LocalError;
use codemode::transport::StatusCode;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

const MODULE: &str = "codemode.core.executor_client";
const ERRORS: &str = "codemode.core.errors";

static CLIENT_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static CONNECTION_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static TIMEOUT_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static CHECKPOINT_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static DIVERGED_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn raise(py: Python<'_>, class: &PyOnceLock<Py<PyType>>, module: &str, name: &str, message: String) -> PyErr {
    match class.import(py, module, name) {
        Ok(class) => PyErr::from_type(class.clone(), message),
        Err(error) => error,
    }
}

/// The exception for an execution, or another request, that ended without an answer.
pub(crate) fn execution(py: Python<'_>, error: &ExecutionError) -> PyErr {
    let message = render(error, error.hint());
    match error {
        ExecutionError::Invalid { .. } => PyValueError::new_err(message),
        ExecutionError::Journal { .. } => raise(py, &CHECKPOINT_ERROR, ERRORS, "CheckpointError", message),
        ExecutionError::Diverged { call_id, message: divergence, .. } => {
            match DIVERGED_ERROR.import(py, MODULE, "ReplayDivergedError") {
                Ok(class) => PyErr::from_type(class.clone(), (message, *call_id, divergence.clone())),
                Err(error) => error,
            }
        }
        ExecutionError::Timeout { .. } => raise(py, &TIMEOUT_ERROR, MODULE, "ExecutorTimeoutError", message),
        ExecutionError::Unavailable { .. } | ExecutionError::Unauthenticated { .. } => {
            raise(py, &CONNECTION_ERROR, MODULE, "ExecutorConnectionError", message)
        }
        ExecutionError::Refused { source, .. } | ExecutionError::Lost { source, .. } => match source.code() {
            StatusCode::Unavailable | StatusCode::Unauthenticated => {
                raise(py, &CONNECTION_ERROR, MODULE, "ExecutorConnectionError", message)
            }
            StatusCode::DeadlineExceeded => raise(py, &TIMEOUT_ERROR, MODULE, "ExecutorTimeoutError", message),
            _ => raise(py, &CLIENT_ERROR, MODULE, "ExecutorClientError", message),
        },
        _ => raise(py, &CLIENT_ERROR, MODULE, "ExecutorClientError", message),
    }
}

/// The exception for an embedded executor that did not start.
pub(crate) fn local(py: Python<'_>, error: &LocalError) -> PyErr {
    raise(py, &CONNECTION_ERROR, MODULE, "ExecutorConnectionError", render(error, error.hint()))
}

/// What was attempted, each cause once, and what the reader may do.
pub(crate) fn render(error: &dyn Error, hint: Option<&str>) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    if let Some(hint) = hint {
        message.push_str("; hint: ");
        message.push_str(hint);
    }
    message
}
