//! Runs an execution and the tools that it calls.
//!
//! Each tool call is a task of its own, owned by the execution: when the execution ends, or is dropped, what still runs of
//! its tools is cancelled.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::identifier::{correlation_id, execution_id};
use super::{CodemodeError, ExecuteOptions, ExecutionResult, ToolCallRecord, ToolCallStatus};
use crate::execution::{
    Connection, ConnectionOptions, Event, ExecutionError, ExecutorInfo, Finished, OutputMode, StartRequest, ToolCall,
    ToolOutcome,
};
use crate::journal::{Journal, JournalError};
use crate::registry::{ToolContext, ToolError, ToolHost};
use crate::transport::addresses;
use crate::values::Value;

const DEFAULT_PREFIX: &str = "cm";

/// Speaks with one executor. Cloning it is cheap: clones share the connection.
#[derive(Clone, Debug)]
pub struct ExecutorClient {
    connection: Connection,
    prefix: String,
}

/// A tool call under way.
struct Running {
    call_id: u32,
    since: Instant,
}

impl ExecutorClient {
    /// Dials nothing yet. `url`: of one executor, or of several, separated by commas.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn new(url: &str, options: &ConnectionOptions) -> Result<Self, CodemodeError> {
        Ok(Self { connection: Connection::to_fleet(&addresses(url)?, options)?, prefix: DEFAULT_PREFIX.to_owned() })
    }

    /// What correlation ids begin with. Default `cm`.
    pub fn correlation_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The connection below.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs a program. Dropping the future cancels it, and its tools.
    pub async fn execute(
        &self,
        code: &str,
        host: &Arc<dyn ToolHost>,
        options: ExecuteOptions,
    ) -> Result<ExecutionResult, CodemodeError> {
        let began = Instant::now();
        let deadline = options.effective_deadline();
        let encoded = |value: &Value| match value {
            Value::None => Ok(bytes::Bytes::new()),
            value => value.encode(),
        };
        let config = encoded(&options.config).map_err(CodemodeError::Config)?;
        let context = encoded(&options.context).map_err(CodemodeError::Context)?;
        let request = StartRequest {
            execution_id: options
                .execution_id
                .or_else(|| options.journal.as_ref().map(|journal| journal.execution_id().to_owned()))
                .unwrap_or_else(execution_id),
            code: code.to_owned(),
            tools: host.tools(),
            config,
            context,
            traceparent: options.traceparent.unwrap_or_default(),
            limits: options.limits,
            correlation_id: options.correlation_id.unwrap_or_else(|| correlation_id(&self.prefix)),
            deadline,
            output: OutputMode::Accumulate,
            journal: options.journal,
            resumed: Vec::new(),
        };
        let (execution_id, correlation_id) = (request.execution_id.clone(), request.correlation_id.clone());
        let mut dispatch = Dispatch {
            host: Arc::clone(host),
            execution_id: execution_id.clone(),
            correlation_id: correlation_id.clone(),
            tasks: JoinSet::new(),
            running: HashMap::new(),
            records: BTreeMap::new(),
        };
        let finished = dispatch.run(self.connection.start(request)).await?;
        let tool_calls = dispatch.into_records();
        Ok(ExecutionResult {
            execution_id,
            correlation_id,
            duration: began.elapsed(),
            tool_calls,
            ..ExecutionResult::new(finished, code.to_owned())
        })
    }

    /// The executor's report on itself.
    pub async fn info(&self, timeout: Duration) -> Result<ExecutorInfo, CodemodeError> {
        Ok(self.connection.info(timeout).await?)
    }

    /// Whether the executor says that it serves.
    pub async fn is_healthy(&self, timeout: Duration) -> bool {
        self.connection.is_healthy(timeout).await
    }

    /// Cancels what runs and closes the connection. Idempotent.
    pub fn close(&self) {
        self.connection.close();
    }
}

/// No tool suspends its call here: the journal that was to go on had a call without an outcome.
fn open(journal: &Journal) -> CodemodeError {
    let number = journal.calls().iter().find(|call| call.outcome.is_none()).map_or(0, |call| call.number);
    ExecutionError::Journal { source: JournalError::Open { number } }.into()
}

