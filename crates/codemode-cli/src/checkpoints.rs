//! `codemode checkpoints`: hands over to the Python package, whose stores are opened (`codemode/cli/checkpoints_command.py`).

use std::process::ExitCode;

use clap::Args;

use crate::python;

#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct CheckpointArguments {
    /// `list STORE` or `show STORE EXECUTION`; `codemode checkpoints --help` says more
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "list|show|OPTION")]
    arguments: Vec<String>,
}

pub(crate) fn run(arguments: &CheckpointArguments) -> ExitCode {
    python::hand_over("codemode.cli.checkpoints_command", &arguments.arguments)
}
