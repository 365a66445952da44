//! Caches at the desk: a folder that all runs of a repository share.

use std::{
    fs::{self, File},
    io::{self, Seek},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use slipway_pipelines::{
    state::Millis,
    wire::{CacheAnswer, CacheEntry, CacheOffer, CacheWanted},
};
use uuid::Uuid;

use crate::{cache::digest, job::now, reporter::NoCache};

/// Most bytes of a repository's caches; those that were not used for the longest time go first.
const MOST_BYTES: u64 = 5 << 30;
/// Largest entry.
const MOST_ENTRY: u64 = MOST_BYTES / 2;

/// The caches of one repository. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Caches {
    folder: PathBuf,
    most: u64,
}

/// What a file beside an entry says of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Card {
    entry: CacheEntry,
    form: String,
    created: Millis,
}

impl Caches {
    /// Those of a repository, below the user's cache.
    pub(super) fn of(folder: &Path, repository: &str) -> Self {
        let name = hex::encode(&Sha256::digest(repository)[..16]);
        Self { folder: folder.join(name), most: MOST_BYTES }
    }

    /// What fits best.
    pub(super) fn find(&self, wanted: &CacheWanted) -> CacheAnswer {
        let cards: Vec<Card> = self.cards().into_iter().filter(|card| card.form == wanted.form).collect();
        let exact = cards.iter().find(|card| card.entry.key == wanted.key);
        let nearest = || {
            wanted.restore_keys.iter().find_map(|beginning| {
                let fits = cards.iter().filter(|card| card.entry.key.starts_with(beginning));
                fits.max_by_key(|card| (card.created, card.entry.id))
            })
        };
        let found = exact.or_else(nearest).map(|card| card.entry.clone());
        CacheAnswer { found, saves: Some(MOST_ENTRY), note: None }
    }

    /// The bytes of an entry. One that is damaged goes.
    pub(super) fn open(&self, entry: &CacheEntry) -> Result<File, NoCache> {
        let read = File::open(self.bytes_of(entry.id)).and_then(|mut file| {
            let found = digest(&file)?;
            file.rewind()?;
            Ok((found == (entry.bytes, entry.sha256.clone())).then_some(file))
        });
        match read {
            Ok(Some(file)) => {
                let _ = file.set_modified(SystemTime::now());
                Ok(file)
            }
            Ok(None) => {
                self.remove(entry.id);
                Err(NoCache(format!("the entry {} is damaged and was dropped", entry.key)))
            }
            Err(error) => {
                self.remove(entry.id);
                Err(NoCache(format!("the entry {} cannot be read and was dropped: {error}", entry.key)))
            }
        }
    }

    /// Takes a file as an entry. One that is there already stays as it is.
    pub(super) fn save(&self, offer: &CacheOffer, file: &Path) -> Result<(), NoCache> {
        let there = self.cards();
        if there.iter().any(|card| card.form == offer.form && card.entry.key == offer.key) {
            return Ok(());
        }
        let CacheOffer { key, form, bytes, sha256, .. } = offer.clone();
        let card = Card { entry: CacheEntry { id: Uuid::now_v7(), key, bytes, sha256 }, form, created: now() };
        self.put(&card, file).map_err(|error| NoCache(format!("it cannot be written: {error}")))?;
        self.trim();
        Ok(())
    }

