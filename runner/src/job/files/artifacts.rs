//! `artifacts:` and `artifacts_from:`.

use std::future::Future;

use futures_util::{
    StreamExt,
    stream::{self, FuturesUnordered},
};
use slipway_pipelines::{
    plan::{Artifacts, KeepOn},
    selection::Selection,
    state::Reason,
    wire::{KeptFile, Room},
};
use tokio::{sync::mpsc, task};

use super::{
    super::live::Life,
    sort::{Broken, Content, Found, Look, Seen},
};
use crate::{
    backoff::Backoff,
    cache::size,
    executor::{Executor, Failed},
    keeper::KeepError,
    reporter::Reporter,
};

/// Most files on their way at once.
const AT_ONCE: usize = 8;
/// How often something is tried that the server cannot do now; pauses grow to 3 s.
const MOST_TRIES: u32 = 20;
/// Most files that a reason names.
const MOST_NAMES: usize = 5;

impl<E: Executor, R: Reporter> Life<E, R> {
    /// Puts what earlier jobs kept into the workspace. Says in the log what came.
    pub(super) async fn take_artifacts(&self) -> Result<(), Failed> {
        for (item, from) in self.files.artifacts_from.iter().enumerate() {
            let at = format!("{}/{}", self.checkout, from.to);
            let what = format!("the artifacts of `{}` cannot be had", from.workflow);
            let (files, bytes) = tries(&what, || async {
                let taken = self.logs.reporter().take_artifacts(self.step, item).await?;
                let (files, bytes) = (taken.files, taken.bytes);
                let unpacked = self.executor.unpack(&self.job, at.trim_end_matches('/'), taken.tar).await;
                // A line that broke looks like an archive that is none.
                unpacked.map_err(|failed| KeepError::Later(failed.message))?;
                Ok((files, bytes))
            })
            .await?;
            self.say_in_log(&match files {
                0 => format!("there is nothing to take of `{}`: it has kept no file that fits", from.workflow),
                _ => format!("took {} of `{}`, {}", counted(files), from.workflow, size(bytes)),
            });
        }
        Ok(())
    }

    /// Keeps what the step has to be kept.
    pub(super) async fn keep_artifacts(&self, artifacts: &Artifacts, ended_well: bool) -> Result<(), Failed> {
        let selection = Selection::new(&artifacts.paths)
            .map_err(|error| Failed::new(Reason::Artifacts, format!("a pattern of its artifacts is none: {error}")))?;
        let what = "its artifacts cannot be kept";
        let room = tries(what, || self.logs.reporter().clear_artifacts(self.step)).await?;
        let mut seen = Seen::default();
        let kept = self.keep_all(&selection, room, &mut seen).await;
        if let Err(failed) = kept {
            // Half of them would be taken for all.
            let _ = self.logs.reporter().clear_artifacts(self.step).await;
            return Err(failed);
        }
        let bytes: u64 = seen.kept.values().sum();
        if !seen.kept.is_empty() {
            self.remark(format!("kept {}, {}", counted(seen.kept.len() as u64), size(bytes)));
        }
        for (at, pattern) in selection.patterns().iter().enumerate() {
            if !seen.fitting.contains(&at) {
                self.remark(format!("no file fits `{pattern}` of the artifacts"));
            }
        }
        if !seen.refused.is_empty() {
            return Err(Failed::new(Reason::Artifacts, named(&seen)));
        }
        if seen.kept.is_empty() && ended_well && artifacts.on == KeepOn::Success {
            let patterns: Vec<_> = selection.patterns().iter().map(|pattern| format!("`{pattern}`")).collect();
            return Err(Failed::new(Reason::Artifacts, format!("there is no file that fits {}", patterns.join(", "))));
        }
        Ok(())
    }

    /// As many passes as it takes; each leaves out what is kept already.
    async fn keep_all(&self, selection: &Selection, room: Room, seen: &mut Seen) -> Result<(), Failed> {
        let mut backoff = Backoff::default();
        let mut tried = 0;
        let mut places: Vec<String> = selection.places().to_vec();
        loop {
            let Some(place) = places.last() else {
                // Second names of files are looked at by themselves: then they have their bytes.
                places.extend(std::mem::take(&mut seen.again));
                if places.is_empty() {
                    return Ok(());
                }
                continue;
            };
            match self.pass(place, selection, room, seen).await {
                Ok(()) => drop(places.pop()),
                Err(Halt::Later(_)) if tried < MOST_TRIES => {
                    tried += 1;
                    backoff.wait().await;
                }
                Err(Halt::Later(why)) => return Err(Failed::infra(format!("its artifacts cannot be kept: {why}"))),
                Err(Halt::Failed(failed)) => return Err(failed),
            }
        }
    }

