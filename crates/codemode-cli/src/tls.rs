//! The flags of `codemode serve` for TLS. What they mean together with the file and the variables is decided where all
//! settings are put together ([`crate::settings`]); the files are read by the executor, which reports what is wrong with them.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

/// Where the executor's certificate is and which clients it asks for one.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArguments {
    /// Serve TLS; `false` keeps plain text although files are named [env: `CODEMODE_TLS_ENABLED`] [default: where a
    /// certificate is given]
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) tls: Option<bool>,
    /// The executor's certificate, PEM, followed by the authorities between it and the root [env:
    /// `CODEMODE_TLS_CERT_FILE`]
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub(crate) tls_cert_file: Option<PathBuf>,
    /// The private key of that certificate, PEM, not encrypted [env: `CODEMODE_TLS_KEY_FILE`]
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub(crate) tls_key_file: Option<PathBuf>,
    /// The authorities, PEM, that sign the certificates of clients; a client that presents one is checked against them
    /// [env: `CODEMODE_TLS_CA_FILE`]
    #[arg(long, value_name = "FILE", value_parser = path())]
    pub(crate) tls_client_ca_file: Option<PathBuf>,
    /// Serve only clients that present a certificate of those authorities [env: `CODEMODE_TLS_REQUIRE_CLIENT_AUTH`]
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub(crate) tls_require_client_auth: Option<bool>,
}

/// A path, or nothing: deployments set variables that they do not use to an empty text.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}
