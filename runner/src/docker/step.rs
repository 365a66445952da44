//! A step's way: prepared, released, told to stop.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bollard::{exec::StartExecOptions, models::ExecConfig, query_parameters::KillContainerOptionsBuilder};
use slipway_pipelines::{
    plan::{Action, Container, Environment, Image, Program, Step},
    state::Reason,
    wire::{self, PushedImage},
};
use tokio::{io::AsyncWriteExt, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    build,
    container::{Network, Wish},
    engine::{Engine, EngineError, QUICK, within},
    gate,
    job::Open,
    mounts, names, outputs,
    run::{Attached, News, Refused, Round, Started},
    saved, used,
};
use crate::{
    executor::{Ending, Failed, Handle, LogSink, Signal},
    job::now,
};

/// What this process knows of a step.
#[derive(Debug)]
pub(super) struct Slot {
    phase: Mutex<Phase>,
    current: Mutex<Current>,
    closed: CancellationToken,
}

/// The try of the step that is under way.
#[derive(Clone, Debug)]
struct Current {
    /// Stops a build.
    stop: CancellationToken,
    round: Round,
    /// What it was released with.
    late: Environment,
    /// The engine's name for the image, once it is there.
    image: String,
    /// What its build put into registries. `None`: an earlier process knew.
    pushed: Option<Vec<PushedImage>>,
}

impl Current {
    fn new(closed: &CancellationToken) -> Self {
        Self {
            stop: closed.child_token(),
            round: Round::default(),
            late: Environment::new(),
            image: String::new(),
            pushed: Some(Vec::new()),
        }
    }
}

enum Phase {
    Fresh,
    /// Image there or to be built; all else waits for the word.
    Held {
        log: Box<dyn LogSink>,
        news: News,
    },
    /// Up, behind its gate.
    Gated(Started),
    /// The gate could not be started, for a fault of the step's: told when its turn comes.
    Refused(Refused),
    /// Let go. `true`: the container has a gate's shell as its first process.
    Released {
        has_shell: bool,
    },
}

impl fmt::Debug for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fresh => "Fresh",
            Self::Held { .. } => "Held",
            Self::Gated(_) => "Gated",
            Self::Refused(_) => "Refused",
            Self::Released { .. } => "Released",
        })
    }
}

impl Slot {
    pub(super) fn new(closed: &CancellationToken) -> Self {
        Self { phase: Mutex::new(Phase::Fresh), current: Mutex::new(Current::new(closed)), closed: closed.clone() }
    }

