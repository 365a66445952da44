//! The context of a build: a folder of the workspace, as the engine wants it.

use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
};

use super::ignore::Ignore;

/// Copies the archive of a folder so that the folder itself is its root, without what is left out. `always` stays.
pub(super) fn reroot(from: impl Read, to: impl Write, ignore: &Ignore, always: &[&str]) -> io::Result<()> {
    let mut from = tar::Archive::new(from);
    let mut to = tar::Builder::new(to);
    for entry in from.entries()? {
        let mut entry = entry?;
        let Some(path) = below_first(&entry.path()?) else { continue };
        let text = path.to_string_lossy();
        if ignore.leaves_out(&text) && !always.contains(&&*text) {
            continue;
        }
        let mut header = entry.header().clone();
        let link = entry.link_name()?.map(|link| link.into_owned());
        match (header.entry_type(), link) {
            // A hard link names another entry of the same archive.
            (tar::EntryType::Link, Some(link)) => {
                if let Some(link) = below_first(&link) {
                    to.append_link(&mut header, &path, link)?;
                }
            }
            (tar::EntryType::Symlink, Some(link)) => to.append_link(&mut header, &path, link)?,
            _ => to.append_data(&mut header, &path, &mut entry)?,
        }
    }
    to.into_inner()?.flush()
}

/// A path without its first part; `None` if nothing is left, or if it leads elsewhere.
fn below_first(path: &Path) -> Option<PathBuf> {
    let mut parts: Vec<&OsStr> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    (parts.len() > 1).then(|| parts[1..].iter().collect())
}

/// The first file of an archive, as text.
pub(super) fn only_file(from: impl Read) -> io::Result<String> {
    String::from_utf8(first_file(from, 1 << 20)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// The beginning of the first file of an archive. Nothing when it has no file.
pub(super) fn first_file(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut archive = tar::Archive::new(from);
    let mut bytes = Vec::new();
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.header().entry_type().is_file() {
            entry.take(most).read_to_end(&mut bytes)?;
            break;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for &(path, kind, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_mode(0o644);
            header.set_size(0);
            match kind {
                tar::EntryType::Regular => {
                    header.set_size(content.len() as u64);
                    tar.append_data(&mut header, path, content.as_bytes()).unwrap();
                }
                tar::EntryType::Directory => tar.append_data(&mut header, path, io::empty()).unwrap(),
                _ => tar.append_link(&mut header, path, content).unwrap(),
            }
        }
        tar.into_inner().unwrap()
    }

    fn listed(bytes: &[u8]) -> Vec<(String, Option<String>)> {
        let mut archive = tar::Archive::new(bytes);
        let text = |path: std::borrow::Cow<'_, Path>| path.to_string_lossy().into_owned();
        let entries = archive.entries().unwrap().map(Result::unwrap);
        entries.map(|entry| (text(entry.path().unwrap()), entry.link_name().unwrap().map(text))).collect()
    }

    #[test]
    fn the_folder_becomes_the_root() {
        use tar::EntryType::{Directory, Link, Regular, Symlink};
        let long = format!("src/{}", "d/".repeat(80)) + "file";
        let from = archive(&[
            ("src/", Directory, ""),
            ("src/Dockerfile", Regular, "FROM x"),
            ("src/a.md", Regular, "no"),
            ("src/up", Symlink, "../../etc/passwd"),
            ("src/same", Link, "src/Dockerfile"),
            (&long, Regular, "deep"),
        ]);
        let mut to = Vec::new();
        reroot(&from[..], &mut to, &Ignore::parse("*.md\nDockerfile").unwrap(), &["Dockerfile"]).unwrap();
        assert_eq!(
            listed(&to),
            [
                ("Dockerfile".into(), None),
                ("up".into(), Some("../../etc/passwd".into())),
                ("same".into(), Some("Dockerfile".into())),
                (long.strip_prefix("src/").unwrap().to_owned(), None),
            ]
        );
    }

    #[test]
    fn a_file_is_read_from_its_archive() {
        let from = archive(&[(".dockerignore", tar::EntryType::Regular, "*.md\n")]);
        assert_eq!(only_file(&from[..]).unwrap(), "*.md\n");
    }
}
