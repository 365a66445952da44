//! Builds an image from the workspace, through the engine's API: the job never sees the engine.

use std::{
    fs::File,
    io::{self, BufWriter, Seek},
    path::{Path, PathBuf},
    sync::Arc,
};

use slipway_pipelines::{plan::ImageBuild, state::Reason, wire::PushedImage};

use super::{
    archive::Door,
    context,
    credentials::Credentials,
    engine::{EngineError, QUICK, within},
    ignore::Ignore,
    job::Open,
    names, reference, saved,
};
use crate::executor::{Failed, LogSink};

mod bases;
mod buildkit;
mod classic;
mod dockerfile;
mod fingerprint;
mod kept;
mod progress;
mod push;
pub(super) mod session;
mod trace;

use dockerfile::Dockerfile;
#[cfg(test)]
pub(super) use fingerprint::LABEL;
pub(super) use kept::{forget, id, leave_cache, pushed_before, remove, tag_again};

/// A build that is to be.
struct Wanted<'a> {
    build: &'a ImageBuild,
    /// The context as a tar file.
    context: &'a Path,
    dockerfile: &'a Dockerfile,
    /// The job's own name for the image.
    image: &'a str,
    /// Whether the engine asks for the base images, also for those that it has.
    pull: bool,
    /// `None` when it must not be taken for another build's.
    fingerprint: Option<&'a str>,
    credentials: &'a Credentials,
    /// What cache mounts are kept under.
    mounts: String,
    sandbox: &'a str,
}

/// Why there is no image.
enum Broken {
    /// The Dockerfile, or what it needs.
    Build(String),
    Engine(EngineError),
}

impl From<EngineError> for Broken {
    fn from(error: EngineError) -> Self {
        match error {
            // It refuses what was asked for: a name, a target, a platform.
            EngineError::Refused { message, .. } => Self::Build(message),
            error => Self::Engine(error),
        }
    }
}

/// Builds a step's image, pushes it where the step wants that, and gives its name. What was pushed is told as it happens.
pub(super) async fn build(
    job: &Arc<Open>,
    step: usize,
    build: &ImageBuild,
    pushed: impl Fn(PushedImage),
    log: &mut dyn LogSink,
) -> Result<String, Failed> {
    for name in build.tags.iter().chain(&build.cache_to) {
        if !reference::is_safe(name) || name.contains('@') {
            return Err(build_failed(format!("`{}` is not a tag for an image", name.escape_debug())));
        }
    }
    for name in build.tags.iter().filter(|_| build.push).chain(&build.cache_to) {
        job.images.credentials().may_push(name).map_err(build_failed)?;
    }
    let image = format!("{}:{}", names::built_repository(&job.config.instance), names::built_tag(&job.workspace, step));
    let context = Context::take(job, step, build).await?;
    make(job, step, build, &image, &context, log).await?;
    drop(context);
    for tag in &build.tags {
        name(job, &image, tag).await?;
        let (name, version) = reference::split(tag);
        log.write(format!("Tagged {name}:{version}\n").as_bytes());
    }
    for tag in build.tags.iter().filter(|_| build.push) {
        pushed(push::push(job, tag, log).await?);
    }
    for cache in &build.cache_to {
        name(job, &image, cache).await?;
        let gone = push::push(job, cache, log).await;
        if !build.tags.contains(cache) {
            remove(&job.engine, cache).await;
        }
        gone?;
    }
    if let Some(path) = &build.save {
        saved::save(job, &image, build, path, log).await?;
    }
    Ok(image)
}

async fn name(job: &Open, image: &str, name: &str) -> Result<(), Failed> {
    let named = kept::tag(&job.engine, image, name).await;
    named.map_err(|error| build_failed(format!("can't tag the image `{name}`: {error}")))
}

