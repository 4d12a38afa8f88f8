//! `codemode serve`: an executor until SIGTERM, SIGINT, or, embedded, until its parent closes standard input.

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use codemode_executor::{Anonymous, ApiKey, Executor, ExecutorConfig, Listen, ServeError, Strictness};
use codemode_jail::{Layer, LayerSet, Profile};
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{doctor, exit, python};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line, named there")]
pub(crate) struct ServeArguments {
    /// Where to listen: `address:port` or `unix:/path`
    #[arg(long, env = "CODEMODE_LISTEN", default_value = "127.0.0.1:8001", conflicts_with = "embedded")]
    listen: Listen,
    /// A file with one API key a line; `CODEMODE_API_KEY` may hold one more
    #[arg(long, env = "CODEMODE_API_KEY_FILE", value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    /// Serve clients without a key on an address other than loopback
    #[arg(long)]
    allow_anonymous: bool,
    /// The interpreter that programs run on
    #[arg(long, env = "CODEMODE_PYTHON", value_name = "PATH")]
    python: Option<PathBuf>,
    /// The jail profile that must be reached: container, standard or max [default: standard; embedded: the strongest
    /// that the kernel offers]
    #[arg(long, env = "CODEMODE_JAIL_PROFILE")]
    profile: Option<Profile>,
    /// Start although a layer of the profile is missing; every result says `unsafe`. For development only
    #[arg(long)]
    allow_missing_layers: bool,
    /// Leave a layer out although the kernel offers it (repeatable). For tests of the others
    #[arg(long, value_name = "LAYER", value_parser = parse_layer, hide = true)]
    without_layer: Vec<Layer>,
    /// Warm workers kept ready
    #[arg(long, env = "CODEMODE_IDLE_WORKERS", value_name = "COUNT")]
    idle_workers: Option<u32>,
    /// Executions that run at once
    #[arg(long, env = "CODEMODE_CAPACITY", value_name = "COUNT")]
    capacity: Option<u32>,
    /// Executions that may wait for a worker
    #[arg(long, env = "CODEMODE_QUEUE", value_name = "COUNT")]
    queue: Option<u32>,
    /// Seconds that running executions may go on after SIGTERM
    #[arg(long, env = "CODEMODE_GRACE", value_name = "SECONDS", default_value = "25")]
    grace: u64,
    /// Forks after which a zygote is replaced
    #[arg(long, value_name = "COUNT", hide = true)]
    retire_after_forks: Option<u64>,
    /// Write the log as JSON
    #[arg(long, env = "CODEMODE_LOG_JSON")]
    log_json: bool,
    /// Serve one parent process: settings come as a JSON line on standard input, whose end stops the executor
    #[arg(long, hide = true)]
    embedded: bool,
}

/// The line that the parent of an embedded executor sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmbeddedSettings {
    api_key: String,
    socket: PathBuf,
}

/// What ends the command before it serves.
type Refusal = ExitCode;

pub(crate) fn run(arguments: ServeArguments) -> ExitCode {
    start_log(&arguments);
    if let Err(error) = codemode_jail::harden_executor() {
        return exit::report(&error, None, exit::FAILURE);
    }
    let embedded = arguments.embedded;
    let config = match configure(arguments) {
        Ok(config) => config,
        Err(refusal) => return refusal,
    };
    // One thread: the path of an execution never crosses to another core, and its work is a few microseconds a message.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(&error, None, exit::FAILURE),
    };
    runtime.block_on(serve(config, embedded))
}

async fn serve(config: ExecutorConfig, embedded: bool) -> ExitCode {
    let executor = match codemode_executor::start(config).await {
        Ok(executor) => executor,
        Err(error) => return refuse(&error),
    };
    if embedded {
        if let Err(error) = announce(&executor) {
            return exit::report(&error, None, exit::FAILURE);
        }
    } else {
        tracing::info!(listen = %executor.listen(), profile = executor.jail_profile(), "serving");
    }
    match executor.serve(stopped(embedded)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error, None, exit::FAILURE),
    }
}

fn refuse(error: &ServeError) -> ExitCode {
    match error {
        ServeError::Jail { report, .. } => {
            let code = exit::report(
                &error,
                Some("choose a profile that is reached with --profile, or see `codemode doctor`"),
                exit::CONFIGURATION,
            );
            doctor::print_missing(report);
            code
        }
        ServeError::Config(_) => exit::report(error, None, exit::USAGE),
        _ => exit::report(error, Some("see `codemode doctor`"), exit::FAILURE),
    }
}

