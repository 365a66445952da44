//! What is in the folder of log files.

use std::{fs, io, path::Path};

use slipway_pipelines::ids::JobId;

use super::{LogAddress, Logs, files::blocking, lines};

impl Logs {
    /// The attempts that have files.
    pub(super) async fn attempts(&self) -> io::Result<Vec<(JobId, u32)>> {
        let root = self.root().to_owned();
        blocking(move || {
            let mut found = Vec::new();
            for job in names(&root)?.into_iter().filter_map(|name| name.parse::<JobId>().ok()) {
                let attempts = names(&root.join(job.to_string()))?;
                found.extend(attempts.into_iter().filter_map(|name| Some((job, name.parse().ok()?))));
            }
            Ok(found)
        })
        .await?
    }

    /// The steps of an attempt that have files.
    pub(super) async fn steps(&self, job: JobId, attempt: u32) -> io::Result<Vec<usize>> {
        let folder = LogAddress::folder(self.root(), job, attempt);
        blocking(move || {
            let step = |name: String| name.strip_suffix(".log")?.parse().ok();
            Ok(names(&folder)?.into_iter().filter_map(step).collect())
        })
        .await?
    }

    /// Removes the folders of an attempt and of its job that have no log in them.
    pub(super) async fn clear(&self, job: JobId, attempt: u32) -> io::Result<()> {
        let folder = LogAddress::folder(self.root(), job, attempt);
        blocking(move || {
            // A server that was killed in between leaves an index without its log.
            for name in names(&folder).unwrap_or_default() {
                let log = folder.join(&name).with_extension("log");
                if name.ends_with(".idx") && !log.exists() {
                    let _ = lines::remove(&log);
                }
            }
            for folder in folder.ancestors().take(2) {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        })
        .await
    }
}

/// Names in a folder; none when it is gone.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}
