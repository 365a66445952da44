//! Where a search goes on.

use std::{fmt, str::FromStr};

use slipway_pipelines::ids::BuildId;

/// The build that is next, and how many of its logs are done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cursor {
    /// It and all older ones are still to be looked at.
    pub(crate) build: BuildId,
    /// Logs of it that are done.
    pub(crate) done: usize,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.build, self.done)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (build, done) = text.split_once('.').ok_or(())?;
        Ok(Self { build: BuildId(build.parse().map_err(drop)?), done: done.parse().map_err(drop)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_out_and_comes_back() {
        let cursor = Cursor { build: BuildId(uuid::Uuid::from_u128(7)), done: 3 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for odd in ["", "x.1", "00000000-0000-0000-0000-000000000007", "00000000-0000-0000-0000-000000000007.-1"] {
            assert_eq!(odd.parse::<Cursor>(), Err(()), "{odd}");
        }
    }
}
