use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use secrecy::ExposeSecret;
use uuid::Uuid;

use super::{Kind, SealError, Vault, key::KeyError};

fn vault(path: &Path) -> Vault {
    Vault::from_file_or_new(path).unwrap()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_value_opens_only_where_it_was_sealed_and_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let vault = vault(&folder.path().join("key"));
    let (owner, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let sealed = vault.seal((owner, Kind::Secret, "token"), "hunter2").unwrap();
    assert!(!sealed.windows(7).any(|bytes| bytes == b"hunter2"));
    assert_eq!(vault.open((owner, Kind::Secret, "token"), &sealed).unwrap().expose_secret(), "hunter2");
    for place in [(other, Kind::Secret, "token"), (owner, Kind::Registry, "token"), (owner, Kind::Secret, "tokem")] {
        assert_eq!(vault.open(place, &sealed).unwrap_err(), SealError::Closed, "{place:?}");
    }
    for position in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        assert!(vault.open((owner, Kind::Secret, "token"), &changed).is_err(), "byte {position}");
        assert!(vault.open((owner, Kind::Secret, "token"), &sealed[..position]).is_err(), "cut at {position}");
    }
    assert_ne!(sealed, vault.seal((owner, Kind::Secret, "token"), "hunter2").unwrap(), "a nonce each");
}

#[test]
fn the_key_is_made_once_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    assert!(matches!(Vault::from_file(&path), Err(KeyError::Missing(_))));
    let sealed = vault(&path).seal((Uuid::nil(), Kind::Probe, ""), "x").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(vault(&path).open((Uuid::nil(), Kind::Probe, ""), &sealed).is_ok(), "the same key again");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");

    mode(&path, 0o640);
    let error = Vault::from_file(&path).unwrap_err();
    assert!(error.to_string().contains("0640") && matches!(error, KeyError::Open { .. }), "{error}");
    mode(&path, 0o600);
    fs::write(&path, "not a key").unwrap();
    assert!(matches!(Vault::from_file_or_new(&path), Err(KeyError::Damaged(_))), "it is never replaced");
}