    fn replace(&self, phase: Phase) -> Phase {
        std::mem::replace(&mut *self.phase.lock().unwrap_or_else(PoisonError::into_inner), phase)
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks a step of an earlier process as released.
    pub(super) fn adopt(&self, has_shell: bool, news: &News) {
        let mut current = self.current();
        current.round = news.round.clone();
        current.pushed = None;
        drop(current);
        self.replace(Phase::Released { has_shell });
    }

    fn stop(&self) -> CancellationToken {
        self.current().stop.clone()
    }

    /// What the step was last released with.
    pub(super) fn late(&self) -> Environment {
        self.current().late.clone()
    }

    /// What the step said of its outputs so far.
    pub(super) fn outputs(&self) -> Vec<u8> {
        self.current().round.outputs.bytes()
    }

    fn note_pushed(&self, image: PushedImage) {
        self.current().pushed.get_or_insert_default().push(image);
    }

    fn released(&self) -> Option<bool> {
        match *self.phase.lock().unwrap_or_else(PoisonError::into_inner) {
            Phase::Released { has_shell } => Some(has_shell),
            Phase::Fresh | Phase::Held { .. } | Phase::Gated(_) | Phase::Refused(_) => None,
        }
    }
}

pub(super) fn container(step: &Step) -> Result<&Container, Failed> {
    step.container().ok_or_else(|| Failed::infra(format!("step `{}` has no container", step.name)))
}

pub(super) fn is_gated(container: &Container) -> bool {
    matches!(container.program, Program::Commands { .. })
}

/// Gets a step ready: see [`Executor::prepare`](crate::executor::Executor::prepare).
pub(super) async fn prepare(job: &Arc<Open>, step: usize, mut log: Box<dyn LogSink>) -> Result<Handle, Failed> {
    let (plan, slot) = job.step(step)?;
    let spec = container(plan)?;
    let (news, handle) = News::new();
    slot.current().round = news.round.clone();
    let phase = match &spec.image {
        Image::Build(_) | Image::Load { .. } => Phase::Held { log, news },
        Image::Registry { reference, pull } => {
            let (image, pulled) = job.images.wait(reference, *pull, &mut *log).await?;
            if let Some((began, ended)) = pulled {
                news.phase(wire::Phase::Pull, began, Some(ended));
            }
            slot.current().image = image.clone();
            if is_gated(spec) {
                let open = Arc::clone(job);
                let raised =
                    uncut(job, async move { raise(&open, step, &image, &Environment::new(), log, news).await });
                match joined(raised).await?? {
                    Ok(started) => Phase::Gated(started),
                    Err(refused) if refused.is_step_fault() => Phase::Refused(refused),
                    Err(refused) => return Err(refused.failed()),
                }
            } else {
                Phase::Held { log, news }
            }
        }
    };
    slot.replace(phase);
    Ok(handle)
}

/// Lets a step go: see [`Executor::release`](crate::executor::Executor::release).
pub(super) async fn release(job: &Arc<Open>, step: usize, late: &Environment) -> Result<(), Failed> {
    let (plan, slot) = job.step(step)?;
    let spec = container(plan)?;
    slot.current().late = late.clone();
    match slot.replace(Phase::Released { has_shell: is_gated(spec) }) {
        Phase::Gated(started) => open(started, late).await,
        Phase::Refused(refused) => {
            refused.tell();
            Ok(())
        }
        Phase::Held { log, news } => {
            let (open, late) = (Arc::clone(job), late.clone());
            let running = uncut(job, async move { make_and_run(&open, step, &late, log, news).await });
            match (&spec.image, &plan.action) {
                // A build may take long: the caller learns its end as any step's end, and may stop it.
                (Image::Build(_) | Image::Load { .. }, Action::Run(_)) => Ok(()),
                (Image::Build(_) | Image::Load { .. } | Image::Registry { .. }, _) => joined(running).await?,
            }
        }
        Phase::Fresh | Phase::Released { .. } => Err(Failed::infra(format!("step `{}` is not prepared", plan.name))),
    }
}

/// Runs something to its end even when the caller goes away: what the engine has begun must be known to the job.
fn uncut<T: Send + 'static>(job: &Open, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    job.tasks.spawn(work)
}

async fn joined<T>(task: JoinHandle<T>) -> Result<T, Failed> {
    task.await.map_err(|error| Failed::infra(format!("a task of the runner died: {error}")))
}

/// Builds if there is something to build, then makes and starts the container and lets it go.
async fn make_and_run(
    job: &Arc<Open>,
    step: usize,
    late: &Environment,
    log: Box<dyn LogSink>,
    news: News,
) -> Result<(), Failed> {
    let outcome = try_make_and_run(job, step, late, log, news.clone()).await;
    // Nobody may be waiting for this call: the end is told in any case.
    if let Err(failed) = &outcome {
        news.end(Ending::Failed(failed.clone()));
    }
    outcome
}

