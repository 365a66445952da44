//! What was found: all of it counted, a part of it kept.

use std::collections::VecDeque;

use super::Pattern;

/// Most matches of one line that are kept; all are counted.
const OF_A_LINE: usize = 1000;

/// One match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Match {
    /// From 1.
    pub line: u64,
    /// From 0, in UTF-16 units as scripts count.
    pub column: usize,
    /// In the same units.
    pub length: usize,
}

/// Which matches are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// The first ones from a line on.
    From(u64),
    /// The last ones up to a line.
    UpTo(u64),
}

/// What was found so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    want: Want,
    most: usize,
    /// All matches.
    pub total: u64,
    /// Those before the first one that is kept.
    pub before: u64,
    /// Those that are kept: of whole lines, in order.
    pub matches: VecDeque<Match>,
}

impl Found {
    /// Keeps about so many matches: those of a line stay together.
    pub fn new(want: Want, most: usize) -> Self {
        Self { want, most: most.max(1), total: 0, before: 0, matches: VecDeque::new() }
    }

    /// Looks at a line. Lines come in order.
    pub fn look(&mut self, pattern: &Pattern, line: u64, text: &str) {
        let mut kept = 0;
        let wanted = match self.want {
            Want::From(from) => line >= from && self.matches.len() < self.most,
            Want::UpTo(to) => line <= to,
        };
        let ascii = wanted && text.is_ascii();
        for range in pattern.find(text) {
            self.total += 1;
            match self.want {
                Want::From(from) if line < from => self.before += 1,
                _ if wanted && kept < OF_A_LINE => {
                    kept += 1;
                    let units = |text: &str| if ascii { text.len() } else { text.encode_utf16().count() };
                    let (column, length) = (units(&text[..range.start]), units(&text[range]));
                    self.matches.push_back(Match { line, column, length });
                }
                _ => {}
            }
        }
        if matches!(self.want, Want::UpTo(_)) {
            self.drop_first();
        }
    }

    /// Drops whole lines at the start while enough stay.
    fn drop_first(&mut self) {
        while self.matches.len() > self.most {
            let Some(first) = self.matches.front().map(|one| one.line) else { return };
            let of_it = self.matches.iter().take_while(|one| one.line == first).count();
            if of_it == self.matches.len() {
                return;
            }
            self.matches.drain(..of_it);
            self.before += of_it as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(want: Want, most: usize) -> (u64, u64, Vec<(u64, usize)>) {
        let pattern = Pattern::new("o", false, true).unwrap();
        let mut found = Found::new(want, most);
        for (line, text) in (1..).zip(["one", "two too", "🚢o", "four", "nil"]) {
            found.look(&pattern, line, text);
        }
        (found.total, found.before, found.matches.iter().map(|one| (one.line, one.column)).collect())
    }

    #[test]
    fn all_are_counted_and_lines_stay_together() {
        assert_eq!(found(Want::From(1), 2), (6, 0, vec![(1, 0), (2, 2), (2, 5), (2, 6)]));
        assert_eq!(found(Want::From(3), 9), (6, 4, vec![(3, 2), (4, 1)]), "a ship is two units");
        assert_eq!(found(Want::From(9), 9), (6, 6, vec![]));
        assert_eq!(found(Want::UpTo(3), 2), (6, 4, vec![(3, 2)]), "the three of the second line would be too many");
        assert_eq!(found(Want::UpTo(2), 2), (6, 1, vec![(2, 2), (2, 5), (2, 6)]));
    }
}
