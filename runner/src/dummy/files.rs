//! The dummy's workspace: files in memory.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

/// Files by absolute path.
#[derive(Clone, Debug, Default)]
pub(super) struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    pub(super) fn write(&mut self, path: &str, bytes: Vec<u8>) {
        self.0.insert(path.to_owned(), bytes);
    }

    pub(super) fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.0.get(path).cloned()
    }

    /// As [`Executor::pack`](crate::executor::Executor::pack) says.
    pub(super) fn pack(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let path = path.trim_end_matches('/');
        let parent = path.rfind('/').map_or(0, |slash| slash + 1);
        let inside = |name: &String| name == path || name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        let mut found = self.0.iter().filter(|(name, _)| inside(name)).peekable();
        if found.peek().is_none() {
            return Ok(None);
        }
        let mut tar = tar::Builder::new(Vec::new());
        for (name, bytes) in found {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, &name[parent..], bytes.as_slice())?;
        }
        tar.into_inner().map(Some)
    }

    /// The files of an archive.
    pub(super) fn unpacked(tar: impl Read) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        for entry in tar::Archive::new(tar).entries()? {
            let mut entry = entry?;
            if entry.header().entry_type().is_file() {
                let name = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                files.push((name, bytes));
            }
        }
        Ok(files)
    }

    pub(super) fn put(&mut self, at: &str, entries: Vec<(String, Vec<u8>)>) {
        let at = at.trim_end_matches('/');
        self.0.extend(entries.into_iter().map(|(name, bytes)| (format!("{at}/{name}"), bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks_elsewhere() {
        let mut files = Files::default();
        for path in ["/w/src/a", "/w/src/b/c", "/w/srcs"] {
            files.write(path, path.into());
        }
        let tar = files.pack("/w/src").unwrap().unwrap();
        files.put("/other", Files::unpacked(&tar[..]).unwrap());
        assert_eq!(files.read("/other/src/b/c"), Some("/w/src/b/c".into()));
        assert_eq!(files.read("/other/srcs"), None);
        assert!(files.pack("/w/nothing").unwrap().is_none());
    }
}
