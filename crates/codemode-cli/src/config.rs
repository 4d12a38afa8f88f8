//! `codemode config` and `codemode validate`: the settings in force and where each came from.
//!
//! An executor's settings are this program's own, so it shows what `codemode serve` would use. Those of an application
//! are the Python package's (`codemode/cli/config_command.py`), which is handed the arguments.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use codemode_executor::{ExecutorConfig, Listen};

use crate::settings::table::SETTINGS;
use crate::settings::value::Value;
use crate::settings::yaml::{self, Node, YamlError};
use crate::settings::{Effective, Environment, Origin, Read, Resolved, Scope, SettingArguments};
use crate::{exit, python, serve};

const MODULE: &str = "codemode.cli.config_command";
/// What is shown in place of a secret.
const MASK: &str = "********";
/// What is shown in place of a value that is refused: it may be a secret in the wrong place.
const WRONG: &str = "(invalid)";
/// The usual names of the files, and their kinds.
const FILES: [(&str, Kind); 3] =
    [("codemode-client.yaml", Kind::Client), ("codemode-sidecar.yaml", Kind::Sidecar), ("codemode.yaml", Kind::Legacy)];

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    kind: Option<KindCommand>,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
enum KindCommand {
    /// An application's settings: codemode-client.yaml and `CODEMODE_EXECUTOR_*` (the default)
    Client(OutputArguments),
    /// An executor's settings: codemode-sidecar.yaml, `CODEMODE_*` and the flags of `codemode serve`
    Sidecar(Box<SidecarArguments>),
    /// The settings of an older application: codemode.yaml
    Legacy(OutputArguments),
}

#[derive(Debug, Args)]
struct OutputArguments {
    /// The file [default: the usual one in this folder, where there is one]
    #[arg(short = 'c', long, visible_alias = "config", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct SidecarArguments {
    #[command(flatten)]
    settings: SettingArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArguments {
    /// The file, of any of the three kinds [default: codemode.yaml, codemode-client.yaml or codemode-sidecar.yaml, the first
    /// that is in this folder]
    #[arg(short = 'c', long, visible_alias = "file", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Whose settings a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Client,
    Sidecar,
    Legacy,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Sidecar => "sidecar",
            Self::Legacy => "legacy",
        }
    }

    fn has(self, key: &str) -> bool {
        match self {
            Self::Client => [
                "executor_url",
                "executor_api_key",
                "executor_timeout",
                "max_code_length",
                "retry",
                "tls",
                "observability",
            ]
            .contains(&key),
            Self::Sidecar => SETTINGS.iter().any(|setting| setting.key.split('.').next() == Some(key)),
            Self::Legacy => ["project", "framework", "executor", "grpc", "config", "logging"].contains(&key),
        }
    }

    /// The kind that has the most of these keys; where several have, the one with the file's name.
    fn of(entries: &[(String, Node)], path: &Path) -> Self {
        let count = |kind: Self| entries.iter().filter(|(key, _)| kind.has(key)).count();
        let most = FILES.iter().map(|(_, kind)| count(*kind)).max().unwrap_or(0);
        let mut kinds = FILES.iter().filter(|(_, kind)| count(*kind) == most);
        let named = kinds.clone().find(|(name, _)| path.file_name().is_some_and(|file| file == *name));
        named.or_else(|| kinds.next()).map_or(Self::Client, |(_, kind)| *kind)
    }
}

pub(crate) fn run(arguments: ConfigArguments) -> ExitCode {
    match arguments.kind {
        Some(KindCommand::Sidecar(sidecar)) => show(&sidecar.settings, sidecar.json),
        Some(KindCommand::Client(output)) => hand_over(Kind::Client, output),
        Some(KindCommand::Legacy(output)) => hand_over(Kind::Legacy, output),
        None => match arguments.output.file.as_deref().map(kind_of).transpose() {
            Ok(Some(Kind::Sidecar)) => show(&SettingArguments::of_file(arguments.output.file), arguments.output.json),
            Ok(kind) => hand_over(kind.unwrap_or(Kind::Client), arguments.output),
            Err(refusal) => refusal,
        },
    }
}

