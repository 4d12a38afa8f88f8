//! One execution: a worker on one side, a client's stream on the other.
//!
//! ```text
//!  check ──► checkout ──► running ──┬── finished / died ──┐
//!    │           │                  ├── wall time ────────┤
//!    │           │                  ├── cancel, client gone, shutdown
//!    ▼           ▼                  ▼                     ▼
//!  refused    refused             killed ──────────────► Finished, or an error where the client cannot have one
//! ```
//!
//! The task that runs this owns the worker; when it ends, for whatever reason, the worker is killed. Nothing is read from the
//! worker while the client has not taken what was read before, so neither side can make the executor's memory grow.

mod calls;
mod end;
mod explain;
mod output;
mod running;
mod start;

use codemode_proto::v1::{self, execute_response};
use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::pool::{CheckoutError, Pool};
use crate::shutdown::Shutdown;
use crate::tenants::{TenantId, Tenants};
use calls::UnexpectedResult;
use end::End;
use running::Running;
pub(crate) use start::{InvalidStart, Program};

/// Why a client gets no `Finished`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecutionError {
    /// Nothing was done.
    #[error(transparent)]
    Start(#[from] InvalidStart),
    /// Nothing of the program ran.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// The worker is killed; what the program did so far stays done.
    #[error(transparent)]
    Result(#[from] UnexpectedResult),
    /// As above.
    #[error("{0}")]
    Malformed(String),
    /// As above: the same execution may be tried on another executor.
    #[error("the zygote died, and this execution's worker with it")]
    ZygoteDied,
    /// As `ZygoteDied`.
    #[error("the executor is shutting down")]
    ShuttingDown,
    /// Nothing of the program ran: the worker did not take it.
    #[error("failed to hand the program to a worker")]
    Worker(#[source] std::io::Error),
    /// Nobody is there to hear it.
    #[error("the client is gone")]
    ClientGone,
}

/// What one execution needs of the executor.
#[derive(Debug, Clone)]
pub(crate) struct Executions {
    pub(crate) pool: std::sync::Arc<Pool>,
    pub(crate) tenants: std::sync::Arc<Tenants>,
    pub(crate) jail_profile: String,
    pub(crate) shutdown: Shutdown,
    /// Every execution's task; a shutdown waits for them.
    pub(crate) tasks: TaskTracker,
}

pub(crate) type Response = Result<v1::ExecuteResponse, ExecutionError>;

impl Executions {
    /// Runs one execution to its end and sends every response, the last one included.
    pub(crate) async fn run<R>(self, tenant: TenantId, start: v1::Start, requests: R, responses: mpsc::Sender<Response>)
    where
        R: Stream<Item = Result<v1::ExecuteRequest, String>> + Unpin,
    {
        let last = match self.execute(tenant, start, requests, &responses).await {
            Ok(finished) => Ok(response(execute_response::Message::Finished(finished))),
            Err(ExecutionError::ClientGone) => return,
            Err(error) => Err(error),
        };
        // A client that is gone by now misses it; nothing is left to do for it.
        let _ = responses.send(last).await;
    }

    async fn execute<R>(
        &self,
        tenant: TenantId,
        start: v1::Start,
        requests: R,
        responses: &mpsc::Sender<Response>,
    ) -> Result<v1::Finished, ExecutionError>
    where
        R: Stream<Item = Result<v1::ExecuteRequest, String>> + Unpin,
    {
        let started = Instant::now();
        let whose = self.tenants.get(tenant);
        let program = Program::check(&start, &whose.defaults, &whose.ceilings)?;
        drop(start);
        let Some(header) = program.header else {
            return Ok(End::too_long(program.code_size, &program.bounds).into_finished(v1::Usage::default()));
        };
        let checkout = tokio::select! {
            biased;
            checkout = self.pool.checkout(tenant) => checkout?,
            () = responses.closed() => return Err(ExecutionError::ClientGone),
        };
        debug!(
            execution = program.execution_id,
            correlation = program.correlation_id,
            tenant = whose.name,
            "execution begins"
        );
        let mut running = Running::begin(checkout, program.bounds, program.tools, &header, started)?;
        running.outbox.push_back(execute_response::Message::Accepted(v1::Accepted {
            jail_profile: self.jail_profile.clone(),
            limits: Some(running.bounds.limits.to_wire()),
        }));
        let end = running.drive(requests, responses, &self.shutdown).await?;
        if end.is_suspicious() {
            warn!(
                execution = program.execution_id,
                tenant = whose.name,
                // By which the kernel's audit log (`type=1326`) has the system call.
                pid = running.worker_pid(),
                reason = end.exceeded.as_ref().map_or("", |exceeded| exceeded.message.as_str()),
                "a worker crashed; its zygote will be replaced"
            );
            self.pool.retire_zygote();
        }
        let usage = running.usage();
        debug!(execution = program.execution_id, outcome = ?end.outcome, "execution ended");
        Ok(end.into_finished(usage))
    }
}

fn response(message: execute_response::Message) -> v1::ExecuteResponse {
    v1::ExecuteResponse { message: Some(message) }
}
