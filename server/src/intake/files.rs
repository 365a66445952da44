//! Reading the pipeline of a commit.

use git2::{ObjectType, Oid, Repository, Tree};
use slipway_pipelines::{context::SourceFile, discovery};

/// One byte more than the language takes of a file, so that it says that the file is too large.
const MAX_FILE_BYTES: usize = 256 * 1024 + 1;
/// Most files of one pipeline; more are not read.
const MAX_FILES: usize = 256;

/// The pipeline files of a commit, sorted by path. Empty when it has none.
pub(super) fn read(repository: &Repository, commit: Oid) -> Result<Vec<SourceFile>, git2::Error> {
    let tree = repository.find_commit(commit)?.tree()?;
    let mut found: Vec<(String, Oid)> = Vec::new();
    for name in [".slipway", ".woodpecker"] {
        for ending in [".yml", ".yaml"] {
            let path = format!("{name}{ending}");
            if let Some(id) = file(&tree, &path) {
                found.push((path, id));
            }
        }
        let Some(folder) = tree.get_name(name).filter(|entry| entry.kind() == Some(ObjectType::Tree)) else { continue };
        let folder = repository.find_tree(folder.id())?;
        for entry in &folder {
            // A name that is not UTF-8 has no `.yml` that anybody could name.
            if let (Ok(file), Some(ObjectType::Blob)) = (entry.name(), entry.kind()) {
                found.push((format!("{name}/{file}"), entry.id()));
            }
        }
    }
    let chosen = discovery::choose(found.iter().map(|(path, _)| path.as_str()));
    let mut files = Vec::with_capacity(chosen.len());
    for path in chosen.into_iter().take(MAX_FILES) {
        let Some((_, id)) = found.iter().find(|(found, _)| found == path) else { continue };
        files.push(SourceFile { path: path.to_owned(), bytes: bytes(repository, *id)? });
    }
    Ok(files)
}

fn file(tree: &Tree<'_>, name: &str) -> Option<Oid> {
    tree.get_name(name).filter(|entry| entry.kind() == Some(ObjectType::Blob)).map(|entry| entry.id())
}

fn bytes(repository: &Repository, id: Oid) -> Result<Vec<u8>, git2::Error> {
    let blob = repository.find_blob(id)?;
    let content = blob.content();
    Ok(content[..content.len().min(MAX_FILE_BYTES)].to_vec())
}
