//! `Limits`: what an execution asks for.

use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// What an execution asks for. `None` means the executor's default. Times in seconds, sizes in bytes.
#[pyclass(frozen, module = "codemode._codemode")]
pub(crate) struct Limits {
    pub(crate) inner: codemode::execution::Limits,
}

/// A duration from seconds. Infinity is longer than any deadline.
pub(crate) fn duration(name: &str, seconds: f64) -> PyResult<Duration> {
    if seconds == f64::INFINITY {
        return Ok(Duration::MAX);
    }
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| PyValueError::new_err(format!("`{name}` is a number of seconds, at least 0; it is {seconds}")))
}

#[pymethods]
impl Limits {
    #[new]
    #[pyo3(signature = (
        *, wall_time=None, cpu_time=None, memory=None, output=None, tool_calls=None, code=None, value=None,
        open_files=None, tasks=None, scratch=None, scratch_files=None, tool_call_time=None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new(
        wall_time: Option<f64>,
        cpu_time: Option<f64>,
        memory: Option<u64>,
        output: Option<u64>,
        tool_calls: Option<u32>,
        code: Option<u64>,
        value: Option<u64>,
        open_files: Option<u32>,
        tasks: Option<u32>,
        scratch: Option<u64>,
        scratch_files: Option<u32>,
        tool_call_time: Option<f64>,
    ) -> PyResult<Self> {
        let duration = |name: &str, seconds: Option<f64>| seconds.map(|seconds| duration(name, seconds)).transpose();
        Ok(Self {
            inner: codemode::execution::Limits {
                wall_time: duration("wall_time", wall_time)?,
                cpu_time: duration("cpu_time", cpu_time)?,
                memory,
                output,
                tool_calls,
                code,
                value,
                open_files,
                tasks,
                scratch,
                scratch_files,
                tool_call_time: duration("tool_call_time", tool_call_time)?,
            },
        })
    }
}
