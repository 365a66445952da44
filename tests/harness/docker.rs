//! What is in the Docker engine.

use std::{collections::HashMap, fmt, path::Path, time::Duration};

use bollard::{
    Docker,
    query_parameters::{
        InspectContainerOptions, ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    },
};

use super::wait::{Seen, until};

/// The image that tests use; made from the machine's own static busybox.
pub(crate) const BUSYBOX: &str = "slipway/busybox";

const HELP: &str = "no Docker engine answers. `make test` sets one up; or start it and set DOCKER_HOST";

/// Connects to the engine, and makes the base image if it is not there.
pub(crate) async fn engine() -> Docker {
    let docker = Docker::connect_with_defaults().unwrap_or_else(|error| panic!("{HELP}: {error}"));
    if let Err(error) = docker.ping().await {
        panic!("{HELP}: {error}");
    }
    if docker.inspect_image(BUSYBOX).await.is_err() {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/setup/base-image.sh");
        let made = tokio::process::Command::new(script).output().await.expect("base-image.sh starts");
        assert!(made.status.success(), "cannot make {BUSYBOX}: {}", String::from_utf8_lossy(&made.stderr));
    }
    docker
}

/// The objects that carry an instance's label.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Objects {
    pub(crate) containers: Vec<String>,
    volumes: Vec<String>,
    networks: Vec<String>,
}

impl Objects {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "containers {:?}, volumes {:?}, networks {:?}", self.containers, self.volumes, self.networks)
    }
}

/// All objects labelled with these, such as `slipway.instance=X`.
pub(crate) async fn objects(docker: &Docker, labels: &[String]) -> Result<Objects, bollard::errors::Error> {
    let filter = HashMap::from([("label", labels.to_vec())]);
    let containers =
        docker.list_containers(Some(ListContainersOptionsBuilder::new().all(true).filters(&filter).build())).await?;
    let volumes = docker.list_volumes(Some(ListVolumesOptionsBuilder::new().filters(&filter).build())).await?;
    let networks = docker.list_networks(Some(ListNetworksOptionsBuilder::new().filters(&filter).build())).await?;
    Ok(Objects {
        containers: containers.into_iter().filter_map(|container| container.names?.into_iter().next()).collect(),
        volumes: volumes.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect(),
        networks: networks.into_iter().filter_map(|network| network.name).collect(),
    })
}

/// Waits until nothing carries the instance's label, and fails the test naming what is left.
pub(crate) async fn assert_nothing_left(docker: &Docker, instance: &str) {
    let labels = [format!("slipway.instance={instance}")];
    until(&format!("nothing of {instance} to be left in Docker"), Duration::from_secs(30), async || {
        match objects(docker, &labels).await {
            Ok(objects) if objects.is_empty() => Ok(()),
            Ok(objects) => Err(format!("{objects:?}")),
            Err(error) => Err(error.to_string()),
        }
    })
    .await;
}

/// Id of the one container of a step.
pub(crate) async fn container_of_step(docker: &Docker, instance: &str, step: usize) -> Seen<String> {
    let labels = [format!("slipway.instance={instance}"), format!("slipway.step={step}")];
    let found = objects(docker, &labels).await.map_err(|error| error.to_string())?;
    let [name] = found.containers.as_slice() else {
        return Err(format!("{found:?}"));
    };
    let name = name.trim_start_matches('/');
    let details = docker.inspect_container(name, None::<InspectContainerOptions>).await;
    details.map_err(|error| error.to_string())?.id.ok_or_else(|| "a container without an id".to_owned())
}

/// Removes what a test that failed has left, so that it harms no other. Blocking and without a promise.
pub(crate) fn clear(instance: &str) {
    let script = format!(
        "f=label=slipway.instance={instance}
         docker ps -aq --filter $f | xargs -r docker rm -f
         docker volume ls -q --filter $f | xargs -r docker volume rm -f
         docker network ls -q --filter $f | xargs -r docker network rm"
    );
    let _ = std::process::Command::new("sh").args(["-c", &script]).output();
}
