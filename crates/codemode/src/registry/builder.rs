//! What a registration may say beside a name and a function.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::tool::Tool;
use super::{ComponentRegistry, RegistryError, ToolContext, ToolError};

/// A tool about to be registered, from [`ComponentRegistry::tool`].
#[derive(Debug)]
#[must_use = "nothing is registered before `register`"]
pub struct ToolBuilder<'a> {
    registry: &'a ComponentRegistry,
    name: String,
    description: Option<String>,
    awaitable: bool,
    overwrite: bool,
}

impl<'a> ToolBuilder<'a> {
    pub(super) fn new(registry: &'a ComponentRegistry, name: String) -> Self {
        Self { registry, name, description: None, awaitable: false, overwrite: false }
    }

    /// What the meta-tools show to the program. Default: the doc comment of the arguments' type.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// `run` gives the program an awaitable. Without it `run` waits, and `run_async` gives the awaitable.
    pub fn awaitable(mut self) -> Self {
        self.awaitable = true;
        self
    }

    /// Replaces a tool of the same name.
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    /// Registers a function of the arguments.
    pub fn register<A, R, E, F, Fut>(self, function: F) -> Result<(), RegistryError>
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize + JsonSchema,
        E: Into<ToolError>,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        self.register_with_context(move |arguments, _| function(arguments))
    }

    /// Registers a function that also wants to know which call it serves.
    pub fn register_with_context<A, R, E, F, Fut>(self, function: F) -> Result<(), RegistryError>
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize + JsonSchema,
        E: Into<ToolError>,
        F: Fn(A, ToolContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        let mut tool = Tool::new(&self.name, function);
        if let Some(description) = self.description {
            tool.description.description = description;
        }
        tool.description.is_async = self.awaitable;
        self.registry.insert(tool, self.overwrite)
    }
}
