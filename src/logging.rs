//! The process's own log, on standard error. Standard output is for what the user asked for.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::cli::{Log, LogFormat};

/// Sets the global subscriber. An unusable filter is an error that names it.
pub(crate) fn start(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.log).map_err(|error| format!("`--log {}`: {error}", log.log))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.log_format {
        LogFormat::Text => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => {
            std::panic::set_hook(Box::new(|panic| json(&panic.to_string())));
            builder.json().flatten_event(true).try_init()
        }
    }
    .map_err(|error| format!("cannot start logging: {error}"))
}

/// The last word of a long-lived command that failed, in the form of its log.
pub(crate) fn last_word(log: &Log, message: &str) {
    match log.log_format {
        LogFormat::Text => eprintln!("error: {message}"),
        LogFormat::Json => json(message),
    }
}

/// One error as a line of JSON, whatever the filter says and even before logging has started.
fn json(message: &str) {
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(std::io::stderr).finish();
    tracing::subscriber::with_default(subscriber, || tracing::error!("{message}"));
}
