//! `CheckpointKey`: seals checkpoints where they are stored.

use codemode::checkpoint::{self, SealError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Seals and opens checkpoints: with a secret, encrypted and authenticated; without one, with a digest.
#[pyclass(frozen, module = "codemode._codemode")]
pub(crate) struct CheckpointKey {
    /// `None`: no secret.
    inner: Option<checkpoint::CheckpointKey>,
}

#[pymethods]
impl CheckpointKey {
    #[new]
    #[pyo3(signature = (secret))]
    fn new(secret: Option<&[u8]>) -> PyResult<Self> {
        Ok(Self { inner: secret.map(checkpoint::CheckpointKey::new).transpose().map_err(refused)? })
    }

    fn seal<'py>(&self, py: Python<'py>, place: &[u8], content: &[u8]) -> Bound<'py, PyBytes> {
        let sealed = py.detach(|| match &self.inner {
            Some(key) => key.seal(place, content),
            None => checkpoint::seal_plain(place, content),
        });
        PyBytes::new(py, &sealed)
    }

    fn open<'py>(&self, py: Python<'py>, place: &[u8], document: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let content = py.detach(|| match &self.inner {
            Some(key) => key.open(place, document),
            None => checkpoint::open_plain(place, document),
        });
        content.map(|content| PyBytes::new(py, &content)).map_err(refused)
    }
}

fn refused(error: SealError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
