//! Concurrency groups: never more than the limit, older builds first, newer ones in place of older.

use proptest::prelude::*;
use slipway_pipelines::{
    compile::{CompiledJob, Concurrency},
    ids::{JobId, RepositoryId},
    lease::Claim,
    state::{JobState, Reason, Status},
    trigger::Cause,
};
use slipway_server::store::{
    Store, StoreError,
    model::{Again, BuildRef, NewBuild, Repository, WaitingFor},
};

use crate::{
    retries::retry,
    support::{
        Talker, build, content, detail, ended, finished, granted, job, new_build, repository, runner_id, server, soon,
        started, step_states, store,
    },
};

fn grouped(name: &str, limit: u32, needs: &[usize]) -> CompiledJob {
    let concurrency = Concurrency { group: "deploy".to_owned(), limit, cancel_superseded: false };
    CompiledJob { concurrency: Some(concurrency), ..job(name, 1, needs) }
}

fn superseding(name: &str) -> CompiledJob {
    let mut job = grouped(name, 1, &[]);
    job.concurrency.as_mut().unwrap().cancel_superseded = true;
    job
}

async fn state(store: &Store, build: BuildRef, job: usize) -> JobState {
    detail(store, build).await.jobs[job].state.clone()
}

async fn id(store: &Store, build: BuildRef, job: usize) -> JobId {
    detail(store, build).await.jobs[job].id
}

async fn end(store: &Store, claim: Claim) {
    store.take_events(claim, vec![started(0), ended(0, 0), finished(0)]).await.unwrap();
}

const QUEUED: JobState = JobState::Queued { epoch: 0 };
const HELD: JobState = JobState::Held { epoch: 0 };

#[tokio::test]
async fn a_group_runs_one_at_a_time_and_says_so() {
    let (_folder, store) = store().await;
    let (one, other) = (repository(&store, "me/one").await, repository(&store, "me/other").await);
    let mut builds = Vec::new();
    for _ in 0..3 {
        builds.push(build(&store, &one, vec![grouped("deploy", 1, &[]), job("free", 1, &[])]).await);
    }
    let elsewhere = build(&store, &other, vec![grouped("deploy", 1, &[])]).await;
    assert_eq!(state(&store, builds[0], 0).await, QUEUED);
    assert_eq!((state(&store, builds[1], 0).await, state(&store, builds[2], 0).await), (HELD, HELD));
    assert_eq!(state(&store, builds[1], 1).await, QUEUED, "it is in no group");
    assert_eq!(state(&store, elsewhere, 0).await, QUEUED, "a group is its repository's");
    assert_eq!(detail(&store, builds[1]).await.summary.status, Status::Pending);
    assert_eq!(detail(&store, builds[1]).await.jobs[0].concurrency.as_ref().map(|group| group.limit), Some(1));

    let queue = store.queue().await.unwrap();
    let why = |number: u64, name: &str| {
        let entry = queue.iter().find(|entry| entry.number == number && entry.name == name).unwrap();
        entry.waiting_for.clone()
    };
    let full = WaitingFor::Concurrency { group: "deploy".to_owned(), limit: 1 };
    assert_eq!((why(2, "deploy"), why(2, "free")), (Some(full), Some(WaitingFor::Runner)));

    let held = id(&store, builds[1], 0).await;
    assert!(store.grant(held, runner_id(1), 100).await.unwrap().is_none(), "it waits for its turn");
    let claim = granted(&store, id(&store, builds[0], 0).await, 1).await;
    assert_eq!(state(&store, builds[1], 0).await, HELD);
    end(&store, claim).await;
    assert_eq!((state(&store, builds[1], 0).await, state(&store, builds[2], 0).await), (QUEUED, HELD));
    store.cancel_build(builds[1].id, "me").await.unwrap();
    assert_eq!(state(&store, builds[2], 0).await, QUEUED, "its turn comes when the one before is cancelled");
}

