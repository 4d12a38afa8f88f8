//! The flags of `codemode serve` for TLS, and what they make together with the other settings of the same names. The
//! files are read by the executor, which reports what is wrong with them.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use codemode_executor::{ClientAuth, ServerTls};

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
        let given = |path: Option<PathBuf>| path.filter(|path| !path.as_os_str().is_empty());
        let cert_file = given(self.tls_cert_file);
        let key_file = given(self.tls_key_file);
        let client_ca_file = given(self.tls_client_ca_file);
        let require = self.tls_require_client_auth.unwrap_or(false);
        // A client's authority alone asks for TLS too: an operator who names one must not get plain text.
        let asked = cert_file.is_some() || key_file.is_some() || client_ca_file.is_some() || require;
        if !self.tls.unwrap_or(asked) {
            return Ok(None);
        }
        let cert_file = cert_file.ok_or(TlsArgumentsError::NoCertificate)?;
        let key_file = key_file.ok_or(TlsArgumentsError::NoKey)?;
        let client_auth = match (&client_ca_file, require) {
            (None, true) => return Err(TlsArgumentsError::NoClientAuthority),
            (None, false) => ClientAuth::None,
            (Some(_), false) => ClientAuth::Optional,
            (Some(_), true) => ClientAuth::Required,
        };
        Ok(Some(ServerTls { cert_file, key_file, client_ca_file, client_auth }))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        tls: TlsArguments,
    }

    fn parsed(arguments: &[&str]) -> Result<Option<ServerTls>, TlsArgumentsError> {
        Command::try_parse_from([&["codemode"], arguments].concat()).unwrap().tls.server_tls()
    }

    fn settings(client_ca_file: Option<&str>, client_auth: ClientAuth) -> Option<ServerTls> {
        let client_ca_file = client_ca_file.map(PathBuf::from);
        Some(ServerTls { cert_file: "c".into(), key_file: "k".into(), client_ca_file, client_auth })
    }

    #[test]
    fn nothing_given_is_plain_text() {
        assert_eq!(parsed(&[]), Ok(None));
        assert_eq!(parsed(&["--tls-cert-file", "", "--tls-key-file="]), Ok(None));
        assert_eq!(parsed(&["--tls=false", "--tls-cert-file", "c", "--tls-key-file", "k"]), Ok(None));
    }

    #[test]
    fn flags_say_which_clients_are_asked_for_a_certificate() {
        let with = |more: &[&str]| parsed(&[&["--tls-cert-file", "c", "--tls-key-file", "k"], more].concat());
        assert_eq!(with(&[]), Ok(settings(None, ClientAuth::None)));
        assert_eq!(with(&["--tls-client-ca-file", "a"]), Ok(settings(Some("a"), ClientAuth::Optional)));
        assert_eq!(
            with(&["--tls-client-ca-file", "a", "--tls-require-client-auth"]),
            Ok(settings(Some("a"), ClientAuth::Required))
        );
        assert_eq!(with(&["--tls-require-client-auth"]), Err(TlsArgumentsError::NoClientAuthority));
    }

    #[test]
    fn half_of_the_files_never_means_plain_text() {
        assert_eq!(parsed(&["--tls-cert-file", "c"]), Err(TlsArgumentsError::NoKey));
        assert_eq!(parsed(&["--tls-key-file", "k"]), Err(TlsArgumentsError::NoCertificate));
        assert_eq!(parsed(&["--tls-client-ca-file", "a"]), Err(TlsArgumentsError::NoCertificate));
        assert_eq!(parsed(&["--tls-require-client-auth"]), Err(TlsArgumentsError::NoCertificate));
        assert_eq!(parsed(&["--tls"]), Err(TlsArgumentsError::NoCertificate));
    }
}
