//! Why a connection could not be opened securely, in words that name what to change.
//!
//! What a peer sent is in a message only as far as it was checked to be a host name or an address.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use codemode_tls::date;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use super::{ClientTls, Trust};

/// Names of a certificate that a message shows.
const MAX_NAMES: usize = 5;

/// Why there is no secure connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(in crate::transport) struct Failure {
    message: String,
    permanence: Permanence,
}

/// Whether the same attempt may do better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Permanence {
    /// Not until somebody changes a setting or a certificate.
    Permanent,
    /// The peer may have been about to stop, or busy.
    Passing,
}

impl Failure {
    fn permanent(message: String) -> Self {
        Self { message, permanence: Permanence::Permanent }
    }

    fn passing(message: String) -> Self {
        Self { message, permanence: Permanence::Passing }
    }

    pub(in crate::transport) fn permanence(&self) -> Permanence {
        self.permanence
    }

    /// The one that an error was made of.
    pub(in crate::transport) fn find<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// The resolver kept its answer until the time to connect was over.
    pub(super) fn lookup_timed_out(peer: &str, allowed: Duration) -> Self {
        let seconds = allowed.as_secs_f64();
        Self::passing(format!(
            "the address of `{peer}` was not found within {seconds} s: name resolution does not answer"
        ))
    }

    /// The peer, or what is on the way to it, answers nothing.
    pub(super) fn connect_timed_out(peer: &str, allowed: Duration) -> Self {
        let seconds = allowed.as_secs_f64();
        Self::passing(format!(
            "`{peer}` did not accept a connection within {seconds} s: check the address and the network"
        ))
    }

    /// A peer that answers plain text with an alert of TLS.
    pub(super) fn tls_at_plain_url(peer: &str) -> Self {
        Self::permanent(format!("`{peer}` speaks TLS, and the url asks for plain text: write `https://{peer}`"))
    }
}

impl ClientTls {
    /// The handshake ended without a connection.
    pub(super) fn handshake_failed(&self, error: &io::Error) -> Failure {
        let peer = &self.peer;
        match (cause(error), error.kind()) {
            (Some(error), _) => self.explain(error),
            (None, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                Failure::passing(format!(
                    "`{peer}` closed the connection during the TLS handshake: it is stopping, or does not speak TLS"
                ))
            }
            (None, _) => Failure::passing(format!("the TLS handshake with `{peer}` failed: {error}")),
        }
    }

    /// Where most of the time went before the handshake, that is said too.
    pub(super) fn handshake_timed_out(&self, allowed: Duration, connected_after: Duration) -> Failure {
        let (peer, seconds) = (&self.peer, allowed.as_secs_f64());
        if connected_after > allowed / 2 {
            let connected = connected_after.as_secs_f64();
            return Failure::passing(format!(
                "`{peer}` accepted a connection only after {connected:.1} s, and no TLS handshake was complete within \
                 {seconds} s"
            ));
        }
        Failure::passing(format!("`{peer}` did not complete the TLS handshake within {seconds} s"))
    }

    pub(super) fn no_http2(&self) -> Failure {
        let peer = &self.peer;
        Failure::permanent(format!(
            "`{peer}` speaks TLS but did not agree to HTTP/2: it is no executor, or a proxy without HTTP/2 is before it"
        ))
    }

    /// What ended a connection after its handshake, and before the peer had said anything: in TLS 1.3 a client learns only
    /// then that its certificate was refused.
    pub(super) fn refused_later(&self, error: &io::Error) -> Option<Failure> {
        cause(error).map(|error| self.explain(error))
    }

