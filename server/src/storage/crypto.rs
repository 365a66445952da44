//! Signing of requests with the hashes that the server has anyway, so that no second crypto library comes in.

use hmac::{Hmac, KeyInit, Mac};
use object_store::{
    Error, Result,
    client::{CryptoProvider, DigestAlgorithm, DigestContext, HmacContext, Signer, SigningAlgorithm},
};
use sha2::{Digest, Sha256};

/// SHA-256 and its HMAC: all that S3 asks for.
#[derive(Debug)]
pub(super) struct Hashes;

impl CryptoProvider for Hashes {
    fn digest(&self, algorithm: DigestAlgorithm) -> Result<Box<dyn DigestContext>> {
        match algorithm {
            DigestAlgorithm::Sha256 => Ok(Box::new(Plain { hash: Sha256::new(), done: Vec::new() })),
            other => Err(unknown(&other)),
        }
    }

    fn hmac(&self, algorithm: DigestAlgorithm, secret: &[u8]) -> Result<Box<dyn HmacContext>> {
        match algorithm {
            DigestAlgorithm::Sha256 => {
                let hash = Hmac::<Sha256>::new_from_slice(secret).map_err(|error| unknown(&error))?;
                Ok(Box::new(Keyed { hash, done: Vec::new() }))
            }
            other => Err(unknown(&other)),
        }
    }

    fn sign(&self, algorithm: SigningAlgorithm, _: &[u8]) -> Result<Box<dyn Signer>> {
        Err(unknown(&algorithm))
    }
}

fn unknown(what: &dyn std::fmt::Debug) -> Error {
    Error::NotSupported { source: format!("{what:?}").into() }
}

struct Plain {
    hash: Sha256,
    done: Vec<u8>,
}

impl DigestContext for Plain {
    fn update(&mut self, data: &[u8]) {
        self.hash.update(data);
    }

    fn finish(&mut self) -> Result<&[u8]> {
        self.done = self.hash.finalize_reset().to_vec();
        Ok(&self.done)
    }
}

struct Keyed {
    hash: Hmac<Sha256>,
    done: Vec<u8>,
}

impl HmacContext for Keyed {
    fn update(&mut self, data: &[u8]) {
        self.hash.update(data);
    }

    fn finish(&mut self) -> Result<&[u8]> {
        self.done = self.hash.clone().finalize().into_bytes().to_vec();
        Ok(&self.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_amazons_own_example_comes_out() {
        // "Examples of how to derive a signing key for Signature Version 4", AWS General Reference.
        let mut key = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec();
        for part in ["20120215", "us-east-1", "iam", "aws4_request"] {
            let mut mac = Hashes.hmac(DigestAlgorithm::Sha256, &key).unwrap();
            mac.update(part.as_bytes());
            key = mac.finish().unwrap().to_vec();
        }
        assert_eq!(hex::encode(key), "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
    }

    #[test]
    fn the_digest_of_nothing_is_known() {
        let mut digest = Hashes.digest(DigestAlgorithm::Sha256).unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex::encode(digest.finish().unwrap()), empty);
    }
}
