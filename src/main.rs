//! The command line: parse, call a crate, print, exit code.

mod cli;
mod identity;
mod lint;
mod logging;
mod pick;
mod plan;
mod project;
mod registries;
mod remote;
mod run;
mod runner;
mod schema;
mod secrets;
mod server;
mod signals;
mod trust;
mod up;
mod words;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

/// How the command ends; the exit codes are a part of the public surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All went well.
    Success = 0,
    /// The pipeline failed, or was stopped.
    Failure = 1,
    /// Wrong use, or an invalid pipeline.
    Usage = 2,
    /// Slipway, its machine or its engine failed.
    Internal = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Lint(args) => return lint::lint(&args).into(),
        Command::Schema => return schema::schema().into(),
        Command::Plan(args) => return plan::plan(&args).into(),
        Command::Run(args) => return run::run(args, &cli.log).into(),
        Command::Secrets(args) => return secrets::secrets(&args).into(),
        Command::Registries(args) => return registries::registries(&args).into(),
        Command::Trust(args) => return trust::trust(&args).into(),
        Command::Up(args) => in_runtime(&cli.log, up::up(args)),
        Command::Server(args) => in_runtime(&cli.log, server::server(args)),
        Command::Runner(args) => in_runtime(&cli.log, runner::runner(args)),
    };
    match result {
        Ok(()) => Exit::Success.into(),
        Err(message) => {
            logging::last_word(&cli.log, &message);
            Exit::Internal.into()
        }
    }
}

/// Runs a long-lived command to its end. Its error is one line for people.
fn in_runtime(log: &cli::Log, command: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    logging::start(log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the async runtime: {error}"))?;
    let result = runtime.block_on(command);
    // Blocking reads of a log or a pack must not keep the process alive.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    result
}
