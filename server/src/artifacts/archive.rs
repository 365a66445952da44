//! Many artifacts as one body, made while it is sent.

use std::io;

use axum::body::Body;
use tar::EntryType;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::pipe::{self, Reader};
use crate::{app::App, store::model::Artifact};

/// From this size on a zip has to say it with more digits.
const LARGE: u64 = 0xffff_0000;

/// A tar of files with their paths, for a runner.
pub(crate) fn tar(app: App, artifacts: Vec<Artifact>) -> Body {
    pipe::body(move |pipe, runtime| {
        let mut tar = tar::Builder::new(pipe);
        for artifact in &artifacts {
            let mut header = tar::Header::new_gnu();
            header.set_mode(mode(artifact));
            header.set_mtime(u64::try_from(artifact.created / 1000).unwrap_or(0));
            match &artifact.link {
                Some(link) => {
                    header.set_entry_type(EntryType::Symlink);
                    header.set_size(0);
                    tar.append_link(&mut header, &artifact.path, link)?;
                }
                None => {
                    header.set_size(artifact.size);
                    tar.append_data(&mut header, &artifact.path, Reader::open(&app, runtime, artifact)?)?;
                }
            }
        }
        tar.into_inner().map(drop)
    })
}

/// A zip of files; their names are without `folder`.
pub(crate) fn zip(app: App, artifacts: Vec<Artifact>, folder: String) -> Body {
    pipe::body(move |pipe, runtime| {
        let mut zip = ZipWriter::new_stream(pipe);
        for artifact in &artifacts {
            let name = artifact.path.strip_prefix(&folder).unwrap_or(&artifact.path).trim_start_matches('/');
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .compression_level(Some(1))
                .unix_permissions(mode(artifact))
                .large_file(artifact.size >= LARGE);
            match &artifact.link {
                Some(link) => {
                    zip.add_symlink(name, link, options.unix_permissions(0o777)).map_err(io::Error::other)?;
                }
                None => {
                    zip.start_file(name, options).map_err(io::Error::other)?;
                    io::copy(&mut Reader::open(&app, runtime, artifact)?, &mut zip)?;
                }
            }
        }
        zip.finish().map(drop).map_err(io::Error::other)
    })
}

fn mode(artifact: &Artifact) -> u32 {
    if artifact.executable { 0o755 } else { 0o644 }
}
