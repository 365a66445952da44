//! Names of repositories.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// `owner/name`. Each part is 1 to 100 characters of `A-Z a-z 0-9 . _ -`, does not start with `.` or `-`,
/// and does not end with `.git` or `.lock`, so that it is safe as a path and in a URL.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName {
    owner: String,
    name: String,
}

/// Why a text is no repository name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a repository name: it takes the form `owner/name`, each of letters, digits, `.`, `_` and `-`")]
pub struct BadRepositoryName(String);

impl RepositoryName {
    /// Checks both parts.
    pub fn new(owner: &str, name: &str) -> Result<Self, BadRepositoryName> {
        if is_part(owner) && is_part(name) {
            Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
        } else {
            Err(BadRepositoryName(format!("{owner}/{name}")))
        }
    }

    /// The part before the slash.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The part after the slash.
    pub fn name(&self) -> &str {
        &self.name
    }
}

fn is_part(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && !text.starts_with(['.', '-'])
        && ![".git", ".lock"].iter().any(|end| text.to_ascii_lowercase().ends_with(end))
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for RepositoryName {
    type Err = BadRepositoryName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((owner, name)) => Self::new(owner, name),
            None => Err(BadRepositoryName(text.to_owned())),
        }
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = BadRepositoryName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_is_safe_as_a_path_and_nothing_else() {
        for good in ["me/thing", "a-b/c.d_e", "0/1"] {
            assert_eq!(good.parse::<RepositoryName>().unwrap().to_string(), good);
        }
        for bad in ["", "me", "me/", "/x", "me/a/b", "../x", "me/..", "me/-x", "me/x.git", "me/x.lock", "me/a b", "ü/x"]
        {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad}");
        }
    }
}
