//! What the base images of a build are, here and now.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use slipway_pipelines::plan::{ImageBuild, Pull};

use super::super::{
    engine::{EngineError, QUICK, within},
    job::Open,
    reference,
};
use crate::executor::LogSink;

/// Longest wait for a registry's word about an image. Who does not get it builds.
const ASK: Duration = Duration::from_secs(20);

/// Gets the base images of a build before it, where the runner has a mirror: the engine would ask their own registries. Gives whether all
/// are there now as the build wants them. What could not be had is said in the log and left to the engine.
pub(super) async fn fetch(job: &Open, bases: &BTreeSet<String>, build: &ImageBuild, log: &mut dyn LogSink) -> bool {
    if build.platform.is_some() {
        // The engine would be asked for its own.
        return false;
    }
    let pull = if build.pull { Pull::Always } else { Pull::Missing };
    let mut are_there = true;
    for base in bases {
        // The engine does not know a digest that came from elsewhere by the name in a Dockerfile.
        let got = if base.contains('@') { Ok(false) } else { job.images.base(base, pull, log).await };
        are_there &= got.unwrap_or_else(|failed| {
            log.write(format!("{}\n", failed.message).as_bytes());
            false
        });
    }
    are_there
}

/// The id of each on this engine, or the digest in its registry of one that the engine does not have. `None` when one of them
/// cannot be told.
pub(super) async fn ids(job: &Open, bases: &BTreeSet<String>) -> Option<BTreeMap<String, String>> {
    let mut known = BTreeMap::new();
    for base in bases {
        if !reference::is_safe(base) {
            return None;
        }
        let id = match within(QUICK, job.engine.api.inspect_image(base)).await {
            Ok(image) => image.id?,
            Err(error) if error.is_missing() => in_registry(job, base).await.ok()??,
            Err(_) => return None,
        };
        known.insert(base.clone(), id);
    }
    Some(known)
}

async fn in_registry(job: &Open, base: &str) -> Result<Option<String>, EngineError> {
    let login = job.images.credentials().for_image(base);
    let found = within(ASK, job.engine.api.inspect_registry_image(base, login)).await?;
    Ok(found.descriptor.digest)
}
