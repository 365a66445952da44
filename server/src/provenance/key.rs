//! The server's signing key: a file that openssl reads.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use openssl::{
    error::ErrorStack,
    pkey::{Id, PKey, Private},
    sign::Signer,
};
use sha2::{Digest, Sha256};

/// An ed25519 key.
pub struct ProvenanceKey {
    key: PKey<Private>,
    public_pem: String,
    id: String,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum ProvenanceKeyError {
    /// Others may read it.
    #[error(
        "the signing key `{}` can be read by others (mode {mode:04o}): run `chmod 600` on it, or remove it for a new \
         one if somebody may have read it",
        .path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is no such key.
    #[error(
        "the signing key `{}` is damaged: it must hold an ed25519 key as PEM; put it back from a backup, or remove it \
         for a new one",
        .0.display()
    )]
    Damaged(PathBuf),
    /// It cannot be read or made.
    #[error("the signing key `{}` cannot be used: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl ProvenanceKey {
    /// The key of a file, which is made if it is not there, for its owner only.
    pub fn from_file_or_new(path: &Path) -> Result<Self, ProvenanceKeyError> {
        let failed = |cause| ProvenanceKeyError::Io { path: path.to_owned(), cause };
        let pem = match File::open(path) {
            Ok(mut file) => {
                let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
                if mode & 0o077 != 0 {
                    return Err(ProvenanceKeyError::Open { path: path.to_owned(), mode });
                }
                let mut pem = Vec::new();
                file.read_to_end(&mut pem).map_err(failed)?;
                pem
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(path).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        };
        let damaged = |_: ErrorStack| ProvenanceKeyError::Damaged(path.to_owned());
        let key = PKey::private_key_from_pem(&pem).map_err(damaged)?;
        if key.id() != Id::ED25519 {
            return Err(ProvenanceKeyError::Damaged(path.to_owned()));
        }
        let public_pem = String::from_utf8_lossy(&key.public_key_to_pem().map_err(damaged)?).into_owned();
        let id = hex::encode(Sha256::digest(key.public_key_to_der().map_err(damaged)?));
        Ok(Self { key, public_pem, id })
    }

    /// The public key as PEM.
    pub fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// SHA-256 of the public key's DER form, in hexadecimal.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Signs bytes.
    pub(super) fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        Signer::new_without_digest(&self.key)?.sign_oneshot_to_vec(bytes)
    }
}

impl fmt::Debug for ProvenanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProvenanceKey").field(&self.id).finish()
    }
}

/// Written under another name first: a crash leaves the whole file or none.
fn make(path: &Path) -> io::Result<Vec<u8>> {
    let pem = PKey::generate_ed25519()?.private_key_to_pem_pkcs8()?;
    let draft = path.with_extension("new");
    // Left by a crash; nothing was ever signed with it.
    if let Err(error) = fs::remove_file(&draft)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(&pem)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(path.parent().unwrap_or_else(|| Path::new(".")))?.sync_all()?;
    Ok(pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provenance.key");
        let first = ProvenanceKey::from_file_or_new(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let second = ProvenanceKey::from_file_or_new(&path).unwrap();
        assert_eq!((first.id(), first.public_pem()), (second.id(), second.public_pem()));
        let secret = fs::read_to_string(&path).unwrap();
        let body = secret.lines().nth(1).unwrap();
        assert!(!format!("{first:?} {}", first.public_pem()).contains(body));
    }

    #[test]
    fn a_key_that_cannot_be_trusted_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provenance.key");
        ProvenanceKey::from_file_or_new(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = ProvenanceKey::from_file_or_new(&path).unwrap_err().to_string();
        assert!(error.contains("mode 0640") && error.contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "no key").unwrap();
        assert!(matches!(ProvenanceKey::from_file_or_new(&path), Err(ProvenanceKeyError::Damaged(_))));
    }
}