    fn put(&self, card: &Card, file: &Path) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        // What the user's builds make is nobody else's business.
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700))?;
        fs::rename(file, self.bytes_of(card.entry.id))?;
        // The card makes it an entry: it comes last, and at once.
        let new = self.folder.join(format!("{}.new", card.entry.id));
        fs::write(&new, serde_json::to_vec(card)?)?;
        fs::rename(new, self.card_of(card.entry.id))
    }

    fn cards(&self) -> Vec<Card> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let cards = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        cards.filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect()
    }

    fn trim(&self) {
        let used = |card: &Card| fs::metadata(self.bytes_of(card.entry.id)).and_then(|file| file.modified()).ok();
        let mut cards: Vec<(Option<SystemTime>, Card)> =
            self.cards().into_iter().map(|card| (used(&card), card)).collect();
        cards.sort_by_key(|(used, card)| (*used, card.entry.id));
        let mut all: u64 = cards.iter().map(|(_, card)| card.entry.bytes).sum();
        for (_, card) in cards {
            if all <= self.most {
                return;
            }
            self.remove(card.entry.id);
            all -= card.entry.bytes;
        }
    }

    fn remove(&self, id: Uuid) {
        let _ = fs::remove_file(self.card_of(id));
        let _ = fs::remove_file(self.bytes_of(id));
    }

    fn card_of(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    fn bytes_of(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{id}.tar.zst"))
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read, time::Duration};

    use super::*;
    use crate::testing::plans::claim;

    struct Desk {
        place: tempfile::TempDir,
        caches: Caches,
    }

    impl Desk {
        fn new() -> Self {
            let place = tempfile::tempdir().unwrap();
            let caches = Caches::of(place.path(), "me/thing");
            Self { place, caches }
        }

        fn save(&self, key: &str, form: &str, text: &str) {
            let file = self.place.path().join("draft");
            fs::write(&file, text).unwrap();
            let sha256 = hex::encode(Sha256::digest(text));
            let offer = CacheOffer { epoch: 1, key: key.into(), form: form.into(), bytes: text.len() as u64, sha256 };
            self.caches.save(&offer, &file).unwrap();
        }

        fn find(&self, key: &str, restore_keys: &[&str]) -> Option<CacheEntry> {
            let restore_keys = restore_keys.iter().map(|key| (*key).to_owned()).collect();
            let wanted = CacheWanted { claim: claim(1), key: key.into(), restore_keys, form: "f".into() };
            self.caches.find(&wanted).found
        }

        fn text(&self, key: &str) -> String {
            let mut text = String::new();
            let entry = self.find(key, &[]).unwrap();
            self.caches.open(&entry).unwrap().read_to_string(&mut text).unwrap();
            text
        }
    }

    #[test]
    fn the_exact_key_wins_then_the_newest_of_the_first_beginning() {
        let desk = Desk::new();
        for (key, form) in [("gems-1", "f"), ("gems-2", "f"), ("gems-3", "other"), ("go-1", "f")] {
            desk.save(key, form, key);
        }
        assert_eq!(desk.text("gems-1"), "gems-1");
        let key = |entry: Option<CacheEntry>| entry.map(|entry| entry.key);
        assert_eq!(key(desk.find("gems-9", &["none-", "gems-", "go-"])).as_deref(), Some("gems-2"));
        assert_eq!(key(desk.find("gems-9", &[])), None);
        let other = Caches::of(desk.place.path(), "me/other");
        assert!(other.cards().is_empty(), "repositories share nothing");
    }

    #[test]
    fn an_entry_never_changes_and_a_damaged_one_goes() {
        let desk = Desk::new();
        desk.save("a", "f", "first");
        desk.save("a", "f", "second");
        assert_eq!(desk.text("a"), "first");
        let entry = desk.find("a", &[]).unwrap();
        fs::write(desk.caches.bytes_of(entry.id), "fir5t").unwrap();
        assert!(desk.caches.open(&entry).unwrap_err().0.contains("damaged"));
        assert_eq!(desk.find("a", &[]), None);
        desk.save("a", "f", "third");
        assert_eq!(desk.text("a"), "third");
    }

    #[test]
    fn the_entries_used_last_stay() {
        let mut desk = Desk::new();
        desk.caches.most = 10;
        desk.save("a", "f", "12345");
        desk.save("b", "f", "12345");
        for (key, ago) in [("a", 10), ("b", 20)] {
            let file = File::options().write(true).open(desk.caches.bytes_of(desk.find(key, &[]).unwrap().id)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(ago)).unwrap();
        }
        desk.save("c", "f", "12345");
        assert!(desk.find("a", &[]).is_some() && desk.find("b", &[]).is_none() && desk.find("c", &[]).is_some());
    }
}
