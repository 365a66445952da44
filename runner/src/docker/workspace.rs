//! The volume that a job's containers share.
//!
//! Where engine and runner see the same disk it is an overlay over a cached tree: no file is copied. Else it is a plain
//! volume that is filled through the engine's archive API.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

use bollard::models::VolumeCreateRequest;
use slipway_pipelines::lease::Claim;

use super::{
    archive::{self, Door, INSIDE},
    context,
    engine::{Engine, EngineError, SLOW, within},
    executor::Config,
    job::Open,
    names::{self, Labels},
    pause,
};
use crate::{checkout::Tree, executor::Failed};

/// Written into a job's folder once its workspace is whole.
const READY: &str = "ready";

/// Whether an overlay over folders of the runner works on this engine: tried, not guessed.
pub(super) async fn has_overlay(engine: &Engine, config: &Config) -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !is_root {
        return false;
    }
    let (memory, known) = (config.data.join("overlay"), whereabouts(engine, config));
    if known.is_some() && fs::read_to_string(&memory).ok() == known {
        return true;
    }
    let name = names::fresh("probe");
    let folder = config.data.join("work").join(&name);
    let outcome = probe(engine, &config.instance, &name, &folder).await;
    if let Err(error) = engine.remove_volume(&name).await {
        tracing::warn!(%error, "can't remove the probe's volume; the next sweep will");
    }
    let _ = fs::remove_dir_all(&folder);
    match outcome {
        Ok(()) => {
            // The next start need not try again: at a desk that is every run.
            if let Some(known) = known {
                let _ = fs::write(&memory, known);
            }
            true
        }
        Err(why) => {
            tracing::info!(why, "the engine does not see this runner's disk: workspaces are copied");
            false
        }
    }
}

/// What the answer of a probe depends on: engine, boot of the machine, folder.
fn whereabouts(engine: &Engine, config: &Config) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    (!engine.id.is_empty()).then(|| format!("{}\n{boot}{}\n", engine.id, config.data.display()))
}

