//! `codemode doctor`: what the jail can do on this machine, with the evidence, what else would hurt, and how to mend it.
//!
//! The JSON document is described in docs/reference/doctor.md and has a version: fields are only added to one.

mod surroundings;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use codemode::local::LocalOptions;
use codemode_jail::{JailReport, LayerReport, LayerState, Profile, Remedy};
use serde_json::json;

use crate::{exit, python};
use surroundings::{Resource, Surroundings};

/// Raised when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// The profile that should be reached; the exit status is 78 where it is not
    #[arg(long, default_value = "standard")]
    profile: Profile,
    /// The interpreter that programs would run on
    #[arg(long, env = "CODEMODE_PYTHON", value_name = "PATH")]
    python: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What was found.
struct Findings {
    jail: JailReport,
    python: Result<PathBuf, String>,
    trial: Result<Trial, String>,
    surroundings: Surroundings,
}

/// An executor that was started, and two programs that it ran.
struct Trial {
    python_version: String,
    first: Duration,
    next: Duration,
}

pub(crate) fn run(arguments: &DoctorArguments) -> ExitCode {
    let jail = codemode_jail::probe(arguments.profile);
    let interpreter = python::find(arguments.python.as_deref());
    let trial = match &interpreter {
        Ok(python) => try_execution(python),
        Err(_) => Err("not tried: there is no interpreter".to_owned()),
    };
    let python = interpreter.map_err(|error| format!("{error}; {}", python::PythonNotFound::HINT));
    let findings = Findings { jail, python, trial, surroundings: Surroundings::look() };
    let mut stdout = std::io::stdout().lock();
    let written =
        if arguments.json { writeln!(stdout, "{:#}", findings.document()) } else { findings.write_text(&mut stdout) };
    if let Err(error) = written {
        return exit::report(&error, None, exit::FAILURE);
    }
    if !findings.jail.satisfied() {
        ExitCode::from(exit::CONFIGURATION)
    } else if findings.python.is_err() || findings.trial.is_err() {
        ExitCode::from(exit::UNAVAILABLE)
    } else {
        ExitCode::SUCCESS
    }
}

/// Starts an executor and runs programs in it.
fn try_execution(python: &std::path::Path) -> Result<Trial, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let started = Instant::now();
        let executable = std::env::current_exe().map_err(|error| error.to_string())?;
        let arguments = vec!["--python".into(), python.as_os_str().to_owned()];
        let options = LocalOptions { executable: Some(executable), arguments, ..LocalOptions::default() };
        let codemode = codemode::Codemode::local_with(options).await.map_err(|error| error.to_string())?;
        let program = "import sys\nresult = sys.version.split()[0]";
        let result = codemode.execute(program).await.map_err(|error| error.to_string())?;
        let version = result.result.ok_or_else(|| format!("the first program ended as {:?}", result.outcome))?;
        let first = started.elapsed();
        let again = Instant::now();
        codemode.execute("result = 2 + 2").await.map_err(|error| error.to_string())?;
        Ok(Trial { python_version: version.trim_matches('"').to_owned(), first, next: again.elapsed() })
    })
}

impl Findings {
    fn write_text(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let reached = self.jail.reached.map_or_else(|| "none".to_owned(), |profile| profile.to_string());
        let python = match (&self.python, &self.trial) {
            (Ok(path), Ok(trial)) => format!("Python {} at {}", trial.python_version, path.display()),
            (Ok(path), Err(_)) => path.display().to_string(),
            (Err(error), _) => format!("failed: {error}"),
        };
        let trial = match &self.trial {
            Ok(trial) => format!(
                "first result after {} ms, the next in {:.2} ms",
                trial.first.as_millis(),
                trial.next.as_secs_f64() * 1_000.0
            ),
            Err(error) => format!("failed: {error}"),
        };
        writeln!(out, "jail profile   {reached} reached, {} asked for", self.jail.required)?;
        writeln!(out, "kernel         {}", self.surroundings.kernel)?;
        writeln!(out, "interpreter    {python}")?;
        writeln!(out, "trial          {trial}")?;
        for resource in &self.surroundings.resources {
            writeln!(out, "{:14} {}", resource.title(), line(resource))?;
        }
        writeln!(out)?;
        let width = self.jail.layers.iter().map(|layer| layer.layer.to_string().len()).max().unwrap_or(0);
        for layer in &self.jail.layers {
            let name = layer.layer.to_string();
            writeln!(out, "{:>8}  {name:width$}  {}", layer.state.name(), layer.protects)?;
            writeln!(out, "{:>8}  {:width$}  evidence: {}", "", "", layer.evidence)?;
            if layer.state != LayerState::On {
                write_remedy(out, &format!("{:>8}  {:width$}  ", "", ""), layer.remedy)?;
            }
        }
        Ok(())
    }

    fn document(&self) -> serde_json::Value {
        let milliseconds = |time: Duration| (time.as_secs_f64() * 100_000.0).round() / 100.0;
        let trial = self.trial.as_ref().ok();
        json!({
            "schema": SCHEMA,
            "version": env!("CARGO_PKG_VERSION"),
            "required_profile": self.jail.required.to_string(),
            "reached_profile": self.jail.reached.map(|profile| profile.to_string()),
            "kernel": self.surroundings.kernel,
            "python": {
                "path": self.python.as_ref().ok().map(|path| path.display().to_string()),
                "version": trial.map(|trial| &trial.python_version),
                "error": self.python.as_ref().err(),
            },
            "trial": {
                "first_result_ms": trial.map(|trial| milliseconds(trial.first)),
                "next_result_ms": trial.map(|trial| milliseconds(trial.next)),
                "error": self.trial.as_ref().err(),
            },
            "resources": self.surroundings.resources.iter().map(resource).collect::<Vec<_>>(),
            "layers": self.jail.layers.iter().map(layer).collect::<Vec<_>>(),
        })
    }
}

fn layer(layer: &LayerReport) -> serde_json::Value {
    let remedy = (!layer.remedy.is_empty()).then(|| {
        json!({
            "bare_metal": layer.remedy.bare_metal,
            "docker": layer.remedy.docker,
            "kubernetes": layer.remedy.kubernetes,
        })
    });
    json!({
        "name": layer.layer.to_string(),
        "state": layer.state.name(),
        "protects": layer.protects,
        "evidence": layer.evidence,
        "remedy": remedy,
    })
}

fn resource(resource: &Resource) -> serde_json::Value {
    json!({
        "name": resource.name(),
        "available": resource.available(),
        "needed": resource.needed(),
        "state": if resource.is_low() { "low" } else { "ok" },
        "remedy": resource.is_low().then(|| resource.remedy()),
    })
}

fn line(resource: &Resource) -> String {
    if resource.is_low() { format!("low: {resource}; {}", resource.remedy()) } else { resource.to_string() }
}

/// Shows the layers that stop an executor from starting.
pub(crate) fn print_missing(report: &JailReport) {
    let mut stderr = std::io::stderr().lock();
    for layer in report.missing() {
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(stderr, "  {} protects: {}", layer.layer, layer.protects);
        let _ = writeln!(stderr, "    evidence: {}", layer.evidence);
        let _ = write_remedy(&mut stderr, "    ", layer.remedy);
    }
}

fn write_remedy(out: &mut impl std::io::Write, indent: &str, remedy: Remedy) -> std::io::Result<()> {
    for (place, text) in remedy.by_place() {
        match place {
            Some(place) => writeln!(out, "{indent}remedy on {place}: {text}")?,
            None => writeln!(out, "{indent}remedy: {text}")?,
        }
    }
    Ok(())
}
