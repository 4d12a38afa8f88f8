//! A connection to one executor, and what can be asked over it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::control::{Control, Shared};
use super::session::{EVENTS, Session};
use super::{Execution, ExecutionError, ExecutorInfo, RetryPolicy, StartRequest};
use crate::transport::{Address, Channel, Malformed, TlsOptions};

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
    channel: Mutex<Option<Channel>>,
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
        let url = address.to_string();
        let (api_key, tls) = (options.api_key.as_deref(), options.tls.as_ref());
        let channel =
            Channel::new(address, api_key, options.connect_timeout, tls).map_err(|malformed| match malformed {
                Malformed::Url => ExecutionError::Invalid { field: "url", reason: "it is malformed" },
                Malformed::ApiKey => {
                    ExecutionError::Invalid { field: "api_key", reason: "it has characters that a header cannot carry" }
                }
                Malformed::Tls(source) => ExecutionError::Tls { url: url.clone(), source },
            })?;
        Ok(Self {
            inner: Arc::new(Inner {
                url,
                channel: Mutex::new(Some(channel)),
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
    pub fn start(&self, request: StartRequest) -> Execution {
        let (events, receiver) = mpsc::channel(EVENTS);
        let shared = Arc::new(Shared::default());
        let mut task = JoinSet::new();
        let refused = request.check().map_err(|(field, reason)| ExecutionError::Invalid { field, reason });
        match refused.and_then(|()| self.channel()) {
            Ok(channel) => {
                let now = Instant::now();
                let session = Session {
                    channel,
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
        let channel = self.channel()?;
        match tokio::time::timeout(timeout, channel.info()).await {
            Ok(Ok(info)) => Ok(ExecutorInfo::from_wire(info)),
            Ok(Err(status)) => Err(ExecutionError::refused(&self.inner.url, 1, status)),
            Err(_) => Err(ExecutionError::Timeout { url: self.inner.url.clone(), deadline: timeout, tool_calls: 0 }),
        }
    }

    /// Whether the executor says that it serves. An executor that does not answer in time does not.
    pub async fn is_healthy(&self, timeout: Duration) -> bool {
        let Ok(channel) = self.channel() else { return false };
        matches!(tokio::time::timeout(timeout, channel.serves()).await, Ok(Ok(true)))
    }

    /// Cancels what runs and closes the connection, for all clones. Idempotent.
    pub fn close(&self) {
        self.inner.closed.send_replace(true);
        self.inner.channel.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn channel(&self) -> Result<Channel, ExecutionError> {
        let channel = self.inner.channel.lock().unwrap_or_else(PoisonError::into_inner).clone();
        channel.ok_or_else(|| ExecutionError::Closed { url: self.inner.url.clone() })
    }
}
