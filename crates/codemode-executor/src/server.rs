//! Starts the parts in order, listens, and ends them in order.
//!
//! ```text
//!  check settings ──► probe the jail ─┐
//!                     start the zygote ┴─► listen ──► serving ──SIGTERM──► leaving ──delay──► draining ──grace──► expired ──► end
//! ```
//!
//! Readiness (`grpc.health.v1` of service `codemode.v1.Executor`) is on while a zygote serves and nobody asked the executor to
//! end. Liveness (the empty service name) is on while the process runs.

use std::sync::Arc;
use std::time::Duration;

use codemode_jail::{Ceilings, CgroupParent, JailReport, Layer, LayerReport, LayerSet, Profile, ZygoteConfig};
use codemode_proto::{FILE_DESCRIPTOR_SET, v1};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tracing::info;

use crate::auth::Authenticator;
use crate::config::{ConfigError, ExecutorConfig, Listen, Strictness};
use crate::connections::{Incoming, Plain, Seats};
use crate::execution::{Executions, MAX_JOURNAL, worker_memory};
use crate::pool::{Generation, Groups, Pool, PoolConfig, StartError, supervise};
use crate::service::{ExecutorService, Gate, MAX_SMALL_REQUEST, jail_report};
use crate::shutdown::Shutdown;
use crate::tenants::Tenants;
use crate::tls::Certificates;
use crate::worker_files;

/// The largest gRPC message: the value ceiling and room for what is around it.
const MAX_MESSAGE: usize = 48 * 1024 * 1024;

/// How often a silent connection is asked whether its client still lives.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// What a client may send of one execution that its worker has not read: a tool result and more.
const STREAM_WINDOW: u32 = 256 * 1024;

/// What a client may send over one connection that no worker has read. With the windows of 256 executions within it, one
/// whose program does not read its answers cannot hold up the others of its connection.
const CONNECTION_WINDOW: u32 = 256 * STREAM_WINDOW;

/// Requests that one connection may have open: some more than its key may, so that those are refused, and do not wait in the
/// client. Each costs memory before its key is known.
const MIN_STREAMS: u32 = 1_024;

/// However large the executor is.
const MAX_STREAMS: u32 = 4_096;

/// How long the executions that a shutdown ends may take to say so.
const EXPIRY_TIME: Duration = Duration::from_secs(5);

/// How long clients may take to read the last answers and close their connections.
const LINGER_TIME: Duration = Duration::from_millis(500);

/// The health service's name for readiness.
const READINESS_SERVICE: &str = "codemode.v1.Executor";

/// How often readiness follows the pool.
const READINESS_INTERVAL: Duration = Duration::from_millis(100);

