//! A job under test.

use std::{sync::Arc, time::Duration};

use slipway_pipelines::{
    plan::Step,
    state::{Finish, Reason},
    wire::Grant,
};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle, time};

use crate::{
    dummy::{Dummy, DummyJob},
    executor::Executor,
    job::{Command, Done, Outcome, Setting, Start, drive},
    testing::{memory::Memory, plans::grant},
    workspaces::Workspaces,
};

pub(super) struct Bench {
    pub(super) grant: Grant,
    pub(super) dummy: Dummy,
    pub(super) memory: Memory,
    pub(super) command: watch::Sender<Command>,
    pub(super) data: TempDir,
    driver: Option<JoinHandle<Done<DummyJob>>>,
}

impl Bench {
    pub(super) fn new(grant: Grant) -> Self {
        let memory = Memory::of(&grant);
        let command = watch::Sender::new(Command::GoOn);
        Self { grant, dummy: Dummy::new(), memory, command, data: TempDir::new().unwrap(), driver: None }
    }

    /// Starts the job.
    pub(super) fn fresh(steps: Vec<Step>) -> Self {
        let mut bench = Self::new(grant(1, steps));
        bench.start(Start::Fresh(bench.grant.clone()));
        bench
    }

    pub(super) fn start(&mut self, start: Start) {
        let executor = Arc::new(self.dummy.clone());
        let workspaces = Some(Arc::new(Workspaces::new(3)));
        let setting = Setting { workspaces, ..Setting::new(self.data.path().to_owned(), "bench".into()) };
        let (memory, commands) = (self.memory.clone(), self.command.subscribe());
        self.driver = Some(tokio::spawn(async move { drive(executor, memory, &setting, start, commands).await }));
    }

    /// The runner is killed; what it started goes on.
    pub(super) async fn kill(&mut self) {
        let driver = self.driver.take().unwrap();
        driver.abort();
        assert!(driver.await.unwrap_err().is_cancelled(), "it was over already");
    }

    /// Another process of the runner goes on.
    pub(super) fn restart(&mut self) {
        let resume = self.memory.heard().resume(self.grant.clone());
        self.start(Start::Resumed(resume));
    }

    /// Waits for the job's end.
    pub(super) async fn done(&mut self) -> Done<DummyJob> {
        let driver = self.driver.take().unwrap();
        let done = time::timeout(Duration::from_secs(7200), driver).await;
        done.unwrap_or_else(|_| panic!("does not end: {:?}", self.memory.heard())).unwrap()
    }

    /// The same, closes it, and checks that nothing is left.
    pub(super) async fn ended(&mut self) -> Outcome {
        let done = self.done().await;
        let outcome = done.outcome.clone();
        done.close(&self.dummy).await;
        assert_eq!(self.dummy.survey().await.unwrap(), []);
        assert_eq!(std::fs::read_dir(self.data.path().join("spool")).unwrap().count(), 0);
        outcome
    }

    /// The same for a job that was not taken away; gives the word for its end.
    pub(super) async fn finished(&mut self) -> &'static str {
        let Outcome::Finished(finish) = self.ended().await else { panic!("it was taken away") };
        assert_eq!(self.memory.heard().finish, Some(finish.clone()));
        finish.reason.as_str()
    }

    pub(super) fn reasons(&self) -> Vec<&'static str> {
        self.memory.heard().reasons()
    }

    pub(super) fn cancel(&self) {
        self.command.send_replace(Command::Stop(Finish::because(Reason::Cancelled)));
    }
}
