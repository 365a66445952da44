//! The executor itself: each method of the trait, in terms of the parts beside this file.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use slipway_pipelines::{
    lease::Claim,
    plan::Environment,
    wire::{Grant, PushedImage, Source},
};

use super::{
    adopt, build,
    builder::Builder,
    close,
    engine::{Engine, EngineError},
    files,
    job::{Job, Open},
    leftovers::{self, Inventory},
    pull::Pulls,
    ready,
    sandbox::Pool,
    shell::{self, Terminal},
    step, usage, workspace,
};
use crate::{
    checkout::{Settings, Trees},
    executor::{Adopted, Executor, Failed, GONE, Handle, LogSink, Signal, Tar, Used},
};

/// What the executor needs to know.
#[derive(Clone)]
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
    /// Whether the workspaces of jobs stay when they are closed. Who wants them gone removes the volumes by
    /// [name](Docker::workspace).
    pub keep: bool,
    /// What makes the images of `build:`.
    pub builder: Builder,
    /// How images are pulled.
    pub pulls: Arc<Pulls>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instance, data, server_url, token: _, pool, keep, builder, pulls } = self;
        f.debug_struct("Config")
            .field("instance", instance)
            .field("data", data)
            .field("server_url", server_url)
            .field("pool", pool)
            .field("keep", keep)
            .field("builder", builder)
            .field("pulls", pulls)
            .finish_non_exhaustive()
    }
}

/// Runs steps in containers of a Docker engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Docker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    config: Arc<Config>,
    pool: Arc<Pool>,
    trees: Trees,
    /// Whether a workspace can be an overlay over a cached tree.
    overlay: bool,
    held: Mutex<Held>,
}

/// What sweeps leave alone.
#[derive(Debug, Default)]
struct Held {
    /// Jobs of this process.
    open: HashMap<Claim, Weak<Open>>,
    /// Jobs of which nothing but the workspace is left, for a later attempt.
    kept: HashMap<Claim, Arc<Open>>,
}

impl Held {
    /// Whose objects they are.
    fn claims(&self) -> Vec<Claim> {
        let mut claims: Vec<Claim> = self.kept.keys().copied().collect();
        for (claim, open) in &self.open {
            claims.push(*claim);
            claims.extend(open.upgrade().map(|open| open.workspace));
        }
        claims
    }
}

impl Docker {
    /// Connects to the engine that `DOCKER_HOST` names, or to the local one.
    ///
    /// # Errors
    ///
    /// No engine answers, or the data folder can't be written.
    pub async fn connect(config: Config) -> Result<Self, Failed> {
        let engine = Engine::connect(config.builder).await?;
        let unwritable = |error: std::io::Error| {
            Failed::infra(format!("can't write the runner's data folder {}: {error}", config.data.display()))
        };
        std::fs::create_dir_all(&config.data).map_err(unwritable)?;
        // The engine is told of folders in it: their names must not depend on where this process happens to be.
        let config = Config { data: config.data.canonicalize().map_err(unwritable)?, ..config };
        let settings =
            Settings { data: config.data.clone(), server_url: config.server_url.clone(), token: config.token.clone() };
        let trees = Trees::open(settings).map_err(unwritable)?;
        // A workspace that is to stay must not lean on a tree of the cache.
        let overlay = !config.keep && workspace::has_overlay(&engine, &config).await;
        Ok(Self::assemble(engine, config, trees, overlay))
    }

    /// Name of the volume with a job's workspace.
    pub fn workspace(&self, job: &Job) -> String {
        job.0.name()
    }

    /// Runs a shell at a terminal, as a given step ran: its image, workspace, network, rights and environment. Gives the
    /// shell's exit code once it has ended. The job must be open, and the step's image there: one that ran has it.
    ///
    /// # Errors
    ///
    /// The step has no container, its image no shell, or the engine does not do its part.
    pub async fn shell(&self, job: &Job, step: usize, terminal: Terminal) -> Result<i32, Failed> {
        shell::run(&job.0, step, terminal).await
    }

