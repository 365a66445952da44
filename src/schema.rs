//! `slipway schema`: what an editor checks and completes pipeline files with.

use std::io::Write;

use crate::Exit;

/// Prints the JSON schema on standard output.
pub(crate) fn schema() -> Exit {
    let text = format!("{:#}\n", slipway_pipelines::schema::schema());
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Exit::Success,
        // Whoever reads it has enough: `slipway schema | head`.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Success,
        Err(error) => {
            eprintln!("error: cannot write to standard output: {error}");
            Exit::Internal
        }
    }
}
