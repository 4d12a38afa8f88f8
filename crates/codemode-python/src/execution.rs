//! `Execution`: the events of a running execution, and the results that go to it.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use codemode::execution::{Control, Event, ExecutionError, OutputStream, SendError, ToolOutcome};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors;
use crate::finished::{Finished, Suspended};
use crate::journal::Journal;
use crate::listener::Listener;
use crate::runtime::{Counted, Driver};

/// How long a signal may wait for Python to see it.
const SIGNALS: Duration = Duration::from_millis(50);
/// A result above it is sent with the GIL released: it takes longer than handing the GIL over.
const LARGE: usize = 256 * 1024;

type Next = Result<Event, ExecutionError>;

/// One running execution: the events that come from it and the tool results that go to it.
#[pyclass(frozen, module = "codemode._codemode")]
pub(crate) struct Execution {
    /// `None` only while it is dropped.
    inner: Option<Inner>,
    driver: &'static Driver,
}

struct Inner {
    events: Mutex<Events>,
    control: Control,
}

struct Events {
    execution: codemode::execution::Execution,
    /// Came while a listener was set.
    first: Option<Next>,
    listener: Option<(Arc<Listener>, Waker, Counted)>,
    /// Until the last event was given.
    active: Option<Counted>,
}

impl Events {
    /// `Ready(None)` after the last event.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Next>> {
        let next = match self.first.take() {
            Some(next) => Poll::Ready(Some(next)),
            None => self.execution.poll_event(context),
        };
        if self.execution.is_ended() && self.first.is_none() {
            self.active = None;
            self.listener = None;
        }
        next
    }

    /// As [`Self::poll`]; where there is nothing, the listener is told of the next event.
    fn poll_now(&mut self) -> Option<Next> {
        let waker = self.listener.as_ref().map_or_else(|| Waker::noop().clone(), |(_, waker, _)| waker.clone());
        match self.poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(next) => next,
            Poll::Pending => None,
        }
    }
}

impl Execution {
    pub(crate) fn new(execution: codemode::execution::Execution, driver: &'static Driver) -> Self {
        let control = execution.control().clone();
        let events = Events { execution, first: None, listener: None, active: Some(driver.execution()) };
        Self { inner: Some(Inner { events: Mutex::new(events), control }), driver }
    }

    fn inner(&self) -> &Inner {
        self.inner.as_ref().expect("it is taken by `drop` alone")
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.inner().events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, py: Python<'_>, call_id: u32, outcome: ToolOutcome, size: usize) -> PyResult<()> {
        let driver = self.driver.own()?;
        match self.inner().control.answer(call_id, outcome) {
            // The program ended while the tool ran: there is nobody to give the result to.
            Ok(()) | Err(SendError::Ended) => {}
            Err(error) => return Err(PyValueError::new_err(error.to_string())),
        }
        if size > LARGE {
            py.detach(|| driver.turn());
        } else {
            driver.turn();
        }
        Ok(())
    }
}

fn to_python(py: Python<'_>, next: Next) -> PyResult<Py<PyAny>> {
    match next {
        Ok(Event::ToolCall(call)) => (1, call.call_id, call.tool, PyBytes::new(py, &call.arguments)).into_py_any(py),
        Ok(Event::Output { stream, data }) => {
            let stream = match stream {
                OutputStream::Stdout => 1,
                OutputStream::Stderr => 2,
            };
            (2, stream, PyBytes::new(py, &data)).into_py_any(py)
        }
        Ok(Event::Finished(finished)) => Finished::new(py, *finished)?.into_py_any(py),
        Ok(Event::Suspended(suspended)) => Suspended::new(py, *suspended)?.into_py_any(py),
        Err(error) => Err(errors::execution(py, &error)),
    }
}

#[pymethods]
impl Execution {
    fn next_event(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let caller = self.driver.own()?.caller();
        loop {
            let next = py.detach(|| {
                let mut events = self.events();
                caller.drive(async { tokio::time::timeout(SIGNALS, poll_fn(|context| events.poll(context))).await })
            });
            match next {
                Ok(Some(next)) => return to_python(py, next),
                Ok(None) => return Err(PyRuntimeError::new_err("the execution has ended: it has no further events")),
                Err(_) => py.check_signals()?,
            }
        }
    }

    fn poll_event(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let driver = self.driver.own()?;
        driver.turn();
        // A thread in `next_event` takes whatever comes.
        let next = self.inner().events.try_lock().ok().and_then(|mut events| events.poll_now());
        next.map(|next| to_python(py, next)).transpose()
    }

    fn set_listener(&self, py: Python<'_>, listener: Option<Py<PyAny>>) -> PyResult<()> {
        let driver = self.driver.own()?;
        py.detach(|| {
            let mut events = self.events();
            events.listener = None;
            if let Some(callable) = listener {
                let listener = Listener::new(callable, driver);
                let waker = Waker::from(Arc::clone(&listener));
                if events.first.is_none()
                    && let Poll::Ready(next) = events.poll(&mut Context::from_waker(&waker))
                {
                    events.first = next;
                }
                if events.first.is_some() {
                    waker.wake_by_ref();
                }
                events.listener = Some((listener, waker, driver.listening()));
            }
        });
        Ok(())
    }

    fn send_value(&self, py: Python<'_>, call_id: u32, value: &[u8]) -> PyResult<()> {
        self.answer(py, call_id, ToolOutcome::Value(Bytes::copy_from_slice(value)), value.len())
    }

    #[pyo3(signature = (call_id, r#type, message, builtin_type))]
    fn send_failure(
        &self,
        py: Python<'_>,
        call_id: u32,
        r#type: String,
        message: String,
        builtin_type: String,
    ) -> PyResult<()> {
        let size = message.len();
        self.answer(py, call_id, ToolOutcome::Failure { kind: r#type, message, builtin_type }, size)
    }

    fn suspend(&self, call_id: u32) -> PyResult<()> {
        let driver = self.driver.own()?;
        match self.inner().control.suspend(call_id) {
            Ok(()) | Err(SendError::Ended) => {}
            Err(error) => return Err(PyValueError::new_err(error.to_string())),
        }
        driver.turn();
        Ok(())
    }

    fn journal(&self) -> Journal {
        Journal { inner: self.inner().control.journal() }
    }

    fn journal_changes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let lines = py.detach(|| self.inner().control.journal_changes());
        PyBytes::new(py, &lines)
    }

    fn cancel(&self) -> PyResult<()> {
        let driver = self.driver.own()?;
        self.inner().control.cancel();
        driver.turn();
        Ok(())
    }
}

impl Drop for Execution {
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
