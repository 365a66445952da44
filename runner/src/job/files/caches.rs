//! A step's caches, before it starts.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    time::Instant,
};

use sha2::{Digest, Sha256};
use slipway_pipelines::{
    plan::{self, CacheKey, KeyPart, LONGEST_CACHE_KEY},
    wire::{CacheEntry, CacheWanted, cache_form},
};
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::super::{caches::Seen, live::Life};
use crate::{
    cache::{Checksum, Shelf, size, unpacked},
    executor::{Executor, Failed},
    reporter::{CacheBytes, NoCache, Reporter},
};

impl<E: Executor, R: Reporter> Life<E, R> {
    /// Restores what the step's caches have. Only what breaks off in the middle fails: half of a cache may not be used.
    pub(super) async fn restore_caches(&self) -> Result<(), Failed> {
        if self.files.caches.is_empty() {
            return Ok(());
        }
        let _turn = self.caches.turn.lock().await;
        for cache in &self.files.caches {
            if let Some(Seen { key, .. }) = self.caches.again(cache, self.step) {
                self.say_in_log(&format!("cache {key} is in the workspace since an earlier step"));
                continue;
            }
            let key = match self.key(&cache.key).await {
                Ok(key) if key.len() <= LONGEST_CACHE_KEY => key,
                Ok(key) => {
                    self.say_in_log(&format!(
                        "no cache: its key has {} bytes, and {LONGEST_CACHE_KEY} is the most",
                        key.len()
                    ));
                    continue;
                }
                Err(problem) => {
                    self.say_in_log(&format!("no cache: {problem}"));
                    continue;
                }
            };
            self.restore(cache, key).await?;
        }
        Ok(())
    }

    async fn restore(&self, cache: &plan::Cache, key: String) -> Result<(), Failed> {
        let mut restore_keys = Vec::with_capacity(cache.restore_keys.len());
        for open in &cache.restore_keys {
            match self.key(open).await {
                Ok(key) => restore_keys.push(key),
                Err(problem) => self.say_in_log(&format!("no cache for {open}: {problem}")),
            }
        }
        let form = cache_form(&cache.paths);
        let wanted = CacheWanted { claim: self.caches.claim, key: key.clone(), restore_keys, form };
        let answer = match self.caches.reporter.find_cache(&wanted).await {
            Ok(answer) => answer,
            Err(NoCache(problem)) => {
                self.say_in_log(&format!("no cache for key {key}: {problem}"));
                return Ok(());
            }
        };
        let mut saves = answer.saves;
        match answer.found {
            None => {
                let note = answer.note.map(|note| format!(": {note}")).unwrap_or_default();
                self.say_in_log(&format!("no cache for key {key}{note}"));
            }
            Some(entry) => match self.unpack(&entry).await? {
                // What is there already does not change.
                Ok(()) if entry.key == key => saves = None,
                Ok(()) => {}
                Err(NoCache(problem)) => {
                    self.say_in_log(&format!("no cache for key {key}: {problem}"));
                }
            },
        }
        let steps = [self.step].into();
        self.caches.remember(cache, Seen { key, saves, steps, is_well: false });
        Ok(())
    }

    /// Puts an entry into the workspace. The inner error: it cannot be had, and nothing of it is there.
    async fn unpack(&self, entry: &CacheEntry) -> Result<Result<(), NoCache>, Failed> {
        let begun = Instant::now();
        let file = match self.copy(entry).await {
            Ok(file) => file,
            Err(problem) => return Ok(Err(problem)),
        };
        let tar = match unpacked(file) {
            Ok(tar) => tar,
            Err(error) => return Ok(Err(NoCache(format!("it cannot be unpacked: {error}")))),
        };
        let put = self.executor.unpack(&self.job, &self.caches.checkout, Box::new(tar)).await;
        put.map_err(|failed| {
            // A copy that cannot be read must not be in the way the next time, either.
            self.caches.shelf.remove(&entry.sha256);
            Failed { message: format!("the cache {} broke off as it was unpacked: {failed}", entry.key), ..failed }
        })?;
        let seconds = begun.elapsed().as_secs_f64();
        self.say_in_log(&format!("restored cache {} ({} in {seconds:.1} s)", entry.key, size(entry.bytes)));
        Ok(Ok(()))
    }

    /// The copy of an entry on this machine, fetched if there is none. It is whole, and what it says it is.
    async fn copy(&self, entry: &CacheEntry) -> Result<File, NoCache> {
        let shelf = &self.caches.shelf;
        if let Some(file) = shelf.get(&entry.sha256, entry.bytes) {
            return Ok(file);
        }
        match self.caches.reporter.fetch_cache(entry).await? {
            CacheBytes::File(file) => Ok(file),
            CacheBytes::Stream(stream) => {
                let (shelf, entry) = (shelf.clone(), entry.clone());
                let from = SyncIoBridge::new(StreamReader::new(stream));
                let stored = tokio::task::spawn_blocking(move || stored(&shelf, from, &entry)).await;
                stored.map_err(|error| NoCache(error.to_string()))?
            }
        }
    }

    /// A key with all that was left open in it.
    async fn key(&self, key: &CacheKey) -> Result<String, String> {
        let mut text = String::new();
        for part in &key.0 {
            match part {
                KeyPart::Text(part) => text.push_str(part),
                KeyPart::Platform => text.push_str(&self.caches.platform),
                KeyPart::Checksum(patterns) => text.push_str(&self.checksum(patterns).await?),
            }
        }
        Ok(text)
    }

    async fn checksum(&self, patterns: &[String]) -> Result<String, String> {
        let mut checksum = Checksum::of(patterns)?;
        for root in checksum.roots() {
            let tar = self.executor.pack(&self.job, &self.caches.absolute(&root)).await;
            let Some(tar) = tar.map_err(|failed| failed.to_string())? else { continue };
            let read = tokio::task::spawn_blocking(move || checksum.read(&root, tar).map(|()| checksum)).await;
            let read = read.map_err(|error| error.to_string())?;
            checksum = read.map_err(|error| format!("the files of its key cannot be read: {error}"))?;
        }
        let sum = checksum.finish();
        for missing in &sum.missing {
            self.say_in_log(&format!("no file fits {missing} of the cache's key: it counts as nothing"));
        }
        Ok(sum.digits)
    }

    /// A line of ours in the step's log. What follows is the container's own output, as before.
    pub(super) fn say_in_log(&self, text: &str) {
        self.logs.line(self.step, text);
        self.logs.sink(self.step).begin_container_output();
    }
}

/// Writes what comes from elsewhere to a file of the shelf.
fn stored(shelf: &Shelf, mut from: impl Read, entry: &CacheEntry) -> Result<File, NoCache> {
    let cannot = |error: io::Error| NoCache(format!("the entry {} cannot be stored on the runner: {error}", entry.key));
    let (draft, mut file) = shelf.draft().map_err(cannot)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; 256 * 1024];
    loop {
        let read = from.read(&mut piece);
        let read = read.map_err(|error| NoCache(format!("the entry {} did not come whole: {error}", entry.key)))?;
        bytes += read as u64;
        if read == 0 || bytes > entry.bytes {
            break;
        }
        hash.update(&piece[..read]);
        file.write_all(&piece[..read]).map_err(cannot)?;
    }
    if bytes != entry.bytes || hex::encode(hash.finalize()) != entry.sha256 {
        return Err(NoCache(format!("the entry {} is damaged and was dropped", entry.key)));
    }
    file.rewind().map_err(cannot)?;
    shelf.keep(&draft, &entry.sha256);
    Ok(file)
}