pub(crate) fn validate(arguments: ValidateArguments) -> ExitCode {
    let usual = || FILES.iter().rev().map(|(name, _)| PathBuf::from(name)).find(|path| path.exists());
    let path = arguments.config.or_else(usual).unwrap_or_else(|| "codemode.yaml".into());
    match kind_of(&path) {
        Ok(Kind::Sidecar) => {
            let read = SettingArguments::of_file(Some(path.clone())).read(&Environment::of_process(), Scope::Service);
            match read {
                Ok(read) => {
                    print_messages(&read.resolved);
                    if !read.resolved.faults.is_empty() {
                        return ExitCode::from(exit::USAGE);
                    }
                    print_line(&format!("valid: {} (sidecar)", path.display()))
                }
                Err(error) => refuse(&error),
            }
        }
        Ok(kind) => python::hand_over(
            MODULE,
            [kind.name().into(), OsString::from("--validate"), "--file".into(), path.into_os_string()],
        ),
        Err(refusal) => refusal,
    }
}

fn kind_of(path: &Path) -> Result<Kind, ExitCode> {
    yaml::read(path).map(|entries| Kind::of(&entries, path)).map_err(|error| refuse(&error))
}

/// Shows why a file cannot be used.
pub(crate) fn refuse(error: &YamlError) -> ExitCode {
    let status = match error {
        YamlError::NotFound { .. } => exit::UNAVAILABLE,
        YamlError::Unusable { .. } => exit::USAGE,
    };
    exit::report(error, None, status)
}

fn hand_over(kind: Kind, output: OutputArguments) -> ExitCode {
    let mut arguments: Vec<OsString> = vec![kind.name().into()];
    if let Some(path) = output.file {
        arguments.extend(["--file".into(), path.into_os_string()]);
    }
    if output.json {
        arguments.push("--json".into());
    }
    python::hand_over(MODULE, arguments)
}

// === an executor's settings ===

fn show(arguments: &SettingArguments, as_json: bool) -> ExitCode {
    let mut read = match arguments.read(&Environment::of_process(), Scope::Service) {
        Ok(read) => read,
        Err(error) => return refuse(&error),
    };
    fill_in(&mut read.resolved);
    let status = if read.resolved.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(exit::USAGE) };
    let printed = if as_json {
        print_line(&format!("{:#}", document(&read.resolved, read.file.as_deref())))
    } else {
        print_line(&table(&read.resolved))
    };
    if printed != ExitCode::SUCCESS {
        return printed;
    }
    if !as_json {
        print_messages(&read.resolved);
    }
    status
}

/// Shows what the executor would choose where nothing is set.
fn fill_in(resolved: &mut Resolved) {
    let usual = ExecutorConfig::new(Listen::Unix(PathBuf::new()), PathBuf::new());
    let address = serve::address(resolved);
    let interpreter = python::find(resolved.text("python").map(Path::new));
    for Effective { setting, value, .. } in &mut resolved.settings {
        if *value == Value::Nothing {
            *value = match setting.key {
                "idle_workers" => Value::Integer(usual.pool.idle.into()),
                "capacity" => Value::Integer(usual.pool.capacity.into()),
                "queue" => Value::Integer(usual.pool.queue.into()),
                "listen" => Value::Text(address.clone()),
                "python" => interpreter.as_ref().map_or(Value::Nothing, |path| Value::Text(path.display().to_string())),
                _ => Value::Nothing,
            };
        }
    }
}

fn document(resolved: &Resolved, file: Option<&Path>) -> serde_json::Value {
    let setting = |effective: &Effective| {
        let (kind, name) = match &effective.origin {
            Origin::Default => ("default", None),
            Origin::File(path) => ("file", Some(path.as_str())),
            Origin::Environment(name) => ("environment", Some(*name)),
            Origin::Flag(name) => ("flag", Some(*name)),
        };
        let value = match &effective.value {
            _ if effective.invalid => Value::Text(WRONG.to_owned()),
            Value::Nothing => Value::Nothing,
            _ if effective.setting.secret => Value::Text(MASK.to_owned()),
            value => without_users(value),
        };
        serde_json::json!({
            "value": value,
            "origin": {"kind": kind, "name": name},
            "variable": effective.setting.variable,
            "flag": effective.setting.flag,
            "gone": effective.setting.gone,
        })
    };
    let settings: serde_json::Map<String, serde_json::Value> =
        resolved.settings.iter().map(|effective| (effective.setting.key.to_owned(), setting(effective))).collect();
    serde_json::json!({
        "kind": "sidecar",
        "file": file.map(|path| path.display().to_string()),
        "settings": settings,
        "errors": resolved.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "warnings": resolved.warnings,
    })
}

