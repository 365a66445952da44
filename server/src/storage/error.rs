//! What can go wrong with an object.

use std::{error::Error, io};

use axum::http::StatusCode;

use crate::error::ApiError;

/// Why something with an object did not work.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is no such object.
    #[error("no object `{0}`")]
    NotFound(String),
    /// No space is left.
    #[error("the storage is full")]
    Full,
    /// The body has more bytes than allowed.
    #[error("more than {most} bytes")]
    TooLarge {
        /// The limit.
        most: u64,
    },
    /// The body is not what was announced.
    #[error("the body has another {what} than announced")]
    Mismatch {
        /// `size` or `SHA-256`.
        what: &'static str,
    },
    /// The body ended in an error: the sender's fault, or its line's.
    #[error("the body was not received whole: {0}")]
    Body(Box<dyn Error + Send + Sync>),
    /// A key that no storage takes: a mistake of ours.
    #[error("`{0}` is no key of an object")]
    Key(String),
    /// The storage cannot be reached, refuses us, or fails.
    #[error("the storage failed: {0}")]
    Unavailable(Box<dyn Error + Send + Sync>),
}

impl StorageError {
    /// Whether trying again changes nothing: a bucket that does not exist, or credentials that it does not take.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::NotFound(_) => true,
            // The library gives no more than the text for a bucket that is not there.
            Self::Unavailable(cause) => match cause.downcast_ref() {
                Some(object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. }) => {
                    true
                }
                error => error.is_some_and(|error| {
                    let said = error.to_string();
                    ["NoSuchBucket", "403 Forbidden", "401 Unauthorized"].iter().any(|word| said.contains(word))
                }),
            },
            _ => false,
        }
    }
}

impl From<object_store::Error> for StorageError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Self::NotFound(path),
            error if is_full(&error) => Self::Full,
            error => Self::Unavailable(error.into()),
        }
    }
}

impl From<io::Error> for StorageError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Unavailable(error.into()),
        }
    }
}

/// Whether an error is a full disk of this machine, or what S3 servers say of theirs.
fn is_full(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            return true;
        }
        next = error.source();
    }
    let said = error.to_string();
    ["507 Insufficient Storage", "XMinioStorageFull", "QuotaExceeded"].iter().any(|word| said.contains(word))
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::NotFound(_) => Self::not_found("not found"),
            StorageError::TooLarge { most } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("more than {most} bytes"))
            }
            StorageError::Mismatch { .. } => Self::bad_request(error.to_string()),
            StorageError::Body(_) => Self::bad_request("the body was not received whole"),
            StorageError::Full => Self::ours(
                StatusCode::INSUFFICIENT_STORAGE,
                "the server's storage is full",
                "no space left for objects",
            ),
            StorageError::Key(_) => Self::internal(error),
            StorageError::Unavailable(cause) => {
                Self::ours(StatusCode::SERVICE_UNAVAILABLE, "the server's storage is not available now", cause)
            }
        }
    }
}
