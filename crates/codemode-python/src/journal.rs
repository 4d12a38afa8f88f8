//! `Journal`: what an execution did, as data.

use bytes::Bytes;
use codemode::execution::ToolOutcome;
use codemode::journal::{JournalCall, JournalError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors;

/// What an execution did up to one moment.
#[pyclass(frozen, eq, module = "codemode._codemode")]
#[derive(PartialEq)]
pub(crate) struct Journal {
    pub(crate) inner: codemode::journal::Journal,
}

type Failure = (String, String, String);
/// number, tool, arguments, value, failure, begin, duration.
type Call = (u32, String, Py<PyBytes>, Option<Py<PyBytes>>, Option<Failure>, f64, Option<f64>);
/// tool, begin of the arguments, whether it has an outcome, error, begin, duration.
type Record = (String, Py<PyBytes>, bool, Option<String>, f64, Option<f64>);

fn refused(error: &JournalError) -> PyErr {
    PyValueError::new_err(errors::render(error, error.hint()))
}

fn call_of(py: Python<'_>, call: &JournalCall) -> Call {
    let (value, failure) = match &call.outcome {
        None => (None, None),
        Some(ToolOutcome::Value(value)) => (Some(PyBytes::new(py, value).unbind()), None),
        Some(ToolOutcome::Failure { kind, message, builtin_type }) => {
            (None, Some((kind.clone(), message.clone(), builtin_type.clone())))
        }
    };
    (
        call.number,
        call.tool.to_string(),
        PyBytes::new(py, &call.arguments).unbind(),
        value,
        failure,
        call.began.as_secs_f64(),
        call.duration.map(|duration| duration.as_secs_f64()),
    )
}

fn record_of(py: Python<'_>, call: &JournalCall, preview: usize) -> Record {
    let error = match &call.outcome {
        Some(ToolOutcome::Failure { kind, message, .. }) if message.is_empty() => Some(kind.clone()),
        Some(ToolOutcome::Failure { kind, message, .. }) => Some(format!("{kind}: {message}")),
        Some(ToolOutcome::Value(_)) | None => None,
    };
    (
        call.tool.to_string(),
        PyBytes::new(py, call.arguments.get(..preview).unwrap_or(&call.arguments)).unbind(),
        call.outcome.is_some(),
        error,
        call.began.as_secs_f64(),
        call.duration.map(|duration| duration.as_secs_f64()),
    )
}

#[pymethods]
impl Journal {
    #[staticmethod]
    fn from_json(py: Python<'_>, document: &[u8]) -> PyResult<Self> {
        let read = py.detach(|| codemode::journal::Journal::from_json(document));
        read.map(|inner| Self { inner }).map_err(|error| refused(&error))
    }

    #[staticmethod]
    fn from_log(py: Python<'_>, log: &[u8]) -> PyResult<Self> {
        let read = py.detach(|| codemode::journal::Journal::from_log(log));
        read.map(|inner| Self { inner }).map_err(|error| refused(&error))
    }

    fn to_json<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let document = py.detach(|| self.inner.to_json());
        PyBytes::new(py, &document)
    }

    #[getter]
    fn execution_id(&self) -> &str {
        self.inner.execution_id()
    }

    #[getter]
    fn runtime(&self) -> &str {
        self.inner.runtime()
    }

    #[getter]
    fn unreplayable(&self) -> Option<&str> {
        self.inner.unreplayable()
    }

    #[getter]
    fn began(&self) -> f64 {
        self.inner.began().as_secs_f64()
    }

    fn __len__(&self) -> usize {
        self.inner.calls().len()
    }

    fn calls(&self, py: Python<'_>) -> Vec<Call> {
        self.inner.calls().iter().map(|call| call_of(py, call)).collect()
    }

    fn pending(&self, py: Python<'_>) -> Vec<(u32, String, Py<PyBytes>)> {
        let open = self.inner.calls().iter().filter(|call| call.outcome.is_none());
        open.map(|call| (call.number, call.tool.to_string(), PyBytes::new(py, &call.arguments).unbind())).collect()
    }

    fn records(&self, py: Python<'_>, preview: usize) -> Vec<Record> {
        self.inner.calls().iter().map(|call| record_of(py, call, preview)).collect()
    }

    fn answer_value(&self, number: u32, value: &[u8]) -> PyResult<Self> {
        self.answer(number, ToolOutcome::Value(Bytes::copy_from_slice(value)))
    }

    #[pyo3(signature = (number, r#type, message, builtin_type))]
    fn answer_failure(&self, number: u32, r#type: String, message: String, builtin_type: String) -> PyResult<Self> {
        self.answer(number, ToolOutcome::Failure { kind: r#type, message, builtin_type })
    }
}

impl Journal {
    fn answer(&self, number: u32, outcome: ToolOutcome) -> PyResult<Self> {
        self.inner.answer(number, outcome).map(|inner| Self { inner }).map_err(|error| refused(&error))
    }
}