#[tokio::test]
async fn an_older_build_comes_first_even_if_it_is_ready_later() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let older = build(&store, &repository, vec![job("test", 1, &[]), grouped("deploy", 1, &[0])]).await;
    let newer = build(&store, &repository, vec![grouped("deploy", 1, &[])]).await;
    assert_eq!((state(&store, older, 1).await, state(&store, newer, 0).await), (JobState::Waiting, QUEUED));
    end(&store, granted(&store, id(&store, older, 0).await, 1).await).await;
    assert_eq!((state(&store, older, 1).await, state(&store, newer, 0).await), (QUEUED, HELD));

    // One that a runner has keeps its place.
    let claim = store.grant(id(&store, older, 1).await, runner_id(1), 100).await.unwrap().unwrap().claim;
    assert_eq!(state(&store, newer, 0).await, HELD);
    store.hand_back(claim).await.unwrap();
    assert_eq!((state(&store, older, 1).await, state(&store, newer, 0).await), (JobState::Queued { epoch: 1 }, HELD));
}

#[tokio::test]
async fn a_job_between_two_attempts_takes_no_place() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let trying = CompiledJob { retry: Some(retry(&["failure"], 60)), ..grouped("deploy", 1, &[]) };
    let older = build(&store, &repository, vec![trying]).await;
    let newer = build(&store, &repository, vec![grouped("deploy", 1, &[])]).await;
    let claim = granted(&store, id(&store, older, 0).await, 1).await;
    store.take_events(claim, vec![started(0), ended(0, 1), finished(1)]).await.unwrap();
    let waits = store.queue().await.unwrap().remove(0).waiting_for;
    assert!(matches!(waits, Some(WaitingFor::Retry { attempt: 2, .. })), "{waits:?}");
    let claim = granted(&store, id(&store, newer, 0).await, 1).await;
    store.end_delays(i64::MAX / 2).await.unwrap();
    assert_eq!(state(&store, older, 0).await, HELD, "its time came, its place is taken");
    end(&store, claim).await;
    assert_eq!(state(&store, older, 0).await, QUEUED);
}

#[tokio::test]
async fn runners_that_race_for_a_group_never_get_more_than_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    let store = &server.app().store;
    let repository = repository(store, "me/thing").await;
    let runners = futures_util::future::join_all((1..=4).map(|n| Talker::new(&server, n).introduced())).await;
    let jobs = || (0..3).map(|n| grouped(&format!("deploy{n}"), 2, &[])).collect::<Vec<_>>();
    let making = (0..4).map(|_| build(store, &repository, jobs()));
    futures_util::future::join_all(making).await;

    let running = std::sync::Mutex::new((0, 0));
    let work = runners.iter().map(|runner| {
        let running = &running;
        async move {
            for _ in 0..3 {
                let claim = runner.next().await.claim;
                {
                    let mut running = running.lock().unwrap();
                    running.0 += 1;
                    running.1 = running.1.max(running.0);
                }
                assert!(runner.report(claim, vec![started(0)]).await.is_success());
                running.lock().unwrap().0 -= 1;
                assert!(runner.report(claim, vec![ended(0, 0), finished(0)]).await.is_success());
            }
        }
    });
    soon("all twelve jobs", futures_util::future::join_all(work)).await;
    assert_eq!(running.lock().unwrap().1, 2);
    assert!(store.unfinished_jobs().await.unwrap().is_empty());
}

async fn on_branch(store: &Store, repository: &Repository, branch: &str, jobs: Vec<CompiledJob>) -> BuildRef {
    let mut new: NewBuild = new_build(repository);
    new.trigger.cause = Cause::Push { branch: branch.to_owned(), before: None };
    new.trigger.reference = format!("refs/heads/{branch}");
    store.create_build(new, move |_| content(jobs)).await.unwrap()
}

