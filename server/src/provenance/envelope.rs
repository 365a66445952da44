//! DSSE: bytes with their kind and a signature over both.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::Value;

use super::ProvenanceKey;
use crate::error::ApiError;

const KIND: &str = "application/vnd.in-toto+json";

/// A signed statement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope {
    payload: String,
    payload_type: &'static str,
    signatures: [Signature; 1],
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Signature {
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Signs a statement.
    pub(crate) fn seal(statement: &Value, key: &ProvenanceKey) -> Result<Self, ApiError> {
        let payload = statement.to_string();
        let signature = key.sign(&signed_bytes(payload.as_bytes())).map_err(ApiError::internal)?;
        Ok(Self {
            payload: BASE64_STANDARD.encode(payload),
            payload_type: KIND,
            signatures: [Signature { keyid: key.id().to_owned(), sig: BASE64_STANDARD.encode(signature) }],
        })
    }
}

/// What is signed: DSSE's "pre-authentication encoding".
fn signed_bytes(payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {KIND} {} ", KIND.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}
