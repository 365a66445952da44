//! Whether an ssh host is the one it says it is.
//!
//! A repository may pin the key of its host. Without that, the first key that a host shows is recorded in `DATA/known_hosts`, and
//! from then on no other is taken.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Why a host is not believed.
#[derive(Debug, thiserror::Error)]
pub enum HostKeyError {
    /// It shows no key that can be compared.
    #[error("the ssh host shows no key")]
    None,
    /// The key is not the pinned one.
    #[error("the ssh host `{0}` shows another key than the one that is pinned for the repository")]
    NotPinned(String),
    /// The key is not the one of before.
    #[error("the ssh host `{0}` shows another key than before; if that is right, remove its line from known_hosts")]
    Changed(String),
    /// The record failed.
    #[error("known_hosts: {0}")]
    Io(#[from] io::Error),
}

/// One process writes the file; this keeps its threads apart.
static FILE: Mutex<()> = Mutex::new(());

/// Checks the raw key of a host, and records it if the host is new.
pub(super) fn check(
    key: Option<&[u8]>,
    host: &str,
    pinned: Option<&str>,
    known_hosts: &Path,
) -> Result<(), HostKeyError> {
    let shown = STANDARD.encode(key.ok_or(HostKeyError::None)?);
    if let Some(pinned) = pinned {
        let fits = pinned.lines().any(|line| key_of(line) == Some(shown.as_str()));
        return if fits { Ok(()) } else { Err(HostKeyError::NotPinned(host.to_owned())) };
    }
    let _turn = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let text = match fs::read_to_string(known_hosts) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.into()),
    };
    match verdict(&text, host, &shown) {
        Verdict::Known => Ok(()),
        Verdict::Changed => Err(HostKeyError::Changed(host.to_owned())),
        Verdict::New => {
            let mut file = File::options().create(true).append(true).open(known_hosts)?;
            let start = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            file.write_all(format!("{start}{host} {} {shown}\n", kind(key.unwrap_or_default())).as_bytes())?;
            Ok(file.sync_all()?)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Known,
    New,
    Changed,
}

fn verdict(text: &str, host: &str, shown: &str) -> Verdict {
    let mut known = false;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let hosts = line.split_ascii_whitespace().next().unwrap_or_default();
        if hosts.split(',').any(|one| one == host) {
            known = true;
            if key_of(line) == Some(shown) {
                return Verdict::Known;
            }
        }
    }
    if known { Verdict::Changed } else { Verdict::New }
}

/// The base64 part of `HOSTS TYPE KEY` or `TYPE KEY`.
fn key_of(line: &str) -> Option<&str> {
    line.split_ascii_whitespace().find(|word| word.starts_with("AAAA"))
}

/// The type that a raw key starts with: `ssh-ed25519`.
fn kind(key: &[u8]) -> String {
    let length = key.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes) as usize);
    let name = key.get(4..4 + length.min(64)).unwrap_or_default();
    String::from_utf8_lossy(name).chars().filter(|c| c.is_ascii_graphic()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(last: u8) -> Vec<u8> {
        let mut key = vec![0, 0, 0, 11];
        key.extend(b"ssh-ed25519");
        key.extend([0, 0, 0, 1, last]);
        key
    }

    #[test]
    fn the_first_key_is_recorded_and_another_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known_hosts");
        check(Some(&key(1)), "git.example", None, &file).unwrap();
        check(Some(&key(1)), "git.example", None, &file).unwrap();
        check(Some(&key(2)), "other.example", None, &file).unwrap();
        assert!(matches!(check(Some(&key(2)), "git.example", None, &file), Err(HostKeyError::Changed(_))));
        assert!(fs::read_to_string(&file).unwrap().starts_with("git.example ssh-ed25519 AAAA"));
    }

    #[test]
    fn a_pinned_key_is_the_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known_hosts");
        let pinned = format!("git.example ssh-ed25519 {}", STANDARD.encode(key(1)));
        check(Some(&key(1)), "git.example", Some(&pinned), &file).unwrap();
        assert!(matches!(check(Some(&key(2)), "git.example", Some(&pinned), &file), Err(HostKeyError::NotPinned(_))));
        assert!(matches!(check(None, "git.example", Some(&pinned), &file), Err(HostKeyError::None)));
        assert!(!file.exists());
    }
}
