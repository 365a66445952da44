//! The images of a job, each asked for once, all at the same time, with progress that fits a log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use slipway_pipelines::{
    plan::{Image, Plan, Pull},
    state::{Millis, Reason},
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    credentials::Credentials,
    engine::{Engine, EngineError, QUICK, within},
    pull::{Ask, Pulls, State},
    reference,
};
use crate::executor::{Failed, LogSink};

/// How often progress is written into a log.
const PROGRESS: Duration = Duration::from_secs(2);
/// Why an image that must not be pulled is not there.
const NEVER: &str = "this runner's engine does not have it, and `pull: never` keeps its registry from being asked";

/// The images of a job.
#[derive(Debug)]
pub(super) struct Images {
    engine: Engine,
    pulls: Arc<Pulls>,
    credentials: Credentials,
    closed: CancellationToken,
    asked: Mutex<HashMap<(String, Pull), Asked>>,
}

/// An image that is asked for.
#[derive(Clone, Debug)]
struct Asked {
    state: watch::Receiver<State>,
    /// Whether a log tells how it came.
    is_told: Arc<Mutex<bool>>,
}

/// Whether the engine has an image.
pub(super) async fn is_present(engine: &Engine, image: &str) -> Result<bool, EngineError> {
    match within(QUICK, engine.api.inspect_image(image)).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_missing() => Ok(false),
        Err(error) => Err(error),
    }
}

impl Images {
    /// Begins with all images of a plan, except those that one of its `build:` steps will tag.
    pub(super) fn begin(
        engine: &Engine,
        pulls: &Arc<Pulls>,
        plan: &Plan,
        credentials: Credentials,
        closed: &CancellationToken,
    ) -> Self {
        let (engine, pulls, closed) = (engine.clone(), Arc::clone(pulls), closed.clone());
        let images = Self { engine, pulls, credentials, closed, asked: Mutex::default() };
        let containers = || plan.steps.iter().filter_map(|step| step.container());
        let built: Vec<String> = containers()
            .filter_map(|container| match &container.image {
                Image::Build(build) => Some(build.tags.iter().map(|tag| reference::canonical(tag))),
                Image::Registry { .. } | Image::Load { .. } => None,
            })
            .flatten()
            .collect();
        for container in containers() {
            let Image::Registry { reference, pull } = &container.image else { continue };
            // What must not be pulled is looked for in its turn: an earlier step may bring it.
            if *pull != Pull::Never
                && reference::is_safe(reference)
                && !built.contains(&reference::canonical(reference))
            {
                images
                    .asked()
                    .entry((reference.clone(), *pull))
                    .or_insert_with(|| Asked { state: images.ask(reference, *pull), is_told: Arc::default() });
            }
        }
        images
    }

    /// Asks for an image again if it could not be had: a step is tried again.
    pub(super) fn again(&self, image: &str, pull: Pull) {
        if let Some(asked) = self.asked().get_mut(&(image.to_owned(), pull))
            && matches!(*asked.state.borrow(), State::Failed(_))
        {
            asked.state = self.ask(image, pull);
        }
    }

    /// Gets a base image of a build, as the images of steps are got, if there is a mirror to get it from; else it is the engine's own
    /// business, and this gives `false`.
    pub(super) async fn base(&self, image: &str, pull: Pull, log: &mut dyn LogSink) -> Result<bool, Failed> {
        if self.pulls.mirror.is_none() {
            return Ok(false);
        }
        self.again(image, pull);
        let asked = || Asked { state: self.ask(image, pull), is_told: Arc::default() };
        self.asked().entry((image.to_owned(), pull)).or_insert_with(asked);
        self.wait(image, pull, log).await.map(|_| true)
    }

    fn ask(&self, image: &str, pull: Pull) -> watch::Receiver<State> {
        let Self { engine, pulls, credentials, closed, .. } = self;
        Ask {
            engine: engine.clone(),
            pulls: Arc::clone(pulls),
            credentials: credentials.clone(),
            image: image.to_owned(),
        }
        .begin(pull == Pull::Always, closed.clone())
    }

    fn asked(&self) -> MutexGuard<'_, HashMap<(String, Pull), Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the job's own builds pull, push and log in with.
    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Waits until an image is there, and gives the name that the engine has it under, and when it was pulled if it was; says in the
    /// log what it waits for.
    pub(super) async fn wait(
        &self,
        image: &str,
        pull: Pull,
        log: &mut dyn LogSink,
    ) -> Result<(String, Option<(Millis, Millis)>), Failed> {
        if !reference::is_safe(image) {
            return Err(Failed::new(Reason::ImagePull, format!("`{image}` is not the name of an image")));
        }
        if pull == Pull::Never {
            return Ok((self.look(image).await?, None));
        }
        let known = self.asked().get(&(image.to_owned(), pull)).cloned();
        // Tagged by a build of this job: while it is there the registry must not be asked.
        let known = known.unwrap_or_else(|| Asked { state: self.ask(image, Pull::Missing), is_told: Arc::default() });
        let Asked { mut state, is_told } = known;
        let failed = |why: &str| Failed::new(Reason::ImagePull, format!("can't pull image `{image}`: {why}"));
        let mut said: Option<Instant> = None;
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                State::Looking => {}
                State::Pulling(progress) => {
                    if said.is_none() {
                        log.write(format!("Pulling {image}\n").as_bytes());
                        said = Some(Instant::now());
                    } else if said.is_some_and(|at| at.elapsed() >= PROGRESS) && !progress.is_empty() {
                        log.write(format!("  {progress}\n").as_bytes());
                        said = Some(Instant::now());
                    }
                }
                State::Ready { name, how } => {
                    let was_told =
                        std::mem::replace(&mut *is_told.lock().unwrap_or_else(PoisonError::into_inner), true);
                    if let Some(how) = how.as_ref().filter(|_| said.is_some() || !was_told) {
                        log.write(how.text.as_bytes());
                    }
                    return Ok((name, how.map(|how| how.times)));
                }
                State::Failed(why) => return Err(failed(&why)),
            }
            if state.changed().await.is_err() {
                return Err(failed("the job was closed"));
            }
        }
    }

    /// An image that its registry must not be asked for.
    async fn look(&self, image: &str) -> Result<String, Failed> {
        match is_present(&self.engine, image).await {
            Ok(true) => Ok(image.to_owned()),
            Ok(false) => Err(Failed::new(Reason::ImagePull, format!("there is no image `{image}`: {NEVER}"))),
            Err(error) => Err(error.failed(&format!("can't look for image `{image}`"))),
        }
    }
}
