//! `codemode serve`: an executor until SIGTERM, SIGINT, or, embedded, until its parent closes standard input.

use std::io::{BufRead as _, ErrorKind, Write as _};
use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use codemode_executor::{
    Anonymous, ApiKey, ClientAuth, Executor, ExecutorConfig, Limits, Listen, ServeError, ServerTls, Strictness, Tenant,
};
use codemode_jail::{Layer, LayerSet, Profile};
use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::settings::{Environment, Resolved, Scope, SettingArguments};
use crate::{config, doctor, exit, keys, python};

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Serve clients without a key on an address other than loopback
    #[arg(long)]
    allow_anonymous: bool,
    /// Start although a layer of the profile is missing; every result says `unsafe`. For development only
    #[arg(long)]
    allow_missing_layers: bool,
    /// Leave a layer out although the kernel offers it (repeatable). For tests of the others
    #[arg(long, value_name = "LAYER", value_parser = parse_layer, hide = true)]
    without_layer: Vec<Layer>,
    /// Forks after which a zygote is replaced
    #[arg(long, value_name = "COUNT", hide = true)]
    retire_after_forks: Option<u64>,
    /// Serve one parent process: settings come as a JSON line on standard input, whose end stops the executor
    #[arg(long, hide = true, conflicts_with_all = ["listen", "host", "port"])]
    embedded: bool,
    #[command(flatten)]
    settings: SettingArguments,
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
    // Before any key is read.
    if let Err(error) = codemode_jail::harden_executor() {
        return exit::report(&error, None, exit::FAILURE);
    }
    let embedded = arguments.embedded;
    let scope = if embedded { Scope::Embedded } else { Scope::Service };
    let read = match arguments.settings.read(&Environment::of_process(), scope) {
        Ok(read) => read,
        Err(error) => return config::refuse(&error),
    };
    if !read.resolved.faults.is_empty() {
        return config::refuse_settings(&read);
    }
    start_log(&read.resolved, embedded);
    if let Some(path) = &read.file {
        tracing::info!(path = %path.display(), named = read.named, "read settings");
    }
    for warning in &read.resolved.warnings {
        tracing::warn!("{warning}");
    }
    let config = match configure(arguments, &read.resolved) {
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
        tracing::info!(listen = executor.url(), profile = executor.jail_profile(), "serving");
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

fn configure(arguments: ServeArguments, settings: &Resolved) -> Result<ExecutorConfig, Refusal> {
    let python = python::find(settings.text("python").map(Path::new))
        .map_err(|error| exit::report(&error, Some(python::PythonNotFound::HINT), exit::UNAVAILABLE))?;
    let (listen, tenants) =
        if arguments.embedded { embedded_settings()? } else { (listen(settings)?, tenants(settings)?) };
    let mut config = ExecutorConfig::new(listen, python);
    config.tenants = tenants;
    config.tls = tls(settings);
    if arguments.allow_anonymous {
        config.anonymous = Anonymous::Allowed;
    }
    // An application on a laptop takes what its kernel offers; a service must be told to take less.
    let profile = settings.text("profile").filter(|_| settings.is_given("profile") || !arguments.embedded);
    config.profile = profile.map(|profile| profile.parse::<Profile>().expect("the table has the jail's profiles"));
    if arguments.allow_missing_layers {
        config.strictness = Strictness::AllowMissingLayers;
    }
    config.without_layers = arguments.without_layer.into_iter().collect::<LayerSet>();
    let count = |key: &str| settings.integer(key).and_then(|count| u32::try_from(count).ok());
    config.pool.idle = count("idle_workers").unwrap_or(config.pool.idle);
    config.pool.capacity = count("capacity").unwrap_or(config.pool.capacity);
    config.pool.queue = count("queue").unwrap_or(config.pool.queue);
    config.drain_delay = settings.integer("drain_delay").map_or(config.drain_delay, Duration::from_secs);
    config.grace = settings.integer("grace").map_or(config.grace, Duration::from_secs);
    config.retire_after_forks = arguments.retire_after_forks.unwrap_or(config.retire_after_forks);
    limit(settings, arguments.embedded, &mut config);
    Ok(config)
}

/// A limit that is set is what an execution gets, and the most that a client can ask for. One that is not set is what an
/// execution of a service gets; a client may ask for up to the executor's own ceiling.
fn limit(settings: &Resolved, embedded: bool, config: &mut ExecutorConfig) {
    let (defaults, ceilings) = (&mut config.default_limits, &mut config.limit_ceilings);
    let mut set = |key: &str, apply: &dyn Fn(&mut Limits, u64)| {
        let given = settings.is_given(key);
        if let Some(value) = settings.integer(key).filter(|_| given || !embedded) {
            apply(defaults, value);
            if given {
                apply(ceilings, value);
            }
        }
    };
    set("limits.code_timeout", &|limits, seconds| limits.wall_time = Duration::from_secs(seconds));
    set("limits.max_code_length", &|limits, bytes| limits.code = bytes);
    set("limits.memory", &|limits, bytes| limits.memory = bytes);
    set("limits.cpu_time", &|limits, seconds| limits.cpu_time = Duration::from_secs(seconds));
    set("limits.output", &|limits, bytes| limits.output = bytes);
    set("limits.tool_calls", &|limits, count| limits.tool_calls = u32::try_from(count).unwrap_or(u32::MAX));
}

/// The address to listen on, as text: `listen`, else `host` and `port`. Where neither a host nor a key is given, the host
/// is loopback: to serve the network without a key must be asked for.
pub(crate) fn address(settings: &Resolved) -> String {
    if let Some(listen) = settings.text("listen") {
        return listen.to_owned();
    }
    let keyed = settings.is_given("api_key") || settings.is_given("api_key_file");
    let host = settings.text("host").filter(|_| keyed || settings.is_given("host")).unwrap_or("127.0.0.1");
    let port = settings.integer("port").unwrap_or_default();
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn listen(settings: &Resolved) -> Result<Listen, Refusal> {
    let address = address(settings);
    if address.starts_with("unix:") {
        return address.parse().map_err(|error: String| exit::report(&std::io::Error::other(error), None, exit::USAGE));
    }
    // Names are looked up once, at the start.
    let found = address.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.map(Listen::Tcp).ok_or_else(|| {
        let error = std::io::Error::other(format!("found no address to listen on for `{address}`"));
        exit::report(&error, Some("set the host to an IP address of this machine"), exit::USAGE)
    })
}

/// What the executor serves with; `None` is plain text. Whether TLS was asked for is decided by the settings.
fn tls(settings: &Resolved) -> Option<ServerTls> {
    if !settings.is_true("tls.enabled") {
        return None;
    }
    let path = |key: &str| settings.text(key).map(PathBuf::from);
    let named = |key: &str| path(key).expect("TLS without its certificate or key is a fault of the settings");
    let client_ca_file = path("tls.ca_file");
    let client_auth = match (&client_ca_file, settings.is_true("tls.require_client_auth")) {
        (None, _) => ClientAuth::None,
        (Some(_), false) => ClientAuth::Optional,
        (Some(_), true) => ClientAuth::Required,
    };
    Some(ServerTls { cert_file: named("tls.cert_file"), key_file: named("tls.key_file"), client_ca_file, client_auth })
}

fn embedded_settings() -> Result<(Listen, Vec<Tenant>), Refusal> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| exit::report(&error, None, exit::USAGE))?;
    let settings: EmbeddedSettings =
        serde_json::from_str(&line).map_err(|error| exit::report(&error, None, exit::USAGE))?;
    let key = ApiKey::new(&settings.api_key).map_err(|error| exit::report(&error, None, exit::USAGE))?;
    Ok((Listen::Unix(settings.socket), vec![Tenant::new("embedded", vec![key])]))
}

