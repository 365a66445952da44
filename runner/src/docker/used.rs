//! Which image a container was made from.

use slipway_pipelines::wire::UsedImage;

use super::{
    engine::{Engine, EngineError, QUICK, within},
    reference,
};

/// Asks the engine. What it says is what it took: a tag may have moved since it was pulled.
pub(super) async fn image(engine: &Engine, container: &str, reference: &str) -> Result<UsedImage, EngineError> {
    let id = within(QUICK, engine.api.inspect_container(container, None)).await?.image.unwrap_or_default();
    let digests = match within(QUICK, engine.api.inspect_image(&id)).await {
        Ok(image) => image.repo_digests.unwrap_or_default(),
        // Removed by somebody since.
        Err(error) if error.is_missing() => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok(UsedImage { reference: reference.to_owned(), digest: digest(reference, digests), id })
}

/// The digest under the image's own name; else one under another name: the same content all the same.
fn digest(reference: &str, mut digests: Vec<String>) -> Option<String> {
    let name = |reference: &str| {
        let name = reference::split(reference).0.to_owned();
        reference::on_the_hub(&name).unwrap_or(name)
    };
    let wanted = name(reference);
    let own = digests.iter().position(|digest| name(digest) == wanted);
    match own {
        Some(own) => Some(digests.swap_remove(own)),
        None if reference.contains('@') => Some(reference.to_owned()),
        None => digests.into_iter().next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_the_images_own_registry_if_there_is_one() {
        let known = || ["mirror:5000/library/busybox@sha256:00", "busybox@sha256:01", "r.example/b@sha256:02"];
        let found = |reference: &str| digest(reference, known().map(str::to_owned).to_vec());
        for (reference, wanted) in [
            ("busybox:1.36", "busybox@sha256:01"),
            ("docker.io/library/busybox", "busybox@sha256:01"),
            ("r.example/b:2", "r.example/b@sha256:02"),
            ("mine:1", "mirror:5000/library/busybox@sha256:00"),
            ("other@sha256:00", "other@sha256:00"),
        ] {
            assert_eq!(found(reference).as_deref(), Some(wanted), "{reference}");
        }
        assert_eq!(digest("mine:1", vec![]), None);
    }
}