async fn try_make_and_run(
    job: &Arc<Open>,
    step: usize,
    late: &Environment,
    mut log: Box<dyn LogSink>,
    news: News,
) -> Result<(), Failed> {
    let (plan, slot) = job.step(step)?;
    let spec = container(plan)?;
    let stop = slot.stop();
    let image = match &spec.image {
        Image::Registry { .. } => slot.current().image.clone(),
        Image::Build(_) | Image::Load { .. } => {
            let began = now();
            news.phase(wire::Phase::Build, began, None);
            let made = async {
                match &spec.image {
                    Image::Build(build) => {
                        build::build(job, step, build, |image| slot.note_pushed(image), &mut *log).await
                    }
                    Image::Load { path } => saved::load(job, step, path, &mut *log).await,
                    Image::Registry { .. } => Ok(slot.current().image.clone()),
                }
            };
            let built = tokio::select! {
                made = made => made,
                () = stop.cancelled() => {
                    log.write(b"The build was stopped.\n");
                    news.exit(STOPPED);
                    return Ok(());
                }
            };
            news.phase(wire::Phase::Build, began, Some(now()));
            match built {
                Ok(image) => image,
                Err(failed) => {
                    if matches!(failed.reason, Reason::ImageBuild | Reason::ImagePush) {
                        log.write(format!("{failed}\n").as_bytes());
                    }
                    news.end(Ending::Failed(failed));
                    return Ok(());
                }
            }
        }
    };
    if spec.program == Program::Nothing {
        news.exit(0);
        return Ok(());
    }
    match raise(job, step, &image, late, log, news).await? {
        // Told to stop after the build and before there was a container to stop.
        Ok(_) if stop.is_cancelled() => {
            let killed = kill(job, &names::container(&job.claim, step), "SIGKILL").await;
            killed.map_err(|error| error.failed("can't stop the step"))
        }
        Ok(started) if is_gated(spec) => open(started, late).await,
        Ok(_) => Ok(()),
        Err(refused) if refused.is_step_fault() => {
            refused.tell();
            Ok(())
        }
        Err(refused) => Err(refused.failed()),
    }
}

/// As a shell says of a process that SIGTERM ended.
const STOPPED: i32 = 143;

/// Makes, attaches and starts a step's container.
async fn raise(
    job: &Open,
    step: usize,
    image: &str,
    late: &Environment,
    log: Box<dyn LogSink>,
    news: News,
) -> Result<Result<Started, Refused>, Failed> {
    let (plan, _) = job.step(step)?;
    let spec = container(plan)?;
    let name = names::container(&job.claim, step);
    let nonce = is_gated(spec).then(names::token);
    let has_outputs = outputs::has_some(plan);
    let mut environment = job.plan.environment_of(step);
    if has_outputs {
        environment.insert(outputs::VARIABLE.to_owned(), outputs::FILE.to_owned());
    }
    let labels = names::step_labels(&job.config.instance, &job.claim, &job.sandbox.name, step, nonce.as_deref());
    let body = Wish {
        spec,
        image,
        environment: &environment,
        late,
        labels,
        network: Network::of(plan, spec, &job.sandbox.name),
        workspace: (&job.name(), &job.plan.workspace.base),
        mounts: mounts::mounts(job, spec),
        nonce: nonce.as_deref(),
        has_outputs,
        has_local_log: job.engine.has_local_log,
        cpus: job.engine.cpus,
    }
    .body();
    job.engine.create(&name, body).await.map_err(|error| refusal(&error, &plan.name, image))?;
    mounts::link(&job.engine, &name, spec, &job.plan.workspace).await?;
    if has_outputs && !is_gated(spec) {
        outputs::make_room(&job.engine, &name).await.map_err(|error| error.failed("can't make the step's /tmp"))?;
    }
    let tell = news.clone();
    let (attached, ()) = tokio::join!(
        Attached::new(&job.engine, &name, nonce.as_deref(), log, news),
        tell_image(&job.engine, &name, &spec.image, image, &tell),
    );
    let attached = attached.map_err(|error| error.failed("can't attach to the step's container"))?;
    Ok(attached.start().await)
}

/// Tells which image a container was made from. A build's is known by the first name that it was given, a loaded one by its file.
pub(super) async fn tell_image(engine: &Engine, container: &str, from: &Image, image: &str, news: &News) {
    let reference = match from {
        Image::Registry { reference, .. } => reference,
        Image::Build(build) => build.tags.first().map_or(image, String::as_str),
        Image::Load { path } => path,
    };
    match used::image(engine, container, reference).await {
        Ok(used) => news.image(used),
        Err(error) => tracing::warn!(container, %error, "can't learn which image a step runs in"),
    }
}

/// What a container that could not be made means.
fn refusal(error: &EngineError, step: &str, image: &str) -> Failed {
    if error.is_missing() {
        return Failed::new(
            Reason::ImagePull,
            format!("image `{image}` went away before step `{step}` used it: {error}"),
        );
    }
    if error.is_wrong() {
        return Failed::new(
            Reason::Config,
            format!("the engine does not take step `{step}` as it is written: {error}"),
        );
    }
    error.failed(&format!("can't make the container of step `{step}`"))
}

