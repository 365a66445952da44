//! Images from registries: looked for, pulled when missing, with progress that fits a log.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bollard::{auth::DockerCredentials, query_parameters::CreateImageOptionsBuilder};
use futures_util::StreamExt;
use slipway_pipelines::{
    plan::{Image, Plan, Pull},
    state::Reason,
};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    credentials::Credentials,
    engine::{Engine, EngineError, QUICK, within},
    reference,
};
use crate::executor::{Failed, LogSink};

/// Longest silence of a pull.
const SILENCE: Duration = Duration::from_secs(300);
/// How often progress is written into a log.
const PROGRESS: Duration = Duration::from_secs(2);

/// Why an image that must not be pulled is not there.
const NEVER: &str = "this runner's engine does not have it, and `pull: never` keeps its registry from being asked";

/// Where a pull is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum State {
    /// Not known yet whether it is needed.
    Looking,
    /// Asked for from the registry; the text says how far.
    Pulling(String),
    /// There. `true`: it was pulled.
    Ready(bool),
    Failed(String),
}

/// The images of a job, each asked for once.
#[derive(Debug)]
pub(super) struct Images {
    credentials: Credentials,
    pulls: Mutex<HashMap<(String, Pull), watch::Receiver<State>>>,
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
    pub(super) fn begin(engine: &Engine, plan: &Plan, credentials: Credentials, closed: &CancellationToken) -> Self {
        let containers = || plan.steps.iter().filter_map(|step| step.container());
        let built: Vec<String> = containers()
            .filter_map(|container| match &container.image {
                Image::Build(build) => Some(build.tags.iter().map(|tag| reference::canonical(tag))),
                Image::Registry { .. } => None,
            })
            .flatten()
            .collect();
        let mut pulls = HashMap::new();
        for container in containers() {
            let Image::Registry { reference, pull: policy } = &container.image else { continue };
            if reference::is_safe(reference) && !built.contains(&reference::canonical(reference)) {
                pulls.entry((reference.clone(), *policy)).or_insert_with(|| {
                    let login = credentials.for_image(reference);
                    pull(engine.clone(), reference.clone(), *policy, login, closed.clone())
                });
            }
        }
        Self { credentials, pulls: Mutex::new(pulls) }
    }

    /// Asks for an image again if it could not be had: a step is tried again.
    pub(super) fn again(&self, engine: &Engine, image: &str, policy: Pull, closed: &CancellationToken) {
        if let Some(state) = self.pulls().get_mut(&(image.to_owned(), policy))
            && matches!(*state.borrow(), State::Failed(_))
        {
            let login = self.credentials.for_image(image);
            *state = pull(engine.clone(), image.to_owned(), policy, login, closed.clone());
        }
    }

    fn pulls(&self) -> MutexGuard<'_, HashMap<(String, Pull), watch::Receiver<State>>> {
        self.pulls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the job's own builds pull and log in with.
    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Waits until an image is there; says in the log what it waits for.
    pub(super) async fn wait(
        &self,
        engine: &Engine,
        image: &str,
        policy: Pull,
        closed: &CancellationToken,
        log: &mut dyn LogSink,
    ) -> Result<(), Failed> {
        if !reference::is_safe(image) {
            return Err(Failed::new(Reason::ImagePull, format!("`{image}` is not the name of an image")));
        }
        let known = self.pulls().get(&(image.to_owned(), policy)).cloned();
        let mut state = match known {
            Some(state) => state,
            // Tagged by a build of this job, or never: in the first case the registry must not be asked.
            None => pull(
                engine.clone(),
                image.to_owned(),
                match policy {
                    Pull::Never => Pull::Never,
                    Pull::Always | Pull::Missing => Pull::Missing,
                },
                self.credentials.for_image(image),
                closed.clone(),
            ),
        };
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
                State::Ready(pulled) => {
                    if pulled && said.is_some() {
                        log.write(format!("Pulled {image}\n").as_bytes());
                    }
                    return Ok(());
                }
                State::Failed(why) => {
                    return Err(Failed::new(Reason::ImagePull, format!("can't pull image `{image}`: {why}")));
                }
            }
            if state.changed().await.is_err() {
                return Err(Failed::new(Reason::ImagePull, format!("can't pull image `{image}`: the job was closed")));
            }
        }
    }
}

