//! The registry itself.

use std::sync::{Arc, PoisonError, RwLock};

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::tool::Tool;
use super::{RegistryError, ToolBuilder, ToolContext, ToolError, ToolFuture, ToolHost};
use crate::execution::{ToolDescription, ToolSet, check_tool_name};
use crate::values::Value;

/// The tools of an application. Changes hold for executions that start later.
#[derive(Default)]
pub struct ComponentRegistry {
    state: RwLock<State>,
}

#[derive(Clone, Default)]
struct State {
    /// In the order of registration.
    tools: Vec<Tool>,
    /// What executions are offered; made again by each change.
    offered: Arc<ToolSet>,
}

impl std::fmt::Debug for ComponentRegistry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ComponentRegistry").field("tools", &self.names()).finish()
    }
}

impl ComponentRegistry {
    /// Without tools.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers an async function of one argument, which deserialises from the program's keyword arguments.
    pub fn register<A, R, E, F, Fut>(&self, name: impl Into<String>, function: F) -> Result<(), RegistryError>
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize + JsonSchema,
        E: Into<ToolError>,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        self.tool(name).register(function)
    }

    /// Begins a registration that says more.
    pub fn tool(&self, name: impl Into<String>) -> ToolBuilder<'_> {
        ToolBuilder::new(self, name.into())
    }

    /// Removes a tool.
    pub fn remove(&self, name: &str) -> Result<(), RegistryError> {
        self.change(|tools| {
            let place = tools.iter().position(|tool| tool.description.name == name);
            tools.remove(place.ok_or_else(|| RegistryError::NotFound { name: name.to_owned() })?);
            Ok(())
        })
    }

    /// What a program sees of a tool.
    pub fn description(&self, name: &str) -> Result<ToolDescription, RegistryError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let tool = state.tools.iter().find(|tool| tool.description.name == name);
        tool.map(|tool| tool.description.clone()).ok_or_else(|| RegistryError::NotFound { name: name.to_owned() })
    }

    /// In the order of registration.
    pub fn names(&self) -> Vec<String> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.tools.iter().map(|tool| tool.description.name.clone()).collect()
    }

    pub(super) fn insert(&self, tool: Tool, overwrite: bool) -> Result<(), RegistryError> {
        check_tool_name(&tool.description.name)?;
        self.change(|tools| {
            match tools.iter_mut().find(|other| other.description.name == tool.description.name) {
                Some(other) if overwrite => *other = tool,
                Some(_) => return Err(RegistryError::AlreadyExists { name: tool.description.name }),
                None => tools.push(tool),
            }
            Ok(())
        })
    }

    /// All of a change or nothing of it.
    fn change(&self, change: impl FnOnce(&mut Vec<Tool>) -> Result<(), RegistryError>) -> Result<(), RegistryError> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut tools = state.tools.clone();
        change(&mut tools)?;
        let offered = ToolSet::new(tools.iter().map(|tool| tool.description.clone()))?;
        *state = State { tools, offered: Arc::new(offered) };
        Ok(())
    }
}

impl ToolHost for ComponentRegistry {
    fn tools(&self) -> Arc<ToolSet> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).offered)
    }

    fn call(&self, tool: &str, arguments: Value, context: ToolContext) -> ToolFuture {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let run = state.tools.iter().find(|other| other.description.name == tool).map(|tool| Arc::clone(&tool.run));
        drop(state);
        if let Some(run) = run {
            return run(arguments, context);
        }
        let error = ToolError::new("LookupError", format!("the tool `{tool}` was removed")).builtin("LookupError");
        Box::pin(async move { Err(error) })
    }
}