/// Gives what a step handed over: see [`Executor::outputs`](crate::executor::Executor::outputs).
pub(super) async fn outputs(job: &Open, step: usize) -> Result<Vec<u8>, Failed> {
    let (plan, slot) = job.step(step)?;
    let Some(spec) = plan.container() else { return Ok(Vec::new()) };
    match spec.program {
        Program::Commands { .. } => Ok(slot.outputs()),
        Program::Image | Program::Arguments { .. } | Program::Entrypoint { .. } => {
            outputs::read(&job.engine, &names::container(&job.claim, step)).await
        }
        Program::Nothing => Ok(Vec::new()),
    }
}

/// What a step's build put into registries: see [`Executor::pushed`](crate::executor::Executor::pushed).
pub(super) async fn pushed(job: &Open, step: usize) -> Vec<PushedImage> {
    let Ok((plan, slot)) = job.step(step) else { return Vec::new() };
    let known = slot.current().pushed.clone();
    match (known, plan.build()) {
        (Some(known), _) => known,
        (None, Some(build)) => build::pushed_before(job, step, build).await,
        (None, None) => Vec::new(),
    }
}

/// Takes a try away: see [`Executor::again`](crate::executor::Executor::again).
pub(super) async fn again(job: &Open, step: usize) -> Result<(), Failed> {
    let (plan, slot) = job.step(step)?;
    if let Image::Registry { reference, pull } = &container(plan)?.image {
        job.images.again(reference, *pull);
    }
    let last = std::mem::replace(&mut *slot.current(), Current::new(&slot.closed));
    last.stop.cancel();
    last.round.end().await;
    slot.replace(Phase::Fresh);
    let removed = job.engine.remove_container(&names::container(&job.claim, step)).await;
    removed.map_err(|error| error.failed("can't take away the step's last try"))
}

/// Gives a gate the word.
async fn open(mut started: Started, late: &Environment) -> Result<(), Failed> {
    let write = async {
        started.input.write_all(&gate::word(late)).await?;
        started.input.flush().await?;
        started.input.shutdown().await
    };
    match tokio::time::timeout(QUICK, write).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Failed::infra(format!("can't give the step its word: {error}"))),
        Err(_) => Err(Failed::infra("can't give the step its word: the engine does not take it")),
    }
}

/// Stops a step: see [`Executor::signal`](crate::executor::Executor::signal).
pub(super) async fn signal(job: &Open, step: usize, signal: Signal) -> Result<(), Failed> {
    let (_, slot) = job.step(step)?;
    let Some(has_shell) = slot.released() else { return Ok(()) };
    slot.stop().cancel();
    slot.current().round.stopped.cancel();
    let name = names::container(&job.claim, step);
    let done = match (signal, has_shell) {
        (Signal::Term, true) => term_all(job, &name).await,
        (Signal::Term, false) => kill(job, &name, "SIGTERM").await,
        (Signal::Kill, _) => kill(job, &name, "SIGKILL").await,
    };
    match done {
        Ok(()) => Ok(()),
        Err(error) if error.is_missing() || error.is_conflict() => Ok(()),
        Err(error) => Err(error.failed("can't signal the step")),
    }
}

async fn kill(job: &Open, name: &str, signal: &str) -> Result<(), EngineError> {
    let options = KillContainerOptionsBuilder::new().signal(signal).build();
    within(QUICK, job.engine.api.kill_container(name, Some(options))).await
}

/// The first process of a gated container is a shell that the kernel shields from signals; all others get it.
async fn term_all(job: &Open, name: &str) -> Result<(), EngineError> {
    let config = ExecConfig {
        cmd: Some(["/bin/sh", "-c", "kill -TERM -1"].map(str::to_owned).to_vec()),
        user: Some("0".to_owned()),
        ..Default::default()
    };
    let exec = within(QUICK, job.engine.api.create_exec(name, config)).await?;
    let options = StartExecOptions { detach: true, ..Default::default() };
    within(QUICK, job.engine.api.start_exec(&exec.id, Some(options))).await.map(|_| ())
}
