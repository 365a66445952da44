//! Builds an image from the workspace, through the engine's API: the job never sees the engine.

use std::{collections::HashMap, sync::Arc};

use bollard::{
    models::BuildInfo,
    query_parameters::{BuildImageOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder},
};
use futures_util::StreamExt;
use slipway_pipelines::{
    plan::{Image, ImageBuild},
    state::Reason,
};

use super::{
    archive::{self, Door},
    context,
    engine::{Engine, EngineError, QUICK, within},
    ignore::Ignore,
    job::Open,
    names, reference,
};
use crate::executor::{Failed, LogSink};

/// Builds a step's image and gives its name.
pub(super) async fn build(
    job: &Arc<Open>,
    step: usize,
    build: &ImageBuild,
    log: &mut dyn LogSink,
) -> Result<String, Failed> {
    if let Some(tag) = build.tags.iter().find(|tag| !reference::is_safe(tag) || tag.contains('@')) {
        return Err(build_failed(format!("`{}` is not a tag for an image", tag.escape_debug())));
    }
    let labels = names::job_labels(&job.config.instance, &job.claim, &job.sandbox.name, names::Role::Helper);
    let door = Door::open(&job.engine, &job.name(), &job.plan.workspace.base, labels)
        .await
        .map_err(|error| error.failed("can't read the build's context"))?;
    let image = with_context(job, step, build, &door, log).await;
    door.close().await;
    let image = image?;
    for tag in &build.tags {
        let (name, version) = reference::split(tag);
        let options = TagImageOptionsBuilder::new().repo(name).tag(version).build();
        within(QUICK, job.engine.api.tag_image(&image, Some(options)))
            .await
            .map_err(|error| build_failed(format!("can't tag the image `{tag}`: {error}")))?;
        log.write(format!("Tagged {name}:{version}\n").as_bytes());
    }
    Ok(image)
}

async fn with_context(
    job: &Open,
    step: usize,
    build: &ImageBuild,
    door: &Door,
    log: &mut dyn LogSink,
) -> Result<String, Failed> {
    let unreadable = |error: EngineError| error.failed("can't read the build's context");
    let rules = match door.get(&format!("{}/.dockerignore", build.context)).await.map_err(unreadable)? {
        None => Ignore::default(),
        Some(file) => {
            let text = tokio::task::spawn_blocking(move || context::only_file(file)).await;
            let text = text.map_err(|error| Failed::infra(error.to_string()))?;
            let text = text.map_err(|error| build_failed(format!("can't read .dockerignore: {error}")))?;
            Ignore::parse(&text).map_err(build_failed)?
        }
    };
    let Some(files) = door.get(&build.context).await.map_err(unreadable)? else {
        return Err(build_failed(format!("there is no folder `{}` in the workspace", build.context)));
    };
    let (mut writer, stream) = archive::pipe();
    let dockerfile = build.dockerfile.trim_start_matches("./").to_owned();
    let kept = dockerfile.clone();
    tokio::task::spawn_blocking(move || {
        let outcome = context::reroot(files, &mut writer, &rules, &[&kept, ".dockerignore"]);
        writer.finish(outcome);
    });
    let image = format!("{}:{}", names::built_repository(&job.config.instance), names::built_tag(&job.claim, step));
    let arguments: HashMap<&str, &str> =
        build.args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let network = format!("container:{}", job.sandbox.name);
    let mut options = BuildImageOptionsBuilder::new()
        .dockerfile(&dockerfile)
        .t(&image)
        .buildargs(&arguments)
        .networkmode(&network)
        .rm(true)
        .forcerm(true);
    if let Some(target) = &build.target {
        options = options.target(target);
    }
    let logins = job.images.credentials().for_build();
    let before = id(&job.engine, &image).await;
    let mut answers = job.engine.api.build_image(options.build(), logins, Some(bollard::body_try_stream(stream)));
    while let Some(answer) = answers.next().await {
        match answer.map_err(EngineError::from) {
            Ok(answer) => say(answer, log),
            Err(EngineError::Stream(why)) => return Err(build_failed(format!("the image was not built: {why}"))),
            Err(error @ EngineError::Refused { .. }) => {
                return Err(build_failed(format!("the image was not built: {error}")));
            }
            Err(error) => return Err(error.failed("can't build the image")),
        }
    }
    // A stream that was cut has no error in it.
    match within(QUICK, job.engine.api.inspect_image(&image)).await {
        Ok(built) => {
            // An earlier try's: it has lost its name, and nobody else would remove it.
            if let Some(before) = before.filter(|before| Some(before) != built.id.as_ref()) {
                remove(&job.engine, &before).await;
            }
            Ok(image)
        }
        Err(error) => Err(error.failed("the engine broke the build off")),
    }
}

/// The engine's words about a build, without the many about layers that come down.
fn say(answer: BuildInfo, log: &mut dyn LogSink) {
    if let Some(text) = answer.stream {
        log.write(text.as_bytes());
    } else if let (Some(status), None) = (answer.status, answer.id) {
        log.write(format!("{status}\n").as_bytes());
    }
}

fn build_failed(message: String) -> Failed {
    Failed::new(Reason::ImageBuild, message)
}

/// Takes the job's own names from the images that it built. The images of the last job of this name stay as the cache
/// of the next, under a name that says so; those of the job before it go.
pub(super) async fn forget(job: &Open) {
    let repository = names::built_repository(&job.config.instance);
    for (position, step) in job.plan.steps.iter().enumerate() {
        let is_built = step.container().is_some_and(|container| matches!(container.image, Image::Build(_)));
        let own = format!("{repository}:{}", names::built_tag(&job.claim, position));
        if !is_built {
            continue;
        }
        let Some(new) = id(&job.engine, &own).await else { continue };
        let tag = names::cache_tag(&job.repository, &job.plan.name, &step.name);
        let old = id(&job.engine, &format!("{repository}:{tag}")).await;
        let options = TagImageOptionsBuilder::new().repo(&repository).tag(&tag).build();
        if let Err(error) = within(QUICK, job.engine.api.tag_image(&new, Some(options))).await {
            tracing::warn!(%error, "can't keep a built image as cache");
        }
        remove(&job.engine, &own).await;
        if let Some(old) = old.filter(|old| *old != new) {
            remove(&job.engine, &old).await;
        }
    }
}

/// The image that a name means.
pub(super) async fn id(engine: &Engine, image: &str) -> Option<String> {
    within(QUICK, engine.api.inspect_image(image)).await.ok()?.id
}

/// Removes a name, or an image that has none. One that is in use under another name stays.
pub(super) async fn remove(engine: &Engine, image: &str) {
    let options = RemoveImageOptionsBuilder::new().build();
    match within(QUICK, engine.api.remove_image(image, Some(options), None)).await {
        Ok(_) => {}
        Err(error) if error.is_missing() || error.is_conflict() => {}
        Err(error) => tracing::warn!(image, %error, "can't remove a built image"),
    }
}
