//! What an entry is packed into: one tar of all its paths, relative to the checkout, in one zstd frame with a checksum.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
};

use sha2::{Digest, Sha256};
use tar::EntryType;
use zstd::stream::{read::Decoder, write::Encoder};

/// Level of compression: beyond it time grows faster than size shrinks.
const LEVEL: i32 = 3;
/// Most threads that compress.
const THREADS: usize = 4;

/// An entry that is being written.
pub(crate) struct Packer {
    tar: tar::Builder<Encoder<'static, Counted<BufWriter<File>>>>,
    entries: u64,
}

/// An entry that was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Packed {
    /// Length in bytes.
    pub(crate) bytes: u64,
    /// SHA-256, 64 hex digits.
    pub(crate) sha256: String,
    /// How many files, folders and links are in it.
    pub(crate) entries: u64,
}

/// The limit of an entry was reached.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("more than {most} bytes")]
pub(crate) struct TooLarge {
    pub(crate) most: u64,
}

impl Packer {
    /// Writes to a file, at most so many bytes.
    pub(crate) fn new(file: File, most: u64) -> io::Result<Self> {
        let counted = Counted { inner: BufWriter::new(file), hash: Sha256::new(), bytes: 0, most };
        let mut encoder = Encoder::new(counted, LEVEL)?;
        encoder.include_checksum(true)?;
        let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(THREADS));
        encoder.multithread(u32::try_from(threads).unwrap_or(1))?;
        Ok(Self { tar: tar::Builder::new(encoder), entries: 0 })
    }

    /// Adds a path from an archive whose names begin with the path's last part. Devices and the like are left out.
    pub(crate) fn add(&mut self, path: &str, tar: impl Read) -> io::Result<()> {
        let parent = path.rfind('/').map_or("", |slash| &path[..=slash]);
        for entry in tar::Archive::new(tar).entries()? {
            let entry = entry?;
            let mut header = entry.header().clone();
            let name = format!("{parent}{}", String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./"));
            match header.entry_type() {
                EntryType::Regular | EntryType::Directory => self.tar.append_data(&mut header, &name, entry)?,
                EntryType::Symlink | EntryType::Link => {
                    let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                    let mut target = String::from_utf8_lossy(&target).into_owned();
                    if header.entry_type() == EntryType::Link {
                        // A hard link names another entry.
                        target = format!("{parent}{}", target.trim_start_matches("./"));
                    }
                    self.tar.append_link(&mut header, &name, target)?;
                }
                _ => continue,
            }
            self.entries += 1;
        }
        Ok(())
    }

    /// Ends the file: all of it is on the disk.
    pub(crate) fn finish(self) -> io::Result<Packed> {
        let Counted { inner, hash, bytes, .. } = self.tar.into_inner()?.finish()?;
        inner.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Packed { bytes, sha256: hex::encode(hash.finalize()), entries: self.entries })
    }
}

/// The tar of an entry.
pub(crate) fn unpacked(file: File) -> io::Result<impl Read + Send + 'static> {
    Decoder::new(file)
}

/// Counts and hashes what is written, up to a limit.
struct Counted<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
    most: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes + bytes.len() as u64 > self.most {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, TooLarge { most: self.most }));
        }
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, kind, text) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o640);
            header.set_entry_type(*kind);
            if kind.is_file() {
                header.set_size(text.len() as u64);
                tar.append_data(&mut header, name, text.as_bytes()).unwrap();
            } else {
                header.set_size(0);
                tar.append_link(&mut header, name, text).unwrap();
            }
        }
        tar.into_inner().unwrap()
    }

    #[test]
    fn what_is_packed_comes_out_under_its_whole_path() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("entry");
        let mut packer = Packer::new(File::create(&path).unwrap(), 1 << 20).unwrap();
        let long = format!("bundle/{}", "x".repeat(150));
        let files = [
            ("bundle/a", EntryType::Regular, "hello"),
            (long.as_str(), EntryType::Regular, ""),
            ("bundle/link", EntryType::Symlink, "../../etc"),
            ("bundle/same", EntryType::Link, "bundle/a"),
            ("bundle/pipe", EntryType::Fifo, "x"),
        ];
        packer.add("vendor/bundle", &tar(&files)[..]).unwrap();
        packer.add("top", &tar(&[("top", EntryType::Regular, "t")])[..]).unwrap();
        let packed = packer.finish().unwrap();
        assert_eq!(packed.entries, 5, "the pipe is left out");
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((packed.bytes, packed.sha256), (bytes.len() as u64, hex::encode(Sha256::digest(&bytes))));
        let mut archive = tar::Archive::new(unpacked(File::open(&path).unwrap()).unwrap());
        let found: Vec<(String, String)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                assert_eq!(entry.header().mode().unwrap(), 0o640);
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                let target = entry.link_name().unwrap().map(|link| link.to_string_lossy().into_owned());
                (entry.path().unwrap().to_string_lossy().into_owned(), target.unwrap_or(text))
            })
            .collect();
        let expected = [
            ("vendor/bundle/a", "hello"),
            (&format!("vendor/{long}"), ""),
            ("vendor/bundle/link", "../../etc"),
            ("vendor/bundle/same", "vendor/bundle/a"),
            ("top", "t"),
        ];
        assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
    }

    #[test]
    fn an_entry_over_the_limit_says_so() {
        let mut packer = Packer::new(tempfile::tempfile().unwrap(), 100).unwrap();
        let noise: String =
            (0..20_000u32).map(|n| char::from(b'!' + (n.wrapping_mul(2_654_435_761) >> 24) as u8 % 90)).collect();
        let added = packer.add("a", &tar(&[("a", EntryType::Regular, &noise)])[..]);
        let error = added.and_then(|()| packer.finish().map(drop)).unwrap_err();
        let too_large = error.get_ref().and_then(|cause| cause.downcast_ref::<TooLarge>());
        assert_eq!(too_large.map(|cause| cause.most), Some(100));
    }

    #[test]
    fn a_damaged_entry_is_noticed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("entry");
        let mut packer = Packer::new(File::create(&path).unwrap(), 1 << 20).unwrap();
        packer.add("a", &tar(&[("a", EntryType::Regular, "hello")])[..]).unwrap();
        packer.finish().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let mut decoder = unpacked(File::open(&path).unwrap()).unwrap();
        assert!(decoder.read_to_end(&mut Vec::new()).is_err());
    }
}
