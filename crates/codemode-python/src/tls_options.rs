//! `TlsOptions`: whom a client trusts and what it shows of itself.

use std::path::PathBuf;

use pyo3::prelude::*;

/// TLS to an executor. The files are read when a `Connection` is made with it.
#[pyclass(frozen, module = "codemode._codemode")]
pub(crate) struct TlsOptions {
    pub(crate) inner: codemode::transport::TlsOptions,
}

#[pymethods]
impl TlsOptions {
    #[new]
    #[pyo3(signature = (*, ca_file=None, client_cert_file=None, client_key_file=None))]
    fn new(ca_file: Option<PathBuf>, client_cert_file: Option<PathBuf>, client_key_file: Option<PathBuf>) -> Self {
        Self { inner: codemode::transport::TlsOptions { ca_file, client_cert_file, client_key_file } }
    }
}
