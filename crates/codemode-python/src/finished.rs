//! `Finished`: how an execution ended.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::journal::Journal;

/// How an execution ended.
#[pyclass(frozen, get_all, module = "codemode._codemode")]
pub(crate) struct Finished {
    outcome: &'static str,
    value: Py<PyBytes>,
    stdout: Py<PyBytes>,
    stderr: Py<PyBytes>,
    error_type: String,
    error_message: String,
    traceback: String,
    line: u32,
    column: u32,
    limit: &'static str,
    limit_message: String,
    wall_time: f64,
    queue_time: f64,
    cpu_time: f64,
    peak_memory: u64,
    tool_calls: u32,
    output: u64,
    output_dropped: u64,
    jail_profile: String,
    journal: Py<Journal>,
    attempts: u32,
    replayed_calls: u32,
}

/// The end of an execution whose open calls are all suspended.
#[pyclass(frozen, get_all, module = "codemode._codemode")]
pub(crate) struct Suspended {
    journal: Py<Journal>,
    stdout: Py<PyBytes>,
    stderr: Py<PyBytes>,
    attempts: u32,
}

impl Suspended {
    pub(crate) fn new(py: Python<'_>, suspended: codemode::execution::Suspended) -> PyResult<Self> {
        Ok(Self {
            journal: Py::new(py, Journal { inner: suspended.journal })?,
            stdout: PyBytes::new(py, &suspended.stdout).unbind(),
            stderr: PyBytes::new(py, &suspended.stderr).unbind(),
            attempts: suspended.attempts,
        })
    }
}

impl Finished {
    pub(crate) fn new(py: Python<'_>, finished: codemode::execution::Finished) -> PyResult<Self> {
        let bytes = |data: &[u8]| PyBytes::new(py, data).unbind();
        let error = finished.error.unwrap_or_default();
        let (limit, limit_message) =
            finished.exceeded.map(|exceeded| (exceeded.limit, exceeded.message)).unwrap_or_default();
        let usage = finished.usage;
        Ok(Self {
            outcome: finished.outcome.as_str(),
            value: bytes(&finished.value),
            stdout: bytes(&finished.stdout),
            stderr: bytes(&finished.stderr),
            error_type: error.kind,
            error_message: error.message,
            traceback: error.traceback,
            line: error.line,
            column: error.column,
            limit,
            limit_message,
            wall_time: usage.wall_time.as_secs_f64(),
            queue_time: usage.queue_time.as_secs_f64(),
            cpu_time: usage.cpu_time.as_secs_f64(),
            peak_memory: usage.peak_memory,
            tool_calls: usage.tool_calls,
            output: usage.output,
            output_dropped: usage.output_dropped,
            jail_profile: finished.jail_profile,
            journal: Py::new(py, Journal { inner: finished.journal })?,
            attempts: finished.attempts,
            replayed_calls: finished.replayed_calls,
        })
    }
}
