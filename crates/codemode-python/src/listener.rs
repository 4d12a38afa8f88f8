//! A Python callable that is told of events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Wake;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::runtime::Driver;

/// The waker of an execution's queue: woken once after each time that the queue was found empty.
pub(crate) struct Listener {
    callable: Py<PyAny>,
    driver: &'static Driver,
    queued: AtomicBool,
}

impl Listener {
    pub(crate) fn new(callable: Py<PyAny>, driver: &'static Driver) -> Arc<Self> {
        Arc::new(Self { callable, driver, queued: AtomicBool::new(false) })
    }

    /// Called by the standby alone.
    pub(crate) fn call(&self, py: Python<'_>) {
        self.queued.store(false, SeqCst);
        match self.callable.call0(py) {
            Ok(_) => {}
            // The event loop was closed while the execution ran: there is nobody left to tell.
            Err(error) if error.is_instance_of::<PyRuntimeError>(py) => {}
            Err(error) => error.write_unraisable(py, Some(self.callable.bind(py))),
        }
    }
}

impl Wake for Listener {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, SeqCst) {
            let driver = self.driver;
            driver.call(self);
        }
    }
}
