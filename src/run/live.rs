//! A terminal: logs scroll, and below them a line for each step that runs.

use std::{collections::BTreeMap, io, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    board::{Board, Place, Show},
    clean::clean,
    ends,
};
use crate::words;

/// How often a running step's time is drawn anew.
const TICK: Duration = Duration::from_millis(100);
/// Colours of names, one a step in turn.
const COLORS: [&str; 6] = ["36", "35", "34", "33", "32", "96"];

/// The lines below.
pub(super) struct Live {
    bars: MultiProgress,
    running: BTreeMap<Place, ProgressBar>,
    /// Whose lines were shown last without a name before them.
    alone: Option<Place>,
}

impl Live {
    pub(super) fn new() -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        Self { bars, running: BTreeMap::new(), alone: None }
    }

    pub(super) fn show(&mut self, board: &Board, show: &Show) -> io::Result<()> {
        match show {
            Show::Again { job, attempt } => {
                self.bars.println(format!("\x1b[33m↻\x1b[0m {}: attempt {attempt}", board.job_name(*job)))
            }
            Show::Started(place) => {
                let bar = self.bars.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg}  {elapsed:.dim}") {
                    bar.set_style(style);
                }
                bar.set_message(board.name(*place));
                bar.enable_steady_tick(TICK);
                self.running.insert(*place, bar);
                Ok(())
            }
            Show::Lines(place, lines) => self.lines(board, *place, lines),
            Show::Ended { place, finish, took } => {
                if let Some(bar) = self.running.remove(place) {
                    bar.finish_and_clear();
                    self.bars.remove(&bar);
                }
                self.alone = None;
                let mark = ends::mark(finish, board.is_ignored(*place));
                let took = took.map(|took| format!("  \x1b[2m{}\x1b[0m", words::duration(took))).unwrap_or_default();
                let what = if mark == '✓' { String::new() } else { format!("  {}", plain(&ends::words(finish))) };
                let name = board.name(*place);
                self.bars.println(format!("{}{mark}\x1b[0m {name}{what}{took}", ends::color(mark)))
            }
            Show::LeftOut { job, finish } => {
                let mark = ends::mark(finish, false);
                let (name, what) = (board.job_name(*job), plain(&ends::words(finish)));
                self.bars.println(format!("{}{mark}\x1b[0m {name}  {what}", ends::color(mark)))
            }
        }
    }

    /// Lines of the only step that runs stand under its name; of several, each line has it.
    fn lines(&mut self, board: &Board, place: Place, lines: &[Vec<u8>]) -> io::Result<()> {
        let name = board.name(place);
        let color = COLORS[(place.0 * 7 + place.1) % COLORS.len()];
        let is_alone = board.is_awaited(place) && board.running() <= 1;
        let mut text = String::new();
        if is_alone && self.alone != Some(place) {
            text.push_str(&format!("\x1b[1;{color}m{name}\x1b[0m\n"));
        }
        self.alone = is_alone.then_some(place);
        for line in lines {
            let line = clean(line);
            if is_alone {
                text.push_str(&format!("  {line}\n"));
            } else {
                text.push_str(&format!("\x1b[{color}m{name} │\x1b[0m {line}\n"));
            }
        }
        self.bars.println(text.trim_end_matches('\n'))
    }

    /// A line among the others.
    pub(super) fn say(&self, line: &str) -> io::Result<()> {
        self.bars.println(line)
    }

    /// Takes the lines below away.
    pub(super) fn end(&mut self) {
        for (_, bar) in std::mem::take(&mut self.running) {
            bar.finish_and_clear();
        }
        let _ = self.bars.clear();
    }
}

/// Text of notes, which may quote what an image or a registry said.
fn plain(text: &str) -> String {
    text.lines().map(|line| clean(line.as_bytes())).collect::<Vec<_>>().join("\n    ")
}
