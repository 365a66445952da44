//! Tar streams between blocking writers and readers here and the engine's archive API.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio::sync::mpsc;
use tokio_util::io::{StreamReader, SyncIoBridge};

use super::{
    container,
    engine::{Engine, EngineError, within},
    names::{self, Labels},
};

/// Longest transfer.
const TRANSFER: Duration = Duration::from_secs(30 * 60);
/// Piece of a stream.
const PIECE: usize = 64 * 1024;

/// A blocking writer whose bytes come out of a stream elsewhere.
pub(super) struct PipeWriter {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

/// A pipe from a blocking writer to a stream. An unfinished writer makes the stream fail, so that half an archive is
/// never taken for a whole one.
pub(super) fn pipe() -> (PipeWriter, impl Stream<Item = io::Result<Bytes>> + Send + 'static) {
    let (pieces, arrive) = mpsc::channel(8);
    let writer = PipeWriter { pieces, buffer: Vec::with_capacity(PIECE) };
    (writer, futures_util::stream::unfold(arrive, |mut arrive| async { Some((arrive.recv().await?, arrive)) }))
}

impl PipeWriter {
    /// Ends the stream, well or with an error.
    pub(super) fn finish(mut self, outcome: io::Result<()>) {
        let outcome = outcome.and_then(|()| self.flush());
        if let Err(error) = outcome {
            let _ = self.pieces.blocking_send(Err(error));
        }
    }
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        self.pieces.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// A door to a volume: a container that is never started.
pub(super) struct Door {
    engine: Engine,
    name: String,
}

/// Where a door has its volume.
pub(super) const INSIDE: &str = "/volume";

impl Door {
    pub(super) async fn open(engine: &Engine, volume: &str, at: &str, labels: Labels) -> Result<Self, EngineError> {
        let name = names::fresh("door");
        engine.create(&name, container::helper(volume, at, labels)).await?;
        Ok(Self { engine: engine.clone(), name })
    }

    /// Puts a tar stream into a folder.
    pub(super) async fn put(
        &self,
        at: &str,
        tar: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Result<(), EngineError> {
        put(&self.engine, &self.name, at, tar).await
    }

    /// A path as a tar stream, to be read by a blocking task. `None`: there is nothing.
    pub(super) async fn get(&self, path: &str) -> Result<Option<impl io::Read + Send + 'static + use<>>, EngineError> {
        get(&self.engine, &self.name, path).await
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn close(self) {
        if let Err(error) = self.engine.remove_container(&self.name).await {
            tracing::warn!(container = self.name, %error, "can't remove a helper; the next sweep will");
        }
    }
}

/// Puts a tar stream into a folder of a container.
pub(super) async fn put(
    engine: &Engine,
    container: &str,
    at: &str,
    tar: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Result<(), EngineError> {
    let options = UploadToContainerOptionsBuilder::new().path(at).build();
    within(TRANSFER, engine.api.upload_to_container(container, Some(options), bollard::body_try_stream(tar))).await
}

/// A path in a container as a tar stream, to be read by a blocking task. `None`: there is nothing.
pub(super) async fn get(
    engine: &Engine,
    container: &str,
    path: &str,
) -> Result<Option<impl io::Read + Send + 'static + use<>>, EngineError> {
    let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
    let mut pieces = Box::pin(async_stream(engine.clone(), container.to_owned(), options)).peekable();
    let first = within(TRANSFER, async { Ok(std::pin::Pin::new(&mut pieces).peek().await.map(Result::is_ok)) }).await?;
    if first == Some(false)
        && let Some(Err(error)) = pieces.next().await
    {
        let error = EngineError::from(error);
        return if error.is_missing() { Ok(None) } else { Err(error) };
    }
    Ok(Some(SyncIoBridge::new(StreamReader::new(pieces.map_err(io::Error::other)))))
}

fn async_stream(
    engine: Engine,
    name: String,
    options: bollard::query_parameters::DownloadFromContainerOptions,
) -> impl Stream<Item = Result<Bytes, bollard::errors::Error>> + Send {
    futures_util::stream::once(async move { engine.api.download_from_container(&name, Some(options)) }).flatten()
}

/// A folder as a tar stream: owned by root, its own mode included, symbolic links as they are.
pub(super) fn folder(path: PathBuf) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (writer, stream) = pipe();
    tokio::task::spawn_blocking(move || {
        let mut tar = tar::Builder::new(writer);
        tar.follow_symlinks(false);
        let written = append(&mut tar, &path);
        if let Ok(writer) = tar.into_inner() {
            writer.finish(written);
        }
    });
    stream
}

fn append(tar: &mut tar::Builder<PipeWriter>, path: &std::path::Path) -> io::Result<()> {
    let mut waiting = vec![PathBuf::new()];
    while let Some(below) = waiting.pop() {
        let full = path.join(&below);
        let name = if below.as_os_str().is_empty() { PathBuf::from("./") } else { below.clone() };
        let metadata = std::fs::symlink_metadata(&full)?;
        let mut header = tar::Header::new_gnu();
        header.set_metadata(&metadata);
        header.set_uid(0);
        header.set_gid(0);
        if metadata.is_dir() {
            header.set_size(0);
            tar.append_data(&mut header, &name, io::empty())?;
            for entry in std::fs::read_dir(&full)? {
                waiting.push(below.join(entry?.file_name()));
            }
        } else if metadata.is_symlink() {
            header.set_size(0);
            tar.append_link(&mut header, &name, std::fs::read_link(&full)?)?;
        } else if metadata.is_file() {
            tar.append_data(&mut header, &name, std::fs::File::open(&full)?)?;
        }
    }
    Ok(())
}

/// Empty folders, one in the other, open to all, as a tar stream: the one that it is put into, and those below.
pub(super) fn folders(below: PathBuf) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    nested(below, true)
}

/// The same without the one that it is put into.
pub(super) fn missing_folders(below: PathBuf) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    nested(below, false)
}

fn nested(below: PathBuf, with_root: bool) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (writer, stream) = pipe();
    tokio::task::spawn_blocking(move || {
        let mut tar = tar::Builder::new(writer);
        let mut path = PathBuf::from("./");
        let mut parts = if with_root { vec![path.clone()] } else { Vec::new() };
        for part in &below {
            path.push(part);
            parts.push(path.clone());
        }
        let written = parts.iter().try_for_each(|part| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Directory);
            header.set_mode(0o777);
            header.set_size(0);
            tar.append_data(&mut header, part, io::empty())
        });
        if let Ok(writer) = tar.into_inner() {
            writer.finish(written);
        }
    });
    stream
}

/// Symbolic links, each with what it names, as a tar stream. The engine makes the folders that they are in.
pub(super) fn links(links: BTreeMap<String, String>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream(move |tar| {
        links.iter().try_for_each(|(at, to)| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_mode(0o777);
            header.set_size(0);
            tar.append_link(&mut header, at.trim_start_matches('/'), to)
        })
    })
}

/// One empty folder, open to all, by its absolute path.
pub(super) fn one_folder(path: String) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream(move |tar| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(0o777);
        header.set_size(0);
        tar.append_data(&mut header, path.trim_start_matches('/'), io::empty())
    })
}

/// A tar stream of what a blocking function writes.
fn stream(
    write: impl FnOnce(&mut tar::Builder<PipeWriter>) -> io::Result<()> + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (writer, stream) = pipe();
    tokio::task::spawn_blocking(move || {
        let mut tar = tar::Builder::new(writer);
        let written = write(&mut tar);
        if let Ok(writer) = tar.into_inner() {
            writer.finish(written);
        }
    });
    stream
}
