//! `ToolSet`: the tools of an execution.

use std::sync::Arc;

use bytes::Bytes;
use codemode::execution::ToolDescription;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

/// The tools of an execution, ready to be sent. Built once for each version of a registry.
#[pyclass(frozen, module = "codemode._codemode")]
pub(crate) struct ToolSet {
    pub(crate) inner: Arc<codemode::execution::ToolSet>,
}

type Description = (String, String, Vec<String>, bool, PyBackedBytes, PyBackedBytes);

#[pymethods]
impl ToolSet {
    #[new]
    fn new(tools: Vec<Description>) -> PyResult<Self> {
        let tools = tools.into_iter().map(|(name, description, parameters, is_async, input, output)| ToolDescription {
            name,
            description,
            parameters,
            is_async,
            input_schema: Bytes::copy_from_slice(&input),
            output_schema: Bytes::copy_from_slice(&output),
        });
        let inner =
            codemode::execution::ToolSet::new(tools).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { inner: Arc::new(inner) })
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }
}
