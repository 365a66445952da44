//! Artifacts as rows of folders.

use std::collections::BTreeMap;

use slipway_web::{
    time::rfc3339,
    views::{ArtifactRow, ArtifactsView, FolderView, paths},
};

use crate::{
    artifacts::{Shown, words},
    store::model::{Artifact, BuildDetail},
};

/// Most rows on a build's page.
const MOST_ROWS: usize = 6;

/// The top folder of each job.
pub(super) fn job_folders(build: &BuildDetail, shown: &Shown) -> Vec<FolderView> {
    let mut jobs: BTreeMap<usize, Vec<Artifact>> = BTreeMap::new();
    for artifact in shown.all() {
        jobs.entry(artifact.job).or_default().push(artifact.clone());
    }
    let view = |(job, all): (&usize, &Vec<Artifact>)| {
        let title = all.first().map(|artifact| artifact.job_name.clone()).unwrap_or_default();
        FolderView { title, ..folder_view(build, *job, all, "") }
    };
    jobs.iter().map(view).collect()
}

/// What a build's page says; `None` when nothing was kept.
pub(super) fn summary(build: &BuildDetail, shown: &Shown) -> Option<ArtifactsView> {
    if shown.all().is_empty() {
        return None;
    }
    let folders = job_folders(build, shown);
    let several = folders.len() > 1;
    let mut rows: Vec<ArtifactRow> = Vec::new();
    for folder in folders {
        let title = folder.title;
        rows.extend(
            folder.rows.into_iter().map(|row| ArtifactRow {
                name: if several { format!("{title}: {}", row.name) } else { row.name },
                ..row
            }),
        );
    }
    let more = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    let href = paths::artifacts(&build.repository.name, build.summary.number);
    Some(ArtifactsView { href, sum: sum(shown.all().iter()), rows, more })
}

/// A folder of a job: folders first, then files.
pub(super) fn folder_view(build: &BuildDetail, job: usize, all: &[Artifact], path: &str) -> FolderView {
    let at = |path: &str| paths::artifact(&build.repository.name, build.summary.number, job, path);
    let below = |artifact: &Artifact| -> Option<String> {
        let rest = if path.is_empty() {
            artifact.path.as_str()
        } else {
            artifact.path.strip_prefix(path)?.strip_prefix('/')?
        };
        Some(rest.to_owned())
    };
    let mut folders: BTreeMap<String, Vec<&Artifact>> = BTreeMap::new();
    let mut files: Vec<ArtifactRow> = Vec::new();
    let mut inside: Vec<&Artifact> = Vec::new();
    for artifact in all {
        let Some(rest) = below(artifact) else { continue };
        inside.push(artifact);
        match rest.split_once('/') {
            Some((folder, _)) => folders.entry(folder.to_owned()).or_default().push(artifact),
            None => {
                let href = at(&artifact.path);
                files.push(ArtifactRow {
                    name: rest,
                    download: format!("{href}?download"),
                    href,
                    folder: false,
                    size: if artifact.link.is_some() { String::new() } else { words(artifact.size) },
                    about: artifact.link.as_ref().map_or_else(|| artifact.sha256.clone(), |link| format!("→ {link}")),
                    expires: rfc3339(artifact.expires).chars().take(10).collect(),
                });
            }
        }
    }
    let folder_row = |(name, inside): (String, Vec<&Artifact>)| {
        let full = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        let href = at(&full);
        let (download, size) = (format!("{href}?zip"), sum(inside.into_iter()));
        ArtifactRow { name, href, folder: true, size, download, about: String::new(), expires: String::new() }
    };
    let mut rows: Vec<ArtifactRow> = folders.into_iter().map(folder_row).collect();
    rows.extend(files);
    FolderView { title: String::new(), zip: format!("{}?zip", at(path)), sum: sum(inside.into_iter()), rows }
}

/// `3 files, 1.2 MB`
fn sum<'a>(all: impl Iterator<Item = &'a Artifact> + Clone) -> String {
    let (count, bytes) = (all.clone().count(), all.map(|artifact| artifact.size).sum());
    let files = if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
    format!("{files}, {}", words(bytes))
}
