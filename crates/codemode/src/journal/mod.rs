//! The journal: the client's record of an execution's tool calls, by which the execution can be run again without calling a
//! tool twice. `docs/design/journal.md` says how a replay works; here is what is kept, and its form as data.
//!
//! - [`Journal`] is a snapshot: immutable, cheap to clone, what an application stores and resumes from.
//! - The recorder is the living one. It belongs to a session, under the lock that its answers take; the invariant: a call is
//!   in it before the application is given the call.
//! - The document is a journal as one JSON text, the log the same in pieces, for stores that write ahead.

mod call;
mod document;
mod entry;
mod error;
mod fingerprint;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod log;
mod recorder;
mod replay;
mod snapshot;

pub use call::{JournalCall, MAX_JOURNAL};
pub use document::FORMAT;
pub use error::JournalError;
pub(crate) use recorder::{Called, Recorder};
pub(crate) use replay::Replay;
pub use snapshot::Journal;

/// What may be recorded of the clock in one execution, by the contract.
pub(crate) const MAX_CLOCK: usize = 64 * 1024;
