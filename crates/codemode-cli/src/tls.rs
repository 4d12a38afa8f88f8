//! The flags of `codemode serve` for TLS. The files are read by the executor, which reports what is wrong with them.

use std::path::PathBuf;

use clap::Args;
use codemode_executor::{ClientAuth, ServerTls};

/// Where the executor's certificate is and which clients it asks for one.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArguments {
    /// Serve TLS (default: where a certificate is given); `false` keeps plain text although the files are named
    #[arg(
        long,
        env = "CODEMODE_TLS_ENABLED",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) tls: Option<bool>,
    /// The executor's certificate, PEM, followed by the authorities between it and the root
    #[arg(long, env = "CODEMODE_TLS_CERT_FILE", value_name = "FILE")]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// The private key of that certificate, PEM, not encrypted
    #[arg(long, env = "CODEMODE_TLS_KEY_FILE", value_name = "FILE")]
    pub(crate) tls_key_file: Option<PathBuf>,
    /// The authorities, PEM, that sign the certificates of clients; a client that presents one is checked against them
    #[arg(long, env = "CODEMODE_TLS_CA_FILE", value_name = "FILE")]
    pub(crate) tls_client_ca_file: Option<PathBuf>,
    /// Serve only clients that present a certificate of those authorities
    #[arg(
        long,
        env = "CODEMODE_TLS_REQUIRE_CLIENT_AUTH",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) tls_require_client_auth: Option<bool>,
}

/// Flags that do not fit together. Nothing was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TlsArgumentsError {
    #[error("TLS needs a certificate and its key: --tls-cert-file (CODEMODE_TLS_CERT_FILE) is missing")]
    NoCertificate,
    #[error("TLS needs a certificate and its key: --tls-key-file (CODEMODE_TLS_KEY_FILE) is missing")]
    NoKey,
    #[error(
        "--tls-require-client-auth (CODEMODE_TLS_REQUIRE_CLIENT_AUTH) needs the authorities of the clients: \
         --tls-client-ca-file (CODEMODE_TLS_CA_FILE) is missing"
    )]
    NoClientAuthority,
}

impl TlsArguments {
    /// What the executor serves with; `None` is plain text.
    pub(crate) fn server_tls(self) -> Result<Option<ServerTls>, TlsArgumentsError> {
        let require = self.tls_require_client_auth.unwrap_or(false);
        // A client's authority alone asks for TLS too: an operator who names one must not get plain text.
        let asked =
            self.tls_cert_file.is_some() || self.tls_key_file.is_some() || self.tls_client_ca_file.is_some() || require;
        if !self.tls.unwrap_or(asked) {
            return Ok(None);
        }
        let cert_file = self.tls_cert_file.ok_or(TlsArgumentsError::NoCertificate)?;
        let key_file = self.tls_key_file.ok_or(TlsArgumentsError::NoKey)?;
        let client_auth = match (&self.tls_client_ca_file, require) {
            (None, true) => return Err(TlsArgumentsError::NoClientAuthority),
            (None, false) => ClientAuth::None,
            (Some(_), false) => ClientAuth::Optional,
            (Some(_), true) => ClientAuth::Required,
        };
        Ok(Some(ServerTls { cert_file, key_file, client_ca_file: self.tls_client_ca_file, client_auth }))
    }
}