#[tokio::test]
async fn a_newer_build_cancels_its_groups_jobs_of_the_same_ref() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let other = on_branch(&store, &repository, "other", vec![superseding("deploy")]).await;
    let jobs = || vec![superseding("deploy"), job("after", 1, &[0]), job("test", 1, &[])];
    let other_claim = granted(&store, id(&store, other, 0).await, 1).await;
    end(&store, other_claim).await;

    let first = build(&store, &repository, jobs()).await;
    let claim = granted(&store, id(&store, first, 0).await, 1).await;
    store.take_events(claim, vec![started(0)]).await.unwrap();
    let elsewhere = on_branch(&store, &repository, "elsewhere", vec![superseding("deploy")]).await;
    let second = build(&store, &repository, jobs()).await;
    let third = build(&store, &repository, jobs()).await;

    let now = detail(&store, first).await;
    let JobState::Stopping { finish, .. } = &now.jobs[0].state else { panic!("{:?}", now.jobs[0].state) };
    assert_eq!((finish.reason, finish.note.as_str()), (Reason::Superseded, "build 4 took its place"));
    assert_eq!((&now.jobs[1].state, &now.jobs[2].state), (&JobState::Waiting, &QUEUED), "the rest goes on");
    let now = detail(&store, second).await;
    let JobState::Finished { finish, started: None, .. } = &now.jobs[0].state else { panic!("it never ran") };
    assert_eq!((finish.reason, finish.note.as_str()), (Reason::Superseded, "build 5 took its place"));
    assert_eq!(now.jobs[1].state.status(), Status::Skipped);
    assert_eq!(state(&store, elsewhere, 0).await, HELD, "another ref is not superseded");
    assert_eq!(state(&store, third, 0).await, HELD);

    store.take_events(claim, vec![ended(0, 143), finished(143)]).await.unwrap();
    let now = detail(&store, first).await;
    assert_eq!((now.jobs[0].state.status(), step_states(&now, 0)), (Status::Cancelled, vec![Status::Failure]));
    assert_eq!(now.jobs[1].state.status(), Status::Skipped);
    assert_eq!((state(&store, elsewhere, 0).await, state(&store, third, 0).await), (QUEUED, HELD));
}

#[derive(Clone, Debug)]
enum Act {
    Build { ready: bool },
    Grant { job: usize },
    Start { claim: usize },
    Finish { claim: usize, code: i32 },
    HandBack { claim: usize },
    Expire,
    EndDelays,
    Cancel { build: usize },
    Retry { build: usize },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => any::<bool>().prop_map(|ready| Act::Build { ready }),
        5 => (0..64usize).prop_map(|job| Act::Grant { job }),
        2 => (0..64usize).prop_map(|claim| Act::Start { claim }),
        4 => (0..64usize, 0..2i32).prop_map(|(claim, code)| Act::Finish { claim, code }),
        1 => (0..64usize).prop_map(|claim| Act::HandBack { claim }),
        1 => Just(Act::Expire),
        1 => Just(Act::EndDelays),
        1 => (0..64usize).prop_map(|build| Act::Cancel { build }),
        1 => (0..64usize).prop_map(|build| Act::Retry { build }),
    ]
}

const LIMIT: u32 = 2;

struct Play {
    store: Store,
    repository: Repository,
    builds: Vec<BuildRef>,
    claims: Vec<Claim>,
}

