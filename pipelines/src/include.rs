//! `include:`, files that a pipeline takes from elsewhere. Nothing is fetched here: the caller is told what is missing,
//! gets it, and asks again until nothing is.

mod gather;
mod merge;
mod wanted;

use std::{collections::BTreeMap, fmt};

use crate::{context::SourceFile, repository::RepositoryName};

pub(crate) use gather::merged;
pub use gather::missing;
pub(crate) use wanted::path_in_repository;

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

/// The files of a pipeline and what they include, each under the name that diagnostics use: what [`crate::render::render`] shows.
pub fn sources(files: &[SourceFile], included: &Included) -> Vec<SourceFile> {
    let had = included.iter().filter_map(|(reference, bytes)| Some((reference.to_string(), bytes.as_ref().ok()?)));
    let had = had.filter(|(path, _)| !files.iter().any(|file| file.path == *path));
    files.iter().cloned().chain(had.map(|(path, bytes)| SourceFile { path, bytes: bytes.clone() })).collect()
}

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

#[cfg(test)]
mod tests;
