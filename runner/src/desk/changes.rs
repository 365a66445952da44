//! Which paths the directory changes against a commit.

use std::path::Path;

use git2::{Delta, DiffOptions, ObjectType, Repository, Tree};

use super::folder::{Folder, FolderError, Git};

/// Most changed paths that are told; beyond it they count as unknown, and path filters match.
const MOST: usize = 5000;

/// What the directory is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Since<'a> {
    /// What a push would: the branch's upstream; the parent commit without one, or when nothing differs from it.
    LastPush,
    /// Where it left this branch.
    Branch(&'a str),
}

/// Changed paths, and the commit that they are changed against.
type Changes = (Option<Vec<String>>, Option<String>);

impl Folder {
    /// The changed paths, uncommitted ones included, relative to the directory; `None` when it is not known. Beside them the
    /// commit they are compared with.
    ///
    /// # Errors
    ///
    /// The branch does not exist, or the repository cannot be read.
    pub fn changes(&self, since: Since<'_>) -> Result<(Option<Vec<String>>, Option<String>), FolderError> {
        let Some(git) = &self.git else { return Ok((None, None)) };
        match since {
            Since::LastPush => git.since_last_push(),
            Since::Branch(name) => git.since_branch(name),
        }
    }
}

impl Git {
    fn since_last_push(&self) -> Result<Changes, FolderError> {
        let Ok(head) = self.repository.head() else { return Ok((self.against(None)?, None)) };
        let commit = head.peel_to_commit()?;
        if let Some(upstream) = upstream(&self.repository, &head) {
            let paths = self.against(Some(&upstream.tree()?))?;
            if paths.as_ref().is_none_or(|paths| !paths.is_empty()) {
                return Ok((paths, Some(upstream.id().to_string())));
            }
        }
        let parent = commit.parent(0).ok();
        let tree = parent.as_ref().map(git2::Commit::tree).transpose()?;
        Ok((self.against(tree.as_ref())?, None))
    }

    fn since_branch(&self, name: &str) -> Result<Changes, FolderError> {
        let repository = &self.repository;
        let names = [format!("refs/remotes/origin/{name}"), format!("refs/heads/{name}"), name.to_owned()];
        let other = names.iter().find_map(|name| {
            let object = repository.revparse_single(name).ok()?;
            object.peel(ObjectType::Commit).ok()?.into_commit().ok()
        });
        let other = other.ok_or_else(|| FolderError::Unknown(name.to_owned()))?;
        let head = repository.head()?.peel_to_commit()?.id();
        let base = repository.merge_base(other.id(), head).unwrap_or(other.id());
        let tree = repository.find_commit(base)?.tree()?;
        Ok((self.against(Some(&tree))?, Some(base.to_string())))
    }

    fn against(&self, tree: Option<&Tree<'_>>) -> Result<Option<Vec<String>>, FolderError> {
        let mut options = DiffOptions::new();
        options.include_untracked(true).recurse_untracked_dirs(true).skip_binary_check(true).include_typechange(true);
        let diff = self.repository.diff_tree_to_workdir_with_index(tree, Some(&mut options))?;
        let mut paths = Vec::new();
        for delta in diff.deltas() {
            let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
            let Some(path) = file.path().and_then(|path| path.strip_prefix(&self.below).ok()) else { continue };
            if path == Path::new("") {
                continue;
            }
            paths.push(path.to_string_lossy().into_owned());
            if paths.len() > MOST {
                return Ok(None);
            }
        }
        Ok(Some(paths))
    }
}

fn upstream<'r>(repository: &'r Repository, head: &git2::Reference<'_>) -> Option<git2::Commit<'r>> {
    let name = repository.branch_upstream_name(head.name().ok()?).ok()?;
    repository.find_reference(name.as_str().ok()?).ok()?.peel_to_commit().ok()
}
