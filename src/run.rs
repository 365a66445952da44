//! `slipway run`: this directory, here and now, by the runner's own executor and driver.

mod after;
mod board;
mod clean;
mod ends;
mod engine;
mod lines;
mod live;
mod logins;
mod order;
mod plain;
mod report;
mod screen;
mod secrets;
mod stop;
mod summary;
mod tests;

use crate::{
    Exit,
    cli::{self, Run},
    logging,
};

/// Why nothing ran.
#[derive(Debug)]
enum Trouble {
    /// Wrong use; a sentence.
    Usage(String),
    /// Ours, Docker's or the machine's; a sentence.
    Internal(String),
    /// It was said already.
    Said(Exit),
}

/// Runs it. The log of the process itself is for errors only: the terminal is the pipeline's.
pub(crate) fn run(args: Run, log: &cli::Log) -> Exit {
    let quiet = if log.log == "info" { "error" } else { &log.log };
    let log = cli::Log { log: quiet.to_owned(), log_format: log.log_format };
    let ran = logging::start(&log).map_err(Trouble::Usage).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Trouble::Internal(format!("cannot start the async runtime: {error}")))?;
        let exit = runtime.block_on(engine::run(args));
        runtime.shutdown_background();
        exit
    });
    match ran {
        Ok(exit) | Err(Trouble::Said(exit)) => exit,
        Err(Trouble::Usage(message)) => {
            eprintln!("error: {message}");
            Exit::Usage
        }
        Err(Trouble::Internal(message)) => {
            eprintln!("error: {message}");
            Exit::Internal
        }
    }
}
