//! A connection to one executor, and what can be asked over it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::control::{Control, Shared};
use super::fleet::{Fleet, READINESS_SERVICE};
use super::session::{EVENTS, Session};
use super::{Execution, ExecutionError, ExecutorInfo, RetryPolicy, StartRequest};
use crate::transport::{Address, ChannelPlan, Malformed, TlsOptions};

/// A deadline beyond what the clock can name: about thirty years.
const NEVER: Duration = Duration::from_secs(1_000_000_000);

/// How to speak with an executor.
#[derive(Clone)]
pub struct ConnectionOptions {
    /// Sent with each request, never shown.
    pub api_key: Option<String>,
    /// For the connection alone. Default 5 s.
    pub connect_timeout: Duration,
    /// When a request is sent again.
    pub retry: RetryPolicy,
    /// TLS with other than its defaults, or for an `http://` url. An `https://` url means TLS without it, too.
    pub tls: Option<TlsOptions>,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self { api_key: None, connect_timeout: Duration::from_secs(5), retry: RetryPolicy::default(), tls: None }
    }
}

impl std::fmt::Debug for ConnectionOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ConnectionOptions")
            .field("api_key", &self.api_key.as_ref().map(|_| "…"))
            .field("connect_timeout", &self.connect_timeout)
            .field("retry", &self.retry)
            .field("tls", &self.tls)
            .finish()
    }
}

/// An HTTP/2 connection to one executor, opened at first use and again after a loss. Cloning it is cheap: clones share it.
#[derive(Clone, Debug)]
pub struct Connection {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    url: String,
    fleet: Mutex<Option<Arc<Fleet>>>,
    retry: Arc<RetryPolicy>,
    closed: watch::Sender<bool>,
    runtime: Handle,
}

impl Connection {
    /// Dials nothing yet. The files of TLS are read and checked here.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime: the one that it is called in drives the connection and its executions.
    pub fn new(address: &Address, options: &ConnectionOptions) -> Result<Self, ExecutionError> {
        Self::to_fleet(std::slice::from_ref(address), options)
    }

    /// As [`Self::new`], to several executors that are as good as each other: an execution goes to one that is well and less
    /// busy than another, and, where that is lost, to another.
    ///
    /// # Panics
    ///
    /// As [`Self::new`].
    pub fn to_fleet(addresses: &[Address], options: &ConnectionOptions) -> Result<Self, ExecutionError> {
        let url = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let (api_key, tls) = (options.api_key.as_deref(), options.tls.as_ref());
        let plan = |address: &Address| {
            let plan = ChannelPlan::new(address, api_key, options.connect_timeout, tls);
            plan.map(|plan| (address.clone(), plan)).map_err(|malformed| match malformed {
                Malformed::Url => ExecutionError::Invalid { field: "url", reason: "it is malformed" },
                Malformed::ApiKey => {
                    ExecutionError::Invalid { field: "api_key", reason: "it has characters that a header cannot carry" }
                }
                Malformed::Tls(source) => ExecutionError::Tls { url: address.to_string(), source },
            })
        };
        let plans = addresses.iter().map(plan).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            inner: Arc::new(Inner {
                url,
                fleet: Mutex::new(Some(Fleet::new(plans))),
                retry: Arc::new(options.retry.clone()),
                closed: watch::Sender::new(false),
                runtime: Handle::current(),
            }),
        })
    }

    /// The executor's url, as it was written.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// Begins an execution and returns at once; what goes wrong comes as its last event.
    pub fn start(&self, mut request: StartRequest) -> Execution {
        let (events, receiver) = mpsc::channel(EVENTS);
        let mut task = JoinSet::new();
        let journal = request.journal.take();
        let checked = request.check().map_err(|(field, reason)| ExecutionError::Invalid { field, reason });
        let refused = checked.and_then(|()| match &journal {
            Some(journal) => journal.check_resumable(&request).map_err(|source| ExecutionError::Journal { source }),
            None => Ok(()),
        });
        let request = Arc::new(request);
        let shared = Arc::new(Shared::new(&request, journal.as_ref()));
        match refused.and_then(|()| self.fleet()) {
            Ok(fleet) => {
                let now = Instant::now();
                let session = Session {
                    fleet,
                    url: self.inner.url.clone(),
                    deadline: now.checked_add(request.deadline).unwrap_or(now + NEVER),
                    request,
                    retry: Arc::clone(&self.inner.retry),
                    shared: Arc::clone(&shared),
                    events,
                    closed: self.inner.closed.subscribe(),
                    _connection: self.clone(),
                };
                task.spawn_on(session.run(), &self.inner.runtime);
            }
            Err(error) => {
                shared.end();
                // The channel is new and has room.
                let _ = events.try_send(Err(error));
            }
        }
        Execution::new(receiver, Control::new(shared), task, self.inner.url.clone())
    }

    /// The executor's report on itself. Not retried.
    pub async fn info(&self, timeout: Duration) -> Result<ExecutorInfo, ExecutionError> {
        let fleet = self.fleet()?;
        let asking = async { fleet.pick(None).await?.channel().info().await };
        match tokio::time::timeout(timeout, asking).await {
            Ok(Ok(info)) => Ok(ExecutorInfo::from_wire(info)),
            Ok(Err(status)) => Err(ExecutionError::refused(&self.inner.url, 1, status)),
            Err(_) => Err(ExecutionError::Timeout { url: self.inner.url.clone(), deadline: timeout, tool_calls: 0 }),
        }
    }

    /// Whether the executor, or one of several, says that it serves. An executor that does not answer in time does not.
    pub async fn is_healthy(&self, timeout: Duration) -> bool {
        matches!(self.is_live(timeout).await, Ok(true))
    }

    /// Whether the executor, or one of several, takes new executions: what balancers ask. It is `false` while an executor starts and while it drains.
    /// Not retried.
    pub async fn is_ready(&self, timeout: Duration) -> Result<bool, ExecutionError> {
        self.serves(READINESS_SERVICE, timeout).await
    }

    /// Whether the executor's process serves at all. Not retried.
    pub async fn is_live(&self, timeout: Duration) -> Result<bool, ExecutionError> {
        self.serves("", timeout).await
    }

    async fn serves(&self, service: &'static str, timeout: Duration) -> Result<bool, ExecutionError> {
        let fleet = self.fleet()?;
        match tokio::time::timeout(timeout, fleet.serves(service)).await {
            Ok(Ok(ready)) => Ok(ready),
            Ok(Err(status)) => Err(ExecutionError::refused(&self.inner.url, 1, status)),
            Err(_) => Err(ExecutionError::Timeout { url: self.inner.url.clone(), deadline: timeout, tool_calls: 0 }),
        }
    }

    /// Cancels what runs and closes the connection, for all clones. Idempotent.
    pub fn close(&self) {
        self.inner.closed.send_replace(true);
        self.inner.fleet.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn fleet(&self) -> Result<Arc<Fleet>, ExecutionError> {
        let fleet = self.inner.fleet.lock().unwrap_or_else(PoisonError::into_inner).clone();
        fleet.ok_or_else(|| ExecutionError::Closed { url: self.inner.url.clone() })
    }
}
