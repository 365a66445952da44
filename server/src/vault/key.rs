//! The key's file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rand::Rng;

use super::Vault;

/// The key itself.
pub(super) struct Key(pub(super) [u8; 32]);

/// Why there is no vault.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database has sealed values, and their key is not there.
    #[error(
        "the key file `{}` is missing, and without it the secrets in the database cannot be read: \
         put the file back from a backup",
        .0.display()
    )]
    Missing(PathBuf),
    /// Others may read it.
    #[error(
        "the key file `{}` can be read by others (mode {mode:04o}): run `chmod 600` on it, and change the secrets \
         if somebody may have read it",
        .path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no key.
    #[error("the key file `{}` is damaged: it must hold 64 hex digits; put it back from a backup", .0.display())]
    Damaged(PathBuf),
    /// It is another database's.
    #[error(
        "the key in `{}` is not the one that the database's secrets are sealed with: put the right file back",
        .0.display()
    )]
    Wrong(PathBuf),
    /// It cannot be read or made.
    #[error("the key file `{}` cannot be used: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl Vault {
    /// The vault of a key file that must be there.
    pub(crate) fn from_file(path: &Path) -> Result<Self, KeyError> {
        read(path)?.map(|key| Self::new(&key)).ok_or_else(|| KeyError::Missing(path.to_owned()))
    }

    /// The vault of a key file, which is made if it is not there: for the first start.
    pub(crate) fn from_file_or_new(path: &Path) -> Result<Self, KeyError> {
        let key = match read(path)? {
            Some(key) => key,
            None => make(path).map_err(|cause| KeyError::Io { path: path.to_owned(), cause })?,
        };
        Ok(Self::new(&key))
    }
}

fn read(path: &Path) -> Result<Option<Key>, KeyError> {
    let failed = |cause| KeyError::Io { path: path.to_owned(), cause };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(failed)?;
    let mut key = Key([0; 32]);
    hex::decode_to_slice(text.trim(), &mut key.0).map_err(|_| KeyError::Damaged(path.to_owned()))?;
    Ok(Some(key))
}

/// Written under another name first: a crash leaves the whole file or none.
fn make(path: &Path) -> io::Result<Key> {
    let mut key = Key([0; 32]);
    rand::rng().fill_bytes(&mut key.0);
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let draft = path.with_extension("new");
    // Left by a crash; nothing was ever sealed with it.
    if let Err(error) = fs::remove_file(&draft)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", hex::encode(key.0))?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()?;
    Ok(key)
}