async fn probe(engine: &Engine, instance: &str, name: &str, folder: &Path) -> Result<(), String> {
    let secret = names::token();
    let lower = folder.join("lower");
    fs::create_dir_all(&lower)
        .and_then(|()| fs::write(lower.join("secret"), &secret))
        .map_err(|error| error.to_string())?;
    let labels = names::helper_labels(instance);
    pause::ensure(engine).await.map_err(|error| error.to_string())?;
    create_overlay(engine, name, &lower, folder, labels.clone()).await.map_err(|error| error.to_string())?;
    let door = Door::open(engine, name, INSIDE, labels).await.map_err(|error| error.to_string())?;
    let file = door.get(&format!("{INSIDE}/secret")).await;
    let found = match file {
        Ok(Some(file)) => tokio::task::spawn_blocking(move || context::only_file(file)).await.map_err(io::Error::other),
        Ok(None) => Ok(Ok(String::new())),
        Err(error) => Err(io::Error::other(error.to_string())),
    };
    door.close().await;
    match found.and_then(|text| text) {
        Ok(text) if text == secret => Ok(()),
        Ok(_) => Err("it has another folder at the same path".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Makes a volume that shows `lower` and keeps changes below `folder`.
async fn create_overlay(
    engine: &Engine,
    name: &str,
    lower: &Path,
    folder: &Path,
    labels: Labels,
) -> Result<(), EngineError> {
    let (upper, work) = (folder.join("upper"), folder.join("work"));
    let made = fs::create_dir_all(&upper)
        .and_then(|()| fs::create_dir_all(&work))
        .and_then(|()| fs::set_permissions(&upper, fs::Permissions::from_mode(0o777)));
    made.map_err(|error| EngineError::Stream(format!("{}: {error}", folder.display())))?;
    let mut options = String::new();
    for (key, path) in [("lowerdir", lower), ("upperdir", &upper), ("workdir", &work)] {
        let path = path.to_str().filter(|path| !path.contains([',', ':', '\\', '"']));
        let path =
            path.ok_or_else(|| EngineError::Stream("the data folder's path has a comma or a colon".to_owned()))?;
        options.push_str(&format!("{}{key}={path}", if options.is_empty() { "" } else { "," }));
    }
    let request = VolumeCreateRequest {
        name: Some(name.to_owned()),
        driver: Some("local".to_owned()),
        driver_opts: Some(
            [("type", "overlay"), ("device", "overlay"), ("o", &options)].map(|(k, v)| (k.into(), v.into())).into(),
        ),
        labels: Some(labels),
        ..Default::default()
    };
    within(SLOW, engine.api.create_volume(request)).await.map(|_| ())
}

/// Makes the workspace: over a tree, or empty.
pub(super) async fn make(job: &Arc<Open>, tree: Option<Tree>, overlay: bool) -> Result<(), Failed> {
    let failed = |error: EngineError| error.failed("can't make the workspace");
    let name = job.name();
    let folder = job.folder();
    // Left by a process that died half-way.
    job.engine.remove_volume(&name).await.map_err(failed)?;
    let on_disk = |error: io::Error| Failed::infra(format!("can't make the workspace: {error}"));
    clear(&folder).await.map_err(on_disk)?;
    fs::create_dir_all(&folder).map_err(on_disk)?;
    let key = tree.as_ref().filter(|_| overlay).map(|tree| tree.key().to_owned());
    let labels = names::workspace_labels(&job.config.instance, &job.claim, &job.sandbox.name, key.as_deref());
    let labels = if job.config.keep { names::kept(labels) } else { labels };
    match tree {
        Some(tree) if overlay => {
            create_overlay(&job.engine, &name, &tree.folder(), &folder, labels).await.map_err(failed)?;
            job.hold(Some(tree));
        }
        tree => fill(job, &name, tree, labels).await?,
    }
    fs::write(folder.join(READY), b"").map_err(on_disk)
}

/// Makes something that tells a restarted runner of a job that goes on with the workspace of another attempt, before there is a
/// container of it.
pub(super) async fn anchor(job: &Open) -> Result<(), Failed> {
    let labels = names::job_labels(&job.config.instance, &job.claim, &job.sandbox.name, names::Role::Helper);
    let request =
        VolumeCreateRequest { name: Some(names::job(&job.claim)), labels: Some(labels), ..Default::default() };
    let made = within(SLOW, job.engine.api.create_volume(request)).await;
    made.map(|_| ()).map_err(|error| error.failed("can't go on with the workspace"))
}

/// Takes an [`anchor`] away.
pub(super) async fn remove_anchor(engine: &Engine, claim: &Claim) {
    if let Err(error) = engine.remove_volume(&names::job(claim)).await {
        tracing::warn!(%claim, %error, "can't remove a volume; the next sweep will");
    }
}

/// Makes a plain volume and puts the tree, or the folders down to where it would be, into it.
async fn fill(job: &Arc<Open>, name: &str, tree: Option<Tree>, labels: Labels) -> Result<(), Failed> {
    let failed = |error: EngineError| error.failed("can't fill the workspace");
    let request = VolumeCreateRequest { name: Some(name.to_owned()), labels: Some(labels), ..Default::default() };
    within(SLOW, job.engine.api.create_volume(request)).await.map_err(failed)?;
    let labels = names::job_labels(&job.config.instance, &job.claim, &job.sandbox.name, names::Role::Helper);
    let door = Door::open(&job.engine, name, INSIDE, labels).await.map_err(failed)?;
    let put = match &tree {
        Some(tree) => door.put(INSIDE, archive::folder(tree.folder())).await,
        None => door.put(INSIDE, archive::folders(job.below()?)).await,
    };
    door.close().await;
    put.map_err(failed)
}

/// Whether the job's workspace was made, by this process or an earlier one.
pub(super) async fn exists(job: &Open) -> Result<Option<Labels>, EngineError> {
    match within(SLOW, job.engine.api.inspect_volume(&job.name())).await {
        Ok(volume) => Ok(job.folder().join(READY).exists().then_some(volume.labels)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a job's folder.
pub(super) async fn clear(folder: &Path) -> io::Result<()> {
    let folder = folder.to_path_buf();
    let removed = tokio::task::spawn_blocking(move || fs::remove_dir_all(folder)).await.map_err(io::Error::other)?;
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
