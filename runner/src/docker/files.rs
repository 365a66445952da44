//! Files into the workspace and out of it, through the engine's archive API: the engine keeps links inside of the container. Files
//! go in [directly](direct) where the workspace is a folder of this machine.

use std::{io, path::PathBuf, sync::Arc};

use bollard::query_parameters::ContainerArchiveInfoOptionsBuilder;
use slipway_pipelines::state::Reason;

use super::{
    archive::{self, Door},
    direct,
    engine::{EngineError, QUICK, within},
    job::Open,
    names,
};
use crate::executor::{Failed, Tar};

async fn door(job: &Arc<Open>) -> Result<Door, Failed> {
    let labels = names::job_labels(&job.config.instance, &job.claim, &job.sandbox.name, names::Role::Helper);
    let door = Door::open(&job.engine, &job.name(), &job.plan.workspace.base, labels).await;
    door.map_err(|error| error.failed("can't reach the workspace"))
}

/// See [`Executor::pack`](crate::executor::Executor::pack).
pub(super) async fn pack(job: &Arc<Open>, path: &str) -> Result<Option<Tar>, Failed> {
    let door = door(job).await?;
    let tar = straight(job, &door, path).await;
    // A stream that has begun does not need the container any more to be there under its name, but to be there.
    let tar = match tar {
        Ok(Some(tar)) => tar,
        Ok(None) => {
            door.close().await;
            return Ok(None);
        }
        Err(failed) => {
            door.close().await;
            return Err(failed);
        }
    };
    Ok(Some(Box::new(Held { tar, _door: Closing { door: Some(door), tasks: job.tasks.clone() } })))
}

/// A path that no link is on the way to: what lies behind one is somewhere else, in the helper perhaps.
async fn straight(
    job: &Open,
    door: &Door,
    path: &str,
) -> Result<Option<impl io::Read + Send + 'static + use<>>, Failed> {
    let cannot = |error: EngineError| error.failed(&format!("can't read `{path}`"));
    let checkout = &job.plan.workspace.path;
    let below = path.strip_prefix(checkout.as_str()).unwrap_or_default().trim_start_matches('/');
    for (end, _) in below.match_indices('/') {
        let folder = format!("{checkout}/{}", &below[..end]);
        let options = ContainerArchiveInfoOptionsBuilder::new().path(&folder).build();
        match within(QUICK, job.engine.api.get_container_archive_info(door.name(), Some(options))).await {
            Ok(found) if !found.link_target.is_empty() => {
                let note = format!("`{}` is a link: name the folder that it leads to", &below[..end]);
                return Err(Failed::new(Reason::Artifacts, note));
            }
            Ok(_) => {}
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(cannot(error)),
        }
    }
    door.get(path).await.map_err(cannot)
}

/// See [`Executor::unpack`](crate::executor::Executor::unpack).
pub(super) async fn unpack(job: &Arc<Open>, at: &str, tar: Tar) -> Result<(), Failed> {
    let tar = match directly(job, at, tar).await {
        Ok(put) => return put.map_err(|error| Failed::infra(format!("can't write to `{at}`: {error}"))),
        Err(tar) => tar,
    };
    let door = door(job).await?;
    let put = put(job, &door, at, tar).await;
    door.close().await;
    put.map_err(|error| error.failed(&format!("can't write to `{at}`")))
}

/// Writes to the workspace itself, or gives the stream back where that is not to be had here and now.
async fn directly(job: &Arc<Open>, at: &str, tar: Tar) -> Result<io::Result<()>, Tar> {
    let (base, folder) = (&job.plan.workspace.base, job.folder());
    let below = at.strip_prefix(base.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(below) = below.map(|rest| PathBuf::from(rest.trim_start_matches('/'))) else { return Err(tar) };
    let Some(root) = direct::root(&folder) else { return Err(tar) };
    let closed = job.closed.clone();
    // Tracked, so that a job that is closed meanwhile waits for it before it removes the folder.
    let put = job.tasks.spawn_blocking(move || direct::put(&root, &below, tar, || closed.is_cancelled())).await;
    Ok(put.unwrap_or_else(|error| Err(io::Error::other(error))))
}

async fn put(job: &Open, door: &Door, at: &str, mut tar: Tar) -> Result<(), EngineError> {
    let options = ContainerArchiveInfoOptionsBuilder::new().path(at).build();
    match within(QUICK, job.engine.api.get_container_archive_info(door.name(), Some(options))).await {
        Ok(_) => {}
        Err(error) if error.is_missing() => {
            let base = &job.plan.workspace.base;
            let below = at.strip_prefix(base.as_str()).unwrap_or(at).trim_start_matches('/');
            door.put(base, archive::missing_folders(below.into())).await?;
        }
        Err(error) => return Err(error),
    }
    let (mut writer, stream) = archive::pipe();
    tokio::task::spawn_blocking(move || {
        let copied = io::copy(&mut tar, &mut writer);
        writer.finish(copied.map(|_| ()));
    });
    door.put(at, stream).await
}

/// A stream out of a door that is closed when nobody reads any more.
struct Held<R> {
    tar: R,
    _door: Closing,
}

struct Closing {
    door: Option<Door>,
    tasks: tokio_util::task::TaskTracker,
}

impl<R: io::Read> io::Read for Held<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.tar.read(bytes)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let (Some(door), Ok(runtime)) = (self.door.take(), tokio::runtime::Handle::try_current()) {
            self.tasks.spawn_on(door.close(), &runtime);
        }
    }
}
