//! What a container has mounted besides the workspace: volumes of its job, and parts of the workspace at other places.
//!
//! A part of the workspace is no mount of its own: the engine would look for it on the machine, where a link that a repository
//! holds leads anywhere. It is a symbolic link in the container, put there before it starts, into the workspace that is mounted
//! anyway, or into a second, read-only mount of it. So every link on the way ends inside the container.

use std::collections::{BTreeMap, BTreeSet};

use bollard::{
    models::{Mount as Asked, MountType, MountVolumeOptions},
    query_parameters::ContainerArchiveInfoOptionsBuilder,
};
use slipway_pipelines::{
    plan::{Container, Mount, MountSource, Plan, READ_ONLY_WORKSPACE, Workspace},
    state::Reason,
};

use super::{
    archive,
    engine::{Engine, EngineError, QUICK, within},
    job::Open,
    names,
};
use crate::executor::Failed;

/// The mounts that the engine makes for a container. It makes a job's volume, too, where it is the first to need it.
pub(super) fn mounts(job: &Open, spec: &Container) -> Vec<Asked> {
    let mut asked: Vec<Asked> = spec.mounts.iter().filter_map(|mount| volume(job, mount)).collect();
    let is_second = |mount: &Mount| mount.read_only && matches!(mount.source, MountSource::Workspace { .. });
    if spec.mounts.iter().any(is_second) {
        asked.push(Asked {
            source: Some(job.name()),
            volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..Default::default() }),
            ..at(READ_ONLY_WORKSPACE, true)
        });
    }
    asked
}

fn volume(job: &Open, mount: &Mount) -> Option<Asked> {
    let asked = at(&mount.target, mount.read_only);
    match &mount.source {
        MountSource::Workspace { .. } => None,
        MountSource::Own => Some(asked),
        MountSource::Volume { name, copy } => {
            let labels = names::volume_labels(&job.config.instance, &job.workspace, &job.sandbox.name, name);
            let options = MountVolumeOptions { no_copy: Some(!copy), labels: Some(labels), ..Default::default() };
            Some(Asked { source: Some(volume_name(job, name)), volume_options: Some(options), ..asked })
        }
    }
}

fn at(target: &str, read_only: bool) -> Asked {
    Asked {
        typ: Some(MountType::VOLUME),
        target: Some(target.to_owned()),
        read_only: Some(read_only),
        ..Default::default()
    }
}

/// The name of a job's volume at the engine: by its place among those of the plan, since a pipeline chose its name.
fn volume_name(job: &Open, name: &str) -> String {
    let place = volumes(&job.plan).iter().position(|other| *other == name).unwrap_or_default();
    names::volume(&job.workspace, place)
}

fn volumes(plan: &Plan) -> BTreeSet<&str> {
    let mounts = plan.steps.iter().filter_map(|step| step.container()).flat_map(|container| &container.mounts);
    mounts
        .filter_map(|mount| match &mount.source {
            MountSource::Volume { name, .. } => Some(name.as_str()),
            MountSource::Workspace { .. } | MountSource::Own => None,
        })
        .collect()
}

/// The symbolic links of a container: where each is, and what it names.
fn links(spec: &Container, workspace: &Workspace) -> BTreeMap<String, String> {
    let links = spec.mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::Workspace { path, .. } if mount.read_only => {
            let below = path.strip_prefix(&workspace.base).unwrap_or(path);
            Some((mount.target.clone(), format!("{READ_ONLY_WORKSPACE}{below}")))
        }
        MountSource::Workspace { path, .. } => Some((mount.target.clone(), path.clone())),
        MountSource::Volume { .. } | MountSource::Own => None,
    });
    links.collect()
}

/// Puts the links into a container that was made and not started. What its image has at these places is gone from it.
pub(super) async fn link(engine: &Engine, name: &str, spec: &Container, workspace: &Workspace) -> Result<(), Failed> {
    let links = links(spec, workspace);
    if links.is_empty() {
        return Ok(());
    }
    make_folders(engine, name, spec).await?;
    let targets: Vec<String> = links.keys().cloned().collect();
    let Err(error) = archive::put(engine, name, "/", archive::links(links)).await else { return Ok(()) };
    Err(match volume_in_the_way(engine, name, &targets).await {
        Ok(Some(place)) => Failed::new(
            Reason::Config,
            format!(
                "nothing of the workspace can be mounted at `{place}`: the image says that a volume is there \
                 (VOLUME); mount it at another place, or take an image without"
            ),
        ),
        Ok(None) if error.is_refusal() => {
            Failed::new(Reason::Config, format!("can't mount a part of the workspace: {error}"))
        }
        Ok(None) | Err(_) => error.failed("can't mount a part of the workspace"),
    })
}

/// Makes the folders that are to be there and are not.
async fn make_folders(engine: &Engine, name: &str, spec: &Container) -> Result<(), Failed> {
    for mount in &spec.mounts {
        let MountSource::Workspace { path, make: true } = &mount.source else { continue };
        let made = make_folder(engine, name, path).await;
        made.map_err(|error| error.failed(&format!("can't make the folder `{path}` in the workspace")))?;
    }
    Ok(())
}

async fn make_folder(engine: &Engine, name: &str, path: &str) -> Result<(), EngineError> {
    let options = ContainerArchiveInfoOptionsBuilder::new().path(path).build();
    match within(QUICK, engine.api.get_container_archive_info(name, Some(options))).await {
        Err(error) if error.is_missing() => archive::put(engine, name, "/", archive::one_folder(path.to_owned())).await,
        answer => answer.map(|_| ()),
    }
}

/// A volume at one of these places or below it.
async fn volume_in_the_way(engine: &Engine, name: &str, places: &[String]) -> Result<Option<String>, EngineError> {
    let mounts = within(QUICK, engine.api.inspect_container(name, None)).await?.mounts.unwrap_or_default();
    let mut mounted = mounts.into_iter().filter_map(|mount| mount.destination);
    Ok(mounted.find(|at| places.iter().any(|place| at == place || at.starts_with(&format!("{place}/")))))
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::plan::{Image, Program};

    use super::*;

    #[test]
    fn links_name_the_workspace_or_its_read_only_twin() {
        let image = Image::Registry { reference: "x".into(), pull: Default::default() };
        let mut spec = Container::new(image, Program::Image, "/w/src");
        let mount = |path: &str, target: &str, read_only| Mount {
            source: MountSource::Workspace { path: path.into(), make: false },
            target: target.into(),
            read_only,
        };
        spec.mounts = vec![mount("/w/src/site", "/www", true), mount("/w", "/all", false), mount("/w", "/none", true)];
        let workspace = Workspace { base: "/w".into(), path: "/w/src".into() };
        let links: Vec<(String, String)> = links(&spec, &workspace).into_iter().collect();
        let wanted = [("/all", "/w"), ("/none", "/.slipway/workspace"), ("/www", "/.slipway/workspace/src/site")];
        assert_eq!(links, wanted.map(|(at, to)| (at.to_owned(), to.to_owned())));
    }
}
