//! Reports in a tar stream. Runs on a thread that may block.

use std::io;

use slipway_pipelines::{plan::ReportKind, selection::Selection, wire::MOST_PART_ITEMS};
use tokio::sync::mpsc::Sender;

use crate::{
    executor::Tar,
    reports::{self, Goes, Item, MOST_BYTES},
};

/// Most files of one kind in one place.
const MOST_FILES: usize = 2000;
/// Most bytes of text in a part.
const MOST_TEXT: usize = 512 << 10;

/// Something that was found.
#[derive(Debug)]
pub(super) enum Found {
    /// Of a report; the first part comes even when there is nothing in it.
    Part { path: String, part: u32, items: Vec<Item> },
    /// What people should know.
    Fault(String),
}

/// Whoever waits for what is found has gone.
struct Gone;

/// Finds reports and reads them. `place` is what the stream was made of: its names begin with the last part of that.
pub(super) fn look(tar: Tar, place: &str, kind: ReportKind, selection: &Selection, give: &Sender<Found>) {
    let walked = walk(tar, place, kind, selection, give);
    if let Err(error) = walked {
        let place = if place.is_empty() { "the checkout" } else { place };
        let text = format!("the {} reports in `{place}` cannot be read to their end: {error}", kind.as_str());
        let _ = give.blocking_send(Found::Fault(text));
    }
}

fn walk(tar: Tar, place: &str, kind: ReportKind, selection: &Selection, give: &Sender<Found>) -> io::Result<()> {
    let mut files = 0;
    for entry in tar::Archive::new(tar).entries()? {
        let mut entry = entry?;
        let Some(path) = entry.path().ok().and_then(|path| path_of(place, path.to_str()?)) else { continue };
        if !entry.header().entry_type().is_file() || !selection.fits(&path) {
            continue;
        }
        files += 1;
        if files > MOST_FILES {
            let text = format!("there are more than {MOST_FILES} {} reports; the rest is left out", kind.as_str());
            let _ = give.blocking_send(Found::Fault(text));
            return Ok(());
        }
        let told = if entry.size() > MOST_BYTES {
            let (size, most) = (entry.size() >> 20, MOST_BYTES >> 20);
            tell(give, Found::Part { path: path.clone(), part: 0, items: Vec::new() }).and_then(|()| {
                tell(
                    give,
                    Found::Fault(format!("report `{path}` has {size} MiB, {most} are the most: it was not read")),
                )
            })
        } else {
            file(&path, kind, &mut entry, give)
        };
        if told.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Reads one report.
fn file(path: &str, kind: ReportKind, file: &mut impl io::Read, give: &Sender<Found>) -> Result<(), Gone> {
    let mut items: Vec<Item> = Vec::new();
    let (mut part, mut text) = (0, 0);
    let mut gone = false;
    let read = reports::read(kind, file, &mut |item| {
        text += weight(&item);
        items.push(item);
        if items.len() < MOST_PART_ITEMS && text < MOST_TEXT {
            return Goes::Continue(());
        }
        let full = Found::Part { path: path.to_owned(), part, items: std::mem::take(&mut items) };
        part += 1;
        text = 0;
        gone = tell(give, full).is_err();
        if gone { Goes::Break(()) } else { Goes::Continue(()) }
    });
    if gone {
        return Err(Gone);
    }
    if part == 0 || !items.is_empty() {
        tell(give, Found::Part { path: path.to_owned(), part, items })?;
    }
    match read {
        Ok(()) => Ok(()),
        Err(error) => tell(give, Found::Fault(format!("report `{path}` cannot be read to its end: {error}"))),
    }
}

fn tell(give: &Sender<Found>, found: Found) -> Result<(), Gone> {
    give.blocking_send(found).map_err(|_| Gone)
}

/// Bytes of text.
fn weight(item: &Item) -> usize {
    match item {
        Item::Case(case) => {
            case.suite.len() + case.name.len() + case.message.len() + case.file.as_ref().map_or(0, String::len)
        }
        Item::File(file) => file.file.len(),
    }
}

/// The path in the checkout of an entry of a stream that was made of `place`.
fn path_of(place: &str, entry: &str) -> Option<String> {
    let entry = entry.trim_start_matches("./").trim_end_matches('/');
    let below = entry.split_once('/').map(|(_, below)| below);
    match (place, below) {
        ("", below) => below.map(str::to_owned),
        (place, None) => Some(place.to_owned()),
        (place, Some(below)) => Some(format!("{place}/{below}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_stream_are_paths_of_the_checkout() {
        for (place, entry, path) in [
            ("", "src/", None),
            ("", "src/a/b.xml", Some("a/b.xml")),
            ("out/junit", "junit/a.xml", Some("out/junit/a.xml")),
            ("out/a.xml", "a.xml", Some("out/a.xml")),
        ] {
            assert_eq!(path_of(place, entry).as_deref(), path);
        }
    }
}
