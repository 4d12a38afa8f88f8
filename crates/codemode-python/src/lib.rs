//! `codemode._codemode`: the client library as Python sees it. `_codemode.pyi` is its reference.
//!
//! It knows only `str`, `bytes`, numbers and the classes below; the user's objects stay in Python. Calls that wait
//! release the GIL and are driven by the thread that waits (see [`runtime`]).

mod checkpoint_key;
mod connection;
mod errors;
mod execution;
mod finished;
mod journal;
mod limits;
mod listener;
mod local_executor;
mod retry_policy;
mod runtime;
mod tls_options;
mod tool_set;

use pyo3::prelude::*;

#[pymodule]
mod _codemode {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::checkpoint_key::CheckpointKey;
    #[pymodule_export]
    use crate::connection::Connection;
    #[pymodule_export]
    use crate::execution::Execution;
    #[pymodule_export]
    use crate::finished::{Finished, Suspended};
    #[pymodule_export]
    use crate::journal::Journal;
    #[pymodule_export]
    use crate::limits::Limits;
    #[pymodule_export]
    use crate::local_executor::LocalExecutor;
    #[pymodule_export]
    use crate::retry_policy::RetryPolicy;
    #[pymodule_export]
    use crate::tls_options::TlsOptions;
    #[pymodule_export]
    use crate::tool_set::ToolSet;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        // Runs before the interpreter is torn down, after the exit handlers that the application registers later.
        let stop = wrap_pyfunction!(super::at_exit, module)?;
        module.py().import("atexit")?.call_method1("register", (stop,))?;
        Ok(())
    }
}

/// Stops what would outlive the interpreter: embedded executors, and callbacks into Python.
#[pyfunction]
fn at_exit(py: Python<'_>) {
    py.detach(|| {
        local_executor::stop_all();
        runtime::stop_callbacks();
    });
}
