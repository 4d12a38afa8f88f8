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
mod delivery;
mod end;
mod explain;
mod journal;
mod output;
mod running;
mod start;

use codemode_proto::v1::{self, execute_response};
use futures_core::Stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::pool::{Checkout, CheckoutError, Pool};
use crate::shutdown::Shutdown;
use crate::tenants::{TenantId, Tenants};
use crate::worker_files;
use calls::UnexpectedResult;
use delivery::{DELIVERY_TIME, LONGEST_DELIVERY};
pub(crate) use delivery::{Delivery, Held, ROOM, Responses, Waiting, WeakHeld, queue};
use end::End;
pub(crate) use journal::{MAX_JOURNAL, worker_memory};
use running::Running;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use running::fuzzing;
pub(crate) use start::{InvalidStart, Program};

/// Why a client gets no `Finished`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExecutionError {
    /// Nothing was done.
    #[error(transparent)]
    Start(#[from] InvalidStart),
    /// Nothing was done: another executor may have the journal's runtime.
    #[error(
        "`start.runtime` is `{asked}`, and this executor's is `{ours}`: a journal can be replayed by the runtime that made it alone"
    )]
    Runtime {
        /// Of the attempt that made the journal.
        asked: String,
        /// This executor's.
        ours: String,
    },
    /// Nothing of the program ran.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// The worker is killed; what the program did so far stays done.
    #[error(transparent)]
    Result(#[from] UnexpectedResult),
    /// As above.
    #[error("{0}")]
    Malformed(String),
    /// Nothing was done: others of the same tenant are received first.
    #[error("starts: as many large `start` messages of this key are received, or wait for a worker, as may")]
    Starts,
    /// As `Result`: the same execution may be tried on another executor.
    #[error("the zygote died, and this execution's worker with it")]
    ZygoteDied,
    /// As `ZygoteDied`.
    #[error("the worker was killed from outside the executor")]
    WorkerKilled,
    /// As `ZygoteDied`.
    #[error("the executor is shutting down")]
    ShuttingDown,
    /// Nothing of the program ran: the worker did not take it.
    #[error("failed to hand the program to a worker")]
    Worker(#[source] std::io::Error),
    /// It is heard where the client has only ended its requests.
    #[error("the client ended its requests before the execution ended, or is gone")]
    ClientGone,
    /// The program ended; how, the client could have had.
    #[error(
        "the execution's last responses were not taken: nothing of them in {} s, or not all in {} s",
        DELIVERY_TIME.as_secs(),
        LONGEST_DELIVERY.as_secs()
    )]
    NotTaken,
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
    /// Runs one execution to its end and sends every response, the last one included. `right`: to have received a large
    /// `start`, given back when the execution has its place.
    pub(crate) async fn run<R>(
        self,
        tenant: TenantId,
        start: v1::Start,
        right: Option<OwnedSemaphorePermit>,
        requests: R,
        mut responses: Responses,
    ) -> Delivery
    where
        R: Stream<Item = Result<v1::ExecuteRequest, String>> + Unpin,
    {
        let shutdown = self.shutdown.clone();
        // A client that is gone hears nothing. One that has only ended its requests is there, and may take nothing.
        let finished = self.execute(tenant, start, right, requests, &mut responses).await;
        let last = finished.map(|finished| response(execute_response::Message::Finished(finished)));
        responses.finish(last, &shutdown).await
    }

    async fn execute<R>(
        &self,
        tenant: TenantId,
        start: v1::Start,
        right: Option<OwnedSemaphorePermit>,
        requests: R,
        responses: &mut Responses,
    ) -> Result<v1::Finished, ExecutionError>
    where
        R: Stream<Item = Result<v1::ExecuteRequest, String>> + Unpin,
    {
        let started = Instant::now();
        let whose = self.tenants.get(tenant);
        let program = Program::check(&start, &whose.defaults, &whose.ceilings)?;
        drop(start);
        let Some(header) = program.header else {
            return Ok(
                End::too_long(program.code_size, &program.bounds).into_finished(v1::Usage::default(), Vec::new())
            );
        };
        let runtime = worker_files::runtime(&self.pool.status().python_version);
        if !program.runtime.is_empty() && program.runtime != runtime {
            return Err(ExecutionError::Runtime { asked: program.runtime, ours: runtime });
        }
        let Checkout { worker, queue_time, place } = tokio::select! {
            biased;
            checkout = self.pool.checkout(tenant) => checkout?,
            () = responses.closed() => return Err(ExecutionError::ClientGone),
        };
        responses.keep(place);
        drop(right);
        debug!(
            execution = program.execution_id,
            correlation = program.correlation_id,
            tenant = whose.name,
            "execution begins"
        );
        let mut running =
            Running::begin(worker, queue_time, program.bounds, program.tools, program.journal, &header, started)?;
        drop(header);
        running.outbox.push_back(execute_response::Message::Accepted(v1::Accepted {
            jail_profile: self.jail_profile.clone(),
            limits: Some(running.bounds.limits.to_wire()),
            runtime,
        }));
        // At the end of the program, not of its client: that may be slow to hear of it, or gone.
        let ended = |end: &End, pid| {
            if end.is_suspicious() {
                warn!(
                    execution = program.execution_id,
                    tenant = whose.name,
                    // By which the kernel's audit log (`type=1326`) has the system call.
                    pid,
                    reason = end.exceeded.as_ref().map_or("", |exceeded| exceeded.message.as_str()),
                    "a worker crashed; its zygote will be replaced"
                );
                self.pool.retire_zygote();
            }
        };
        let end = running.drive(requests, responses, &self.shutdown, ended).await?;
        let usage = running.usage();
        debug!(execution = program.execution_id, outcome = ?end.outcome, "execution ended");
        Ok(end.into_finished(usage, running.untold()))
    }
}

fn response(message: execute_response::Message) -> v1::ExecuteResponse {
    v1::ExecuteResponse { message: Some(message) }
}

/// A failure as the worker reads it.
fn failure_json(kind: &str, message: &str, builtin: &str) -> String {
    serde_json::json!({ "type": kind, "message": message, "builtin": builtin }).to_string()
}
