//! The images that builds leave on the engine: one a step, as the cache of the next job of that name.

use bollard::query_parameters::{RemoveImageOptionsBuilder, TagImageOptionsBuilder};
use slipway_pipelines::{
    plan::{Image, ImageBuild, Plan},
    wire::PushedImage,
};

use super::{
    super::{
        engine::{Engine, EngineError, QUICK, within},
        job::Open,
        names, reference,
    },
    fingerprint,
};

/// Whose builds share caches on an engine. What a pull request leaves is for pull requests only: its code is not trusted yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    Repository,
    PullRequest,
}

impl Scope {
    pub(super) fn of(plan: &Plan) -> Self {
        let event = plan.environment.get("CI_PIPELINE_EVENT");
        if event.is_some_and(|event| event.starts_with("pull_request")) { Self::PullRequest } else { Self::Repository }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Repository => "",
            Self::PullRequest => "pull request",
        }
    }
}

fn cache_name(job: &Open, step: &str, scope: Scope) -> String {
    let repository = names::built_repository(&job.config.instance);
    format!("{repository}:{}", names::cache_tag(&job.repository, &job.plan.name, step, scope.as_str()))
}

/// What cache mounts of a job's builds are kept under, so that repositories do not share them.
pub(super) fn mounts(job: &Open) -> String {
    names::cache_tag(&job.repository, "", "", Scope::of(&job.plan).as_str())
}

/// Finds an image that was built from the same: an earlier try's, the last job's, or, for a pull request, the repository's.
pub(super) async fn find(job: &Open, own: &str, step: &str, fingerprint: &str) -> Option<Kept> {
    let scope = Scope::of(&job.plan);
    let mut places = vec![own.to_owned(), cache_name(job, step, scope)];
    if scope == Scope::PullRequest {
        places.push(cache_name(job, step, Scope::Repository));
    }
    for place in places {
        let Ok(image) = within(QUICK, job.engine.api.inspect_image(&place)).await else { continue };
        let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
        if labels.get(fingerprint::LABEL).is_some_and(|label| label == fingerprint)
            && let Some(id) = image.id
        {
            return Some(Kept { id, made: image.created.map(|at| at.to_string()) });
        }
    }
    None
}

/// An image of an earlier build.
pub(super) struct Kept {
    pub(super) id: String,
    /// When it was built, as the engine writes it.
    pub(super) made: Option<String>,
}

/// Gives an image a name.
pub(super) async fn tag(engine: &Engine, image: &str, name: &str) -> Result<(), EngineError> {
    let (repository, version) = reference::split(name);
    let options = TagImageOptionsBuilder::new().repo(repository).tag(version).build();
    within(QUICK, engine.api.tag_image(image, Some(options))).await
}

/// What the last job of a name built stays as the cache of the next, under a name that says so; that of the job before it goes.
/// What an earlier attempt built is not the last any more.
pub(in super::super) async fn leave_cache(job: &Open) {
    let repository = names::built_repository(&job.config.instance);
    for (position, step) in job.plan.steps.iter().enumerate() {
        if step.build().is_none() || job.standing.contains(&position) {
            continue;
        }
        let own = format!("{repository}:{}", names::built_tag(&job.workspace, position));
        let Some(new) = id(&job.engine, &own).await else { continue };
        let cache = cache_name(job, &step.name, Scope::of(&job.plan));
        let old = id(&job.engine, &cache).await;
        if let Err(error) = tag(&job.engine, &new, &cache).await {
            tracing::warn!(%error, "can't keep a built image as cache");
        }
        if let Some(old) = old.filter(|old| *old != new) {
            remove(&job.engine, &old).await;
        }
    }
}

/// Takes the job's own names from the images that it built or loaded, and those that are in a registry now.
pub(in super::super) async fn forget(job: &Open) {
    let repository = names::built_repository(&job.config.instance);
    for (position, step) in job.plan.steps.iter().enumerate() {
        let own = format!("{repository}:{}", names::built_tag(&job.workspace, position));
        if matches!(step.container().map(|container| &container.image), Some(Image::Load { .. })) {
            remove(&job.engine, &own).await;
        }
        let Some(build) = step.build() else { continue };
        let Some(new) = id(&job.engine, &own).await else { continue };
        remove(&job.engine, &own).await;
        for name in in_registries(build) {
            // Another job may have given it to another image meanwhile.
            if id(&job.engine, name).await.as_ref() == Some(&new) {
                remove(&job.engine, name).await;
            }
        }
    }
}

/// Gives the images that steps of an earlier attempt built the names that their job gave them, which others may have taken since.
pub(in super::super) async fn tag_again(job: &Open, steps: impl Iterator<Item = usize>) {
    let repository = names::built_repository(&job.config.instance);
    for position in steps {
        let Some(build) = job.plan.steps.get(position).and_then(|step| step.build()) else { continue };
        let own = format!("{repository}:{}", names::built_tag(&job.workspace, position));
        for name in &build.tags {
            if let Err(error) = tag(&job.engine, &own, name).await {
                tracing::warn!(claim = %job.claim, name, %error, "can't give a built image its name again");
            }
        }
    }
}

/// What an earlier process pushed, as the engine remembers it. Asked for a step that has a container: its pushes were done before.
pub(in super::super) async fn pushed_before(job: &Open, step: usize, build: &ImageBuild) -> Vec<PushedImage> {
    let own = format!("{}:{}", names::built_repository(&job.config.instance), names::built_tag(&job.workspace, step));
    let Ok(image) = within(QUICK, job.engine.api.inspect_image(&own)).await else { return Vec::new() };
    let digests = image.repo_digests.unwrap_or_default();
    let of_tag = |tag: &String| {
        let (name, _) = reference::split(tag);
        let digest = digests.iter().find_map(|digest| digest.strip_prefix(name)?.strip_prefix('@'))?;
        Some(PushedImage { reference: tag.clone(), digest: digest.to_owned() })
    };
    build.tags.iter().filter(|_| build.push).filter_map(of_tag).collect()
}

fn in_registries(build: &ImageBuild) -> impl Iterator<Item = &String> {
    build.tags.iter().filter(|_| build.push).chain(&build.cache_to)
}

/// The image that a name means.
pub(in super::super) async fn id(engine: &Engine, image: &str) -> Option<String> {
    within(QUICK, engine.api.inspect_image(image)).await.ok()?.id
}

/// Removes a name, or an image that has none. One that is in use under another name stays.
pub(in super::super) async fn remove(engine: &Engine, image: &str) {
    let options = RemoveImageOptionsBuilder::new().build();
    match within(QUICK, engine.api.remove_image(image, Some(options), None)).await {
        Ok(_) => {}
        Err(error) if error.is_missing() || error.is_conflict() => {}
        Err(error) => tracing::warn!(image, %error, "can't remove a built image"),
    }
}
