//! What the client and the executor share of TLS: PEM files that are read with a message for each thing that may be wrong
//! with them, the one provider of cryptography, and dates as people read them.
//!
//! No message and no `Debug` of this crate has anything of a file's content but the labels of its PEM blocks.
//!
//! Feature `fuzzing`: the entry point of `fuzz/`, and nothing for anybody else.

mod date;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod pem;

use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

pub use date::date;
pub use error::{FileProblem, TlsFileError};
pub use pem::{TlsFile, read_authorities, read_identity};

/// HTTP/2 in the negotiation of TLS. gRPC speaks nothing else.
pub const ALPN_HTTP2: &[u8] = b"h2";

/// The cryptography of each connection. Named, so that no default of the process is taken or set.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
