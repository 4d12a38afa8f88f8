//! `codemode doctor`: what the jail can do on this machine, with the evidence, and how to mend what is missing.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use codemode::local::LocalOptions;
use codemode_jail::{JailReport, LayerState, Profile};

use crate::{exit, python};

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
    python: Result<String, String>,
    trial: Result<String, String>,
}

pub(crate) fn run(arguments: &DoctorArguments) -> ExitCode {
    let jail = codemode_jail::probe(arguments.profile);
    let interpreter = python::find(arguments.python.as_deref());
    let trial = match &interpreter {
        Ok(python) => try_execution(python),
        Err(_) => Err("not tried: there is no interpreter".to_owned()),
    };
    let python = interpreter
        .map(|path| path.display().to_string())
        .map_err(|error| format!("{error}; {}", python::PythonNotFound::HINT));
    let findings = Findings { jail, python, trial };
    let mut stdout = std::io::stdout().lock();
    let written = if arguments.json { findings.write_json(&mut stdout) } else { findings.write_text(&mut stdout) };
    if let Err(error) = written {
        return exit::report(&error, None, exit::FAILURE);
    }
    if findings.jail.reached.is_none_or(|reached| reached < arguments.profile) {
        ExitCode::from(exit::CONFIGURATION)
    } else if findings.python.is_err() || findings.trial.is_err() {
        ExitCode::from(exit::UNAVAILABLE)
    } else {
        ExitCode::SUCCESS
    }
}

/// Starts an executor and runs a program in it.
fn try_execution(python: &std::path::Path) -> Result<String, String> {
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
        let version = result.result.unwrap_or_else(|| format!("{:?}", result.outcome));
        let first = started.elapsed();
        let again = Instant::now();
        codemode.execute("result = 2 + 2").await.map_err(|error| error.to_string())?;
        let warm = again.elapsed();
        Ok(format!(
            "Python {}: first result after {} ms, the next in {:.2} ms",
            version.trim_matches('"'),
            first.as_millis(),
            warm.as_secs_f64() * 1_000.0
        ))
    })
}

impl Findings {
    fn write_text(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let reached = self.jail.reached.map_or_else(|| "none".to_owned(), |profile| profile.to_string());
        writeln!(out, "jail profile   {reached} reached, {} asked for", self.jail.required)?;
        writeln!(out, "interpreter    {}", line(&self.python))?;
        writeln!(out, "trial          {}", line(&self.trial))?;
        writeln!(out)?;
        let width = self.jail.layers.iter().map(|layer| layer.layer.to_string().len()).max().unwrap_or(0);
        for layer in &self.jail.layers {
            let name = layer.layer.to_string();
            writeln!(out, "{:>8}  {name:width$}  {}", state(layer.state), layer.protects)?;
            writeln!(out, "{:>8}  {:width$}  evidence: {}", "", "", layer.evidence)?;
            if layer.state != LayerState::On {
                writeln!(out, "{:>8}  {:width$}  remedy: {}", "", "", layer.remedy)?;
            }
        }
        Ok(())
    }

    fn write_json(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let layers: Vec<_> = self
            .jail
            .layers
            .iter()
            .map(|layer| {
                serde_json::json!({
                    "name": layer.layer.to_string(),
                    "state": state(layer.state),
                    "protects": layer.protects.to_string(),
                    "evidence": layer.evidence.clone(),
                    "remedy": layer.remedy.to_string(),
                })
            })
            .collect();
        let document = serde_json::json!({
            "required_profile": self.jail.required.to_string(),
            "reached_profile": self.jail.reached.map(|profile| profile.to_string()),
            "python": self.python.as_ref().ok(),
            "python_error": self.python.as_ref().err(),
            "trial": self.trial.as_ref().ok(),
            "trial_error": self.trial.as_ref().err(),
            "layers": layers,
        });
        writeln!(out, "{document:#}")
    }
}

/// Shows the layers that stop an executor from starting.
pub(crate) fn print_missing(report: &JailReport) {
    let mut stderr = std::io::stderr().lock();
    for layer in report.layers.iter().filter(|layer| layer.state != LayerState::On) {
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(stderr, "  {} protects against: {}", layer.layer, layer.protects);
        let _ = writeln!(stderr, "    evidence: {}", layer.evidence);
        let _ = writeln!(stderr, "    remedy: {}", layer.remedy);
    }
}

fn state(state: LayerState) -> &'static str {
    match state {
        LayerState::On => "on",
        LayerState::Off => "off",
        LayerState::Unproven => "unproven",
    }
}

fn line(result: &Result<String, String>) -> String {
    match result {
        Ok(text) => text.clone(),
        Err(error) => format!("failed: {error}"),
    }
}
