//! The files of a pipeline, as they were when a build ran.

use askama::Template;
use slipway_pipelines::repository::RepositoryName;

use super::{Crumb, Frame, paths, rows};
use crate::sign::Sign;

/// Most lines of a file that are shown.
const MOST: usize = 5000;

/// The pipeline of a build.
#[derive(Clone, Debug, Template)]
#[template(path = "pipeline.html")]
pub struct PipelinePage {
    /// Frame.
    pub frame: Frame,
    /// Number of the build.
    pub number: u64,
    /// The build's page.
    pub build: String,
    /// First digits of the commit.
    pub short_sha: String,
    /// What it was compiled to, in the API.
    pub plan: String,
    /// The files, by path.
    pub files: Vec<PipelineFile>,
    /// Said when there are none.
    pub quiet: &'static str,
}

/// A file.
#[derive(Clone, Debug)]
pub struct PipelineFile {
    /// In the repository.
    pub path: String,
    /// Its first lines.
    pub lines: Vec<String>,
    /// How many lines more it has.
    pub more: usize,
}

impl PipelinePage {
    /// A page without files.
    pub fn new(name: &RepositoryName, number: u64, status: Sign, sha: &str) -> Self {
        let mut frame = Frame::build(name, number, status);
        let href = paths::pipeline(name, number);
        frame.crumbs.push(Crumb { text: "Pipeline".to_owned(), href });
        frame.title = format!("Pipeline of #{number} · {name}");
        Self {
            frame,
            number,
            build: paths::build(name, number),
            short_sha: rows::short(sha).to_owned(),
            plan: paths::plan(name, number),
            files: Vec::new(),
            quiet: "",
        }
    }
}

impl PipelineFile {
    /// A file with these bytes.
    pub fn new(path: &str, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().take(MOST).map(str::to_owned).collect();
        Self { path: path.to_owned(), lines, more: text.lines().count().saturating_sub(MOST) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_cut_and_says_so() {
        let file = PipelineFile::new("a.yml", "a\r\n\nb".as_bytes());
        assert_eq!((file.lines, file.more), (vec!["a".to_owned(), String::new(), "b".to_owned()], 0));
        assert_eq!(PipelineFile::new("a.yml", "x\n".repeat(5003).as_bytes()).more, 3);
        assert_eq!(PipelineFile::new("a.yml", b"\xff").lines, ["\u{fffd}"]);
    }
}