/// Sees to it that there is an image of the job's own name: one that was built from the same, or a new one.
async fn make(
    job: &Open,
    step: usize,
    build: &ImageBuild,
    image: &str,
    context: &Context,
    log: &mut dyn LogSink,
) -> Result<(), Failed> {
    let Some(text) = &context.content.dockerfile else {
        let place = &build.context;
        return Err(build_failed(format!("there is no file `{}` in the build's context `{place}`", build.dockerfile)));
    };
    let dockerfile = Dockerfile::parse(&String::from_utf8_lossy(text));
    let builder = job.engine.buildkit.as_ref();
    if builder.is_none() {
        if let Some(lack) = classic::lacks(build, &dockerfile) {
            return Err(build_failed(lack));
        }
        classic::remarks(build).iter().for_each(|remark| log.write(remark.as_bytes()));
    }
    let mut pull = build.pull;
    let bases = match dockerfile.bases(&build.args) {
        Some(bases) => {
            pull &= !bases::fetch(job, &bases, build, log).await;
            bases::ids(job, &bases).await
        }
        None => None,
    };
    let fingerprint = bases.as_ref().map(|bases| fingerprint::of(build, &context.content, bases));
    let step_name = &job.step(step)?.0.name;
    if let (Some(print), false) = (&fingerprint, pull || build.no_cache)
        && let Some(found) = kept::find(job, image, step_name, print).await
    {
        name(job, &found.id, image).await?;
        let bases = bases.map(|bases| bases.into_keys().collect::<Vec<_>>().join(", ")).unwrap_or_default();
        log.write(unchanged(&found, context.content.files, &build.dockerfile, &bases).as_bytes());
        return Ok(());
    }
    let before = id(&job.engine, image).await;
    let wanted = Wanted {
        build,
        context: &context.file,
        dockerfile: &dockerfile,
        image,
        // What is pulled now is another base than the one that was looked at.
        fingerprint: fingerprint.as_deref().filter(|_| !pull),
        pull,
        credentials: job.images.credentials(),
        mounts: kept::mounts(job),
        sandbox: &job.sandbox.name,
    };
    let built = match builder {
        Some(address) => buildkit::build(&job.engine, address, &wanted, log).await,
        None => classic::build(&job.engine, &wanted, log).await,
    };
    built.map_err(|broken| match broken {
        Broken::Build(why) => build_failed(format!("the image was not built: {}", why.trim())),
        Broken::Engine(error) => error.failed("can't build the image"),
    })?;
    // A stream that was cut has no error in it.
    match within(QUICK, job.engine.api.inspect_image(image)).await {
        Ok(built) => {
            // An earlier try's: it has lost its name, and nobody else would remove it.
            if let Some(before) = before.filter(|before| Some(before) != built.id.as_ref()) {
                remove(&job.engine, &before).await;
            }
            Ok(())
        }
        Err(error) => Err(error.failed("the engine broke the build off")),
    }
}

/// Says what was matched.
fn unchanged(found: &kept::Kept, files: usize, dockerfile: &str, bases: &str) -> String {
    let id: String = found.id.chars().take(19).collect();
    let made = found.made.as_ref().map(|made| format!(", built {made}")).unwrap_or_default();
    let bases = if bases.is_empty() { "no base image".to_owned() } else { format!("base images {bases}") };
    format!(
        "Nothing has changed: taking image {id}{made}. Same context ({files} files), {dockerfile}, arguments, target, \
         platform and {bases}.\n"
    )
}

fn build_failed(message: String) -> Failed {
    Failed::new(Reason::ImageBuild, message)
}

/// A build's context, on the runner's disk: what is hashed is what is sent, whatever other steps do to the workspace meanwhile.
struct Context {
    file: PathBuf,
    content: fingerprint::Content,
}

impl Drop for Context {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Context {
    async fn take(job: &Open, step: usize, build: &ImageBuild) -> Result<Self, Failed> {
        let labels = names::job_labels(&job.config.instance, &job.claim, &job.sandbox.name, names::Role::Helper);
        let door = Door::open(&job.engine, &job.name(), &job.plan.workspace.base, labels)
            .await
            .map_err(|error| error.failed("can't read the build's context"))?;
        let taken = Self::through(&door, job, step, build).await;
        door.close().await;
        taken
    }

    async fn through(door: &Door, job: &Open, step: usize, build: &ImageBuild) -> Result<Self, Failed> {
        let unreadable = |error: EngineError| error.failed("can't read the build's context");
        let dockerfile = build.dockerfile.trim_start_matches("./").to_owned();
        // The one beside the Dockerfile goes over the context's.
        let own = format!("{dockerfile}.dockerignore");
        let mut rules = Ignore::default();
        for name in [own.as_str(), ".dockerignore"] {
            if let Some(file) = door.get(&format!("{}/{name}", build.context)).await.map_err(unreadable)? {
                let text = tokio::task::spawn_blocking(move || context::only_file(file)).await;
                let text = text.map_err(|error| Failed::infra(error.to_string()))?;
                let text = text.map_err(|error| build_failed(format!("can't read {name}: {error}")))?;
                rules = Ignore::parse(&text).map_err(build_failed)?;
                break;
            }
        }
        let Some(files) = door.get(&build.context).await.map_err(unreadable)? else {
            return Err(build_failed(format!("there is no folder `{}` in the workspace", build.context)));
        };
        let file = job.folder().join(format!("context-{step}.tar"));
        let mut taken = Self { file, content: fingerprint::Content { hash: [0; 32], files: 0, dockerfile: None } };
        let path = taken.file.clone();
        let read = tokio::task::spawn_blocking(move || spool(files, &path, &rules, &dockerfile)).await;
        let read = read.map_err(|error| Failed::infra(error.to_string()))?;
        taken.content = read.map_err(|error| {
            Failed::infra(format!("can't copy the build's context to {}: {error}", taken.file.display()))
        })?;
        Ok(taken)
    }
}

/// Writes the context as the engine gets it, and reads it.
fn spool(files: impl io::Read, to: &Path, rules: &Ignore, dockerfile: &str) -> io::Result<fingerprint::Content> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(to)?;
    context::reroot(files, BufWriter::new(&mut file), rules, &[dockerfile, ".dockerignore"])?;
    file.rewind()?;
    fingerprint::read(io::BufReader::new(&mut file), dockerfile)
}
