//! Domain errors as gRPC statuses. Nowhere else is one made into the other.
//!
//! A status' text is for the client: it names fields and remedies, never paths, keys or other clients.

use std::error::Error;
use std::time::Duration;

use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::execution::ExecutionError;
use crate::pool::CheckoutError;
use crate::tenants::AdmissionError;

/// When a client that found the executor full may try again: about the time of a few executions.
const RETRY_AFTER: Duration = Duration::from_millis(250);

pub(crate) fn of(error: &ExecutionError) -> Status {
    let code = match error {
        ExecutionError::Start(_) | ExecutionError::Result(_) | ExecutionError::Malformed(_) => Code::InvalidArgument,
        ExecutionError::Checkout(CheckoutError::Admission(AdmissionError::Rate { retry_after, .. })) => {
            return exhausted(chain(error), *retry_after);
        }
        ExecutionError::Checkout(CheckoutError::Admission(_)) | ExecutionError::Starts => {
            return exhausted(chain(error), RETRY_AFTER);
        }
        ExecutionError::Checkout(CheckoutError::StartTimeout { .. })
        | ExecutionError::ZygoteDied
        | ExecutionError::WorkerKilled
        | ExecutionError::ShuttingDown
        | ExecutionError::Worker(_) => Code::Unavailable,
        ExecutionError::Runtime { .. } => Code::FailedPrecondition,
        ExecutionError::ClientGone => Code::Cancelled,
        ExecutionError::NotTaken => Code::DeadlineExceeded,
    };
    Status::new(code, chain(error))
}

pub(crate) fn unauthenticated() -> Status {
    Status::unauthenticated("the API key is missing or wrong: send `authorization: Bearer <key>`")
}

/// Without a key.
pub(crate) fn too_many_without_key() -> Status {
    exhausted("this connection has as many requests open as one may have that need no key", RETRY_AFTER)
}

pub(crate) fn too_many_requests() -> Status {
    exhausted("requests: more of this key are open than executions could run and wait", RETRY_AFTER)
}

pub(crate) fn request_too_large(limit: usize) -> Status {
    Status::invalid_argument(format!("the request is larger than {limit} bytes"))
}

pub(crate) fn draining() -> Status {
    Status::unavailable("the executor is shutting down and takes no new executions")
}

fn exhausted(message: impl Into<String>, retry_after: Duration) -> Status {
    let mut status = Status::resource_exhausted(message);
    let milliseconds = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX).max(1);
    status.metadata_mut().insert("retry-after-ms", MetadataValue::from(milliseconds));
    status
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
