//! LCOV's tracefiles: `SF:` begins a file, `DA:` is a line.

use std::io::{BufRead, Read};

use lcov::{Record, record::ParseRecordError};
use slipway_pipelines::wire::MOST_NAME;

use super::{Goes, Item, Take, Unreadable, input::Input, lines::Lines};

pub(super) fn read<R: Read>(mut input: Input<R>, take: Take<'_>) -> Result<(), Unreadable> {
    let mut lines = Lines::default();
    let mut file: Option<String> = None;
    let mut known = false;
    let mut text = String::new();
    loop {
        text.clear();
        input.next_piece();
        let at = input.line();
        let wrong = |what: String| Unreadable { line: at, what };
        if input.read_line(&mut text).map_err(|error| wrong(error.to_string()))? == 0 {
            break;
        }
        let line = text.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let record: Record = match line.parse() {
            Ok(record) => record,
            // Newer versions have more kinds; those of lines are the same.
            Err(ParseRecordError::UnknownRecord) if known => continue,
            Err(ParseRecordError::UnknownRecord) => {
                return Err(wrong("it is no LCOV, which begins with `TN:` or `SF:`".to_owned()));
            }
            Err(error) => return Err(wrong(format!("a record of LCOV that cannot be read: {error}"))),
        };
        known = true;
        match record {
            Record::SourceFile { path } => {
                let path = path.to_string_lossy();
                let name = path[..path.floor_char_boundary(MOST_NAME)].to_owned();
                lines.file(&name);
                file = Some(name);
            }
            Record::LineData { line, count, .. } => {
                let Some(file) = &file else { return Err(wrong("a line of no file: `DA:` before `SF:`".to_owned())) };
                lines.add(file, line, count > 0).map_err(wrong)?;
            }
            Record::EndOfRecord => file = None,
            _ => {}
        }
    }
    let end = input.line();
    if !known {
        return Err(Unreadable { line: end, what: "there is no record of LCOV in it".to_owned() });
    }
    for file in lines.files() {
        match take(Item::File(file)).map_err(|what| Unreadable { line: end, what })? {
            Goes::Continue(()) => {}
            Goes::Break(()) => break,
        }
    }
    Ok(())
}
