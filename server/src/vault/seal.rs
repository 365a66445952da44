//! Sealing and opening values. No I/O.

use std::{fmt, sync::Arc};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use rand::Rng;
use secrecy::SecretString;
use uuid::Uuid;

use super::key::Key;

/// First byte of a sealed value: how it is made.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;

/// Seals and opens with one key. Cheap to clone; says nothing of the key.
#[derive(Clone)]
pub struct Vault {
    cipher: Arc<XChaCha20Poly1305>,
}

/// What a value is. Part of what is authenticated: never change a spelling.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A repository's secret; the name is its name.
    Secret,
    /// A password of an image registry; the name is the host.
    Registry,
    /// The same for all repositories; the owner is nil.
    GlobalRegistry,
    /// How a repository is fetched from its forge; no name.
    Credential,
    /// What a job under way was given; the name is the job's id.
    Given,
    /// The value that tells whether the key is the right one.
    Probe,
}

/// Why a value cannot be sealed or opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealError {
    /// Another key, another place, or changed bytes.
    #[error("a sealed value does not open with this key")]
    Closed,
    /// Larger than the cipher takes.
    #[error("the value cannot be sealed")]
    Unsealable,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Registry => "registry",
            Self::GlobalRegistry => "global_registry",
            Self::Credential => "credential",
            Self::Given => "given",
            Self::Probe => "probe",
        }
    }
}

impl Vault {
    pub(super) fn new(key: &Key) -> Self {
        Self { cipher: Arc::new(XChaCha20Poly1305::new(&key.0.into())) }
    }

    /// Encrypts a value that belongs to a repository under a name.
    pub fn seal(&self, (owner, kind, name): (Uuid, Kind, &str), value: &str) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let place = place(owner, kind, name);
        let payload = Payload { msg: value.as_bytes(), aad: &place };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Unsealable)?;
        Ok([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// Decrypts what was sealed for the same owner, kind and name.
    pub fn open(&self, (owner, kind, name): (Uuid, Kind, &str), sealed: &[u8]) -> Result<SecretString, SealError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(SealError::Closed)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Closed)?;
        let place = place(owner, kind, name);
        let payload = Payload { msg: sealed, aad: &place };
        let value = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Closed)?;
        String::from_utf8(value).map(SecretString::from).map_err(|_| SealError::Closed)
    }
}

/// What a value belongs to. Only the last part may hold anything, so that no two places read the same.
fn place(owner: Uuid, kind: Kind, name: &str) -> Vec<u8> {
    format!("{owner}\n{}\n{name}", kind.as_str()).into_bytes()
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}