    fn explain(&self, error: &Error) -> Failure {
        let peer = &self.peer;
        match error {
            Error::InvalidCertificate(error) => Failure::permanent(self.explain_certificate(error)),
            Error::AlertReceived(alert) => self.explain_alert(*alert),
            Error::NoApplicationProtocol => self.no_http2(),
            Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
                Failure::permanent(format!(
                    "`{peer}` answers in plain text, and TLS was asked for: start the executor with --tls-cert-file and \
                     --tls-key-file, or, within a network that you trust, use `http://` without TLS options"
                ))
            }
            Error::PeerIncompatible(reason) => Failure::permanent(format!(
                "`{peer}` has no version or cipher of TLS in common with this client, which speaks 1.2 and 1.3 ({reason:?})"
            )),
            error => Failure::permanent(format!("the TLS handshake with `{peer}` failed: {error}")),
        }
    }

    fn explain_certificate(&self, error: &CertificateError) -> String {
        let (peer, host) = (&self.peer, &self.host);
        match error {
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => format!(
                "the certificate of `{peer}` names no host: make one that has `{host}` as a subjectAltName; a common name \
                 is not enough"
            ),
            CertificateError::NotValidForNameContext { presented, .. } => format!(
                "the certificate of `{peer}` is for {}, not for `{host}`: use one of its names in the url, or give the \
                 executor a certificate that has `{host}` as a subjectAltName",
                names(presented)
            ),
            CertificateError::UnknownIssuer => match &self.trust {
                Trust::System => format!(
                    "the certificate of `{peer}` is signed by an authority that this system does not trust: give that \
                     authority's certificate as `ca_file`"
                ),
                Trust::File(path) => format!(
                    "the certificate of `{peer}` is signed by an authority that is not in `ca_file` (`{}`): add that \
                     authority's certificate to the file, or let the executor send the authorities between",
                    path.display()
                ),
            },
            CertificateError::BadSignature => format!(
                "the certificate of `{peer}` is not signed by the authority whose name it has: {} has another one of that \
                 name, as when an authority was made anew; give the one that signed it as `ca_file`",
                match &self.trust {
                    Trust::System => "this system".to_owned(),
                    Trust::File(path) => format!("`ca_file` (`{}`)", path.display()),
                }
            ),
            CertificateError::ExpiredContext { not_after, .. } => format!(
                "the certificate of `{peer}` expired on {}: renew it, or correct this machine's clock",
                date(*not_after)
            ),
            CertificateError::NotValidYetContext { not_before, .. } => format!(
                "the certificate of `{peer}` is not valid before {}: correct this machine's clock, or wait",
                date(*not_before)
            ),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => format!(
                "the certificate of `{peer}` is not one for servers: make one whose extendedKeyUsage has serverAuth"
            ),
            CertificateError::Other(error) if error.to_string() == "CaUsedAsEndEntity" => format!(
                "the certificate of `{peer}` is that of an authority (CA:TRUE), which must not serve: sign a certificate for \
                 `{host}` with it, and give the executor that one"
            ),
            error => format!("the certificate of `{peer}` was refused: {error}"),
        }
    }

    fn explain_alert(&self, alert: AlertDescription) -> Failure {
        let peer = &self.peer;
        let Some(path) = self.client_cert_file.as_ref().map(|path| path.display()) else {
            return match alert {
                AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::NoCertificate => Failure::permanent(format!(
                    "`{peer}` demands a client certificate: give `client_cert_file` and `client_key_file`"
                )),
                AlertDescription::HandshakeFailure => Failure::permanent(format!(
                    "`{peer}` refused the TLS handshake: it demands a client certificate (`client_cert_file`, \
                     `client_key_file`), or has no cipher in common with this client"
                )),
                alert => self.explain_other_alert(alert),
            };
        };
        let trusted = "give one that is signed by an authority in the executor's --tls-client-ca-file";
        let (reason, remedy) = match alert {
            AlertDescription::UnknownCA | AlertDescription::DecryptError => {
                ("it is not signed by an authority that the executor trusts", trusted)
            }
            AlertDescription::CertificateExpired => ("it has expired or is not valid yet", "renew it"),
            AlertDescription::CertificateRevoked => ("it was revoked", "give another one"),
            AlertDescription::UnsupportedCertificate => {
                ("it is not one for clients", "give one whose extendedKeyUsage has clientAuth")
            }
            AlertDescription::CertificateUnknown
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateRequired
            | AlertDescription::AccessDenied => ("the executor's log may say why", trusted),
            alert => return self.explain_other_alert(alert),
        };
        Failure::permanent(format!("`{peer}` refused `client_cert_file` (`{path}`): {reason}; {remedy}"))
    }

    fn explain_other_alert(&self, alert: AlertDescription) -> Failure {
        let peer = &self.peer;
        match alert {
            AlertDescription::NoApplicationProtocol => self.no_http2(),
            AlertDescription::ProtocolVersion => Failure::permanent(format!(
                "`{peer}` has no version of TLS in common with this client, which speaks 1.2 and 1.3"
            )),
            AlertDescription::UnrecognisedName => Failure::permanent(format!(
                "`{peer}` has no certificate for `{}`: use a name in the url that it knows",
                self.host
            )),
            AlertDescription::InternalError | AlertDescription::UserCanceled => {
                Failure::passing(format!("`{peer}` gave up the TLS handshake ({alert:?})"))
            }
            alert => Failure::permanent(format!("`{peer}` refused the TLS handshake ({alert:?})")),
        }
    }
}

/// What TLS has against it, where it is not the operating system.
fn cause(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// The library's `DnsName("other.example")` and `IpAddress(127.0.0.1)`, as they are written in a url.
fn names(presented: &[String]) -> String {
    let written = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
        format!("`{}`", inner.trim_matches('"'))
    };
    let shown = presented.iter().take(MAX_NAMES).map(written).collect::<Vec<_>>().join(", ");
    match presented.len().saturating_sub(MAX_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
