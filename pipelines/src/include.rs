//! `include:`, files that a pipeline takes from elsewhere. Nothing is fetched here: the caller is told what is missing,
//! gets it, and asks again until nothing is.

use std::{collections::BTreeMap, fmt};

use crate::repository::RepositoryName;

/// Names a file to include.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reference {
    /// Another repository of the same server; `None` for that of the pipeline, at the same commit.
    pub repository: Option<RepositoryName>,
    /// Branch, tag or commit of the other repository; `None` for its default branch.
    pub revision: Option<String>,
    /// Path in the repository.
    pub path: String,
}

/// What was included, as bytes or as the reason why it cannot be had.
pub type Included = BTreeMap<Reference, Result<Vec<u8>, String>>;

/// `path`, or `owner/name@revision:path`: as diagnostics name the file.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(repository) = &self.repository {
            write!(f, "{repository}")?;
            if let Some(revision) = &self.revision {
                write!(f, "@{revision}")?;
            }
            f.write_str(":")?;
        }
        f.write_str(&self.path)
    }
}
