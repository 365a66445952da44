//! The directory that `lint`, `plan` and `run` are about, and what a server would know of it.

mod cause;
mod context;
mod remote;

use std::{
    fs,
    path::{Path, PathBuf},
};

use slipway_pipelines::{
    context::SourceFile,
    discovery,
    include::{self, Included, Reference},
    repository::RepositoryName,
};
use slipway_runner::desk::{Folder, Head};

pub(crate) use cause::trigger;
pub(crate) use context::{context, label_warnings};

use crate::cli::Elsewhere;

/// Longest file that is read, in bytes: a little more than the compiler takes, so that it can say so.
const LONGEST: u64 = 1 << 20;

/// A directory with a pipeline.
pub(crate) struct Project {
    pub(crate) folder: Folder,
    /// `None` without git.
    pub(crate) head: Option<Head>,
    pub(crate) files: Vec<SourceFile>,
}

impl Project {
    /// The pipeline of the current directory, or of the next one up to the root of the repository that has one; or these
    /// files, in the repository that the current directory is in.
    pub(crate) fn find(files: &[PathBuf]) -> Result<Self, String> {
        let here = std::env::current_dir().map_err(|error| format!("cannot use the current directory: {error}"))?;
        Self::find_from(&here, files)
    }

    fn find_from(here: &Path, files: &[PathBuf]) -> Result<Self, String> {
        let open =
            |path: &Path| Folder::open(path).map_err(|error| format!("cannot use `{}`: {error}", path.display()));
        let mut folder = open(here)?;
        let top = folder.root().unwrap_or(folder.path()).to_path_buf();
        let found = if files.is_empty() {
            let above = folder.path().to_path_buf();
            let mut above = above.ancestors().take_while(|path| path.starts_with(&top));
            above.find_map(|path| Some((path.to_path_buf(), discover(path)?)))
        } else {
            Some((top.clone(), Vec::new()))
        };
        let Some((root, paths)) = found else {
            return Err(format!(
                "no pipeline in {}: looked for .slipway.yml, .slipway/*.yml, .woodpecker/*.yml and .woodpecker.yml",
                top.display()
            ));
        };
        if root != folder.path() {
            folder = open(&root)?;
        }
        let files = if files.is_empty() {
            paths.iter().map(|path| read(&root.join(path), path)).collect::<Result<_, _>>()?
        } else {
            files.iter().map(|path| read(&here.join(path), &shown(&root, here, path))).collect::<Result<_, _>>()?
        };
        let head = folder.head().map_err(|error| format!("cannot read {}: {error}", root.display()))?;
        Ok(Self { folder, head, files })
    }

    /// What the files include: from this directory, and from those that stand for other repositories.
    pub(crate) fn included(&self, elsewhere: &Elsewhere) -> Included {
        let mut included = Included::new();
        loop {
            let missing = include::missing(&self.files, &included);
            if missing.is_empty() {
                return included;
            }
            for reference in missing {
                let bytes = self.include(&reference, elsewhere);
                included.insert(reference, bytes);
            }
        }
    }

    fn include(&self, reference: &Reference, elsewhere: &Elsewhere) -> Result<Vec<u8>, String> {
        let root = match &reference.repository {
            None => self.folder.path(),
            Some(name) => {
                let standing = elsewhere.included.iter().find(|(other, _)| other == name);
                standing.map(|(_, folder)| folder.as_path()).ok_or_else(|| not_looked_at(name))?
            }
        };
        let path = root.join(&reference.path);
        // A link must not lead out of the repository, as it does not on a server.
        let is_inside = path.canonicalize().ok().zip(root.canonicalize().ok());
        match is_inside {
            Some((path, root)) if path.starts_with(&root) => bytes(&path).map_err(|error| error.to_string()),
            Some(_) => Err("it leads out of the repository".to_owned()),
            None => Err(format!("there is no such file in {}", root.display())),
        }
    }
}