    /// One look through a place.
    async fn pass(&self, place: &str, selection: &Selection, room: Room, seen: &mut Seen) -> Result<(), Halt> {
        let at = format!("{}/{place}", self.checkout);
        let tar = self.executor.pack(&self.job, at.trim_end_matches('/')).await.map_err(Halt::Failed)?;
        let Some(tar) = tar else { return Ok(()) };
        let (out, mut found) = mpsc::channel(AT_ONCE);
        let (place, checkout, selection) = (place.to_owned(), self.checkout.clone(), selection.clone());
        let mut looked_at = std::mem::take(seen);
        let looking = task::spawn_blocking(move || {
            let look = Look { place: &place, checkout: &checkout, selection: &selection, room, out: &out };
            (look.through(tar, &mut looked_at), looked_at)
        });
        let mut failures: Vec<(String, KeepError)> = Vec::new();
        let mut sending = FuturesUnordered::new();
        let unkept = |(path, sent): (String, Result<(), KeepError>)| sent.err().map(|error| (path, error));
        loop {
            let goes_on = failures.iter().all(|(_, error)| matches!(error, KeepError::Refused(_)));
            tokio::select! {
                Some(sent) = sending.next() => failures.extend(unkept(sent)),
                next = found.recv(), if sending.len() < AT_ONCE && goes_on => match next {
                    Some(found) => sending.push(self.send(found)),
                    None => break,
                },
                else => break,
            }
        }
        // What nobody takes any more is not kept yet.
        found.close();
        while let Some(found) = found.recv().await {
            failures.push((found.path, KeepError::Later("another file could not be kept".to_owned())));
        }
        while let Some(sent) = sending.next().await {
            failures.extend(unkept(sent));
        }
        let (looked, looked_at) = looking.await.map_err(|error| Halt::Failed(Failed::infra(error.to_string())))?;
        *seen = looked_at;
        let mut halt = None;
        for (path, error) in failures {
            let length = seen.kept.remove(&path).unwrap_or(0);
            match error {
                KeepError::Refused(why) => drop(seen.refused.insert(path.clone(), format!("`{path}`: {why}"))),
                KeepError::Full(why) => {
                    let note = format!("`{path}`, {}, cannot be kept: {why}", size(length));
                    halt = Some(Halt::Failed(Failed::infra(note)));
                }
                KeepError::Fenced(fenced) => halt = Some(Halt::Failed(Failed::infra(fenced.to_string()))),
                KeepError::Later(why) => {
                    halt.get_or_insert(Halt::Later(why));
                }
            }
        }
        if let Some(halt) = halt {
            return Err(halt);
        }
        match looked {
            Ok(()) => Ok(()),
            Err(Broken::Tar(error)) => Err(Halt::Later(format!("the workspace cannot be read: {error}"))),
            // One that was refused on its way takes the rest of the stream with it.
            Err(Broken::Unwanted) => Err(Halt::Later("a file was refused on its way".to_owned())),
        }
    }

    async fn send(&self, found: Found) -> (String, Result<(), KeepError>) {
        let Found { path, executable, content } = found;
        let (link, length, bytes) = match content {
            Content::Link(target) => (Some(target), 0, stream::empty().boxed()),
            Content::Small(bytes) => (None, bytes.len() as u64, stream::iter([Ok(bytes)]).boxed()),
            Content::Large(length, pieces) => {
                let pieces = stream::unfold(pieces, |mut pieces| async { Some((pieces.recv().await?, pieces)) });
                (None, length, pieces.boxed())
            }
        };
        let file = KeptFile { epoch: 0, path: path.clone(), executable, link };
        (path, self.logs.reporter().keep_artifact(self.step, file, length, bytes).await)
    }
}

/// Why a pass ended early.
enum Halt {
    Failed(Failed),
    /// Another may do better.
    Later(String),
}

/// Tries it as often as it makes sense.
async fn tries<T, F>(what: &str, mut attempt: impl FnMut() -> F) -> Result<T, Failed>
where
    F: Future<Output = Result<T, KeepError>>,
{
    let mut backoff = Backoff::default();
    for tried in 1.. {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(KeepError::Later(_)) if tried < MOST_TRIES => backoff.wait().await,
            Err(KeepError::Refused(why)) => return Err(Failed::new(Reason::Artifacts, format!("{what}: {why}"))),
            Err(error) => return Err(Failed::infra(format!("{what}: {error}"))),
        }
    }
    Err(Failed::infra(what))
}

/// What was refused, with the names of the first.
fn named(seen: &Seen) -> String {
    let mut named: Vec<&str> = seen.refused.values().map(String::as_str).collect();
    let more = named.len().saturating_sub(MOST_NAMES);
    named.truncate(MOST_NAMES);
    let list = named.join("; ");
    if more == 0 { list } else { format!("{list}; and {more} more") }
}

fn counted(files: u64) -> String {
    if files == 1 { "1 file".to_owned() } else { format!("{files} files") }
}
