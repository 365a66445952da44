//! What runs a job's steps. Implementations: `docker`, the real one, and `dummy`, which runs nothing and is used by tests.
//!
//! # Life cycle
//!
//! 1. [`survey`](Executor::survey) once at the runner's start: which jobs have containers here.
//!    [`adopt`](Executor::adopt) for those that the server lets us go on with, [`sweep`](Executor::sweep) for all else.
//! 2. [`open`](Executor::open) a job: sandbox and network. Pulls of all its images start in the background.
//! 3. [`checkout`](Executor::checkout) makes the workspace from a commit; a job without a checkout step calls
//!    [`empty_workspace`](Executor::empty_workspace) instead. Nothing can be prepared before one of them is done.
//! 4. For each step: [`prepare`](Executor::prepare), early if the caller likes; then either [`release`](Executor::release), the
//!    word to start, or nothing. A prepared step that is never released never runs an instruction of the user's.
//! 5. [`ready`](Executor::ready) after the release of a service that says when it is, [`outputs`](Executor::outputs) after the end
//!    of a step that declares some, [`again`](Executor::again) before the next try of one that is retried,
//!    [`signal`](Executor::signal) to stop a released step.
//! 6. [`unpack`](Executor::unpack) and [`pack`](Executor::pack) put files into the workspace and read them, while it is there.
//! 7. [`close`](Executor::close): everything of the job is removed, whatever state it is in. Or [`keep`](Executor::keep): its workspace
//!    stays for a later attempt that is opened with it, or until it is [discarded](Executor::discard).
//! 8. [`stop`](Executor::stop) once, when the runner stops.
//!
//! A job handle is shared by tasks: all methods take `&self`, and steps are named by their position in the plan.
//! Methods for one step are called one after the other; those for different steps may overlap.

use std::{collections::BTreeMap, future::Future, io::Read};

use slipway_pipelines::{
    lease::Claim,
    plan::Environment,
    state::Reason,
    wire::{Grant, PhaseTime, PushedImage, Source, UsedImage},
};
use tokio::sync::watch;

/// Runs the steps of jobs. See the module's documentation for the life cycle.
pub trait Executor: Send + Sync + 'static {
    /// An open job. Cheap to clone.
    type Job: Clone + Send + Sync + 'static;

    /// Labels that the runner has by its executor: `backend`, `platform`.
    fn labels(&self) -> BTreeMap<String, String>;

    /// The jobs that have containers of this instance here.
    fn survey(&self) -> impl Future<Output = Result<Vec<Claim>, Failed>> + Send;

    /// Removes every object of this instance that belongs to none of the jobs in `keep`. Never touches others.
    fn sweep(&self, keep: &[Claim]) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Makes what the job's containers share, except the workspace. With [`Grant::kept`] the workspace is there, or it fails.
    fn open(&self, grant: &Grant) -> impl Future<Output = Result<Self::Job, Failed>> + Send;

    /// Finds an open job again after a restart of the runner: its workspace, if it was made, and its steps.
    /// `log` gives the log of a step, wound back to where its container's output begins.
    fn adopt(
        &self,
        grant: &Grant,
        log: &(dyn Fn(usize) -> Box<dyn LogSink> + Send + Sync),
    ) -> impl Future<Output = Result<Adopted<Self::Job>, Failed>> + Send;

    /// Makes the workspace from a commit; says in `log` what it does.
    fn checkout(
        &self,
        job: &Self::Job,
        source: &Source,
        log: Box<dyn LogSink>,
    ) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Makes an empty workspace.
    fn empty_workspace(&self, job: &Self::Job) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Gets everything about a step ready up to its first instruction: the image pulled or built (progress in `log`), the
    /// container made and attached, and started where a gate can hold it. For a step with [`Program::Nothing`] the image
    /// is all: it is built by `release`. Images built from the workspace are built by `release`, too, since earlier
    /// steps may change the context.
    ///
    /// [`Program::Nothing`]: slipway_pipelines::plan::Program::Nothing
    fn prepare(
        &self,
        job: &Self::Job,
        step: usize,
        log: Box<dyn LogSink>,
    ) -> impl Future<Output = Result<Handle, Failed>> + Send;

    /// The word: the step runs, with `late` added to its environment.
    fn release(
        &self,
        job: &Self::Job,
        step: usize,
        late: &Environment,
    ) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Waits until a released service is ready as its plan says. Fails as `NotReady` when it never can be: it has ended, or its
    /// image has no HEALTHCHECK. The caller sets the deadline and drops the future. Asked again after a restart of the runner.
    fn ready(&self, job: &Self::Job, step: usize) -> impl Future<Output = Result<(), Failed>> + Send;

    /// What a step wrote to the file `$SLIPWAY_OUTPUT`, as it is there: `NAME=value` lines; nothing when there is no such file.
    /// At most one byte more than [`MOST_OUTPUT_BYTES`], which tells that it is too long.
    /// Called for steps with declared outputs, once `said` or `ended` of its handle is set to 0.
    fn outputs(&self, job: &Self::Job, step: usize) -> impl Future<Output = Result<Vec<u8>, Failed>> + Send;

    /// What a released step has taken of the machine so far; `None` when that cannot be told. Asked again and again while it runs.
    fn used(&self, job: &Self::Job, step: usize) -> impl Future<Output = Option<Used>> + Send {
        let _ = (job, step);
        async { None }
    }

    /// Images that the step's `build:` has put into registries so far. Called once `said` or `ended` of its handle is set.
    fn pushed(&self, job: &Self::Job, step: usize) -> impl Future<Output = Vec<PushedImage>> + Send {
        let _ = (job, step);
        async { Vec::new() }
    }

    /// A file or folder of the workspace, by its absolute path, as a tar stream. Names of entries begin with the last part of the
    /// path; links are given as links, and a link on the way below the checkout is an error. `None`: nothing is there. What is written meanwhile may break the stream.
    fn pack(&self, job: &Self::Job, path: &str) -> impl Future<Output = Result<Option<Tar>, Failed>> + Send;

    /// Puts a tar stream into a folder of the workspace, by its absolute path; the folder is made if it is missing. Nothing
    /// leaves the workspace, whatever the names of entries and the links on the way are.
    fn unpack(&self, job: &Self::Job, at: &str, tar: Tar) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Takes away what is left of a step that ended or could not be prepared or released, so that it can be prepared again as its
    /// next try. Nothing may be left at all. Also called for a step that was adopted: the caller's own marks count the tries, and
    /// tell after a restart that the container found is of a try that is over; its handle and log are dropped then.
    fn again(&self, job: &Self::Job, step: usize) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Asks a released step to end, or ends it. Nothing happens when it already has.
    fn signal(&self, job: &Self::Job, step: usize, signal: Signal) -> impl Future<Output = Result<(), Failed>> + Send;

    /// Removes everything of the job. Tries again what fails, and leaves the rest to the next sweep.
    fn close(&self, job: &Self::Job) -> impl Future<Output = ()> + Send;

    /// Removes all of the job but what its steps share, which stays under [`Grant::workspace`] for one job that is opened with it.
    /// The next process does not know of it: its first sweep removes it.
    fn keep(&self, job: &Self::Job) -> impl Future<Output = ()> + Send;

    /// Removes what [`keep`](Executor::keep) left, if it is still there.
    fn discard(&self, workspace: Claim) -> impl Future<Output = ()> + Send;

    /// What [`keep`](Executor::keep) left and is still there.
    fn keeps(&self) -> Vec<Claim>;

    /// Removes what is kept ready for jobs to come. Called once, when the runner stops and opens no more jobs; jobs that
    /// are still open stay as they are, to be adopted by the next process.
    fn stop(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// A tar stream, for a blocking task to read.
pub type Tar = Box<dyn Read + Send>;

/// Largest file of outputs, in bytes.
pub const MOST_OUTPUT_BYTES: usize = 64 << 10;

/// Why a job cannot go on from where an earlier attempt failed.
pub(crate) const GONE: &str = "the workspace of the attempt before is not on its runner any more: retry the whole job";

/// What a step has taken of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Used {
    /// Processor time since its start, in nanoseconds.
    pub cpu_ns: u64,
    /// Memory that it has now, in bytes, without what the kernel keeps of files and can drop.
    pub memory: u64,
}

