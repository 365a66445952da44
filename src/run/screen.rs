//! Where the news are shown.

use std::io::{self, IsTerminal, Write};

use slipway_pipelines::compile::CompiledJob;
use slipway_runner::desk::News;
use tokio::sync::mpsc;

use super::{
    board::{Board, Place},
    live::Live,
    plain,
    report::Report,
    tests::Tests,
};

/// What is left when all is shown.
pub(super) struct Shown {
    pub(super) report: Option<Report>,
    /// The first step whose failure counts, and its name.
    pub(super) failed: Option<(Place, String)>,
    /// Lines about what the steps reported.
    pub(super) tests: Vec<String>,
}

/// Standard output, in the form that it takes best.
enum Output {
    Live(Live),
    Plain(io::Stdout),
}

/// Shows all news until there are no more, and lines about the run itself; writes the report's logs.
pub(super) async fn show(
    jobs: Vec<CompiledJob>,
    mut news: mpsc::Receiver<News>,
    mut lines: mpsc::UnboundedReceiver<String>,
    mut report: Option<Report>,
) -> Shown {
    let mut tests = Tests::default();
    let mut board = Board::new(&jobs);
    let mut output = if io::stdout().is_terminal() { Output::Live(Live::new()) } else { Output::Plain(io::stdout()) };
    // Standard output may be closed, as `| head` does: the pipeline goes on to its end all the same.
    let mut is_open = true;
    loop {
        let went = tokio::select! {
            heard = news.recv() => {
                let Some(heard) = heard else { break };
                if let Some(report) = &mut report {
                    report.take(&heard);
                }
                tests.take(&heard);
                board.take(&heard).iter().try_for_each(|show| match &mut output {
                    Output::Live(live) => live.show(&board, show),
                    Output::Plain(out) if is_open => plain::write(out, &board, show),
                    Output::Plain(_) => Ok(()),
                })
            }
            Some(line) = lines.recv() => match &output {
                Output::Live(live) => live.say(&line),
                Output::Plain(_) => writeln!(io::stderr(), "{line}"),
            },
        };
        is_open &= went.is_ok();
    }
    if let Output::Live(live) = &mut output {
        live.end();
    }
    Shown { report, failed: board.first_failed(), tests: tests.lines() }
}
