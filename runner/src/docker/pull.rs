//! One image, asked for: from the runner's mirror if it has one, else from its registry.

use std::{sync::Arc, time::Duration};

use bollard::{
    auth::DockerCredentials,
    query_parameters::{CreateImageOptionsBuilder, TagImageOptionsBuilder},
};
use futures_util::StreamExt;
use slipway_pipelines::state::Millis;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    credentials::Credentials,
    engine::{Engine, EngineError, QUICK, within},
    images::is_present,
    reference,
};
use crate::job::now;

mod layers;
mod mirror;
mod words;

use layers::Layers;
pub use mirror::Mirror;

/// How images are pulled.
#[derive(Clone, Debug)]
pub struct Pulls {
    /// Asked first for the images of docker.io.
    pub mirror: Option<Mirror>,
    /// Longest silence of a registry.
    pub silence: Duration,
}

impl Default for Pulls {
    fn default() -> Self {
        Self { mirror: None, silence: Duration::from_secs(300) }
    }
}

/// Where a pull is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Not known yet whether it is needed.
    Looking,
    /// Asked for from the registry; the text says how far.
    Pulling(String),
    /// There.
    Ready {
        /// The name that the engine has it under.
        name: String,
        /// How it came; `None`: it was there.
        how: Option<Pulled>,
    },
    Failed(String),
}

/// A pull that went well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pulled {
    /// Lines about it.
    pub(super) text: String,
    /// When it began and ended, for people.
    pub(super) times: (Millis, Millis),
}

/// What is asked for.
pub(super) struct Ask {
    pub(super) engine: Engine,
    pub(super) pulls: Arc<Pulls>,
    pub(super) credentials: Credentials,
    pub(super) image: String,
}

impl Ask {
    /// Looks for the image, and pulls it if it is missing or must be asked for.
    pub(super) fn begin(self, always: bool, closed: CancellationToken) -> watch::Receiver<State> {
        let (tell, state) = watch::channel(State::Looking);
        tokio::spawn(async move {
            tokio::select! {
                () = closed.cancelled() => {}
                end = self.get(always, &tell) => { tell.send_replace(end); }
            }
        });
        state
    }

    async fn get(&self, always: bool, tell: &watch::Sender<State>) -> State {
        if !always {
            match is_present(&self.engine, &self.image).await {
                Ok(true) => return State::Ready { name: self.image.clone(), how: None },
                Ok(false) => {}
                Err(error) => return State::Failed(error.to_string()),
            }
        }
        tell.send_replace(State::Pulling(String::new()));
        let (began, since) = (Instant::now(), now());
        let pulled = |text| Some(Pulled { text, times: (since, now()) });
        let mut remark = String::new();
        if let Some((mirror, path)) = self.pulls.mirror.as_ref().zip(reference::on_the_hub(&self.image)) {
            match self.through_mirror(mirror, &path, tell).await {
                Ok((name, layers)) => {
                    let how = layers.sentence(&format!("{} from {mirror}", self.image), began.elapsed());
                    return State::Ready { name, how: pulled(how) };
                }
                Err(why) => remark = format!("The mirror {mirror} does not give {}: {why}\n", self.image),
            }
        }
        let (name, tag) = reference::split(&self.image);
        let login = self.credentials.for_image(&self.image);
        match self.stream(name, tag, login, tell).await {
            Ok(layers) => {
                let how = format!("{remark}{}", layers.sentence(&self.image, began.elapsed()));
                State::Ready { name: self.image.clone(), how: pulled(how) }
            }
            Err(why) if remark.is_empty() => State::Failed(why),
            Err(why) => State::Failed(format!("{why}. {}", remark.trim_end())),
        }
    }

    /// Pulls by digest, so that no name of the mirror's stays and jobs at the same time do not take theirs from each other.
    async fn through_mirror(
        &self,
        mirror: &Mirror,
        path: &str,
        tell: &watch::Sender<State>,
    ) -> Result<(String, Layers), String> {
        let there = mirror.repository(path);
        let login = self.credentials.for_image(&there);
        let (name, tag) = reference::split(&self.image);
        let is_pinned = tag.contains(':');
        let digest =
            if is_pinned { tag.to_owned() } else { self.digest(&format!("{there}:{tag}"), login.clone()).await? };
        let layers = self.stream(&there, &digest, login, tell).await?;
        let pulled = format!("{there}@{digest}");
        if is_pinned {
            // The engine gives no other name to a digest.
            return Ok((pulled, layers));
        }
        let options = TagImageOptionsBuilder::new().repo(name).tag(tag).build();
        let tagged = within(QUICK, self.engine.api.tag_image(&pulled, Some(options))).await;
        tagged.map_err(|error| format!("it can't be called `{}`: {error}", self.image))?;
        Ok((self.image.clone(), layers))
    }

    /// Which content a tag means in its registry.
    async fn digest(&self, image: &str, login: Option<DockerCredentials>) -> Result<String, String> {
        let explain = |error: EngineError| words::explain(&error.to_string(), image, login.as_ref());
        match within(self.pulls.silence, self.engine.api.inspect_registry_image(image, login.clone())).await {
            Ok(found) => found.descriptor.digest.ok_or_else(|| format!("the engine does not tell what `{image}` is")),
            Err(EngineError::Deadline(silence)) => Err(words::silent(image, silence)),
            Err(error) => Err(explain(error)),
        }
    }

    /// Asks a registry, telling how far it is.
    async fn stream(
        &self,
        name: &str,
        tag: &str,
        login: Option<DockerCredentials>,
        tell: &watch::Sender<State>,
    ) -> Result<Layers, String> {
        let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag).build();
        let mut answers = Box::pin(self.engine.api.create_image(Some(options), None, login.clone()));
        let mut layers = Layers::default();
        loop {
            match tokio::time::timeout(self.pulls.silence, answers.next()).await {
                Err(_) => return Err(words::silent(name, self.pulls.silence)),
                Ok(None) => return Ok(layers),
                Ok(Some(Err(error))) => {
                    return Err(words::explain(&EngineError::from(error).to_string(), name, login.as_ref()));
                }
                Ok(Some(Ok(answer))) => {
                    if layers.take(answer) {
                        tell.send_replace(State::Pulling(layers.summary()));
                    }
                }
            }
        }
    }
}
