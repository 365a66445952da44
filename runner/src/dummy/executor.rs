//! The dummy's side of the executor trait.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::Cursor,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use slipway_pipelines::{
    lease::Claim,
    plan::{Environment, Image, Plan, Step},
    state::Reason,
    wire::{Grant, Source, UsedImage},
};

use tokio::sync::watch;

use super::{files::Files, play::Play, script::Script};
use crate::executor::{Adopted, Executor, Failed, GONE, Handle, LogSink, Signal, Tar};

/// The executor that runs nothing. Its clones share their jobs, as runners on one engine do.
#[derive(Clone, Debug, Default)]
pub struct Dummy {
    jobs: Arc<Mutex<HashMap<Claim, DummyJob>>>,
    /// Workspaces that stay.
    kept: Arc<Mutex<HashMap<Claim, Files>>>,
    /// Whether the next one takes its time.
    is_slow: Arc<watch::Sender<bool>>,
}

/// A job of the dummy.
#[derive(Clone, Debug)]
pub struct DummyJob {
    claim: Claim,
    workspace: Claim,
    plan: Arc<Plan>,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug, Default)]
struct Inside {
    has_workspace: bool,
    plays: BTreeMap<usize, Arc<Play>>,
    late: BTreeMap<usize, Environment>,
    /// How many tries of each step are over and were cleared away.
    tries: BTreeMap<usize, usize>,
    /// Steps whose present try has come to something.
    tried: BTreeSet<usize>,
    /// Files of the workspace, by absolute path.
    files: Files,
}

impl Dummy {
    /// One without jobs.
    pub fn new() -> Self {
        Self::default()
    }

    /// What steps were let go with, by position: the late environment. Empty when the job is not open.
    pub fn released(&self, claim: Claim) -> BTreeMap<usize, Environment> {
        self.jobs().get(&claim).map_or_else(BTreeMap::new, |job| job.inside().late.clone())
    }

    /// How often the step was prepared for another try.
    pub fn retries(&self, claim: Claim, step: usize) -> usize {
        self.jobs().get(&claim).and_then(|job| job.inside().tries.get(&step).copied()).unwrap_or(0)
    }

    /// Removes a step's container behind the runner's back.
    pub fn lose(&self, claim: Claim, step: usize) {
        if let Some(job) = self.jobs().get(&claim) {
            job.inside().plays.remove(&step);
        }
    }

    /// Writes a file of an open job's workspace, by its absolute path.
    pub fn write(&self, claim: Claim, path: &str, bytes: impl Into<Vec<u8>>) {
        if let Some(job) = self.jobs().get(&claim) {
            job.inside().files.write(path, bytes.into());
        }
    }

    /// A file of an open job's workspace, by its absolute path.
    pub fn read(&self, claim: Claim, path: &str) -> Option<Vec<u8>> {
        self.jobs().get(&claim).and_then(|job| job.inside().files.read(path))
    }

