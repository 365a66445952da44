//! Lines for a file, a pipe or another program: `step | line`.

use std::io::{self, Write};

use super::{
    board::{Board, Show},
    ends,
};
use crate::words;

/// Writes what is to be shown. Bytes of logs stay as they are.
pub(super) fn write(out: &mut impl Write, board: &Board, show: &Show) -> io::Result<()> {
    match show {
        Show::Again { job, attempt } => writeln!(out, "{}: attempt {attempt}", board.job_name(*job))?,
        Show::Started(_) => return Ok(()),
        Show::Lines(place, lines) => {
            let name = board.name(*place);
            for line in lines {
                write!(out, "{name} | ")?;
                out.write_all(line)?;
                out.write_all(b"\n")?;
            }
        }
        Show::Ended { place, finish, took } => {
            let took = took.map(|took| format!(" ({})", words::duration(took))).unwrap_or_default();
            let ignored = board.is_ignored(*place) && board.is_awaited(*place) && finish.status().is_bad();
            let ignored = if ignored { ", which is only a warning" } else { "" };
            writeln!(out, "{}: {}{ignored}{took}", board.name(*place), ends::words(finish))?;
        }
        Show::LeftOut { job, finish } => writeln!(out, "{}: {}", board.job_name(*job), ends::words(finish))?,
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::state::Finish;

    use super::*;
    use crate::run::board::tests::{ended, job, log, started};

    #[test]
    fn each_line_names_its_step() {
        let mut board = Board::new(&[job("a", &["make"])]);
        let mut out = Vec::new();
        let news = [started(0, 0), log(0, "one\ntwo"), ended(0, Finish::exit(3), 1200)];
        for show in news.iter().flat_map(|news| board.take(news)).collect::<Vec<_>>() {
            write(&mut out, &board, &show).unwrap();
        }
        assert_eq!(String::from_utf8(out).unwrap(), "make | one\nmake | two\nmake: exit code 3 (1.2 s)\n");
    }
}