/// One line for each setting. Those that are gone are shown where they are set.
fn table(resolved: &Resolved) -> String {
    let shown = |effective: &&Effective| effective.setting.gone.is_none() || effective.origin != Origin::Default;
    let rows: Vec<[String; 3]> = resolved.settings.iter().filter(shown).map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (keys, values) = (width(0), width(1));
    let lines = rows.iter().map(|[key, value, origin]| format!("{key:keys$}  {value:values$}  {origin}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn row(effective: &Effective) -> [String; 3] {
    let value = match &without_users(&effective.value) {
        _ if effective.invalid => WRONG.to_owned(),
        Value::Nothing => "-".to_owned(),
        _ if effective.setting.secret => MASK.to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) if text.chars().all(|letter| letter.is_ascii_graphic()) && text != "-" => text.clone(),
        // Quoted, so that nothing in it reaches the terminal as more than text.
        other => serde_json::json!(other).to_string(),
    };
    let effect = if effective.setting.gone.is_some() { " (no effect)" } else { "" };
    [effective.setting.key.to_owned(), value, format!("{}{effect}", effective.origin)]
}

/// The value; of its urls, without user and password.
fn without_users(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(without_user(text)),
        Value::List(items) => Value::List(items.iter().map(|item| without_user(item)).collect()),
        Value::Nothing | Value::Bool(_) | Value::Integer(_) => value.clone(),
    }
}

fn without_user(text: &str) -> String {
    let shown = text.rsplit_once('@').and_then(|(before, host)| {
        let scheme = before.find("://").map(|end| &before[..end + 3]);
        // Without a scheme it is `user:password@host`, and not a path.
        let bare = before.split_once(':').filter(|(user, _)| !user.contains('/')).map(|_| "");
        scheme.or(bare).map(|scheme| format!("{scheme}{MASK}@{host}"))
    });
    shown.unwrap_or_else(|| text.to_owned())
}

#[expect(clippy::print_stderr, reason = "for people, beside the table")]
fn print_messages(resolved: &Resolved) {
    for warning in &resolved.warnings {
        eprintln!("warning: {warning}");
    }
    print_faults(resolved);
}

#[expect(clippy::print_stderr, reason = "for people, as `exit::report` does")]
fn print_faults(resolved: &Resolved) {
    for fault in &resolved.faults {
        eprintln!("error: {fault}");
    }
}

/// Shows why `codemode serve` does not start.
#[expect(clippy::print_stderr, reason = "for people, as `exit::report` does")]
pub(crate) fn refuse_settings(read: &Read) -> ExitCode {
    print_faults(&read.resolved);
    let kind = read.file.as_deref().and_then(|path| Some(Kind::of(&yaml::read(path).ok()?, path)));
    if kind.is_some_and(|kind| kind != Kind::Sidecar) {
        eprintln!("hint: this is a file of an application; an executor's is codemode-sidecar.yaml");
    }
    ExitCode::from(exit::USAGE)
}

fn print_line(text: &str) -> ExitCode {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has left, as `head` does.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::from(exit::FAILURE),
        Err(error) => exit::report(&error, None, exit::FAILURE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, path: &str) -> Kind {
        Kind::of(&yaml::parse(text).unwrap(), Path::new(path))
    }

    #[test]
    fn users_of_urls_are_not_shown() {
        let cases = [
            ("http://user:pass@host:1/a", "http://********@host:1/a"),
            ("user:p/a@ss@host:1", "********@host:1"),
            ("https://token@host", "https://********@host"),
            ("/etc/a:b@c.pem", "/etc/a:b@c.pem"),
            ("app:50051", "app:50051"),
        ];
        for (text, shown) in cases {
            assert_eq!(without_user(text), shown);
        }
    }

    #[test]
    fn keys_tell_the_kind_and_the_name_decides_a_tie() {
        assert_eq!(kind("{executor_url: a, tls: {}}", "x.yaml"), Kind::Client);
        assert_eq!(kind("{port: 1, tls: {}}", "codemode-client.yaml"), Kind::Sidecar);
        assert_eq!(kind("{project: {}, executor: {}}", "x.yaml"), Kind::Legacy);
        assert_eq!(kind("{tls: {}}", "codemode-sidecar.yaml"), Kind::Sidecar);
        assert_eq!(kind("{tls: {}}", "x.yaml"), Kind::Client);
    }
}
