//! What this instance has in the engine: found by label, removed when it is nobody's.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
};
use slipway_pipelines::lease::Claim;

use super::{
    build,
    engine::{Engine, EngineError, QUICK, within},
    executor::Config,
    names::{self, Labels},
    workspace,
};
use crate::executor::Failed;

/// Something with a name and our label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) labels: Labels,
}

/// Everything of an instance.
#[derive(Default, Debug)]
pub(super) struct Inventory {
    pub(super) containers: Vec<Found>,
    pub(super) volumes: Vec<Found>,
    pub(super) networks: Vec<Found>,
}

impl Inventory {
    pub(super) async fn take(engine: &Engine, instance: &str) -> Result<Self, EngineError> {
        let filters = names::of_instance(instance);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers = within(QUICK, engine.api.list_containers(Some(options))).await?;
        let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
        let volumes = within(QUICK, engine.api.list_volumes(Some(options))).await?;
        let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
        let networks = within(QUICK, engine.api.list_networks(Some(options))).await?;
        let ours = |name: &str| name.starts_with(names::PREFIX);
        let mut inventory = Self::default();
        for container in containers {
            // The engine puts a slash before the name.
            let names = container.names.unwrap_or_default();
            let name = names.iter().map(|name| name.trim_start_matches('/')).find(|name| ours(name));
            if let Some(name) = name {
                let labels = container.labels.unwrap_or_default();
                inventory.containers.push(Found { name: name.to_owned(), labels });
            }
        }
        let mut volumes = volumes.volumes.unwrap_or_default();
        // Who asked to keep it owns it from then on.
        volumes.retain(|volume| ours(&volume.name) && !names::is_kept(&volume.labels));
        for volume in volumes {
            inventory.volumes.push(Found { name: volume.name, labels: volume.labels });
        }
        for network in networks {
            if let Some(name) = network.name.filter(|name| ours(name)) {
                inventory.networks.push(Found { name, labels: network.labels.unwrap_or_default() });
            }
        }
        Ok(inventory)
    }

    fn all(&self) -> impl Iterator<Item = &Found> {
        self.containers.iter().chain(&self.volumes).chain(&self.networks)
    }

    /// Jobs that have something here.
    pub(super) fn claims(&self) -> Vec<Claim> {
        let claims = self.all().filter_map(|found| names::claim(&found.labels));
        let sorted: BTreeMap<_, Claim> = claims.map(|claim| ((claim.job, claim.attempt, claim.epoch), claim)).collect();
        sorted.into_values().collect()
    }

    /// The sandbox of a job.
    pub(super) fn sandbox(&self, claim: &Claim) -> Option<&str> {
        let mut of_job = self.all().filter(|found| names::claim(&found.labels).as_ref() == Some(claim));
        of_job.find_map(|found| names::sandbox(&found.labels))
    }

    /// The containers of a job's steps.
    pub(super) fn steps(&self, claim: &Claim) -> Vec<(usize, &Found)> {
        let of_job = self.containers.iter().filter(|found| names::claim(&found.labels).as_ref() == Some(claim));
        of_job.filter_map(|found| Some((names::step(&found.labels)?, found))).collect()
    }

    /// Names of what belongs neither to a job in `keep` nor to what `is_live` knows.
    fn nobodys(&self, keep: &HashSet<Claim>, is_live: impl Fn(&str) -> bool) -> Doomed {
        let kept_sandboxes: BTreeSet<&str> = keep.iter().filter_map(|claim| self.sandbox(claim)).collect();
        let is_doomed = |found: &&Found| match names::claim(&found.labels) {
            Some(claim) => !keep.contains(&claim),
            None => !kept_sandboxes.contains(found.name.as_str()) && !is_live(&found.name),
        };
        let names = |list: &[Found]| list.iter().filter(is_doomed).map(|found| found.name.clone()).collect();
        Doomed { containers: names(&self.containers), volumes: names(&self.volumes), networks: names(&self.networks) }
    }
}

