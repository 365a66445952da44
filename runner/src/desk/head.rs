//! What a repository says about the commit that is checked out.

use git2::{ErrorCode, Repository};
use slipway_pipelines::trigger::Person;

use super::folder::{Folder, FolderError};

/// Longest message that is told, in bytes: as the server does.
const MOST_MESSAGE: usize = 64 * 1024;

/// The commit, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// 40 hex digits; all zeros without a commit.
    pub sha: String,
    /// Whole.
    pub message: String,
    /// Of the commit.
    pub author: Person,
    /// Unix seconds.
    pub timestamp: i64,
    /// `None` when no branch is checked out.
    pub branch: Option<String>,
    /// What `origin` calls its main branch, or the one that looks like it.
    pub default_branch: Option<String>,
    /// Address of `origin`, or of the first remote.
    pub remote: Option<String>,
}

impl Folder {
    /// Reads it; `None` without git.
    ///
    /// # Errors
    ///
    /// The repository cannot be read.
    pub fn head(&self) -> Result<Option<Head>, FolderError> {
        self.git.as_ref().map(|git| read(&git.repository)).transpose()
    }

    /// Tags of the commit, sorted.
    ///
    /// # Errors
    ///
    /// The repository cannot be read.
    pub fn tags(&self) -> Result<Vec<String>, FolderError> {
        let Some(git) = &self.git else { return Ok(Vec::new()) };
        let Ok(head) = git.repository.head() else { return Ok(Vec::new()) };
        tags(&git.repository, head.peel_to_commit()?.id())
    }
}

fn read(repository: &Repository) -> Result<Head, FolderError> {
    let mut head = Head { sha: "0".repeat(40), ..Head::default() };
    match repository.head() {
        Ok(reference) => {
            if reference.is_branch() {
                head.branch = reference.shorthand().ok().map(str::to_owned);
            }
            let commit = reference.peel_to_commit()?;
            let message = commit.message_raw_bytes();
            let author = commit.author();
            head.sha = commit.id().to_string();
            head.message = lossy(&message[..message.len().min(MOST_MESSAGE)]);
            head.author = Person { name: lossy(author.name_bytes()), email: lossy(author.email_bytes()) };
            head.timestamp = commit.time().seconds();
        }
        // Nothing was committed yet: the branch has a name all the same.
        Err(error) if error.code() == ErrorCode::UnbornBranch => {
            let target = repository.find_reference("HEAD")?;
            let target = target.symbolic_target().ok().flatten();
            head.branch = target.and_then(|name| name.strip_prefix("refs/heads/")).map(str::to_owned);
        }
        Err(error) => return Err(error.into()),
    }
    head.remote = remote(repository)?;
    head.default_branch = default_branch(repository);
    Ok(head)
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn tags(repository: &Repository, commit: git2::Oid) -> Result<Vec<String>, FolderError> {
    let mut tags = Vec::new();
    for reference in repository.references_glob("refs/tags/*")? {
        let reference = reference?;
        let is_here = reference.peel_to_commit().is_ok_and(|tagged| tagged.id() == commit);
        if let (true, Some(name)) = (is_here, reference.shorthand().ok()) {
            tags.push(name.to_owned());
        }
    }
    tags.sort_unstable();
    Ok(tags)
}

fn remote(repository: &Repository) -> Result<Option<String>, FolderError> {
    let names = repository.remotes()?;
    let names: Vec<&str> = names.iter().flatten().flatten().collect();
    let name = if names.contains(&"origin") { Some("origin") } else { names.first().copied() };
    let Some(name) = name else { return Ok(None) };
    Ok(repository.find_remote(name)?.url().ok().map(str::to_owned))
}

fn default_branch(repository: &Repository) -> Option<String> {
    let origin = repository.find_reference("refs/remotes/origin/HEAD").ok();
    let target = origin.as_ref().and_then(|reference| reference.symbolic_target().ok().flatten());
    if let Some(branch) = target.and_then(|name| name.strip_prefix("refs/remotes/origin/")) {
        return Some(branch.to_owned());
    }
    let usual = ["main", "master"];
    let there = usual.into_iter().find(|name| repository.find_branch(name, git2::BranchType::Local).is_ok());
    there.map(str::to_owned)
}
