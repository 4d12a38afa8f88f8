//! The way to an executor: addresses, one HTTP/2 connection, statuses.
//!
//! This is the only module of the crate that names tonic; what leaves it are messages of the contract and our own
//! [`Status`]. It retries nothing and knows nothing of executions: that is [`crate::execution`].

mod address;
mod channel;
mod status;
mod tls;

pub use address::{Address, AddressError, addresses};
pub(crate) use channel::{Channel, ChannelPlan, Inbound, Malformed, Trace};
pub use status::{Status, StatusCode};
pub use tls::{TlsError, TlsOptions};

/// The largest message in either direction. An encoded value is at most 32 MiB under the executor's highest ceiling; a
/// program, its tools and its `config` fit beside it.
pub const MAX_MESSAGE_SIZE: usize = 64 * 1024 * 1024;
