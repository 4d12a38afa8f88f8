//! `codemode run`: hands over to the Python package, because tools are Python objects.
//!
//! The options are declared there (`codemode/cli/run_program.py`); this command passes every argument on as it is, so there is
//! one place that knows them.

use std::process::ExitCode;

use clap::Args;

use crate::python;

#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct RunArguments {
    /// The program's file (`-` for standard input) and options; `codemode run --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM|OPTION")]
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: &RunArguments) -> ExitCode {
    python::hand_over("codemode.cli.run_program", &arguments.arguments)
}
