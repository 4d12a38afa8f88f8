//! The tools of an application: what programs may call, typed by serde and described by schemars.
//!
//! A [`ComponentRegistry`] is a [`ToolHost`], the interface that [`crate::client::ExecutorClient`] calls tools through. An
//! application with a dispatch of its own implements `ToolHost` instead.

mod builder;
mod components;
mod error;
mod host;
mod tool;

pub use builder::ToolBuilder;
pub use components::ComponentRegistry;
pub use error::{RegistryError, ToolError};
pub use host::{ToolContext, ToolFuture, ToolHost};
pub use tool::NoArguments;
