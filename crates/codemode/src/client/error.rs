//! Why the facade has no result.

use crate::execution::ExecutionError;
use crate::local::LocalError;
use crate::registry::RegistryError;
use crate::transport::AddressError;
use crate::values::ValueError;

/// Why there is no [`super::ExecutionResult`]. A program's own failure is a result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodemodeError {
    /// The embedded executor did not start.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The executor's url is malformed. Nothing was attempted.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The execution got no answer.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    /// A tool was not registered.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// `config` cannot be sent. Nothing was attempted.
    #[error("`config` cannot be sent")]
    Config(#[source] ValueError),
    /// `context` cannot be sent. Nothing was attempted.
    #[error("`context` cannot be sent")]
    Context(#[source] ValueError),
}

impl CodemodeError {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Local(error) => error.code(),
            Self::Address(_) => "address",
            Self::Execution(error) => error.code(),
            Self::Registry(_) => "registry",
            Self::Config(_) => "config",
            Self::Context(_) => "context",
        }
    }

    /// Whether the same request may be sent again without a tool call happening twice, and with hope.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Execution(error) if error.is_retryable())
    }

    /// What the reader may do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Local(error) => error.hint(),
            Self::Execution(error) => error.hint(),
            Self::Registry(error) => error.hint(),
            Self::Address(_) | Self::Config(_) | Self::Context(_) => None,
        }
    }
}
