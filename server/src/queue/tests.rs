//! Leases that were granted and never taken.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use slipway_pipelines::{
    compile::{Compilation, CompiledJob},
    ids::{BuildId, JobId, RunnerId},
    plan::{Plan, RunsOn, Workspace},
    state::{JobState, Reason},
    trigger::{Cause, Person, Trigger},
};
use uuid::Uuid;

use super::dispatcher::{Dispatcher, Work};
use crate::{
    Config, Running,
    runner_api::undelivered,
    store::{
        JobChange, RUNNER_LABEL,
        model::{BuildContent, BuildRef, NewBuild, NewRepository},
    },
};

async fn queued() -> (tempfile::TempDir, Running, BuildRef) {
    let folder = tempfile::tempdir().unwrap();
    let running = crate::start(Config::new(folder.path(), "127.0.0.1:0".parse().unwrap())).await.unwrap();
    let store = &running.app().store;
    let repository = store.create_repository(NewRepository::own("me/thing".parse().unwrap())).await.unwrap();
    let trigger = Trigger {
        cause: Cause::Tag { tag: "v1".to_owned() },
        reference: "refs/tags/v1".to_owned(),
        sha: "0".repeat(40),
        message: String::new(),
        author: Person::default(),
        sender: String::new(),
        timestamp: 0,
        url: None,
        changed_files: None,
    };
    let new = NewBuild { repository: repository.id, trigger, parent: None, delivery: None };
    let job = CompiledJob {
        name: "a".to_owned(),
        workflow: "a".to_owned(),
        needs: Vec::new(),
        runs_on: RunsOn::default(),
        labels: BTreeMap::new(),
        retry: None,
        concurrency: None,
        plan: Plan::new("a", Workspace { base: "/b".to_owned(), path: "/b".to_owned() }, []),
    };
    let compilation = Compilation { jobs: vec![job], ..Compilation::default() };
    let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
    let build = store.create_build(new, move |_| content).await.unwrap();
    (folder, running, build)
}

fn runner() -> RunnerId {
    RunnerId(Uuid::from_u128(1))
}

async fn state(running: &Running, build: BuildRef) -> JobState {
    running.app().store.build_by_id(build.id).await.unwrap().unwrap().jobs[0].state.clone()
}

async fn becomes(running: &Running, build: BuildRef, wanted: impl Fn(&JobState) -> bool) {
    let mut news = running.app().news.subscribe();
    let waiting = async {
        while !wanted(&state(running, build).await) {
            news.recv().await.unwrap();
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await.expect("the state comes");
}

#[tokio::test]
async fn a_slot_that_goes_away_with_its_job_gives_it_back() {
    let (_folder, running, build) = queued().await;
    let waiting = running.app().dispatcher.wait(runner(), BTreeMap::new());
    becomes(&running, build, |state| matches!(state, JobState::Leased { .. })).await;
    // The lease is granted, the connection is gone before anybody took it.
    drop(waiting);
    becomes(&running, build, |state| *state == JobState::Queued { epoch: 1 }).await;
    assert_eq!(running.app().dispatcher.counts(), (1, 0, 0));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn an_answer_that_no_connection_took_gives_its_job_back_and_one_that_was_taken_keeps_it() {
    let (_folder, running, build) = queued().await;
    let app = running.app();
    let granted = app.dispatcher.wait(runner(), BTreeMap::new()).granted().await.unwrap();
    drop(undelivered(app, granted).unwrap());
    becomes(&running, build, |state| *state == JobState::Queued { epoch: 1 }).await;

    let granted = app.dispatcher.wait(runner(), BTreeMap::new()).granted().await.unwrap();
    let mut taken = undelivered(app, granted).unwrap();
    assert!(taken.next().await.is_some());
    drop(taken);
    // Whatever was handed back is before this in the writer's order.
    app.store.check().await.unwrap();
    assert!(matches!(state(&running, build).await, JobState::Leased { .. }));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_slot_that_leaves_in_time_gets_nothing() {
    let (_folder, running, build) = queued().await;
    let labels = |value: &str| BTreeMap::from([("zone".to_owned(), value.to_owned())]);
    let first = running.app().dispatcher.wait(runner(), labels("a"));
    let granted = first.leave().await.expect("the job was on its way");
    assert_eq!(granted.number, build.number);
    let second = running.app().dispatcher.wait(runner(), labels("a"));
    assert!(second.leave().await.is_none());
    assert_eq!(running.app().dispatcher.counts(), (0, 0, 1));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_job_that_goes_on_is_for_the_runner_that_has_its_workspace() {
    let (dispatcher, mut work) = Dispatcher::new();
    let runners = [1, 2].map(|id| RunnerId(Uuid::from_u128(id)));
    let _waiting = runners.map(|runner| dispatcher.wait(runner, BTreeMap::new()));
    let change = JobChange {
        job: JobId(Uuid::nil()),
        build: BuildId(Uuid::nil()),
        position: 0,
        attempt: 2,
        state: JobState::Queued { epoch: 1 },
        labels: [(RUNNER_LABEL.to_owned(), runners[1].to_string())].into(),
    };
    dispatcher.note_queue(&[change]);
    let Some(Work::Grant(found)) = work.recv().await else { panic!("nobody gets it") };
    assert_eq!(found.waiter.runner, runners[1]);
}
