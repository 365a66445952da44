//! Artifacts of a run at the desk: files in a folder, each job's in its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::TryStreamExt;
use slipway_pipelines::{
    compile::CompiledJob,
    plan::ArtifactsFrom,
    selection::Selection,
    wire::{KeptFile, Room, is_artifact_path},
};
use tokio::{io::AsyncWriteExt, task};

use super::news::ToDesk;
use crate::keeper::{KeepError, Keeper, Pieces, Taken};

/// The artifacts of all jobs.
#[derive(Debug)]
pub(super) struct Kept {
    folder: PathBuf,
    /// Whether nobody wants the folder when the run is over.
    passes: bool,
    jobs: Vec<Job>,
    /// What is there, by job and step.
    kept: Mutex<BTreeMap<(usize, usize), BTreeSet<String>>>,
}

#[derive(Debug)]
struct Job {
    workflow: String,
    folder: PathBuf,
    /// By step.
    takes: Vec<Vec<ArtifactsFrom>>,
}

impl Kept {
    /// In the folder that somebody wants, or in one that goes with this.
    pub(super) fn new(wanted: Option<&Path>, data: &Path, jobs: &[CompiledJob]) -> Self {
        let folder = wanted.map_or_else(|| data.join("artifacts"), Path::to_owned);
        let of_job = |job: &CompiledJob| {
            let takes = job.plan.steps.iter().map(|step| step.files.artifacts_from.clone()).collect();
            // A cell may have a slash in its name.
            let name = job.name.replace('/', "_");
            Job { workflow: job.workflow.clone(), folder: folder.join(name.trim_start_matches('.')), takes }
        };
        let jobs = jobs.iter().map(of_job).collect();
        Self { passes: wanted.is_none(), jobs, kept: Mutex::default(), folder }
    }

    /// Forgets what an attempt of a job kept.
    pub(super) fn forget(&self, job: usize, step: Option<usize>) -> io::Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |(of, at): &(usize, usize)| *of == job && step.is_none_or(|step| step == *at);
        let gone: Vec<_> = kept.keys().copied().filter(of).collect();
        for path in gone.iter().flat_map(|key| kept.remove(key).unwrap_or_default()) {
            remove(&self.jobs[job].folder.join(path))?;
        }
        Ok(())
    }

    async fn keep(&self, job: usize, step: usize, file: &KeptFile, mut bytes: Pieces) -> io::Result<()> {
        if !is_artifact_path(&file.path) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no path of an artifact"));
        }
        let path = self.jobs[job].folder.join(&file.path);
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await?;
        }
        remove(&path)?;
        if let Some(target) = &file.link {
            symlink(target, &path)?;
        } else {
            let mut to = tokio::fs::File::create(&path).await?;
            while let Some(piece) = bytes.try_next().await? {
                to.write_all(&piece).await?;
            }
            to.flush().await?;
            let mode = if file.executable { 0o755 } else { 0o644 };
            tokio::fs::set_permissions(&path, fs::Permissions::from_mode(mode)).await?;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry((job, step)).or_default().insert(file.path.clone());
        Ok(())
    }

    /// What an item means: of all cells of the workflow; of two files of one path the later job's.
    fn take(&self, job: usize, step: usize, item: usize) -> io::Result<Found> {
        let from = self.jobs[job].takes.get(step).and_then(|items| items.get(item));
        let from = from.ok_or_else(|| io::Error::other("the step has no such item"))?;
        let selection = Selection::new(&from.paths).map_err(io::Error::other)?;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = BTreeMap::new();
        for ((other, _), paths) in kept.iter().filter(|((other, _), _)| self.jobs[*other].workflow == from.workflow) {
            for path in paths.iter().filter(|path| selection.fits(path)) {
                found.insert(path.clone(), self.jobs[*other].folder.join(path));
            }
        }
        let mut bytes = 0;
        for path in found.values() {
            bytes += fs::symlink_metadata(path)?.len();
        }
        Ok((found.len() as u64, bytes, found.into_iter().collect()))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.passes {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// How many files, their bytes, and each path with the file that has it.
type Found = (u64, u64, Vec<(String, PathBuf)>);

fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path).or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn meant(error: &io::Error) -> KeepError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => KeepError::Full("the disk is full".to_owned()),
        _ => KeepError::Refused(error.to_string()),
    }
}

impl Keeper for ToDesk {
    async fn clear_artifacts(&self, step: usize) -> Result<Room, KeepError> {
        self.artifacts.forget(self.job, Some(step)).map_err(|error| meant(&error))?;
        Ok(Room { file_bytes: u64::MAX, build_bytes: u64::MAX, build_files: u64::MAX })
    }

    async fn keep_artifact(&self, step: usize, file: KeptFile, _size: u64, bytes: Pieces) -> Result<(), KeepError> {
        self.artifacts.keep(self.job, step, &file, bytes).await.map_err(|error| meant(&error))
    }

    async fn take_artifacts(&self, step: usize, item: usize) -> Result<Taken, KeepError> {
        let (files, bytes, all) = self.artifacts.take(self.job, step, item).map_err(|error| meant(&error))?;
        let (read, write) = io::pipe().map_err(|error| meant(&error))?;
        let artifacts = Arc::clone(&self.artifacts);
        task::spawn_blocking(move || {
            // Who reads sees an archive that ends early.
            let _ = pack(write, &all);
            drop(artifacts);
        });
        Ok(Taken { files, bytes, tar: Box::new(read) })
    }
}

fn pack(to: impl io::Write, files: &[(String, PathBuf)]) -> io::Result<()> {
    let mut tar = tar::Builder::new(to);
    tar.follow_symlinks(false);
    for (name, path) in files {
        let metadata = fs::symlink_metadata(path)?;
        let mut header = tar::Header::new_gnu();
        header.set_metadata(&metadata);
        header.set_uid(0);
        header.set_gid(0);
        if metadata.is_symlink() {
            header.set_size(0);
            tar.append_link(&mut header, name, fs::read_link(path)?)?;
        } else {
            tar.append_data(&mut header, name, fs::File::open(path)?)?;
        }
    }
    tar.into_inner().map(drop)
}
