//! Domain errors as gRPC statuses. Nowhere else is one made into the other.
//!
//! A status' text is for the client: it names fields and remedies, never paths, keys or other clients.

use std::error::Error;

use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use crate::execution::ExecutionError;
use crate::pool::CheckoutError;

/// When a client that found the executor full may try again: about the time of a few executions.
const RETRY_AFTER_MS: u32 = 250;

pub(crate) fn of(error: &ExecutionError) -> Status {
    let code = match error {
        ExecutionError::Start(_) | ExecutionError::Result(_) | ExecutionError::Malformed(_) => Code::InvalidArgument,
        ExecutionError::Checkout(CheckoutError::QueueFull { .. } | CheckoutError::QueueTimeout { .. }) => {
            return exhausted(error);
        }
        ExecutionError::Checkout(CheckoutError::StartTimeout { .. })
        | ExecutionError::ZygoteDied
        | ExecutionError::Lockdown
        | ExecutionError::ShuttingDown
        | ExecutionError::Worker(_) => Code::Unavailable,
        ExecutionError::ClientGone => Code::Cancelled,
    };
    Status::new(code, chain(error))
}

pub(crate) fn unauthenticated() -> Status {
    Status::unauthenticated("the API key is missing or wrong: send `authorization: Bearer <key>`")
}

pub(crate) fn draining() -> Status {
    Status::unavailable("the executor is shutting down and takes no new executions")
}

fn exhausted(error: &ExecutionError) -> Status {
    let mut status = Status::resource_exhausted(chain(error));
    status.metadata_mut().insert("retry-after-ms", MetadataValue::from(RETRY_AFTER_MS));
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