/// Why a file of another repository is not there; [`is_not_looked_at`] knows it again.
fn not_looked_at(name: &RepositoryName) -> String {
    format!("it is in another repository, which was not looked at (give `--included {name}=DIR`)")
}

/// Whether a finding only says that a file of another repository is not here.
pub(crate) fn is_not_looked_at(message: &str) -> bool {
    message.contains("which was not looked at (give `--included ")
}

/// Paths of the pipeline of a directory, as a commit of it would have it.
fn discover(root: &Path) -> Option<Vec<String>> {
    let mut paths = Vec::new();
    for folder in ["", ".slipway", ".woodpecker"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if discovery_knows(folder, &name) && entry.path().is_file() {
                paths.push(if folder.is_empty() { name } else { format!("{folder}/{name}") });
            }
        }
    }
    let chosen = discovery::choose(paths.iter().map(String::as_str));
    (!chosen.is_empty()).then(|| chosen.into_iter().map(str::to_owned).collect())
}

/// A directory may have thousands of files: only these are asked about.
fn discovery_knows(folder: &str, name: &str) -> bool {
    !folder.is_empty() || name.starts_with(".slipway.") || name.starts_with(".woodpecker.")
}

/// How a file is called: by its path in the repository, or as it was given when it lies elsewhere.
fn shown(root: &Path, here: &Path, path: &Path) -> String {
    let whole = here.join(path).canonicalize().ok();
    let inside = whole.as_deref().and_then(|whole| whole.strip_prefix(root).ok());
    inside.unwrap_or(path).to_string_lossy().into_owned()
}

fn read(path: &Path, shown: &str) -> Result<SourceFile, String> {
    let bytes = bytes(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    Ok(SourceFile { path: shown.to_owned(), bytes })
}

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, path: &str, text: &str) {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn files_are_found_here_and_named_by_their_place_in_the_project() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        assert!(Project::find_from(&root, &[]).err().unwrap().contains(".woodpecker.yml"));
        write(&root, ".slipway/a.yml", "steps: []");
        write(&root, ".slipway/b.txt", "");
        write(&root, ".slipway.yml", "steps: []");
        let names = |project: &Project| project.files.iter().map(|file| file.path.clone()).collect::<Vec<_>>();
        let project = Project::find_from(&root, &[]).unwrap();
        assert_eq!(names(&project), [".slipway.yml", ".slipway/a.yml"]);
        assert!(project.head.is_none());
        let given = Project::find_from(&root, &[root.join(".slipway/a.yml"), ".slipway.yml".into()]).unwrap();
        assert_eq!(names(&given), [".slipway/a.yml", ".slipway.yml"]);
        assert!(Project::find_from(&root, &["missing.yml".into()]).err().unwrap().contains("`missing.yml`"));
    }

    #[test]
    fn includes_come_from_the_disk_and_stay_in_their_directory() {
        let folder = tempfile::tempdir().unwrap();
        let (root, other) = (folder.path().join("here"), folder.path().join("other"));
        write(&root, ".slipway.yml", "include: [ci/base.yml, ci/link.yml, {repo: me/other, file: x.yml}]\nsteps: []");
        write(&root, "ci/base.yml", "labels: {a: b}");
        write(&other, "x.yml", "labels: {c: d}");
        std::os::unix::fs::symlink("/etc/hostname", root.join("ci/link.yml")).unwrap();
        let project = Project::find_from(&root, &[]).unwrap();
        let of = |included: &Included, path: &str| {
            included.iter().find(|(reference, _)| reference.path == path).unwrap().1.clone()
        };
        let included = project.included(&Elsewhere::default());
        assert_eq!(of(&included, "ci/base.yml").unwrap(), b"labels: {a: b}");
        assert!(of(&included, "ci/link.yml").unwrap_err().contains("out of the repository"));
        assert!(is_not_looked_at(&of(&included, "x.yml").unwrap_err()));
        let elsewhere = Elsewhere { included: vec![("me/other".parse().unwrap(), other)] };
        assert_eq!(of(&project.included(&elsewhere), "x.yml").unwrap(), b"labels: {c: d}");
    }
}
