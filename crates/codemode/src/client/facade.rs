//! The facade: an executor, a registry, programs.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CodemodeError, ExecuteOptions, ExecutionResult, ExecutorClient};
use crate::execution::ConnectionOptions;
use crate::local::{LocalExecutor, LocalOptions};
use crate::registry::{ComponentRegistry, ToolError, ToolHost};

/// Runs programs, with the tools that were registered.
///
/// Dropping it stops an embedded executor.
#[derive(Debug)]
pub struct Codemode {
    client: ExecutorClient,
    registry: Arc<ComponentRegistry>,
    local: Option<LocalExecutor>,
}

impl Codemode {
    /// Starts an embedded executor. Nothing needs to be configured: the `codemode` command is found on `PATH`.
    pub async fn local() -> Result<Self, CodemodeError> {
        Self::local_with(LocalOptions::default()).await
    }

    /// Starts an embedded executor of the caller's choice.
    pub async fn local_with(options: LocalOptions) -> Result<Self, CodemodeError> {
        let local = LocalExecutor::start(options).await?;
        let mut codemode = Self::connect(local.url(), local.api_key())?;
        codemode.local = Some(local);
        Ok(codemode)
    }

    /// Uses an executor that runs elsewhere. Dials nothing yet.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn connect(url: &str, api_key: &str) -> Result<Self, CodemodeError> {
        let options = ConnectionOptions { api_key: Some(api_key.to_owned()), ..ConnectionOptions::default() };
        Ok(Self::with_client(ExecutorClient::new(url, &options)?))
    }

    /// Uses a client that was made before.
    pub fn with_client(client: ExecutorClient) -> Self {
        Self { client, registry: Arc::new(ComponentRegistry::new()), local: None }
    }

    /// The tools.
    pub fn registry(&self) -> &Arc<ComponentRegistry> {
        &self.registry
    }

    /// The client below.
    pub fn client(&self) -> &ExecutorClient {
        &self.client
    }

    /// Registers a tool; see [`ComponentRegistry::register`].
    pub fn register_tool<A, R, E, F, Fut>(&self, name: impl Into<String>, function: F) -> Result<(), CodemodeError>
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize + JsonSchema,
        E: Into<ToolError>,
        F: Fn(A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
    {
        Ok(self.registry.register(name, function)?)
    }

    /// Runs a program with the executor's default limits.
    pub async fn execute(&self, code: &str) -> Result<ExecutionResult, CodemodeError> {
        self.execute_with(code, ExecuteOptions::default()).await
    }

    /// Runs a program.
    pub async fn execute_with(&self, code: &str, options: ExecuteOptions) -> Result<ExecutionResult, CodemodeError> {
        let host: Arc<dyn ToolHost> = Arc::<ComponentRegistry>::clone(&self.registry);
        self.client.execute(code, &host, options).await
    }

    /// Cancels what runs, closes the connection and stops an embedded executor.
    pub async fn close(mut self) {
        self.client.close();
        if let Some(mut local) = self.local.take() {
            // It may wait for the executor's end; where the runtime is going down, the drop does the same.
            let _ = tokio::task::spawn_blocking(move || local.stop()).await;
        }
    }
}
