//! Which line of a log says what went wrong.

use std::io;

use super::{Found, Want, trouble};
use crate::logs::{LineIndex, LogAddress, Logs};

/// How far from the end it is looked for, as lines and bytes: what is near the end explains it best, and only where there is
/// nothing it is looked for further up.
const STAGES: [(u64, u64); 3] = [(2000, 512 * 1024), (u64::MAX, 8 * 1024 * 1024), (u64::MAX, u64::MAX)];

/// How long it may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Somebody waits: not further than 8 MiB from the end.
    Near,
    /// Nobody waits: through the whole log.
    Whole,
}

impl Logs {
    /// The line that says what went wrong: the first one that does near the end, else further up. `None` when none does.
    pub async fn went_wrong(&self, address: LogAddress, index: &LineIndex, reach: Reach) -> io::Result<Option<u64>> {
        let stages = match reach {
            Reach::Near => &STAGES[..2],
            Reach::Whole => &STAGES,
        };
        let mut end = index.lines();
        for most in stages {
            let first = self.last_lines(address, index, *most).await?;
            let found = self.search(address, trouble(), first..=end, Found::new(Want::From(1), 1)).await?;
            if let Some(found) = found.matches.front() {
                return Ok(Some(found.line));
            }
            if first == 1 {
                break;
            }
            end = first - 1;
        }
        Ok(None)
    }

    /// The first of the last lines, as many lines and bytes as there may be; at least the very last.
    pub async fn last_lines(&self, address: LogAddress, index: &LineIndex, most: (u64, u64)) -> io::Result<u64> {
        let (lines, bytes) = most;
        let first = (index.lines() + 1).saturating_sub(lines).max(1);
        let near = self.line_at(address, index, index.length().saturating_sub(bytes)).await?;
        Ok(first.max(near).min(index.lines().max(1)))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use slipway_pipelines::ids::JobId;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn far_from_the_end_it_is_found_when_nobody_waits() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::new(folder.path());
        let address = LogAddress { job: JobId(Uuid::nil()), attempt: 1, step: 0 };
        let mut offset = 0;
        for part in 0..10 {
            let mut text: String = (0..10_000).map(|line| format!("{part} {line:0>94}\n")).collect();
            if part == 0 {
                text.insert_str(0, "one\nerror: the light is out\n");
            }
            logs.append(address, offset, Bytes::from(text.clone())).await.unwrap();
            offset += text.len() as u64;
        }
        let index = logs.lines(address).await.unwrap();
        assert!(index.length() > 9 << 20);
        assert_eq!(logs.went_wrong(address, &index, Reach::Near).await.unwrap(), None);
        assert_eq!(logs.went_wrong(address, &index, Reach::Whole).await.unwrap(), Some(2));
    }
}
