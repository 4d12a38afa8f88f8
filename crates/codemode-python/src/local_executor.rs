//! `LocalExecutor`: the embedded executor.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use codemode::local::LocalOptions;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors;
use crate::limits::duration;

/// How long a signal may wait for Python to see it.
const SIGNALS: Duration = Duration::from_millis(50);

type Running = Mutex<Option<codemode::local::LocalExecutor>>;

/// Those that the interpreter's end stops.
static RUNNING: Mutex<Vec<Weak<Running>>> = Mutex::new(Vec::new());

/// Stops each embedded executor that still runs.
pub(crate) fn stop_all() {
    let running = std::mem::take(&mut *RUNNING.lock().unwrap_or_else(PoisonError::into_inner));
    for executor in running.iter().filter_map(Weak::upgrade) {
        executor.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// An executor as a child process on a private Unix socket with a random key. It ends with this process.
#[pyclass(frozen, module = "codemode._codemode")]
pub(crate) struct LocalExecutor {
    running: Arc<Running>,
    #[pyo3(get)]
    url: String,
    #[pyo3(get)]
    api_key: String,
    #[pyo3(get)]
    pid: u32,
}

#[pymethods]
impl LocalExecutor {
    #[new]
    #[pyo3(
        signature = (executable, *, arguments=Vec::new(), start_timeout=30.0),
        text_signature = "(executable, *, arguments=(), start_timeout=30.0)"
    )]
    fn new(py: Python<'_>, executable: PathBuf, arguments: Vec<OsString>, start_timeout: f64) -> PyResult<Self> {
        let start_timeout = duration("start_timeout", start_timeout)?;
        let options = LocalOptions { executable: Some(executable), arguments, start_timeout };
        // On a thread of its own, so that a signal ends the wait; what it started is then stopped by its drop.
        let (sender, started) = sync_channel(1);
        std::thread::Builder::new()
            .name("codemode-start".to_owned())
            .spawn(move || {
                let _ = sender.send(codemode::local::LocalExecutor::start_blocking(&options));
            })
            .map_err(|error| PyRuntimeError::new_err(format!("failed to start a thread: {error}")))?;
        let started = Mutex::new(started);
        let executor = loop {
            let next = py.detach(|| started.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(SIGNALS));
            match next {
                Ok(result) => break result.map_err(|error| errors::local(py, &error))?,
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(PyRuntimeError::new_err("the thread that starts the executor panicked"));
                }
            }
        };
        let (url, api_key, pid) = (executor.url().to_owned(), executor.api_key().to_owned(), executor.pid());
        let running = Arc::new(Mutex::new(Some(executor)));
        let mut all = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|executor| executor.strong_count() > 0);
        all.push(Arc::downgrade(&running));
        Ok(Self { running, url, api_key, pid })
    }

    fn stop(&self, py: Python<'_>) {
        py.detach(|| self.running.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
