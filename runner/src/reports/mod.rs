//! Reports of tests and coverage, read as a stream: what a file holds is handed over piece by piece and never kept whole.
//!
//! Read here and not on the server, so that `slipway run` shows the same, secrets are masked after `&amp;` and its like are
//! resolved, and the server never meets a file that somebody made to hurt it. The XML is read by `quick-xml`, LCOV by `lcov`.

mod cobertura;
mod input;
mod junit;
mod lcov;
mod lines;
mod xml;

use std::io::Read;

use slipway_pipelines::{
    plan::ReportKind,
    wire::{FileCoverage, TestCase},
};

use input::Input;

/// Largest report, in bytes.
pub const MOST_BYTES: u64 = 64 << 20;
/// Most test cases, or files with coverage, of one report.
pub const MOST_ITEMS: usize = 200_000;

/// One thing out of a report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// Of test results.
    Case(TestCase),
    /// Of coverage.
    File(FileCoverage),
}

/// Why a report cannot be read to its end, with the line where that shows.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Unreadable {
    /// From 1.
    pub line: u64,
    /// A sentence without a full stop.
    pub what: String,
}

/// Whether the taker wants more.
pub type Goes = std::ops::ControlFlow<()>;

/// Reads a report of a kind; `take` gets what is in it. What it got before an error is good.
///
/// # Errors
///
/// The file is not of that kind, is broken, or is larger than a limit.
pub fn read(kind: ReportKind, file: impl Read, take: &mut dyn FnMut(Item) -> Goes) -> Result<(), Unreadable> {
    let mut taken = 0;
    let mut limited = |item: Item| {
        taken += 1;
        if taken > MOST_ITEMS {
            return Err(format!("it has more than {MOST_ITEMS} entries; the rest is left out"));
        }
        Ok(take(item))
    };
    let input = Input::new(file);
    match kind {
        ReportKind::Junit => junit::read(input, &mut limited),
        ReportKind::Cobertura => cobertura::read(input, &mut limited),
        ReportKind::Lcov => lcov::read(input, &mut limited),
    }
}

/// Takes an item; an error when there are too many.
type Take<'a> = &'a mut dyn FnMut(Item) -> Result<Goes, String>;

#[cfg(test)]
mod tests;