/// Why an executor does not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Nothing was started.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The kernel does not offer a layer of the profile. Nothing was started.
    #[error("the jail profile `{}` is not reached: {missing} missing", report.required)]
    Jail {
        /// The layers that are missing.
        missing: String,
        /// Each layer with its evidence and remedy.
        report: Box<JailReport>,
    },
    /// No program was run.
    #[error("{0}")]
    Zygote(String),
    /// The layer was proven and failed afterwards.
    #[error("failed to make a control group for the workers")]
    Cgroup(#[source] std::io::Error),
    /// The probe of the jail did not end.
    #[error("failed to prove the jail's layers")]
    Probe(#[source] tokio::task::JoinError),
    /// Nobody was served.
    #[error("failed to listen on `{listen}`")]
    Listen {
        /// Where.
        listen: Listen,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What ran was ended.
    #[error("failed to serve")]
    Transport(#[source] tonic::transport::Error),
}

impl From<StartError> for ServeError {
    fn from(error: StartError) -> Self {
        Self::Zygote(error.to_string())
    }
}

/// An executor that listens.
#[derive(Debug)]
pub struct Executor {
    listener: Listener,
    listen: Listen,
    gate: Gate,
    service: ExecutorService,
    pool: Arc<Pool>,
    pool_config: Arc<PoolConfig>,
    first: Generation,
    shutdown: Shutdown,
    drain_delay: Duration,
    grace: Duration,
    tls: Option<Certificates>,
}

/// A listener that is about to be served, without its file.
enum Accepting {
    Tcp(TcpListener),
    Unix(UnixListener),
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

/// Removes the socket when the executor ends.
#[derive(Debug)]
struct SocketFile(std::path::PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Proves the jail, starts the zygote and listens. Clients that connect now are served once [`Executor::serve`] runs.
pub async fn start(config: ExecutorConfig) -> Result<Executor, ServeError> {
    config.check()?;
    let tls = config.tls.clone().map(Certificates::load).transpose().map_err(ConfigError::Tls)?;
    let required = config.profile.unwrap_or(Profile::Container);
    let wanted = LayerSet::all().difference(config.without_layers);
    if wanted.contains(Layer::Cgroup) {
        codemode_jail::settle_in_leaf();
    }
    // The zygote takes a quarter of a second to import its modules, so it starts, with every layer, beside the proof. Where the
    // proof finds a layer missing, that zygote is dropped before it has forked anything.
    let probe = tokio::task::spawn_blocking(move || codemode_jail::probe(required));
    let optimistic = Generation::start(&zygote_config(&config, wanted), 1).await;
    let mut report = probe.await.map_err(ServeError::Probe)?;
    report.leave_out(config.without_layers);
    let layers = report.on();
    let missing = required.required().difference(layers);
    let state = |layer: &LayerReport| format!("{}={}", layer.layer, layer.state.name());
    let states = report.layers.iter().map(state).collect::<Vec<_>>().join(" ");
    info!(required = %required, layers = states, "the jail");
    if !missing.is_empty() && config.strictness == Strictness::Strict {
        let missing = missing.iter().map(|layer| layer.to_string()).collect::<Vec<_>>().join(", ");
        return Err(ServeError::Jail { missing, report: Box::new(report) });
    }
    let zygote = zygote_config(&config, layers);
    let first = if layers == wanted { optimistic? } else { Generation::start(&zygote, 1).await? };
    let jail_profile = match report.reached {
        Some(profile) if missing.is_empty() => profile.to_string(),
        _ => "unsafe".to_owned(),
    };
    let cgroup = if layers.contains(Layer::Cgroup) {
        let parent = CgroupParent::create().map_err(ServeError::Cgroup)?;
        Some(Arc::new(Groups::new(parent, u64::from(config.limit_ceilings.tasks), config.default_limits.memory)))
    } else {
        None
    };
    let listener = listen(&config.listen).await?;
    let pool = Pool::new(config.pool, &config.tenants);
    pool.set_python_version(first.python_version());
    let shutdown = Shutdown::new();
    info!(python = first.python_version(), profile = jail_profile, "the jail is proven and the zygote serves");
    let tenants = Arc::new(Tenants::new(&config.tenants, &config.default_limits, &config.limit_ceilings));
    let pool_config =
        PoolConfig { zygote, cgroup, retire_after_forks: config.retire_after_forks, retire_after: config.retire_after };
    Ok(Executor {
        gate: Gate::new(Authenticator::new(&config.tenants), &tenants, config.pool),
        service: ExecutorService::new(
            Executions {
                pool: Arc::clone(&pool),
                tenants,
                jail_profile,
                shutdown: shutdown.clone(),
                tasks: TaskTracker::new(),
            },
            jail_report(&report),
        ),
        pool_config: Arc::new(pool_config),
        listen: listener.address(config.listen),
        listener,
        pool,
        first,
        shutdown,
        drain_delay: config.drain_delay,
        grace: config.grace,
        tls,
    })
}

fn zygote_config(config: &ExecutorConfig, layers: LayerSet) -> ZygoteConfig {
    let ceilings = &config.limit_ceilings;
    ZygoteConfig {
        python: config.python.clone(),
        bootstrap: worker_files::BOOTSTRAP.to_owned(),
        files: worker_files::FILES.to_vec(),
        layers,
        ceilings: Ceilings {
            // A replay has its journal beside the program.
            memory: ceilings.memory.saturating_add(worker_memory(ceilings.tool_calls, MAX_JOURNAL)),
            cpu_seconds: ceilings.cpu_seconds(),
            open_files: u64::from(ceilings.open_files),
            tasks: u64::from(ceilings.tasks),
            scratch: ceilings.scratch,
            scratch_files: u64::from(ceilings.scratch_files),
        },
    }
}

async fn listen(listen: &Listen) -> Result<Listener, ServeError> {
    let failed = |source| ServeError::Listen { listen: listen.clone(), source };
    match listen {
        Listen::Tcp(address) => TcpListener::bind(address).await.map(Listener::Tcp).map_err(failed),
        // The process' umask, set before anything else, makes the socket's mode 0600.
        Listen::Unix(path) => {
            let listener = UnixListener::bind(path).map_err(failed)?;
            Ok(Listener::Unix(listener, SocketFile(path.clone())))
        }
    }
}

impl Listener {
    /// The address with the port that the kernel chose.
    fn address(&self, asked: Listen) -> Listen {
        match self {
            Self::Tcp(listener) => listener.local_addr().map_or(asked, Listen::Tcp),
            Self::Unix(..) => asked,
        }
    }
}

impl Executor {
    /// Where it listens, with the port that the kernel chose.
    pub fn listen(&self) -> &Listen {
        &self.listen
    }

    /// What a client is given to connect.
    pub fn url(&self) -> String {
        match (&self.listen, &self.tls) {
            (Listen::Tcp(address), Some(_)) => format!("https://{address}"),
            (listen, _) => listen.to_string(),
        }
    }

    /// The jail profile that every result names.
    pub fn jail_profile(&self) -> &str {
        &self.service.executions().jail_profile
    }

    /// Serves until `stop` resolves; then, once the drain delay is over, takes no new execution, lets the running ones finish
    /// within the grace period, and ends the rest.
    ///
    /// # Panics
    ///
    /// Never: the descriptor sets that reflection reads are compiled in.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let tasks = self.service.executions().tasks.clone();
        let (health, health_service) = tonic_health::server::health_reporter();
        let mut background = JoinSet::new();
        background.spawn(supervise(Arc::clone(&self.pool), Arc::clone(&self.pool_config), self.first));
        background.spawn(report_readiness(health, Arc::clone(&self.pool), self.shutdown.clone()));

        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .expect("the descriptor sets are compiled in and whole")
            .max_decoding_message_size(MAX_SMALL_REQUEST);
        let service = v1::executor_server::ExecutorServer::new(self.service)
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        let router = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(KEEPALIVE))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_concurrent_streams(self.gate.requests().saturating_mul(2).clamp(MIN_STREAMS, MAX_STREAMS))
            .layer(self.gate)
            .add_service(health_service)
            .add_service(reflection)
            .add_service(service);

        let shutdown = self.shutdown;
        let (drain_delay, grace) = (self.drain_delay, self.grace);
        let running = tasks.clone();
        let (ended, has_ended) = oneshot::channel::<()>();
        let stopped = async move {
            // Dropped at the end of this future, which tells that only connections are left.
            let _ended = ended;
            stop.await;
            shutdown.leave();
            if !drain_delay.is_zero() {
                info!(seconds = drain_delay.as_secs(), "leaving: not ready any more, and still serving");
                tokio::time::sleep(drain_delay).await;
            }
            info!(running = running.len(), "draining: no new executions");
            shutdown.drain();
            running.close();
            if tokio::time::timeout(grace, running.wait()).await.is_err() {
                info!(running = running.len(), "the grace period is over: ending what still runs");
                shutdown.expire();
                // Each ends its worker and tells its client; none of that waits for a peer.
                let _ = tokio::time::timeout(EXPIRY_TIME, running.wait()).await;
            }
        };
        let (listener, _socket_file) = match self.listener {
            Listener::Tcp(listener) => (Accepting::Tcp(listener), None),
            Listener::Unix(listener, file) => (Accepting::Unix(listener), Some(file)),
        };
        let serving = async move {
            let seats = Seats::of_this_process();
            match (listener, self.tls) {
                (Accepting::Tcp(listener), Some(certificates)) => {
                    router.serve_with_incoming_shutdown(Incoming::new(listener, certificates, seats), stopped).await
                }
                (Accepting::Tcp(listener), None) => {
                    router.serve_with_incoming_shutdown(Incoming::new(listener, Plain, seats), stopped).await
                }
                // Settings of TLS for it were refused.
                (Accepting::Unix(listener), _) => {
                    router.serve_with_incoming_shutdown(Incoming::new(listener, Plain, seats), stopped).await
                }
            }
        };
        let lingered = async {
            // The sender is never used: the channel closes when `stopped` has ended.
            let _ = has_ended.await;
            tokio::time::sleep(LINGER_TIME).await;
        };
        let served = tokio::select! {
            served = serving => served,
            // A client that keeps an idle connection open does not keep the executor.
            () = lingered => Ok(()),
        };
        background.shutdown().await;
        // The zygote is gone, and every worker with it: now their control groups can be removed.
        self.pool.clear();
        drop(self.pool_config);
        served.map_err(ServeError::Transport)
    }
}

async fn report_readiness(health: HealthReporter, pool: Arc<Pool>, shutdown: Shutdown) {
    let mut reported = None;
    loop {
        let ready = pool.is_serving() && !shutdown.is_leaving();
        if reported != Some(ready) {
            let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
            health.set_service_status(READINESS_SERVICE, status).await;
            reported = Some(ready);
        }
        tokio::time::sleep(READINESS_INTERVAL).await;
    }
}
