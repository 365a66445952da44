//! The executor itself: each method of the trait, in terms of the parts beside this file.

use std::path::PathBuf;

use super::engine::Engine;
use crate::executor::Failed;

/// What the executor needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Value of the label `slipway.instance` on everything that is made. What has another is never touched.
    pub instance: String,
    /// The runner's own folder: mirrors, trees, upper directories.
    pub data: PathBuf,
    /// Address of the server: `http://127.0.0.1:8000`.
    pub server_url: String,
    /// The runner's token, for the server's git endpoint.
    pub token: String,
    /// Sandboxes kept ready.
    pub pool: usize,
}

/// Runs steps in containers of a Docker engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Docker {
    engine: Engine,
    config: std::sync::Arc<Config>,
}

impl Docker {
    /// Connects to the engine that `DOCKER_HOST` names, or to the local one.
    ///
    /// # Errors
    ///
    /// No engine answers, or the data folder can't be written.
    pub async fn connect(config: Config) -> Result<Self, Failed> {
        let engine = Engine::connect().await?;
        Ok(Self { engine, config: std::sync::Arc::new(config) })
    }
}