fn configure(arguments: ServeArguments) -> Result<ExecutorConfig, Refusal> {
    let python = python::find(arguments.python.as_deref())
        .map_err(|error| exit::report(&error, Some(python::PythonNotFound::HINT), exit::UNAVAILABLE))?;
    let (listen, api_keys) = if arguments.embedded { embedded_settings()? } else { keys(&arguments)? };
    let mut config = ExecutorConfig::new(listen, python);
    config.api_keys = api_keys;
    if arguments.allow_anonymous {
        config.anonymous = Anonymous::Allowed;
    }
    // An application on a laptop takes what its kernel offers; a service must be told to take less.
    config.profile = arguments.profile.or_else(|| (!arguments.embedded).then_some(Profile::Standard));
    if arguments.allow_missing_layers {
        config.strictness = Strictness::AllowMissingLayers;
    }
    config.without_layers = arguments.without_layer.into_iter().collect::<LayerSet>();
    config.pool.idle = arguments.idle_workers.unwrap_or(config.pool.idle);
    config.pool.capacity = arguments.capacity.unwrap_or(config.pool.capacity);
    config.pool.queue = arguments.queue.unwrap_or(config.pool.queue);
    config.grace = Duration::from_secs(arguments.grace);
    config.retire_after_forks = arguments.retire_after_forks.unwrap_or(config.retire_after_forks);
    Ok(config)
}

fn embedded_settings() -> Result<(Listen, Vec<ApiKey>), Refusal> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| exit::report(&error, None, exit::USAGE))?;
    let settings: EmbeddedSettings =
        serde_json::from_str(&line).map_err(|error| exit::report(&error, None, exit::USAGE))?;
    let key = ApiKey::new(&settings.api_key).map_err(|error| exit::report(&error, None, exit::USAGE))?;
    Ok((Listen::Unix(settings.socket), vec![key]))
}

fn keys(arguments: &ServeArguments) -> Result<(Listen, Vec<ApiKey>), Refusal> {
    let mut texts = Vec::new();
    if let Some(path) = &arguments.api_key_file {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let error = std::io::Error::new(error.kind(), format!("failed to read `{}`: {error}", path.display()));
            exit::report(&error, None, exit::USAGE)
        })?;
        texts.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    // Not an option: a key on a command line is seen by every user of the machine.
    if let Ok(text) = std::env::var("CODEMODE_API_KEY") {
        texts.push(text);
    }
    let keys = texts.iter().map(|text| ApiKey::new(text)).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|error| exit::report(&error, Some("make one with: openssl rand -hex 32"), exit::USAGE))?;
    Ok((arguments.listen.clone(), keys))
}

/// Tells the parent where to connect.
fn announce(executor: &Executor) -> std::io::Result<()> {
    let line = serde_json::json!({
        "url": executor.listen().to_string(),
        "jail_profile": executor.jail_profile(),
        "pid": std::process::id(),
    });
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Resolves when the executor should end.
async fn stopped(embedded: bool) {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => drop(terminated.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    if embedded {
        tokio::select! {
            () = parent_gone() => {}
            () = terminated => {}
        }
    } else {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
    }
}

/// Resolves when standard input ends: the parent closed it, or died.
async fn parent_gone() {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // A thread, because a pipe or terminal as standard input cannot be polled in every case; it ends with the process.
    let reader = std::thread::Builder::new().name("parent-watch".to_owned()).spawn(move || {
        let mut sink = std::io::sink();
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut sink);
        let _ = sender.send(());
    });
    if reader.is_ok() {
        let _ = receiver.await;
    }
}

fn parse_layer(name: &str) -> Result<Layer, String> {
    let names = || Layer::ALL.map(Layer::name).join(", ");
    Layer::ALL.into_iter().find(|layer| layer.name() == name).ok_or_else(|| format!("expected one of: {}", names()))
}

fn start_log(arguments: &ServeArguments) {
    let default = if arguments.embedded { "warn" } else { "info" };
    let filter = EnvFilter::try_from_env("CODEMODE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if arguments.log_json { log.json().init() } else { log.compact().init() }
}
