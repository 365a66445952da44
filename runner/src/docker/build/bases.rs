//! What the base images of a build are, here and now.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::super::{
    engine::{EngineError, QUICK, within},
    job::Open,
    reference,
};

/// Longest wait for a registry's word about an image. Who does not get it builds.
const ASK: Duration = Duration::from_secs(20);

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
