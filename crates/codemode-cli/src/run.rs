//! `codemode run`: hands over to the Python package, because tools are Python objects.
//!
//! The options are declared there (`codemode/cli/run_program.py`); this command passes every argument on as it is, so there is
//! one place that knows them.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::{exit, python};

#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct RunArguments {
    /// The program's file (`-` for standard input) and options; `codemode run --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM|OPTION")]
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: &RunArguments) -> ExitCode {
    // The package's own console script says which interpreter has the package.
    let asked = std::env::var_os("CODEMODE_PYTHON").map(std::path::PathBuf::from);
    let python = match python::find(asked.as_deref()) {
        Ok(python) => python,
        Err(error) => return exit::report(&error, Some(python::PythonNotFound::HINT), exit::UNAVAILABLE),
    };
    let mut command = Command::new(&python);
    command.args(["-m", "codemode.cli.run_program"]).args(&arguments.arguments);
    if let Ok(executable) = std::env::current_exe() {
        command.env("CODEMODE_EXECUTABLE", executable);
    }
    let error = command.exec();
    exit::report(&error, Some("install the Python package: pip install codemode"), exit::UNAVAILABLE)
}
