//! Images as files of the workspace: `build: {save: …}` writes one, `load:` takes one. The job never sees the engine for it.

mod relabel;

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use bollard::query_parameters::ImportImageOptionsBuilder;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use slipway_pipelines::{plan::ImageBuild, state::Reason};

use super::{
    archive::{self, Door},
    build,
    engine::{EngineError, QUICK, within},
    files,
    job::Open,
    names,
};
use crate::executor::{Failed, LogSink};

/// Writes a built image, with its tags, to a file of the workspace.
pub(super) async fn save(
    job: &Arc<Open>,
    image: &str,
    build: &ImageBuild,
    path: &str,
    log: &mut dyn LogSink,
) -> Result<(), Failed> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("/", path));
    let tags: Vec<&str> = match build.tags.as_slice() {
        [] => vec![image],
        tags => tags.iter().map(String::as_str).collect(),
    };
    let failed = |error: io::Error| Failed::infra(format!("can't save the image to `{path}`: {error}"));
    let image = job.engine.api.export_images(&tags);
    let (tar, size) = as_archive(&job.config.data, name, image).await.map_err(failed)?;
    files::unpack(job, folder, Box::new(tar)).await?;
    log.write(format!("Saved the image to {name} ({:.1} MB)\n", size as f64 / 1e6).as_bytes());
    Ok(())
}

/// An archive of one file of that name, in a file without a name: the length of a stream from the engine is known at its end only,
/// and has to be said before it.
async fn as_archive(
    data: &Path,
    name: &str,
    mut content: impl Stream<Item = Result<Bytes, bollard::errors::Error>> + Unpin,
) -> io::Result<(File, u64)> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_path(name)?;
    let mut file = unnamed(data.join(names::fresh("image")))?;
    file.write_all(header.as_bytes())?;
    let mut size = 0;
    while let Some(piece) = content.next().await {
        let piece = piece.map_err(|error| io::Error::other(EngineError::from(error)))?;
        size += piece.len() as u64;
        file = tokio::task::spawn_blocking(move || file.write_all(&piece).map(|()| file)).await??;
    }
    // Up to a whole block, and the two empty ones that end an archive.
    file.write_all(&vec![0; (512 - size as usize % 512) % 512 + 1024])?;
    header.set_size(size);
    header.set_cksum();
    file.rewind()?;
    file.write_all(header.as_bytes())?;
    file.rewind()?;
    Ok((file, size))
}

/// A file that is gone when it is closed, however this process ends.
fn unnamed(path: PathBuf) -> io::Result<File> {
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Loads a step's image from a file of the workspace and gives its name: one of the job's own, whatever names it was saved under,
/// so that no repository can put its image in the place of another's.
pub(super) async fn load(job: &Arc<Open>, step: usize, path: &str, log: &mut dyn LogSink) -> Result<String, Failed> {
    let image = format!("{}:{}", names::built_repository(&job.config.instance), names::built_tag(&job.workspace, step));
    let labels = names::job_labels(&job.config.instance, &job.claim, &job.sandbox.name, names::Role::Helper);
    let door = Door::open(&job.engine, &job.name(), &job.plan.workspace.base, labels).await;
    let door = door.map_err(|error| error.failed("can't read the saved image"))?;
    let loaded = through(job, &door, path, &image).await;
    door.close().await;
    loaded?;
    let name = path.strip_prefix(&format!("{}/", job.plan.workspace.path)).unwrap_or(path);
    let id = build::id(&job.engine, &image).await.unwrap_or_default();
    log.write(format!("Loaded the image of {name}: {}\n", id.get(..19).unwrap_or(&id)).as_bytes());
    Ok(image)
}

async fn through(job: &Open, door: &Door, path: &str, image: &str) -> Result<(), Failed> {
    let unusable = |why: &dyn std::fmt::Display| Failed::new(Reason::ImageBuild, format!("can't load `{path}`: {why}"));
    let file = match door.get(path).await {
        Ok(Some(file)) => file,
        Ok(None) => return Err(unusable(&"there is no such file in the workspace")),
        Err(error) => return Err(error.failed("can't read the saved image")),
    };
    let (mut writer, stream) = archive::pipe();
    let name = image.to_owned();
    let copy = tokio::task::spawn_blocking(move || {
        let copied = copy(file, &mut writer, &name);
        // A stream that the engine left says nothing of the file.
        let wrong = copied.as_ref().err().filter(|error| error.kind() != io::ErrorKind::BrokenPipe);
        let said = wrong.map(ToString::to_string);
        writer.finish(copied);
        said
    });
    let options = ImportImageOptionsBuilder::new().quiet(true).build();
    let mut answers = job.engine.api.import_image_stream(options, stream, None);
    let mut refused = None;
    while let Some(answer) = answers.next().await {
        refused = refused.or(answer.err().map(EngineError::from));
    }
    drop(answers);
    let said = copy.await.map_err(|error| Failed::infra(error.to_string()))?;
    match (said, refused) {
        (Some(why), _) => Err(unusable(&why)),
        (None, Some(error @ (EngineError::Refused { .. } | EngineError::Stream(_)))) => Err(unusable(&error)),
        (None, Some(error)) => Err(error.failed(&format!("can't load `{path}`"))),
        (None, None) => match within(QUICK, job.engine.api.inspect_image(image)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(error.failed(&format!("the engine took no image from `{path}`"))),
        },
    }
}

/// The saved image in the one file of an archive, under another name.
fn copy(from: impl Read, to: impl Write, name: &str) -> io::Result<()> {
    let mut archive = tar::Archive::new(from);
    let Some(file) = archive.entries()?.next().transpose()? else {
        return Err(io::Error::other("it is no file"));
    };
    if !file.header().entry_type().is_file() {
        return Err(io::Error::other("it is no file, but a folder or a link"));
    }
    relabel::relabel(file, to, name)
}
