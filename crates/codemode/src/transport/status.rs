//! gRPC statuses in our own words, so that nothing above the transport depends on the gRPC library.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The status codes of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the gRPC specification")]
pub enum StatusCode {
    Ok,
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

const NAMES: [(StatusCode, &str); 17] = [
    (StatusCode::Ok, "OK"),
    (StatusCode::Cancelled, "CANCELLED"),
    (StatusCode::Unknown, "UNKNOWN"),
    (StatusCode::InvalidArgument, "INVALID_ARGUMENT"),
    (StatusCode::DeadlineExceeded, "DEADLINE_EXCEEDED"),
    (StatusCode::NotFound, "NOT_FOUND"),
    (StatusCode::AlreadyExists, "ALREADY_EXISTS"),
    (StatusCode::PermissionDenied, "PERMISSION_DENIED"),
    (StatusCode::ResourceExhausted, "RESOURCE_EXHAUSTED"),
    (StatusCode::FailedPrecondition, "FAILED_PRECONDITION"),
    (StatusCode::Aborted, "ABORTED"),
    (StatusCode::OutOfRange, "OUT_OF_RANGE"),
    (StatusCode::Unimplemented, "UNIMPLEMENTED"),
    (StatusCode::Internal, "INTERNAL"),
    (StatusCode::Unavailable, "UNAVAILABLE"),
    (StatusCode::DataLoss, "DATA_LOSS"),
    (StatusCode::Unauthenticated, "UNAUTHENTICATED"),
];

impl StatusCode {
    /// The name in the gRPC specification: `UNAVAILABLE`.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(code, _)| *code == self).map_or("UNKNOWN", |(_, name)| name)
    }
}

/// A text that names no status code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a gRPC status code")]
pub struct UnknownStatusCode(String);

impl FromStr for StatusCode {
    type Err = UnknownStatusCode;

    fn from_str(name: &str) -> Result<Self, UnknownStatusCode> {
        NAMES
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(name))
            .map(|(code, _)| *code)
            .ok_or_else(|| UnknownStatusCode(name.to_owned()))
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// How a request failed: the executor's answer, or what happened on the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub(super) code: StatusCode,
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
    pub(super) origin: Origin,
}

/// Who made a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Executor,
    /// The connection failed; the message is the operating system's.
    Transport,
    /// As before, and the same attempt will fail again: somebody must change a setting or a certificate.
    Setup,
}

impl Status {
    /// Nothing was reached, for this reason.
    pub(crate) fn unreachable(message: String) -> Self {
        Self { code: StatusCode::Unavailable, message, retry_after: None, origin: Origin::Transport }
    }

    /// The status code. What failed on the way is `UNAVAILABLE`.
    pub fn code(&self) -> StatusCode {
        self.code
    }

    /// The executor's words, or the transport's.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the same request would fail the same way: the connection cannot be made secure as things are.
    pub fn is_permanent(&self) -> bool {
        self.origin == Origin::Setup
    }

    /// How long the executor asks to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.message.as_str(), self.origin) {
            ("", _) => formatter.write_str(self.code.name()),
            (message, Origin::Transport | Origin::Setup) => formatter.write_str(message),
            (message, Origin::Executor) => write!(formatter, "{message} ({})", self.code),
        }
    }
}

impl Error for Status {}
