//! `--storage`: which storage.

use std::{fmt, path::PathBuf, str::FromStr};

/// Where objects are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Location {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket of S3-compatible storage: `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`.
    Bucket {
        /// Its name.
        bucket: String,
        /// What all keys begin with; may be empty.
        prefix: String,
        /// Address of a server that is not Amazon's.
        endpoint: Option<String>,
        /// Name of the region.
        region: Option<String>,
    },
}

/// Why a text names no storage. It does not repeat what may be a password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LocationError {
    /// Nothing was given.
    #[error("the storage is empty: give a folder, or `s3://BUCKET/PREFIX`")]
    Empty,
    /// Of another kind.
    #[error("no storage `{0}://…` is known: give a folder, or `s3://BUCKET/PREFIX`")]
    Scheme(String),
    /// No bucket.
    #[error("the storage has no bucket: `s3://BUCKET/PREFIX`")]
    Bucket,
    /// A name and a password in the address.
    #[error("credentials do not belong into the storage's address: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    Credentials,
    /// Another parameter than `endpoint` and `region`.
    #[error("the storage has an unknown parameter `{0}`: there are `endpoint` and `region`")]
    Parameter(String),
    /// The endpoint is no address.
    #[error("the storage's endpoint `{0}` is not of the form `https://HOST:PORT`")]
    Endpoint(String),
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.is_empty() {
            return Err(LocationError::Empty);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Ok(Self::Folder(text.into()));
        };
        if scheme != "s3" {
            return Err(LocationError::Scheme(scheme.to_owned()));
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.contains(['@', ':']) {
            return Err(LocationError::Credentials);
        }
        if bucket.is_empty() {
            return Err(LocationError::Bucket);
        }
        let (mut endpoint, mut region) = (None, None);
        for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=').or(Some((pair, "")))) {
            match key {
                "" => {}
                "endpoint" => endpoint = Some(check_endpoint(value)?),
                "region" => region = Some(value.to_owned()),
                other => return Err(LocationError::Parameter(other.to_owned())),
            }
        }
        let prefix = prefix.trim_matches('/').to_owned();
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix, endpoint, region })
    }
}

fn check_endpoint(text: &str) -> Result<String, LocationError> {
    let wrong = || LocationError::Endpoint(text.to_owned());
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(wrong)?;
    if host.contains('@') {
        return Err(LocationError::Credentials);
    }
    let host = host.trim_end_matches('/');
    if host.is_empty() || host.contains(['%', ' ']) {
        return Err(wrong());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket { bucket, prefix, endpoint, .. } => {
                write!(f, "s3://{bucket}")?;
                if !prefix.is_empty() {
                    write!(f, "/{prefix}")?;
                }
                endpoint.as_ref().map_or(Ok(()), |endpoint| write!(f, " at {endpoint}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_or_a_bucket_is_read() {
        assert_eq!("/var/objects".parse(), Ok(Location::Folder("/var/objects".into())));
        let bucket: Location = "s3://ci/a/b/?endpoint=http://127.0.0.1:9000/&region=eu".parse().unwrap();
        assert_eq!(bucket.to_string(), "s3://ci/a/b at http://127.0.0.1:9000");
        let Location::Bucket { region, .. } = bucket else { panic!("a bucket") };
        assert_eq!(region.as_deref(), Some("eu"));
        assert_eq!("s3://ci".parse::<Location>().unwrap().to_string(), "s3://ci");
    }

    #[test]
    fn what_is_wrong_is_said_without_a_password() {
        for (text, said) in [
            ("", "is empty"),
            ("gs://ci", "`gs://…`"),
            ("s3://", "no bucket"),
            ("s3:///x", "no bucket"),
            ("s3://id:hunter2@ci/x", "AWS_ACCESS_KEY_ID"),
            ("s3://ci?endpoint=http://id:hunter2@h", "AWS_ACCESS_KEY_ID"),
            ("s3://ci?endpoint=localhost", "`localhost`"),
            ("s3://ci?regoin=eu", "`regoin`"),
        ] {
            let error = text.parse::<Location>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
