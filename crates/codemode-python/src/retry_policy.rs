//! `RetryPolicy`: when an execution is sent again.

use codemode::transport::StatusCode;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::limits::duration;

/// When an execution is sent again, with its journal.
#[pyclass(frozen, module = "codemode._codemode")]
pub(crate) struct RetryPolicy {
    pub(crate) inner: codemode::execution::RetryPolicy,
}

#[pymethods]
impl RetryPolicy {
    #[new]
    #[pyo3(signature = (*, max_attempts, backoff_base, backoff_max, status_codes))]
    fn new(max_attempts: u32, backoff_base: f64, backoff_max: f64, status_codes: Vec<String>) -> PyResult<Self> {
        let status_codes = status_codes
            .into_iter()
            .map(|name| name.parse::<StatusCode>().map_err(|error| PyValueError::new_err(error.to_string())))
            .collect::<PyResult<_>>()?;
        Ok(Self {
            inner: codemode::execution::RetryPolicy {
                max_attempts,
                backoff_base: duration("backoff_base", backoff_base)?,
                backoff_max: duration("backoff_max", backoff_max)?,
                status_codes,
            },
        })
    }
}