    fn assemble(engine: Engine, config: Config, trees: Trees, overlay: bool) -> Self {
        let pool = Pool::new(engine.clone(), config.instance.clone(), config.pool);
        Self(Arc::new(Inner { engine, config: Arc::new(config), pool, trees, overlay, held: Mutex::default() }))
    }

    /// The same executor with workspaces that are copied, as on an engine elsewhere.
    #[cfg(test)]
    pub(super) fn without_overlay(&self) -> Self {
        let Inner { engine, config, trees, .. } = &*self.0;
        Self::assemble(engine.clone(), (**config).clone(), trees.clone(), false)
    }

    /// The same executor with less patience for registries.
    #[cfg(test)]
    pub(super) fn with_silence(&self, silence: std::time::Duration) -> Self {
        let Inner { engine, config, trees, overlay, .. } = &*self.0;
        Self::assemble(Engine { silence, ..engine.clone() }, (**config).clone(), trees.clone(), *overlay)
    }

    #[cfg(test)]
    pub(super) fn has_overlay(&self) -> bool {
        self.0.overlay
    }

    #[cfg(test)]
    pub(super) fn ready_sandboxes(&self) -> usize {
        self.0.pool.ready()
    }

    #[cfg(test)]
    pub(super) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, open: Open) -> Job {
        let open = Arc::new(open);
        self.held().open.insert(open.claim, Arc::downgrade(&open));
        Job(open)
    }

    /// A new job over a workspace that stayed, if it is there.
    fn go_on(&self, open: Open) -> Option<Job> {
        let mut held = self.held();
        let before = held.kept.remove(&open.workspace)?;
        open.hold(before.hold(None));
        let open = Arc::new(open);
        held.open.insert(open.claim, Arc::downgrade(&open));
        Some(Job(open))
    }
}

impl Executor for Docker {
    type Job = Job;

    fn labels(&self) -> BTreeMap<String, String> {
        [("backend", "docker"), ("platform", &self.0.engine.platform)].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }

    async fn survey(&self) -> Result<Vec<Claim>, Failed> {
        let inventory = Inventory::take(&self.0.engine, &self.0.config.instance).await;
        Ok(inventory.map_err(|error| error.failed("can't look for containers of an earlier run"))?.claims())
    }

    async fn sweep(&self, keep: &[Claim]) -> Result<(), Failed> {
        let keep: HashSet<Claim> = keep.iter().copied().chain(self.held().claims()).collect();
        leftovers::sweep(&self.0.engine, &self.0.config, &keep, |name| self.0.pool.is_live(name)).await
    }

    async fn open(&self, grant: &Grant) -> Result<Job, Failed> {
        let Inner { engine, config, pool, .. } = &*self.0;
        let sandbox = pool.take().await?;
        if let Some(kept) = &grant.kept {
            let before = self.held().kept.get(&kept.workspace).cloned();
            if let Some(before) = before {
                build::tag_again(&before, kept.steps.keys().copied()).await;
            }
        }
        let open = Open::new(engine.clone(), Arc::clone(config), grant, sandbox.clone());
        if grant.kept.is_none() {
            return Ok(self.remember(open));
        }
        let anchored = workspace::anchor(&open).await;
        let claim = open.claim;
        let failed = match anchored.map(|()| self.go_on(open)) {
            Ok(Some(job)) => return Ok(job),
            Ok(None) => Failed::infra(GONE),
            Err(failed) => failed,
        };
        workspace::remove_anchor(engine, &claim).await;
        pool.remove(&sandbox).await;
        Err(failed)
    }

