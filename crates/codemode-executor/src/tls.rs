//! TLS of the executor: its certificate, which clients it asks for one, and the handshake of a new connection.
//!
//! When a handshake begins and how long it may take is [`crate::connections`]' affair. One that fails says why, in the log
//! and to its peer. The files are read again when they have changed, so a new certificate serves the next connection without
//! a restart; open connections keep what they were opened with.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use codemode_tls::{ALPN_HTTP2, TlsFile, TlsFileError, provider, read_authorities, read_identity};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::sign::SingleCertAndKey;
use tokio_rustls::rustls::{CertificateError, Error, InvalidMessage, ServerConfig};
use tokio_rustls::server::TlsStream;
use tracing::{debug, info, warn};

use crate::connections::Opening;

/// How long a client may take to read why its handshake failed. Closing at once could destroy the alert on its way.
const ALERT_TIME: Duration = Duration::from_millis(500);

/// What of TLS an executor is started with. It serves TCP alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// The certificate, PEM, followed by the authorities between it and the root.
    pub cert_file: PathBuf,
    /// Its private key, PEM, not encrypted.
    pub key_file: PathBuf,
    /// The authorities, PEM, that sign the certificates of clients.
    pub client_ca_file: Option<PathBuf>,
    /// Which clients are asked for a certificate.
    pub client_auth: ClientAuth,
}

/// Which clients are asked for a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// None. The API key alone says who a client is.
    #[default]
    None,
    /// A client that presents one must present a good one.
    Optional,
    /// Each client must present one. The API key is needed as well.
    Required,
}

/// Settings of TLS that the executor does not start with. Nothing was started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerTlsError {
    /// The file is named, with the reason and the remedy.
    #[error(transparent)]
    File(#[from] TlsFileError),
    /// Clients cannot be checked against nobody.
    #[error("cannot check the certificates of clients without an authority: set --tls-client-ca-file")]
    NoClientAuthority,
    /// Clients would believe that their certificates are checked.
    #[error("the authorities of `{}` would check no client: set client_auth to optional or required", path.display())]
    UnusedClientAuthority {
        /// The file of authorities.
        path: PathBuf,
    },
    /// The socket's permissions guard it.
    #[error("a unix socket has no TLS: leave out --tls-cert-file, or listen on `address:port`")]
    UnixSocket,
    /// The library found the settings inconsistent.
    #[error("failed to set up TLS")]
    Library(#[source] Error),
}

impl ServerTls {
    fn load(&self) -> Result<ServerConfig, ServerTlsError> {
        let builder = ServerConfig::builder_with_provider(provider())
            // 1.2 and 1.3.
            .with_safe_default_protocol_versions()
            .map_err(ServerTlsError::Library)?;
        let builder = match (self.client_auth, &self.client_ca_file) {
            (ClientAuth::None, None) => builder.with_no_client_auth(),
            (ClientAuth::None, Some(path)) => {
                return Err(ServerTlsError::UnusedClientAuthority { path: path.clone() });
            }
            (ClientAuth::Optional | ClientAuth::Required, None) => return Err(ServerTlsError::NoClientAuthority),
            (auth, Some(path)) => {
                let roots = read_authorities(TlsFile { setting: "--tls-client-ca-file", path })?;
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
                let verifier = match auth {
                    ClientAuth::Required => verifier,
                    ClientAuth::Optional | ClientAuth::None => verifier.allow_unauthenticated(),
                };
                let verifier =
                    verifier.build().map_err(|error| ServerTlsError::Library(Error::General(error.to_string())))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let identity = read_identity(
            TlsFile { setting: "--tls-cert-file", path: &self.cert_file },
            TlsFile { setting: "--tls-key-file", path: &self.key_file },
        )?;
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
        config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
        Ok(config)
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.cert_file), Some(&self.key_file), self.client_ca_file.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }

    /// What tells whether a file is another one than before, of each file.
    fn stamps(&self) -> Vec<Option<Stamp>> {
        self.files().map(|path| std::fs::metadata(path).ok().map(|metadata| Stamp::new(&metadata))).collect()
    }
}

/// A file's identity and time. Kubernetes replaces a symlink, others rename a file or write into it: each changes this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Stamp {
    fn new(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The settings as they are in force, and what they were read from.
pub(crate) struct Certificates {
    settings: ServerTls,
    stamps: Vec<Option<Stamp>>,
    config: Arc<ServerConfig>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Certificates").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Certificates {
    pub(crate) fn load(settings: ServerTls) -> Result<Self, ServerTlsError> {
        // Before the files are read: what changes meanwhile is read again.
        let stamps = settings.stamps();
        let config = Arc::new(settings.load()?);
        Ok(Self { settings, stamps, config })
    }

    /// For the next connection. Three `stat`s where nothing changed. Files that do not fit together, as between the
    /// writing of one and of the other, leave what was in force.
    fn current(&mut self) -> Arc<ServerConfig> {
        let stamps = self.settings.stamps();
        if stamps != self.stamps {
            self.stamps = stamps;
            match self.settings.load() {
                Ok(config) => {
                    self.config = Arc::new(config);
                    info!(cert_file = %self.settings.cert_file.display(), "the certificate was read again");
                }
                Err(error) => warn!(%error, "the changed TLS files are not used; what was read before stays in force"),
            }
        }
        Arc::clone(&self.config)
    }
}

impl Opening<TcpStream> for Certificates {
    type Stream = TlsStream<TcpStream>;

    fn open(&mut self, socket: TcpStream) -> impl Future<Output = Option<Self::Stream>> + Send + 'static {
        handshake(TlsAcceptor::from(self.current()), socket)
    }
}

/// Its deadline is that of the connection's opening.
async fn handshake(acceptor: TlsAcceptor, socket: TcpStream) -> Option<TlsStream<TcpStream>> {
    let peer = socket.peer_addr().map_or_else(|_| "a peer that is gone".to_owned(), |peer| peer.to_string());
    let (error, socket) = match acceptor.accept(socket).into_fallible().await {
        Ok(stream) => return Some(stream),
        Err(failed) => failed,
    };
    if let Some(reason) = reason(&error) {
        info!(peer, reason, "a TLS handshake failed");
    } else {
        // A port scan, a check whether the port is open, a client that went away.
        debug!(peer, %error, "a connection ended before its TLS handshake");
    }
    let _ = timeout(ALERT_TIME, until_closed(socket)).await;
    None
}

/// Ends this side and reads the other to its end, so that the alert arrives.
async fn until_closed(mut socket: TcpStream) {
    let _ = socket.shutdown().await;
    let mut rest = [0; 1024];
    while socket.read(&mut rest).await.is_ok_and(|length| length > 0) {}
}

/// Why a handshake failed, for the operator; `None` where the connection just ended.
fn reason(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::NoCertificatesPresented => "the client presented no certificate, and each client must".to_owned(),
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "the certificate of the client is signed by an authority that is not in --tls-client-ca-file".to_owned()
        }
        Error::InvalidCertificate(error) => format!("the certificate of the client was refused: {error}"),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the client speaks plain text: its url must begin with https://".to_owned()
        }
        Error::AlertReceived(alert) => format!("the client refused the certificate of this executor ({alert:?})"),
        error => error.to_string(),
    })
}

#[cfg(test)]
mod tests;
