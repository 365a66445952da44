//! Text in the logs of builds, newest build first.

use std::{
    io,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use slipway_pipelines::ids::RepositoryId;

use super::{
    Cursor, Needle,
    scan::{Line, Scan},
};
use crate::{
    app::App,
    store::{StoreError, model::LogPlace},
};

/// Builds whose logs are listed at once.
const BUILDS: u32 = 50;
/// Most logs that are looked through at once, in order. One for two cores, each of which reads and looks at the same time: more
/// would make the first one wait for the others.
const AT_ONCE: usize = 4;
/// Bytes of a log read at once.
const PIECE: u64 = 4 << 20;
/// Lines of one log.
const OF_A_LOG: usize = 5;
/// Lines after which an answer is given.
const ENOUGH: usize = 60;
/// How long an answer that has something may take, and one that has nothing.
const SOON: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_secs(3);

/// Lines of a log that have it.
#[derive(Clone, Debug)]
pub(crate) struct LogHit {
    /// Which log.
    pub(crate) place: LogPlace,
    /// The first lines.
    pub(crate) lines: Vec<Line>,
    /// Whether the log may have more.
    pub(crate) more: bool,
}

/// A stretch of the past.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogHits {
    /// Newest build first.
    pub(crate) hits: Vec<LogHit>,
    /// Where the next stretch begins; `None` at the end.
    pub(crate) next: Option<Cursor>,
    /// Logs that were looked through.
    pub(crate) logs: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

/// Looks from a cursor on, or from the newest build, until there is enough or the time is up.
pub(crate) async fn search_logs(
    app: &App,
    repository: Option<RepositoryId>,
    needle: &Needle,
    from: Option<Cursor>,
) -> Result<LogHits, StoreError> {
    let _turn = app.logs.searching().await;
    let started = Instant::now();
    let mut found = LogHits::default();
    let mut lines = 0;
    let mut from = from;
    let at_once = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, AT_ONCE));
    loop {
        let (places, older) = app.store.log_places(repository, from.map(|cursor| cursor.build), BUILDS).await?;
        let skip = from.map_or(0, |cursor| cursor.done);
        let mut scans = stream::iter(numbered(places).into_iter().skip(skip))
            .map(|(place, done)| async move { (scan(app, needle, &place).await, place, done) })
            .buffered(at_once);
        while let Some((scanned, place, done)) = scans.next().await {
            found.logs += 1;
            found.bytes += place.bytes;
            let next = Cursor { build: place.build, done };
            match scanned {
                Ok(hit) if !hit.is_empty() => {
                    lines += hit.len();
                    found.hits.push(LogHit { place, more: hit.len() >= OF_A_LOG, lines: hit });
                }
                Ok(_) => {}
                // Removed after its time, or damaged: the others can be read.
                Err(error) => tracing::debug!(%error, "a log could not be searched"),
            }
            let time = started.elapsed();
            if lines >= ENOUGH || time > LATE || (lines > 0 && time > SOON) {
                found.next = Some(next);
                return Ok(found);
            }
        }
        match older {
            Some(build) => from = Some(Cursor { build, done: 0 }),
            None => return Ok(found),
        }
    }
}

/// Each log with how many of its build are done with it.
fn numbered(places: Vec<LogPlace>) -> Vec<(LogPlace, usize)> {
    let (mut build, mut done) = (None, 0);
    let number = |place: LogPlace| {
        done = if build == Some(place.build) { done + 1 } else { 1 };
        build = Some(place.build);
        (place, done)
    };
    places.into_iter().map(number).collect()
}

/// The first lines of a log that have it.
async fn scan(app: &App, needle: &Needle, place: &LogPlace) -> io::Result<Vec<Line>> {
    let length = app.logs.length(place.log).await?;
    let mut scan = Scan::new(OF_A_LOG);
    let read = async |at: u64| app.logs.read(place.log, at..length.min(at + PIECE)).await;
    let mut at = 0;
    let mut piece = read(at).await?;
    while !piece.is_empty() && !scan.is_full() {
        at += piece.len() as u64;
        let needle = needle.clone();
        let looking = tokio::task::spawn_blocking(move || {
            scan.push(&needle, &piece);
            scan
        });
        let (looked, next) = tokio::join!(looking, read(at));
        (scan, piece) = (looked.map_err(io::Error::other)?, next?);
    }
    Ok(scan.finish(needle))
}
