//! The executor's settings, checked once at the start. The rest of the code cannot hold invalid ones.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use codemode_jail::{LayerSet, Profile};

use crate::limits::Limits;
use crate::pool::PoolSize;
use crate::tenants::Tenant;
use crate::tls::{ServerTls, ServerTlsError};

/// Where the executor listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket, made with mode 0600.
    Unix(PathBuf),
}

impl std::str::FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.starts_with('/') {
                return Err(format!("`{text}` must name an absolute path: `unix:/run/codemode.sock`"));
            }
            return Ok(Self::Unix(path.into()));
        }
        text.parse().map(Self::Tcp).map_err(|_| format!("`{text}` is neither `address:port` nor `unix:/path`"))
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(formatter, "http://{address}"),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

/// What a missing layer of the profile does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// The executor does not start.
    Strict,
    /// It starts with what the kernel offers, and every result says so. For development only.
    AllowMissingLayers,
}

/// Whether an executor may listen to the network without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// A TCP address other than loopback needs a key.
    Refused,
    /// Whoever reaches the port may run programs. The operator said so.
    Allowed,
}

/// Everything an executor is started with.
#[derive(Clone, Debug)]
pub struct ExecutorConfig {
    /// Where to listen.
    pub listen: Listen,
    /// Whose keys clients may present; none means no authentication.
    pub tenants: Vec<Tenant>,
    /// What holds without a key on the network.
    pub anonymous: Anonymous,
    /// TLS on the TCP address; `None` is plain text.
    pub tls: Option<ServerTls>,
    /// The interpreter that programs run on.
    pub python: PathBuf,
    /// The jail profile that must be reached; `None` takes the strongest that the kernel offers, `container` at least.
    pub profile: Option<Profile>,
    /// What a missing layer does.
    pub strictness: Strictness,
    /// Layers to leave out although the kernel offers them. For tests of the others.
    pub without_layers: LayerSet,
    /// Workers and queue.
    pub pool: PoolSize,
    /// Limits where a client asks for nothing.
    pub default_limits: Limits,
    /// The most that a client can get.
    pub limit_ceilings: Limits,
    /// How long new executions are still taken after SIGTERM, while readiness is off already: as long as a balancer may need to
    /// notice that. Default 0.
    pub drain_delay: Duration,
    /// How long running executions may go on after SIGTERM and that delay. Default 25 s: below Kubernetes' 30 s.
    pub grace: Duration,
    /// Forks after which a zygote is replaced. Default 10,000.
    pub retire_after_forks: u64,
    /// Age at which a zygote is replaced. Default 1 h.
    pub retire_after: Duration,
}

impl ExecutorConfig {
    /// The defaults, on `listen` with `python`.
    pub fn new(listen: Listen, python: PathBuf) -> Self {
        let processors =
            std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1));
        Self {
            listen,
            tenants: Vec::new(),
            anonymous: Anonymous::Refused,
            tls: None,
            python,
            profile: None,
            strictness: Strictness::Strict,
            without_layers: LayerSet::empty(),
            pool: PoolSize {
                // A burst of so many finds a warm worker each; one costs about 2 MB of its own.
                idle: (6 * processors).max(8),
                // A program mostly waits for its tools, so far more fit than there are processors.
                capacity: 32 * processors,
                queue: 128 * processors,
                queue_time: Duration::from_secs(10),
            },
            default_limits: Limits::defaults(),
            limit_ceilings: Limits::ceilings(),
            drain_delay: Duration::ZERO,
            grace: Duration::from_secs(25),
            retire_after_forks: 10_000,
            retire_after: Duration::from_secs(3_600),
        }
    }

    /// Refuses settings under which anybody on the network could run programs unasked.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if let Listen::Tcp(address) = &self.listen
            && self.tenants.is_empty()
            && self.anonymous == Anonymous::Refused
            && !address.ip().is_loopback()
        {
            return Err(ConfigError::NoKey { address: *address });
        }
        if self.pool.capacity == 0 {
            return Err(ConfigError::NoCapacity);
        }
        if self.tls.is_some() && matches!(self.listen, Listen::Unix(_)) {
            return Err(ConfigError::Tls(ServerTlsError::UnixSocket));
        }
        Ok(())
    }
}

/// Settings that the executor does not start with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Anybody who reaches the address could run programs.
    #[error(
        "refusing to listen on `{address}` without an API key: set CODEMODE_API_KEY or --api-key-file, or listen on loopback, or pass --allow-anonymous"
    )]
    NoKey {
        /// The address.
        address: SocketAddr,
    },
    /// No execution could ever run.
    #[error("the capacity must be at least 1: set --capacity")]
    NoCapacity,
    /// Clients could not connect.
    #[error(transparent)]
    Tls(#[from] ServerTlsError),
}
