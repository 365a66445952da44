//! What a build kept: folders and files.

use askama::Template;
use slipway_pipelines::{
    repository::RepositoryName,
    state::{Finish, Status},
};

use super::{Crumb, Frame, paths};
use crate::sign::Sign;

/// The page of a folder of artifacts, or of all of a build.
#[derive(Clone, Debug, Template)]
#[template(path = "artifacts.html")]
pub struct ArtifactsPage {
    /// Frame.
    pub frame: Frame,
    /// The build's page.
    pub build: String,
    /// Number in its repository.
    pub number: u64,
    /// The folders above this one, with the job first; empty for the whole build.
    pub trail: Vec<Crumb>,
    /// One, or of the whole build one for each job.
    pub folders: Vec<FolderView>,
}

/// A folder.
#[derive(Clone, Debug)]
pub struct FolderView {
    /// The job's name for one of a whole build, else empty.
    pub title: String,
    /// The whole of it as one file.
    pub zip: String,
    /// How many files it has, and their size: `3 files, 1.2 MB`.
    pub sum: String,
    /// Folders first.
    pub rows: Vec<ArtifactRow>,
}

/// A file or folder in it.
#[derive(Clone, Debug)]
pub struct ArtifactRow {
    /// Its name.
    pub name: String,
    /// Where a click leads: into the folder, to the file as a browser shows it, or to its bytes.
    pub href: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// Its size, and how many files a folder has.
    pub size: String,
    /// Its bytes, or the folder as a zip.
    pub download: String,
    /// SHA-256; of a link where it leads. Empty for a folder.
    pub about: String,
    /// The day when it goes; empty for a folder.
    pub expires: String,
}

/// What the build's page says of artifacts.
#[derive(Clone, Debug)]
pub struct ArtifactsView {
    /// The page that has them all.
    pub href: String,
    /// `3 files, 1.2 MB`
    pub sum: String,
    /// The first of them.
    pub rows: Vec<ArtifactRow>,
    /// How many rows are only on their own page.
    pub more: usize,
}

impl ArtifactsPage {
    /// A page without folders.
    pub fn new(name: &RepositoryName, number: u64, (status, finish): (Status, Option<&Finish>)) -> Self {
        let mut frame = Frame::build(name, number, Sign::new(status, finish));
        frame.crumbs.push(Crumb { text: "artifacts".to_owned(), href: paths::artifacts(name, number) });
        frame.title = format!("Artifacts of #{number} · {name}");
        Self { frame, build: paths::build(name, number), number, trail: Vec::new(), folders: Vec::new() }
    }
}
