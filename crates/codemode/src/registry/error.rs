//! What goes wrong in registering tools, and what goes wrong in a tool.

use std::fmt;

use crate::execution::{ToolOutcome, ToolSetError};

/// Why a registry is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The name is taken.
    #[error("a tool with the name `{name}` exists already")]
    AlreadyExists {
        /// The name.
        name: String,
    },
    /// No tool has the name.
    #[error("no tool has the name `{name}`")]
    NotFound {
        /// The name.
        name: String,
    },
    /// The name breaks the contract, or there are too many tools.
    #[error(transparent)]
    Refused(#[from] ToolSetError),
}

impl RegistryError {
    /// What the reader may do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::AlreadyExists { .. } => Some("choose another name, or say `overwrite()`"),
            Self::NotFound { .. } | Self::Refused(_) => None,
        }
    }
}

/// A tool's failure. The program gets it as its `ToolError` with these texts, and may catch it; nothing else of the host
/// reaches the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolError {
    kind: String,
    message: String,
    builtin_type: String,
}

impl ToolError {
    /// A failure with a type name of the tool's own: `OrderNotFound`.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into(), builtin_type: String::new() }
    }

    /// A failure that is also one of Python's builtin exceptions, so that `except LookupError` catches it.
    pub fn builtin(mut self, name: impl Into<String>) -> Self {
        self.builtin_type = name.into();
        self
    }

    /// Wrong arguments: a `ValueError`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new("ValueError", message).builtin("ValueError")
    }

    /// The type name.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn into_outcome(self) -> ToolOutcome {
        ToolOutcome::Failure { kind: self.kind, message: self.message, builtin_type: self.builtin_type }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for ToolError {}

impl From<String> for ToolError {
    /// A `RuntimeError` with this message.
    fn from(message: String) -> Self {
        Self::new("RuntimeError", message).builtin("RuntimeError")
    }
}

impl From<&str> for ToolError {
    /// A `RuntimeError` with this message.
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}
