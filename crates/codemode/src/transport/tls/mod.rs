//! TLS to an executor: which authorities are trusted, and what the client shows of itself.
//!
//! Everything is read and checked once, when a connection is made and before anything is dialled. [`dial`] opens the
//! connections; [`failure`] says in plain words why one could not be opened. An address that asks for TLS is never spoken
//! to in plain text.

pub(super) mod dial;
pub(super) mod failure;

use std::path::PathBuf;
use std::sync::Arc;

use codemode_tls::{ALPN_HTTP2, TlsFile, TlsFileError, provider, read_authorities, read_identity};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::sign::SingleCertAndKey;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Address;

/// TLS, for an address whose scheme asks for it and, where it is given, for `http://` and `grpc://` as well.
///
/// The files are PEM and read once: a client that should use new ones is made anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The authorities that may have signed the executor's certificate, *instead of* those that the system trusts.
    /// Default: those of the system (`SSL_CERT_FILE` and `SSL_CERT_DIR` are followed).
    pub ca_file: Option<PathBuf>,
    /// The client's certificate, for an executor that asks for one, followed by the authorities between it and the root.
    pub client_cert_file: Option<PathBuf>,
    /// The private key of that certificate, not encrypted.
    pub client_key_file: Option<PathBuf>,
}

/// Why TLS cannot be set up. Nothing was dialled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file is named, with the reason and the remedy.
    #[error(transparent)]
    File(#[from] TlsFileError),
    /// One is of no use without the other.
    #[error("`{given}` needs `{missing}`: a client certificate and its key are given together")]
    Half {
        /// The field that is set.
        given: &'static str,
        /// The field that is not.
        missing: &'static str,
    },
    /// The socket's permissions guard it.
    #[error("a unix socket has no TLS: leave out the TLS options, or use `https://host:port`")]
    UnixSocket,
    /// Every certificate would be refused.
    #[error(
        "this system has no certificate authorities in a place that is known: install its package `ca-certificates`, set \
         SSL_CERT_FILE, or give the authority of the executor as `ca_file`"
    )]
    NoSystemAuthorities,
    /// No certificate can be for such a host.
    #[error("`{host}` is neither a name nor an address that a certificate can have")]
    Host {
        /// Of the address.
        host: String,
    },
    /// The library found the settings inconsistent.
    #[error("the TLS library refused the settings ({0})")]
    Library(String),
}

/// What is trusted, for messages.
#[derive(Clone, Debug)]
pub(super) enum Trust {
    System,
    File(PathBuf),
}

/// TLS to one address, ready for any number of connections.
pub(super) struct ClientTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    /// `host:port`.
    peer: String,
    host: String,
    trust: Trust,
    client_cert_file: Option<PathBuf>,
}

impl ClientTls {
    pub(super) fn new(address: &Address, options: &TlsOptions) -> Result<Self, TlsError> {
        let Some(peer) = address.peer() else { return Err(TlsError::UnixSocket) };
        let host = address.host().to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| TlsError::Host { host: host.clone() })?;
        let (roots, trust) = match &options.ca_file {
            Some(path) => (read_authorities(TlsFile { setting: "ca_file", path })?, Trust::File(path.clone())),
            None => (system_authorities()?, Trust::System),
        };
        let builder = ClientConfig::builder_with_provider(provider())
            // 1.2 and 1.3.
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Library(error.to_string()))?
            .with_root_certificates(roots);
        let mut config = match (&options.client_cert_file, &options.client_key_file) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let identity = read_identity(
                    TlsFile { setting: "client_cert_file", path: certificate },
                    TlsFile { setting: "client_key_file", path: key },
                )?;
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
            }
            (Some(_), None) => return Err(TlsError::Half { given: "client_cert_file", missing: "client_key_file" }),
            (None, Some(_)) => return Err(TlsError::Half { given: "client_key_file", missing: "client_cert_file" }),
        };
        config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
        let client_cert_file = options.client_cert_file.clone();
        Ok(Self { config: Arc::new(config), name, peer: peer.to_owned(), host, trust, client_cert_file })
    }
}

fn system_authorities() -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // Some systems carry certificates that no library reads; the others are trusted none the less.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(TlsError::NoSystemAuthorities) } else { Ok(roots) }
}