/// Those of the file of keys, and the one of the single key.
fn tenants(settings: &Resolved) -> Result<Vec<Tenant>, Refusal> {
    const HINT: Option<&str> = Some("make a key with: openssl rand -hex 32");
    let mut tenants = Vec::new();
    if let Some(path) = settings.text("api_key_file") {
        let refuse = |kind, what: String, hint| exit::report(&std::io::Error::new(kind, what), hint, exit::USAGE);
        let text = std::fs::read_to_string(path)
            .map_err(|error| refuse(error.kind(), format!("failed to read `{path}`: {error}"), None))?;
        tenants = keys::parse(&text)
            .map_err(|error| refuse(ErrorKind::InvalidData, format!("failed to read `{path}`: {error}"), HINT))?;
        if tenants.is_empty() {
            return Err(refuse(ErrorKind::InvalidData, format!("`{path}` has no key"), HINT));
        }
    }
    // Not a flag: a key on a command line is seen by every user of the machine.
    if let Some(text) = settings.text("api_key") {
        let key = ApiKey::new(text).map_err(|error| exit::report(&error, HINT, exit::USAGE))?;
        // A key that is in both places has the limits of the file.
        if !tenants.iter().any(|tenant| tenant.keys.contains(&key)) {
            tenants.push(Tenant::new("api_key", vec![key]));
        }
    }
    Ok(tenants)
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

fn start_log(settings: &Resolved, embedded: bool) {
    let default = match settings.text("log_level").unwrap_or_default() {
        // An application's standard error is its own.
        _ if embedded && !settings.is_given("log_level") => "warn",
        "DEBUG" => "debug",
        "WARNING" => "warn",
        "ERROR" | "CRITICAL" => "error",
        _ => "info",
    };
    let filter = EnvFilter::try_from_env("CODEMODE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if settings.is_true("log_json") { log.json().init() } else { log.compact().init() }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::settings::{Read, yaml::YamlError};

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        settings: SettingArguments,
    }

    /// The settings of a file, variables and flags, as `codemode serve` reads them.
    fn read<const COUNT: usize>(
        file: &str,
        variables: [(&str, &str); COUNT],
        flags: &[&str],
    ) -> Result<Read, YamlError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("codemode-sidecar.yaml");
        std::fs::write(&path, file).unwrap();
        let arguments = [&["serve", "-c", path.to_str().unwrap()], flags].concat();
        let command = Command::try_parse_from(arguments).unwrap();
        command.settings.read(&Environment::from(variables), Scope::Service)
    }

    /// What is served with, or what is wrong.
    fn served<const COUNT: usize>(
        file: &str,
        variables: [(&str, &str); COUNT],
        flags: &[&str],
    ) -> Result<Option<ServerTls>, String> {
        let resolved = read(file, variables, flags).unwrap().resolved;
        match resolved.faults.first() {
            Some(fault) => Err(fault.to_string().rsplit("tls: ").next().unwrap().to_owned()),
            None => Ok(tls(&resolved)),
        }
    }

    fn with(client_ca_file: Option<&str>, client_auth: ClientAuth) -> ServerTls {
        let client_ca_file = client_ca_file.map(PathBuf::from);
        ServerTls { cert_file: "c".into(), key_file: "k".into(), client_ca_file, client_auth }
    }

    const NO_FILES: &str = "enabled needs cert_file and key_file";
    const NO_AUTHORITY: &str = "require_client_auth needs ca_file";

    #[test]
    fn whoever_names_a_file_of_tls_never_gets_plain_text() {
        for key in ["ca_file", "cert_file", "key_file"] {
            assert_eq!(served(&format!("tls: {{{key}: x}}"), [], &[]), Err(NO_FILES.to_owned()), "{key}");
        }
        assert_eq!(served("tls: {require_client_auth: true}", [], &[]), Err(NO_FILES.to_owned()));
        for flags in [
            &["--tls-cert-file", "c"][..],
            &["--tls-key-file", "k"],
            &["--tls-client-ca-file", "a"],
            &["--tls-require-client-auth"],
            &["--tls"],
        ] {
            assert_eq!(served("{}", [], flags), Err(NO_FILES.to_owned()), "{flags:?}");
        }
        assert_eq!(served("{}", [("CODEMODE_TLS_CERT_FILE", "c")], &[]), Err(NO_FILES.to_owned()));
        let flags = ["--tls-cert-file", "c", "--tls-key-file", "k"];
        assert_eq!(served("tls: {ca_file: a}", [], &flags), Ok(Some(with(Some("a"), ClientAuth::Optional))));
    }

    #[test]
    fn plain_text_is_served_where_nothing_is_named_or_it_is_asked_for() {
        let named = ["--tls-cert-file", "c", "--tls-key-file", "k", "--tls-client-ca-file", "a"];
        assert_eq!(served("{}", [], &[]), Ok(None));
        assert_eq!(served("{}", [], &["--tls-cert-file", "", "--tls-key-file=", "--tls-client-ca-file="]), Ok(None));
        assert_eq!(served("{}", [], &["--tls-require-client-auth=false"]), Ok(None));
        assert_eq!(served("{}", [], &[&["--tls=false"], &named[..]].concat()), Ok(None));
        assert_eq!(served("tls: {enabled: false, ca_file: a}", [], &[]), Ok(None));
        // The client of the same host reads the same variable: alone it says nothing of this executor.
        assert_eq!(served("{}", [("CODEMODE_TLS_CA_FILE", "a")], &[]), Ok(None));
    }

    #[test]
    fn settings_say_which_clients_are_asked_for_a_certificate() {
        let served = |more: &str| served(&format!("tls: {{cert_file: c, key_file: k{more}}}"), [], &[]);
        assert_eq!(served(""), Ok(Some(with(None, ClientAuth::None))));
        assert_eq!(served(", ca_file: a"), Ok(Some(with(Some("a"), ClientAuth::Optional))));
        assert_eq!(served(", ca_file: a, require_client_auth: yes"), Ok(Some(with(Some("a"), ClientAuth::Required))));
        assert_eq!(served(", require_client_auth: yes"), Err(NO_AUTHORITY.to_owned()));
    }
}
