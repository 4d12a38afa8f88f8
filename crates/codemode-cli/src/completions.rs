//! `codemode completions`: a shell's completion script on stdout.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(crate) struct CompletionArguments {
    /// The shell to complete in
    shell: Shell,
}

pub(crate) fn run(arguments: &CompletionArguments) -> ExitCode {
    clap_complete::generate(arguments.shell, &mut crate::Arguments::command(), "codemode", &mut std::io::stdout());
    ExitCode::SUCCESS
}
