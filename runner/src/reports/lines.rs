//! Lines of source files, gathered: reports say the same line more than once.

use std::collections::BTreeMap;

use slipway_pipelines::wire::FileCoverage;

/// Most lines of one report, said more than once or not.
const MOST_LINES: usize = 4_000_000;
const HIT: u32 = 1 << 31;

/// Which lines can run and which did, by file.
#[derive(Default)]
pub(super) struct Lines {
    /// Numbers, with a bit for those that ran; sorted by file only at the end.
    files: BTreeMap<String, Vec<u32>>,
    count: usize,
}

impl Lines {
    /// Makes sure that the file is there, and gives it.
    pub(super) fn file(&mut self, name: &str) -> &mut Vec<u32> {
        self.files.entry(name.to_owned()).or_default()
    }

    /// A line of a file; an error when there are too many of both.
    pub(super) fn add(&mut self, file: &str, line: u32, ran: bool) -> Result<(), String> {
        self.count += 1;
        if self.count > MOST_LINES || self.files.len() > super::MOST_ITEMS {
            return Err(format!("it has more than {MOST_LINES} lines or {} files", super::MOST_ITEMS));
        }
        let line = line & !HIT | if ran { HIT } else { 0 };
        match self.files.get_mut(file) {
            Some(lines) => lines.push(line),
            None => self.file(file).push(line),
        }
        Ok(())
    }

    /// Each file with its numbers.
    pub(super) fn files(self) -> impl Iterator<Item = FileCoverage> {
        self.files.into_iter().map(|(file, mut lines)| {
            // A line that ran comes after the same one that did not.
            lines.sort_unstable_by_key(|line| (line & !HIT, line & HIT));
            let mut all: Vec<u32> = Vec::with_capacity(lines.len());
            for line in lines {
                match all.last_mut() {
                    Some(last) if (*last ^ line) & !HIT == 0 => *last |= line,
                    _ => all.push(line),
                }
            }
            let covered = all.iter().filter(|line| **line & HIT != 0).count() as u32;
            FileCoverage { file, covered, total: all.len() as u32 }
        })
    }
}