    /// Makes the end of jobs whose workspace stays wait, or go on.
    pub fn hold(&self, hold: bool) {
        self.is_slow.send_replace(hold);
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Claim, Files>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<Claim, DummyJob>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DummyJob {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn play(&self, step: usize) -> Result<Arc<Play>, Failed> {
        let play = self.inside().plays.get(&step).cloned();
        play.ok_or_else(|| Failed::infra(format!("step {step} was not prepared")))
    }

    fn end(&self) {
        for play in self.inside().plays.values() {
            play.detach();
            play.send(Signal::Kill);
        }
    }
}

/// What a step would run in: there is no engine that knows more than its name.
fn image(step: &Step) -> Option<UsedImage> {
    let Image::Registry { reference, .. } = &step.container()?.image else { return None };
    Some(UsedImage { reference: reference.clone(), id: String::new(), digest: None })
}

impl Executor for Dummy {
    type Job = DummyJob;

    fn labels(&self) -> BTreeMap<String, String> {
        [("backend", "dummy"), ("platform", "dummy/dummy")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    }

    async fn survey(&self) -> Result<Vec<Claim>, Failed> {
        Ok(self.jobs().keys().copied().collect())
    }

    async fn sweep(&self, keep: &[Claim]) -> Result<(), Failed> {
        self.jobs().retain(|claim, job| {
            let stays = keep.contains(claim);
            if !stays {
                job.end();
            }
            stays
        });
        Ok(())
    }

    async fn open(&self, grant: &Grant) -> Result<DummyJob, Failed> {
        let mut inside = Inside::default();
        if let Some(kept) = &grant.kept {
            inside.files = self.kept().remove(&kept.workspace).ok_or_else(|| Failed::infra(GONE))?;
            inside.has_workspace = true;
        }
        let job = DummyJob {
            claim: grant.claim,
            workspace: grant.workspace(),
            plan: Arc::new(grant.plan.clone()),
            inside: Arc::new(Mutex::new(inside)),
        };
        self.jobs().insert(grant.claim, job.clone());
        Ok(job)
    }

    async fn adopt(
        &self,
        grant: &Grant,
        log: &(dyn Fn(usize) -> Box<dyn LogSink> + Send + Sync),
    ) -> Result<Adopted<DummyJob>, Failed> {
        let found = self.jobs().get(&grant.claim).cloned();
        let Some(job) = found else {
            let job = self.open(grant).await?;
            return Ok(Adopted { job, has_workspace: false, released: BTreeMap::new() });
        };
        let mut released = BTreeMap::new();
        let has_workspace = {
            let mut inside = job.inside();
            inside.plays.retain(|_, play| play.is_released());
            for (step, play) in &inside.plays {
                play.attach(log(*step));
                released.insert(*step, play.handle());
            }
            inside.has_workspace
        };
        Ok(Adopted { job, has_workspace, released })
    }

    async fn checkout(&self, job: &DummyJob, source: &Source, mut log: Box<dyn LogSink>) -> Result<(), Failed> {
        log.write(format!("commit {}\n", source.sha).as_bytes());
        job.inside().has_workspace = true;
        Ok(())
    }

    async fn empty_workspace(&self, job: &DummyJob) -> Result<(), Failed> {
        job.inside().has_workspace = true;
        Ok(())
    }

    async fn prepare(&self, job: &DummyJob, step: usize, mut log: Box<dyn LogSink>) -> Result<Handle, Failed> {
        let planned = job.plan.steps.get(step).ok_or_else(|| Failed::infra(format!("there is no step {step}")))?;
        let mut inside = job.inside();
        if !inside.has_workspace {
            return Err(Failed::infra(format!("step {step} was prepared before the workspace")));
        }
        if inside.plays.get(&step).is_some_and(|play| play.is_released()) {
            return Err(Failed::infra(format!("step {step} was prepared while an earlier try of it is there")));
        }
        let tries = inside.tries.get(&step).copied().unwrap_or(0);
        let play = Play::new(Script::of(planned, tries), image(planned));
        if play.script.prepare_fails {
            inside.tried.insert(step);
            return Err(Failed::new(Reason::ImagePull, "the step was told that its image cannot be had"));
        }
        log.begin_container_output();
        play.attach(log);
        let handle = play.handle();
        inside.plays.insert(step, play);
        Ok(handle)
    }

    async fn release(&self, job: &DummyJob, step: usize, late: &Environment) -> Result<(), Failed> {
        let play = job.play(step)?;
        job.inside().tried.insert(step);
        if play.script.start_fails {
            return Err(Failed::infra(format!("step {step} was told to fail at its start")));
        }
        job.inside().late.insert(step, late.clone());
        play.release();
        Ok(())
    }

    async fn ready(&self, job: &DummyJob, step: usize) -> Result<(), Failed> {
        job.play(step)?.ready().await.map_err(|why| Failed::new(Reason::NotReady, why))
    }

    async fn outputs(&self, job: &DummyJob, step: usize) -> Result<Vec<u8>, Failed> {
        let play = job.play(step)?;
        if play.script.output_fails {
            return Err(Failed::infra("the step was told so"));
        }
        Ok(play.script.output.clone().into_bytes())
    }

    async fn pack(&self, job: &DummyJob, path: &str) -> Result<Option<Tar>, Failed> {
        let tar = job.inside().files.pack(path).map_err(|error| Failed::infra(error.to_string()))?;
        Ok(tar.map(|tar| Box::new(Cursor::new(tar)) as Tar))
    }

    async fn unpack(&self, job: &DummyJob, at: &str, tar: Tar) -> Result<(), Failed> {
        let read = tokio::task::spawn_blocking(move || Files::unpacked(tar)).await;
        let read = read.map_err(|error| Failed::infra(error.to_string()))?;
        let entries = read.map_err(|error| Failed::infra(error.to_string()))?;
        job.inside().files.put(at, entries);
        Ok(())
    }

    async fn again(&self, job: &DummyJob, step: usize) -> Result<(), Failed> {
        let mut inside = job.inside();
        if let Some(play) = inside.plays.remove(&step) {
            play.detach();
            play.send(Signal::Kill);
        }
        // A runner that was killed in between may ask twice.
        if inside.tried.remove(&step) {
            *inside.tries.entry(step).or_default() += 1;
        }
        Ok(())
    }

    async fn signal(&self, job: &DummyJob, step: usize, signal: Signal) -> Result<(), Failed> {
        job.play(step)?.send(signal);
        Ok(())
    }

    async fn close(&self, job: &DummyJob) {
        job.end();
        self.jobs().remove(&job.claim);
    }

    async fn keep(&self, job: &DummyJob) {
        job.end();
        // The sender is ours: it cannot go away.
        let _ = self.is_slow.subscribe().wait_for(|is_slow| !is_slow).await;
        self.kept().insert(job.workspace, std::mem::take(&mut job.inside().files));
        self.jobs().remove(&job.claim);
    }

    async fn discard(&self, workspace: Claim) {
        self.kept().remove(&workspace);
    }

    fn keeps(&self) -> Vec<Claim> {
        self.kept().keys().copied().collect()
    }
}
