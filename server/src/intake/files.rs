//! Reading the pipeline of a commit.

use std::path::Path;

use git2::{ErrorCode, ObjectType, Oid, Repository, Tree};
use slipway_pipelines::{context::SourceFile, discovery};

use super::IntakeError;
use crate::{app::App, git::repository::open, store::model::Repository as Stored};

/// One byte more than the language takes of a file, so that it says that the file is too large.
const MAX_FILE_BYTES: usize = 256 * 1024 + 1;
/// Git's file mode of a symbolic link.
const LINK: i32 = 0o120_000;
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

/// The pipeline files of a commit, if the server has the commit. Nothing is fetched for it.
///
/// # Errors
/// The server's own copy of the repository cannot be read.
pub(crate) async fn pipeline_of(
    app: &App,
    repository: &Stored,
    sha: &str,
) -> Result<Option<Vec<SourceFile>>, IntakeError> {
    let path = app.config.bare_repository(&repository.name);
    let id = Oid::from_str(sha)?;
    let look = move || -> Result<_, git2::Error> {
        let Some(bare) = open(&path)? else { return Ok(None) };
        if bare.find_commit(id).is_err() {
            return Ok(None);
        }
        read(&bare, id).map(Some)
    };
    Ok(tokio::task::spawn_blocking(look).await.map_err(|_| IntakeError::Stopped)??)
}

fn file(tree: &Tree<'_>, name: &str) -> Option<Oid> {
    tree.get_name(name).filter(|entry| entry.kind() == Some(ObjectType::Blob)).map(|entry| entry.id())
}

/// The bytes of a blob, as far as the language looks at them.
fn bytes(repository: &Repository, id: Oid) -> Result<Vec<u8>, git2::Error> {
    // A blob may be as large as its pusher likes: what the language refuses by its size is not read.
    let (size, _) = repository.odb()?.read_header(id)?;
    if size >= MAX_FILE_BYTES {
        return Ok(vec![b' '; MAX_FILE_BYTES]);
    }
    Ok(repository.find_blob(id)?.content().to_vec())
}

/// One file of a commit, or why it cannot be had.
pub(super) fn one(repository: &Repository, commit: Oid, path: &str) -> Result<Vec<u8>, String> {
    if path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(format!("`{path}` is not a path inside the repository"));
    }
    let unreadable = |error: git2::Error| format!("the repository could not be read: {}", error.message());
    let tree = repository.find_commit(commit).and_then(|commit| commit.tree()).map_err(unreadable)?;
    let short = &commit.to_string()[..8];
    let entry = tree.get_path(Path::new(path)).map_err(|error| match error.code() {
        ErrorCode::NotFound => format!("commit {short} has no file `{path}`"),
        _ => unreadable(error),
    })?;
    match (entry.kind(), entry.filemode()) {
        (_, LINK) => Err(format!("`{path}` is a symbolic link")),
        (Some(ObjectType::Blob), _) => bytes(repository, entry.id()).map_err(unreadable),
        (Some(ObjectType::Tree), _) => Err(format!("`{path}` is a folder")),
        _ => Err(format!("`{path}` is not a file")),
    }
}