/// What is to be removed.
#[derive(PartialEq, Eq, Debug)]
struct Doomed {
    containers: Vec<String>,
    volumes: Vec<String>,
    networks: Vec<String>,
}

/// Removes what is nobody's: see [`Executor::sweep`](crate::executor::Executor::sweep).
pub(super) async fn sweep(
    engine: &Engine,
    config: &Config,
    keep: &HashSet<Claim>,
    is_live: impl Fn(&str) -> bool,
) -> Result<(), Failed> {
    let failed = |error: EngineError| error.failed("can't remove what an earlier run left");
    let inventory = Inventory::take(engine, &config.instance).await.map_err(failed)?;
    let doomed = inventory.nobodys(keep, is_live);
    let mut first_error = None;
    for name in &doomed.containers {
        first_error = first_error.or(engine.remove_container(name).await.err());
    }
    for name in &doomed.volumes {
        first_error = first_error.or(engine.remove_volume(name).await.err());
    }
    for name in &doomed.networks {
        first_error = first_error.or(engine.remove_network(name).await.err());
    }
    images(engine, config, keep).await.map_err(failed)?;
    folders(config, keep).await;
    match first_error {
        Some(error) => Err(failed(error)),
        None => Ok(()),
    }
}

/// Names that jobs gave to images that they built.
async fn images(engine: &Engine, config: &Config, keep: &HashSet<Claim>) -> Result<(), EngineError> {
    let repository = names::built_repository(&config.instance);
    let filters = std::collections::HashMap::from([("reference", vec![repository.as_str()])]);
    let options = ListImagesOptionsBuilder::new().filters(&filters).build();
    for image in within(QUICK, engine.api.list_images(Some(options))).await? {
        for name in image.repo_tags {
            let tag = name.strip_prefix(&repository).and_then(|rest| rest.strip_prefix(':'));
            if tag.and_then(names::built_by).is_some_and(|claim| !keep.contains(&claim)) {
                build::remove(engine, &name).await;
            }
        }
    }
    Ok(())
}

/// Folders of jobs.
async fn folders(config: &Config, keep: &HashSet<Claim>) {
    let kept: HashSet<String> = keep.iter().map(names::job).collect();
    let Ok(entries) = std::fs::read_dir(config.data.join("work")) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_job = name.to_str().is_some_and(|name| name.starts_with(names::PREFIX) && !kept.contains(name));
        if is_job && let Err(error) = workspace::clear(&entry.path()).await {
            tracing::warn!(path = %entry.path().display(), %error, "can't remove a job's folder");
        }
    }
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::ids::JobId;

    use super::*;

    #[test]
    fn only_what_is_nobodys_goes() {
        let claim = |job: u128| Claim { job: JobId(uuid::Uuid::from_u128(job)), attempt: 1, epoch: 1 };
        let found = |name: &str, labels: Labels| Found { name: name.to_owned(), labels };
        let inventory = Inventory {
            containers: vec![
                found("kept", names::step_labels("i", &claim(1), "s1", 0, None)),
                found("gone", names::step_labels("i", &claim(2), "s2", 0, None)),
                found("s1", names::sandbox_labels("i")),
                found("s2", names::sandbox_labels("i")),
                found("pooled", names::sandbox_labels("i")),
            ],
            volumes: vec![found("v2", names::workspace_labels("i", &claim(2), "s2", None))],
            networks: vec![found("s1", names::sandbox_labels("i")), found("s2", names::sandbox_labels("i"))],
        };
        let doomed = inventory.nobodys(&HashSet::from([claim(1)]), |name| name == "pooled");
        assert_eq!(
            doomed,
            Doomed {
                containers: vec!["gone".into(), "s2".into()],
                volumes: vec!["v2".into()],
                networks: vec!["s2".into()],
            }
        );
        assert_eq!(inventory.claims(), [claim(1), claim(2)]);
        assert_eq!(inventory.sandbox(&claim(2)), Some("s2"));
    }
}
