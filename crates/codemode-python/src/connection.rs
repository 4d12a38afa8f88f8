//! `Connection`: the way to one executor.

use bytes::Bytes;
use codemode::execution::{ConnectionOptions, OutputMode, StartRequest};
use codemode::transport::addresses;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors;
use crate::execution::Execution;
use crate::journal::Journal;
use crate::limits::{Limits, duration};
use crate::retry_policy::RetryPolicy;
use crate::runtime::{Counted, Driver, driver};
use crate::tls_options::TlsOptions;
use crate::tool_set::ToolSet;

/// An HTTP/2 connection to one executor, opened at first use and again after a loss. Safe from any thread.
#[pyclass(frozen, module = "codemode._codemode")]
pub(crate) struct Connection {
    /// `None` only while it is dropped.
    inner: Option<(codemode::execution::Connection, Counted)>,
    driver: &'static Driver,
}

impl Connection {
    fn inner(&self) -> &codemode::execution::Connection {
        &self.inner.as_ref().expect("it is taken by `drop` alone").0
    }
}

#[pymethods]
impl Connection {
    #[new]
    #[pyo3(signature = (url, api_key, *, connect_timeout=5.0, retry=None, tls=None))]
    fn new(
        url: &str,
        api_key: Option<String>,
        connect_timeout: f64,
        retry: Option<&Bound<'_, RetryPolicy>>,
        tls: Option<&Bound<'_, TlsOptions>>,
    ) -> PyResult<Self> {
        let addresses = addresses(url).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let options = ConnectionOptions {
            api_key,
            connect_timeout: duration("connect_timeout", connect_timeout)?,
            retry: retry.map_or_else(codemode::execution::RetryPolicy::none, |retry| retry.get().inner.clone()),
            tls: tls.map(|tls| tls.get().inner.clone()),
        };
        let driver = driver()?;
        let _context = driver.enter();
        // Nothing is dialled yet: what fails here is an argument.
        let inner = codemode::execution::Connection::to_fleet(&addresses, &options)
            .map_err(|error| PyValueError::new_err(errors::render(&error, None)))?;
        Ok(Self { inner: Some((inner, driver.connection())), driver })
    }

    #[pyo3(signature = (
        code, tools, *, config, context, limits, execution_id, correlation_id, traceparent, deadline, stream_output,
        journal=None, resumed=Vec::new(),
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn start(
        &self,
        code: String,
        tools: &Bound<'_, ToolSet>,
        config: &[u8],
        context: &[u8],
        limits: &Bound<'_, Limits>,
        execution_id: String,
        correlation_id: String,
        traceparent: String,
        deadline: f64,
        stream_output: bool,
        journal: Option<&Bound<'_, Journal>>,
        resumed: Vec<u32>,
    ) -> PyResult<Execution> {
        let driver = self.driver.own()?;
        let request = StartRequest {
            execution_id,
            code,
            tools: tools.get().inner.clone(),
            config: Bytes::copy_from_slice(config),
            context: Bytes::copy_from_slice(context),
            limits: limits.get().inner.clone(),
            correlation_id,
            traceparent,
            deadline: duration("deadline", deadline)?,
            output: if stream_output { OutputMode::Stream } else { OutputMode::Accumulate },
            journal: journal.map(|journal| journal.get().inner.clone()),
            resumed,
        };
        let execution = Execution::new(self.inner().start(request), driver);
        driver.turn();
        Ok(execution)
    }

    fn info<'py>(&self, py: Python<'py>, timeout: f64) -> PyResult<Bound<'py, PyBytes>> {
        let (driver, timeout) = (self.driver.own()?, duration("timeout", timeout)?);
        let info = py.detach(|| driver.caller().drive(self.inner().info(timeout)));
        Ok(PyBytes::new(py, info.map_err(|error| errors::execution(py, &error))?.to_json().as_bytes()))
    }

    fn health(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        let (driver, timeout) = (self.driver.own()?, duration("timeout", timeout)?);
        Ok(py.detach(|| driver.caller().drive(self.inner().is_healthy(timeout))))
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let driver = self.driver.own()?;
        self.inner().close();
        py.detach(|| driver.turn());
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let inner = self.inner.take();
        if self.driver.is_foreign() {
            // The runtime that it would have to tell stayed in the parent process.
            std::mem::forget(inner);
        } else {
            drop(inner);
            self.driver.turn();
        }
    }
}