impl Play {
    async fn perform(&mut self, act: Act) {
        let claim = |claim: usize| self.claims.get(claim % self.claims.len().max(1)).copied();
        let chosen = |build: usize| self.builds.get(build % self.builds.len().max(1)).copied();
        let result = match act {
            Act::Build { ready } => {
                let retry = Some(retry(&["failure", "lost"], u64::from(ready)));
                let deploy = CompiledJob { retry, ..grouped("deploy", LIMIT, if ready { &[] } else { &[1] }) };
                let jobs = vec![deploy, job("test", 1, &[])];
                self.builds.push(build(&self.store, &self.repository, jobs).await);
                Ok(())
            }
            Act::Grant { job } => {
                let open = self.store.unfinished_jobs().await.unwrap();
                let Some(job) = open.get(job % open.len().max(1)) else { return };
                let queued = matches!(job.state, JobState::Queued { .. });
                let granted = self.store.grant(job.job, runner_id(1), 100).await.unwrap();
                assert_eq!(granted.is_some(), queued, "a queued job, and no other, can be had");
                self.claims.extend(granted.map(|granted| granted.claim));
                Ok(())
            }
            Act::Start { claim: number } => match claim(number) {
                Some(claim) => self.store.take_events(claim, vec![started(0)]).await,
                None => Ok(()),
            },
            Act::Finish { claim: number, code } => match claim(number) {
                Some(claim) => self.store.take_events(claim, vec![finished(code)]).await,
                None => Ok(()),
            },
            Act::HandBack { claim: number } => match claim(number) {
                Some(claim) => self.store.hand_back(claim).await,
                None => Ok(()),
            },
            Act::Expire => self.store.expire(100).await.map(drop),
            Act::EndDelays => self.store.end_delays(i64::MAX / 2).await,
            Act::Cancel { build } => match chosen(build) {
                Some(build) => self.store.cancel_build(build.id, "me").await,
                None => Ok(()),
            },
            Act::Retry { build } => match chosen(build) {
                Some(build) => self.store.retry_build(build.id, Again::Needed).await,
                None => Ok(()),
            },
        };
        match result {
            Ok(()) | Err(StoreError::Stale | StoreError::BuildFinished | StoreError::BuildUnfinished) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// No more than the limit, no place free while one waits, no younger one before an older, no build that is finished
    /// before its jobs are.
    async fn check(&self) {
        let (mut places, mut waiting) = (0, false);
        for &build in &self.builds {
            let build = detail(&self.store, build).await;
            match build.jobs[0].state {
                JobState::Leased { .. } | JobState::Running { .. } | JobState::Stopping { .. } => places += 1,
                JobState::Queued { .. } => {
                    assert!(!waiting, "an older job waits, a younger one is queued");
                    places += 1;
                }
                JobState::Held { .. } => waiting = true,
                JobState::Blocked | JobState::Waiting | JobState::Delayed { .. } | JobState::Finished { .. } => {}
            }
            let open = build.jobs.iter().any(|job| !job.state.status().is_final());
            assert_eq!(build.summary.finish.is_none(), open);
            assert!(
                build.jobs[0].attempt <= 1
                    || build.summary.status != Status::Pending
                    || build.summary.started.is_none()
            );
        }
        assert!(places <= LIMIT, "{places} of {LIMIT}");
        assert!(!waiting || places == LIMIT, "a place is free and one waits");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_group_is_full_or_nobody_waits_and_older_ones_come_first(acts in prop::collection::vec(act(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_folder, store) = store().await;
            let repository = repository(&store, "me/thing").await;
            let mut play = Play { store, repository, builds: Vec::new(), claims: Vec::new() };
            for act in acts {
                play.perform(act).await;
                play.check().await;
            }
        });
    }
}

#[tokio::test]
async fn a_slow_compiler_holds_nobody_up_and_builds_of_a_repository_keep_their_order() {
    let (_folder, store) = store().await;
    let (one, other) = (repository(&store, "me/one").await, repository(&store, "me/other").await);
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    let (begun, begins) = tokio::sync::mpsc::channel(1);
    let slow = store.create_build(new_build(&one), move |seed| {
        begun.blocking_send(seed.number).unwrap();
        wait.lock().unwrap().recv().unwrap();
        content(vec![job("a", 1, &[])])
    });
    let rest = async {
        let mut begins = begins;
        assert_eq!(begins.recv().await, Some(1));
        let made = soon("another repository's build", build(&store, &other, vec![job("a", 1, &[])])).await;
        assert_eq!(made.number, 1);
        store.check().await.expect("the writer is free");
        let next = tokio::spawn({
            let (store, new) = (store.clone(), new_build(&one));
            async move { store.create_build(new, |_| content(vec![job("b", 1, &[])])).await.unwrap() }
        });
        go.send(()).unwrap();
        next.await.unwrap()
    };
    let (first, next) = tokio::join!(slow, rest);
    assert_eq!((first.unwrap().number, next.number), (1, 2));
    let nobody = NewBuild { repository: RepositoryId(uuid::Uuid::nil()), ..new_build(&one) };
    let none = store.create_build(nobody, |_| content(Vec::new())).await;
    assert!(matches!(none, Err(StoreError::NotFound)), "{none:?}");
}
