//! The `codemode` command: one file for each subcommand.

mod checkpoints;
mod completions;
mod config;
mod doctor;
mod exit;
mod health;
mod keys;
mod python;
mod run;
mod serve;
mod settings;
mod tls;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs model-written Python in a kernel jail, with the application's tools.
#[derive(Debug, Parser)]
#[command(name = "codemode", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one program, with tools from a Python file, and print its result
    Run(run::RunArguments),
    /// Start an executor
    Serve(Box<serve::ServeArguments>),
    /// Show each setting in force and where it came from
    Config(config::ConfigArguments),
    /// Check a configuration file
    Validate(config::ValidateArguments),
    /// Show the executions that a store of checkpoints has, and what they wait for
    Checkpoints(checkpoints::CheckpointArguments),
    /// Report what the jail can do on this machine, and how to mend what is missing
    Doctor(doctor::DoctorArguments),
    /// Ask an executor whether it takes executions; the exit status is 1 where it does not
    Health(health::HealthArguments),
    /// Print a shell's completion script
    Completions(completions::CompletionArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Serve(arguments) => serve::run(*arguments),
        Command::Config(arguments) => config::run(arguments),
        Command::Validate(arguments) => config::validate(arguments),
        Command::Checkpoints(arguments) => checkpoints::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Health(arguments) => health::run(arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}