/// What a prepared step tells. Each is set at most once.
#[derive(Clone, Debug)]
pub struct Handle {
    /// The exit code as the step's own shell says it, at once. The engine confirms it later.
    pub said: watch::Receiver<Option<i32>>,
    /// The end: the engine has confirmed it and the log is complete.
    pub ended: watch::Receiver<Option<Ending>>,
    /// What its container was made from, before `ended` and before the container starts; never for a step without one.
    pub image: watch::Receiver<Option<UsedImage>>,
    /// What its time goes into besides its run; grows. What began is told, and told again when it ends; all before `ended`.
    pub phases: watch::Receiver<Vec<PhaseTime>>,
}

/// How a released step ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It ran to an end.
    Exited {
        /// As the engine says.
        code: i32,
        /// The kernel killed it for its memory use.
        oom_killed: bool,
    },
    /// It could not run, or was taken away.
    Failed(Failed),
}

/// A job found again.
#[derive(Debug)]
pub struct Adopted<J> {
    /// The job.
    pub job: J,
    /// Whether its workspace was made.
    pub has_workspace: bool,
    /// The steps that were released, by position, ended or not. Others of the job's containers have been removed.
    pub released: BTreeMap<usize, Handle>,
}

/// How to stop a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// SIGTERM to every process of it.
    Term,
    /// SIGKILL.
    Kill,
}

/// A failure that is not the step's own exit code.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failed {
    /// What kind: `ImagePull`, `ImageBuild`, `Clone` or `Infra`.
    pub reason: Reason,
    /// A sentence for people, without secrets: what, where, what to do.
    pub message: String,
}

impl Failed {
    /// A failure of a kind.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }

    /// A failure of engine, disk, network or ours.
    pub fn infra(message: impl Into<String>) -> Self {
        Self::new(Reason::Infra, message)
    }
}

/// Where a step's log bytes go. Writing never waits for the network.
pub trait LogSink: Send {
    /// Takes bytes, in order.
    fn write(&mut self, bytes: &[u8]);

    /// What was written so far is ours (pull and build progress); what follows is the container's own output, which a
    /// restarted runner can read again from the engine.
    fn begin_container_output(&mut self);

    /// The command at this position of the step's program begins here. Said again when the output is read again.
    fn command(&mut self, number: usize);
}