/// Looks for an image, and pulls it if it is missing or must be asked for.
fn pull(
    engine: Engine,
    image: String,
    policy: Pull,
    login: Option<DockerCredentials>,
    closed: CancellationToken,
) -> watch::Receiver<State> {
    let (tell, state) = watch::channel(State::Looking);
    tokio::spawn(async move {
        let work = async {
            if policy != Pull::Always {
                match is_present(&engine, &image).await {
                    Ok(true) => return State::Ready(false),
                    Ok(false) if policy == Pull::Never => return State::Failed(NEVER.to_owned()),
                    Ok(false) => {}
                    Err(error) => return State::Failed(error.to_string()),
                }
            }
            match ask(&engine, &image, login, &tell).await {
                Ok(()) => State::Ready(true),
                Err(why) => State::Failed(why),
            }
        };
        tokio::select! {
            () = closed.cancelled() => {}
            end = work => { tell.send_replace(end); }
        }
    });
    state
}

/// Asks the registry, telling how far it is.
async fn ask(
    engine: &Engine,
    image: &str,
    login: Option<DockerCredentials>,
    tell: &watch::Sender<State>,
) -> Result<(), String> {
    tell.send_replace(State::Pulling(String::new()));
    let (name, tag) = reference::split(image);
    let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
    let mut answers = Box::pin(engine.api.create_image(Some(options), None, login));
    let mut layers = Layers::default();
    loop {
        match tokio::time::timeout(SILENCE, answers.next()).await {
            Err(_) => return Err(format!("nothing came for {} s", SILENCE.as_secs())),
            Ok(None) => return Ok(()),
            Ok(Some(Err(error))) => return Err(EngineError::from(error).to_string()),
            Ok(Some(Ok(answer))) => {
                let detail = answer.progress_detail.unwrap_or_default();
                if let (Some(layer), Some(status)) = (answer.id, answer.status) {
                    layers.heard(layer, &status, detail.current, detail.total);
                    tell.send_replace(State::Pulling(layers.summary()));
                }
            }
        }
    }
}

/// What a pull says about layers, added up.
#[derive(Default, Debug)]
struct Layers(HashMap<String, Layer>);

#[derive(Default, Debug)]
struct Layer {
    current: i64,
    total: i64,
    is_done: bool,
}

impl Layers {
    fn heard(&mut self, layer: String, status: &str, current: Option<i64>, total: Option<i64>) {
        // The tag itself comes along as a layer, once, before there are any.
        if status.starts_with("Pulling from") {
            return;
        }
        let layer = self.0.entry(layer).or_default();
        if status == "Downloading" {
            layer.current = current.unwrap_or(layer.current);
            layer.total = total.unwrap_or(layer.total);
        }
        layer.is_done |= matches!(status, "Pull complete" | "Already exists");
    }

    fn summary(&self) -> String {
        let done = self.0.values().filter(|layer| layer.is_done).count();
        let megabytes = |part: fn(&Layer) -> i64| self.0.values().map(part).sum::<i64>() as f64 / 1e6;
        let (current, total) = (megabytes(|layer| layer.current), megabytes(|layer| layer.total));
        format!("{done} of {} layers, {current:.1} of {total:.1} MB", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_add_up() {
        let mut layers = Layers::default();
        layers.heard("latest".into(), "Pulling from library/x", None, None);
        layers.heard("a".into(), "Downloading", Some(1_000_000), Some(2_000_000));
        layers.heard("b".into(), "Already exists", None, None);
        layers.heard("a".into(), "Downloading", Some(1_500_000), Some(2_000_000));
        layers.heard("a".into(), "Extracting", Some(1), Some(9));
        assert_eq!(layers.summary(), "1 of 2 layers, 1.5 of 2.0 MB");
    }
}
