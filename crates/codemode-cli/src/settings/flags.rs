//! The flags that set settings. What their values may be is the table's affair, so every fault is reported at once.

use std::path::PathBuf;

use clap::Args;

use super::layers::{Resolved, Scope, resolve};
use super::{Environment, choose_file, yaml};
use crate::tls::TlsArguments;

/// Flags of `codemode serve` and `codemode config sidecar`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SettingArguments {
    /// The file of settings [env: `CODEMODE_SIDECAR_CONFIG`] [default: ./codemode-sidecar.yaml where there is one]
    #[arg(short = 'c', long, visible_alias = "file", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen: `address:port` or `unix:/path` [env: `CODEMODE_LISTEN`]
    #[arg(long, value_name = "LISTEN", conflicts_with_all = ["host", "port"], value_parser = address)]
    listen: Option<String>,
    /// The address to listen on [env: `CODEMODE_SIDECAR_HOST`] [default: all where there is a key, else loopback]
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The TCP port [env: `CODEMODE_SIDECAR_PORT`] [default: 8001]
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// A file with one API key a line [env: `CODEMODE_API_KEY_FILE`]; `CODEMODE_API_KEY` may hold one more
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<String>,
    /// The interpreter that programs run on [env: `CODEMODE_PYTHON`]
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// The jail profile that must be reached: container, standard or max [env: `CODEMODE_JAIL_PROFILE`] [default: standard;
    /// embedded: the strongest that the kernel offers]
    #[arg(long)]
    profile: Option<String>,
    /// Warm workers kept ready [env: `CODEMODE_IDLE_WORKERS`]
    #[arg(long, value_name = "COUNT")]
    idle_workers: Option<String>,
    /// Executions that run at once [env: `CODEMODE_CAPACITY`]
    #[arg(long, value_name = "COUNT")]
    capacity: Option<String>,
    /// Executions that may wait for a worker [env: `CODEMODE_QUEUE`]
    #[arg(long, value_name = "COUNT")]
    queue: Option<String>,
    /// Seconds that new executions are still taken after SIGTERM, while readiness is off [env: `CODEMODE_DRAIN_DELAY`]
    /// [default: 0]
    #[arg(long, value_name = "SECONDS")]
    drain_delay: Option<String>,
    /// Seconds that running executions may go on after SIGTERM and the drain delay [env: `CODEMODE_GRACE`] [default: 25]
    #[arg(long, value_name = "SECONDS")]
    grace: Option<String>,
    /// Write the log as JSON [env: `CODEMODE_LOG_JSON`]
    #[arg(long)]
    log_json: bool,
    /// The level of the log: debug, info, warning, error or critical [env: `CODEMODE_LOG_LEVEL`] [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Seconds that a program may run at most [env: `CODEMODE_CODE_TIMEOUT`]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    code_timeout: Option<String>,
    /// Bytes of a program at most [env: `CODEMODE_MAX_CODE_LENGTH`]
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    max_code_length: Option<String>,
    /// Memory of a program at most, such as 512MiB [env: `CODEMODE_LIMIT_MEMORY`]
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    memory: Option<String>,
    /// Seconds of processor time at most [env: `CODEMODE_LIMIT_CPU_TIME`]
    #[arg(long, value_name = "SECONDS", help_heading = "Limits")]
    cpu_time: Option<String>,
    /// Output that is kept at most, such as 1MiB [env: `CODEMODE_LIMIT_OUTPUT`]
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    output: Option<String>,
    /// Tool calls of a program at most [env: `CODEMODE_LIMIT_TOOL_CALLS`]
    #[arg(long, value_name = "COUNT", help_heading = "Limits")]
    tool_calls: Option<String>,
    #[command(flatten)]
    tls: TlsArguments,
}

/// The settings in force, and the file that was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) resolved: Resolved,
    pub(crate) file: Option<PathBuf>,
    /// Whether the file was named, or found where it usually is.
    pub(crate) named: bool,
}

impl SettingArguments {
    /// No flag but the file.
    pub(crate) fn of_file(file: Option<PathBuf>) -> Self {
        Self { config: file, ..Self::default() }
    }

    /// Reads the file and the environment, and puts the flags on top.
    pub(crate) fn read(&self, environment: &Environment, scope: Scope) -> Result<Read, yaml::YamlError> {
        let file = match scope {
            Scope::Service => choose_file(self.config.as_deref(), environment),
            Scope::Embedded => self.config.clone(),
        };
        let entries = file.as_deref().map(yaml::read).transpose()?;
        let layer = file.as_deref().zip(entries);
        let named = self.config.is_some() || environment.given(super::FILE_VARIABLE).is_some();
        Ok(Read { resolved: resolve(layer, environment, self.given(), scope), file, named })
    }

    fn given(&self) -> Vec<(&'static str, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let texts = [
            ("listen", self.listen.clone()),
            ("host", self.host.clone()),
            ("port", self.port.clone()),
            ("api_key_file", self.api_key_file.clone()),
            ("python", self.python.clone()),
            ("profile", self.profile.clone()),
            ("idle_workers", self.idle_workers.clone()),
            ("capacity", self.capacity.clone()),
            ("queue", self.queue.clone()),
            ("drain_delay", self.drain_delay.clone()),
            ("grace", self.grace.clone()),
            ("log_json", self.log_json.then(|| "true".to_owned())),
            ("log_level", self.log_level.clone()),
            ("limits.code_timeout", self.code_timeout.clone()),
            ("limits.max_code_length", self.max_code_length.clone()),
            ("limits.memory", self.memory.clone()),
            ("limits.cpu_time", self.cpu_time.clone()),
            ("limits.output", self.output.clone()),
            ("limits.tool_calls", self.tool_calls.clone()),
            ("tls.enabled", self.tls.tls.map(|enabled| enabled.to_string())),
            ("tls.cert_file", path(&self.tls.tls_cert_file)),
            ("tls.key_file", path(&self.tls.tls_key_file)),
            ("tls.ca_file", path(&self.tls.tls_client_ca_file)),
            ("tls.require_client_auth", self.tls.tls_require_client_auth.map(|required| required.to_string())),
        ];
        texts.into_iter().filter_map(|(key, text)| Some((key, text?))).collect()
    }
}

/// Refused at once, for a service on another address than asked for helps nobody.
fn address(text: &str) -> Result<String, String> {
    text.parse::<codemode_executor::Listen>().map(|_| text.to_owned())
}