    async fn adopt(
        &self,
        grant: &Grant,
        log: &(dyn Fn(usize) -> Box<dyn LogSink> + Send + Sync),
    ) -> Result<Adopted<Job>, Failed> {
        let Inner { engine, config, pool, trees, .. } = &*self.0;
        let failed = |error: EngineError| error.failed("can't look for the job's containers");
        let inventory = Inventory::take(engine, &config.instance).await.map_err(failed)?;
        let name = inventory.sandbox(&grant.claim).ok_or_else(|| Failed::infra("nothing is left of the job here"))?;
        let sandbox = pool.adopt(name).await?;
        let job = self.remember(Open::new(engine.clone(), Arc::clone(config), grant, sandbox));
        let workspace = workspace::exists(&job.0).await.map_err(failed)?;
        if let Some(key) = workspace.as_ref().and_then(super::names::tree) {
            job.0.hold(Some(trees.again(key)));
        }
        let released = adopt::steps(&job.0, inventory.steps(&grant.claim), log).await?;
        Ok(Adopted { job, has_workspace: workspace.is_some(), released })
    }

    async fn checkout(&self, job: &Job, source: &Source, log: Box<dyn LogSink>) -> Result<(), Failed> {
        let tree = self.0.trees.get(source, &job.0.below()?, log).await?;
        workspace::make(&job.0, Some(tree), self.0.overlay).await
    }

    async fn empty_workspace(&self, job: &Job) -> Result<(), Failed> {
        workspace::make(&job.0, None, self.0.overlay).await
    }

    async fn prepare(&self, job: &Job, step: usize, log: Box<dyn LogSink>) -> Result<Handle, Failed> {
        step::prepare(&job.0, step, log).await
    }

    async fn release(&self, job: &Job, step: usize, late: &Environment) -> Result<(), Failed> {
        step::release(&job.0, step, late).await
    }

    async fn ready(&self, job: &Job, step: usize) -> Result<(), Failed> {
        ready::ready(&job.0, step).await
    }

    async fn outputs(&self, job: &Job, step: usize) -> Result<Vec<u8>, Failed> {
        step::outputs(&job.0, step).await
    }

    async fn pack(&self, job: &Job, path: &str) -> Result<Option<Tar>, Failed> {
        files::pack(&job.0, path).await
    }

    async fn unpack(&self, job: &Job, at: &str, tar: Tar) -> Result<(), Failed> {
        files::unpack(&job.0, at, tar).await
    }

    async fn used(&self, job: &Job, step: usize) -> Option<Used> {
        usage::used(&job.0, step).await
    }

    async fn pushed(&self, job: &Job, step: usize) -> Vec<PushedImage> {
        step::pushed(&job.0, step).await
    }

    async fn again(&self, job: &Job, step: usize) -> Result<(), Failed> {
        step::again(&job.0, step).await
    }

    async fn signal(&self, job: &Job, step: usize, signal: Signal) -> Result<(), Failed> {
        step::signal(&job.0, step, signal).await
    }

    async fn close(&self, job: &Job) {
        close::close(&job.0, &self.0.pool).await;
        self.held().open.remove(&job.0.claim);
    }

    async fn keep(&self, job: &Job) {
        close::keep(&job.0, &self.0.pool).await;
        let mut held = self.held();
        held.kept.insert(job.0.workspace, Arc::clone(&job.0));
        held.open.remove(&job.0.claim);
    }

    async fn discard(&self, workspace: Claim) {
        let kept = self.held().kept.remove(&workspace);
        if let Some(job) = kept {
            close::discard(&job).await;
        }
    }

    fn keeps(&self) -> Vec<Claim> {
        self.held().kept.keys().copied().collect()
    }

    async fn stop(&self) {
        self.0.pool.stop().await;
        // What a killed process had still asked the engine for may have come after our first sweep. Jobs stay as they are.
        let swept = match self.survey().await {
            Ok(jobs) => self.sweep(&jobs).await,
            Err(failed) => Err(failed),
        };
        if let Err(error) = swept {
            tracing::warn!(%error, "cannot sweep; the next start will");
        }
    }
}
