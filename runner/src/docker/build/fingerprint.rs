//! One hash over all that a build's outcome depends on. Pure.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};
use slipway_pipelines::plan::ImageBuild;

/// Label of the images that were built, with the hash of what they were built from.
pub(in super::super) const LABEL: &str = "slipway.build";

/// Changes when the hash is made in another way.
const VERSION: &str = "1";
/// Largest Dockerfile.
const LONGEST: u64 = 1 << 20;

/// A context, read.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Content {
    /// Over names, kinds, modes and contents, in whatever order they come; not over times and owners, which say nothing.
    pub(super) hash: [u8; 32],
    pub(super) files: usize,
    /// The file of that name.
    pub(super) dockerfile: Option<Vec<u8>>,
}

/// Reads a context as it is sent.
pub(super) fn read(context: impl Read, dockerfile: &str) -> io::Result<Content> {
    let mut archive = tar::Archive::new(context);
    let mut entries: BTreeMap<Vec<u8>, [u8; 32]> = BTreeMap::new();
    let mut found = None;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path_bytes().into_owned();
        let mut hash = Sha256::new();
        let header = entry.header();
        hash.update([header.entry_type().as_byte()]);
        hash.update((header.mode()? & 0o7777).to_be_bytes());
        let link = entry.link_name_bytes().map(|link| link.into_owned()).unwrap_or_default();
        part(&mut hash, &link);
        if entry.path()? == Path::new(dockerfile) && entry.header().entry_type().is_file() {
            let mut text = Vec::new();
            entry.by_ref().take(LONGEST).read_to_end(&mut text)?;
            hash.update(&text);
            found = Some(text);
        }
        io::copy(&mut entry, &mut HashWriter(&mut hash))?;
        entries.insert(path, hash.finalize().into());
    }
    let mut whole = Sha256::new();
    for (path, hash) in &entries {
        part(&mut whole, path);
        whole.update(hash);
    }
    Ok(Content { hash: whole.finalize().into(), files: entries.len(), dockerfile: found })
}

/// The hash of a whole build. `bases`: name of each base image to what it is here.
pub(super) fn of(build: &ImageBuild, content: &Content, bases: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    part(&mut hash, VERSION.as_bytes());
    hash.update(content.hash);
    for text in [&build.dockerfile, build.target.as_ref().unwrap_or(&String::new())] {
        part(&mut hash, text.as_bytes());
    }
    part(&mut hash, build.platform.as_deref().unwrap_or_default().as_bytes());
    for pairs in [&build.args, bases] {
        hash.update((pairs.len() as u64).to_be_bytes());
        for (name, value) in pairs {
            part(&mut hash, name.as_bytes());
            part(&mut hash, value.as_bytes());
        }
    }
    for id in build.secrets.keys() {
        part(&mut hash, id.as_bytes());
    }
    // An image with a cache in it is another one.
    hash.update([u8::from(!build.cache_to.is_empty())]);
    hex::encode(hash.finalize())
}

fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::plan::BuildSecret;

    use super::*;

    fn context(files: &[(&str, u32, &str)], time: u64) -> Content {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, mode, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(*mode);
            header.set_mtime(time);
            header.set_uid(time);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        read(&tar.into_inner().unwrap()[..], "Dockerfile").unwrap()
    }

    #[test]
    fn what_matters_changes_the_hash_and_what_does_not_does_not() {
        let files = [("Dockerfile", 0o644, "FROM x"), ("a", 0o644, "1")];
        let same = context(&files, 1);
        assert_eq!(same.dockerfile.as_deref(), Some(&b"FROM x"[..]));
        let turned = [files[1], files[0]];
        assert_eq!(context(&turned, 2).hash, same.hash);
        for other in [
            [files[0], ("a", 0o755, "1")],
            [files[0], ("a", 0o644, "2")],
            [files[0], ("b", 0o644, "1")],
            [("Dockerfile", 0o644, "FROM y"), files[1]],
        ] {
            assert_ne!(context(&other, 1).hash, same.hash, "{other:?}");
        }
        let build = ImageBuild::new("/c");
        let bases = BTreeMap::from([("x".to_owned(), "sha256:1".to_owned())]);
        let hash = of(&build, &same, &bases);
        assert_eq!(of(&ImageBuild { tags: vec!["t".into()], push: true, ..build.clone() }, &same, &bases), hash);
        let secret = |value: &str| [("id".to_owned(), BuildSecret::Value(value.into()))].into();
        let with_secret = |value| of(&ImageBuild { secrets: secret(value), ..build.clone() }, &same, &bases);
        assert_eq!(with_secret("1"), with_secret("2"), "a value is no reason to build again");
        let others = [
            with_secret("1"),
            of(&ImageBuild { target: Some("t".into()), ..build.clone() }, &same, &bases),
            of(&ImageBuild { platform: Some("t".into()), ..build.clone() }, &same, &bases),
            of(&ImageBuild { args: [("a".into(), "b".into())].into(), ..build.clone() }, &same, &bases),
            of(&ImageBuild { cache_to: vec!["c".into()], ..build.clone() }, &same, &bases),
            of(&build, &same, &BTreeMap::from([("x".to_owned(), "sha256:2".to_owned())])),
            of(&build, &context(&files[..1], 1), &bases),
        ];
        for (place, other) in others.iter().enumerate() {
            assert!(*other != hash && !others[..place].contains(other), "{place}");
        }
    }
}