/// The tool calls of one execution.
struct Dispatch {
    host: Arc<dyn ToolHost>,
    execution_id: String,
    correlation_id: String,
    tasks: JoinSet<Result<Value, ToolError>>,
    running: HashMap<tokio::task::Id, Running>,
    /// By the calls' numbers.
    records: BTreeMap<u32, ToolCallRecord>,
}

impl Dispatch {
    async fn run(&mut self, mut execution: crate::execution::Execution) -> Result<Finished, CodemodeError> {
        let control = execution.control().clone();
        loop {
            tokio::select! {
                biased;
                Some(done) = self.tasks.join_next_with_id() => {
                    if let Some((call_id, outcome)) = self.finish(done) {
                        // An execution that has ended needs no answer.
                        let _ = control.answer(call_id, outcome);
                    }
                }
                event = execution.next_event() => match event {
                    Some(Ok(Event::ToolCall(call))) => {
                        let call_id = call.call_id;
                        if let Err(error) = self.begin(call) {
                            let _ = control.answer(call_id, error.into_outcome());
                        }
                    }
                    Some(Ok(Event::Finished(finished))) => return Ok(*finished),
                    Some(Ok(Event::Suspended(suspended))) => return Err(open(&suspended.journal)),
                    Some(Ok(Event::Output { .. })) => {}
                    Some(Err(error)) => return Err(error.into()),
                    None => unreachable!("an error or `Finished` comes before the end of the events"),
                },
            }
        }
    }

    /// Starts a tool. The session has checked that call ids ascend.
    fn begin(&mut self, call: ToolCall) -> Result<(), ToolError> {
        let decoded = Value::decode(&call.arguments).map_err(|error| ToolError::invalid(error.to_string()));
        let arguments = decoded.and_then(|arguments| match arguments {
            arguments @ Value::Dict(_) => Ok(arguments),
            _ => Err(ToolError::invalid("the arguments of a tool are a dict")),
        });
        let mut record = ToolCallRecord {
            name: call.tool,
            arguments: Value::None,
            status: ToolCallStatus::Cancelled,
            duration: Duration::ZERO,
        };
        let arguments = match arguments {
            Ok(arguments) => arguments,
            Err(error) => {
                record.status = ToolCallStatus::Failed(error.clone());
                self.records.insert(call.call_id, record);
                return Err(error);
            }
        };
        record.arguments = arguments.clone();
        let context = ToolContext {
            execution_id: self.execution_id.clone(),
            correlation_id: self.correlation_id.clone(),
            call_id: call.call_id,
        };
        let (host, tool) = (Arc::clone(&self.host), record.name.clone());
        // Called within the task: a tool that panics before its first await must not end the execution.
        let task = self.tasks.spawn(async move { host.call(&tool, arguments, context).await });
        self.running.insert(task.id(), Running { call_id: call.call_id, since: Instant::now() });
        self.records.insert(call.call_id, record);
        Ok(())
    }

    fn finish(
        &mut self,
        done: Result<(tokio::task::Id, Result<Value, ToolError>), JoinError>,
    ) -> Option<(u32, ToolOutcome)> {
        let (id, result) = match done {
            Ok((id, result)) => (id, result),
            // What a panic says is for the host's log, which has it; the program learns that the tool failed.
            Err(error) => (error.id(), Err(ToolError::from("the tool panicked"))),
        };
        let running = self.running.remove(&id)?;
        let result = result.and_then(|value| value.encode().map_err(|error| ToolError::invalid(error.to_string())));
        let record = self.records.get_mut(&running.call_id)?;
        record.duration = running.since.elapsed();
        let outcome = match result {
            Ok(value) => {
                record.status = ToolCallStatus::Completed;
                ToolOutcome::Value(value)
            }
            Err(error) => {
                record.status = ToolCallStatus::Failed(error.clone());
                error.into_outcome()
            }
        };
        Some((running.call_id, outcome))
    }

    /// What still runs is cancelled.
    fn into_records(mut self) -> Vec<ToolCallRecord> {
        for running in self.running.values() {
            if let Some(record) = self.records.get_mut(&running.call_id) {
                record.duration = running.since.elapsed();
            }
        }
        self.records.into_values().collect()
    }
}
