//! Leases against a model: whatever runners, time and people do, a job has one owner and one end.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use slipway_pipelines::{
    ids::JobId,
    lease::Claim,
    state::{JobState, Status},
};
use slipway_server::store::{Store, StoreError, model::BuildDetail};

use crate::{
    retries::retry,
    support::{build, detail, finished, granted, job, repository, runner_id, started, store},
};

#[derive(Clone, Debug)]
enum Act {
    /// A runner takes a job.
    Grant {
        job: usize,
        runner: u128,
    },
    /// The holder of some old or new claim lets a step go.
    Start {
        claim: usize,
    },
    Finish {
        claim: usize,
        code: i32,
    },
    Renew {
        claim: usize,
        until: i64,
    },
    HandBack {
        claim: usize,
    },
    /// Time passes.
    Expire {
        at: i64,
    },
    /// The pauses before next attempts are over.
    EndDelays,
    Cancel,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..3usize, 1..4u128).prop_map(|(job, runner)| Act::Grant { job, runner }),
        3 => (0..8usize).prop_map(|claim| Act::Start { claim }),
        2 => (0..8usize, 0..2i32).prop_map(|(claim, code)| Act::Finish { claim, code }),
        2 => (0..8usize, 0..200i64).prop_map(|(claim, until)| Act::Renew { claim, until }),
        1 => (0..8usize).prop_map(|claim| Act::HandBack { claim }),
        2 => (0..200i64).prop_map(|at| Act::Expire { at }),
        1 => Just(Act::EndDelays),
        1 => Just(Act::Cancel),
    ]
}

/// What must be true, followed from outside.
#[derive(Default)]
struct Model {
    claims: Vec<(Claim, u128)>,
    highest: BTreeMap<JobId, u64>,
    /// By attempt.
    started: BTreeSet<(JobId, u32)>,
    ends: BTreeMap<(JobId, u32), JobState>,
}

impl Model {
    fn is_newest(&self, claim: Claim) -> bool {
        self.highest.get(&claim.job) == Some(&claim.epoch)
    }

    /// Finished is final, each lease in force is the newest, and a next attempt follows only an end that asks for it.
    async fn check(&mut self, store: &Store, build: &BuildDetail) {
        for job in &build.jobs {
            for attempt in 1..=job.attempt {
                let state = store.job_attempt(job.id, attempt).await.unwrap().unwrap().state;
                if attempt < job.attempt {
                    assert!(matches!(state.status(), Status::Failure | Status::Lost), "{state:?} is tried again");
                    let was_lost = state.status() == Status::Lost;
                    assert!(!was_lost || self.started.contains(&(job.id, attempt)), "lost after a step only");
                }
                if let Some(end) = self.ends.get(&(job.id, attempt)) {
                    assert_eq!(end, &state, "finished is final");
                } else if state.status().is_final() {
                    self.ends.insert((job.id, attempt), state);
                }
            }
            assert!(job.attempt <= 3, "no more tries than it may");
            if let Some(lease) = job.state.lease() {
                assert_eq!(self.highest.get(&job.id), Some(&lease.epoch), "only the newest lease is in force");
            }
        }
    }
}

async fn play(acts: Vec<Act>) {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let mut all = vec![job("a", 2, &[]), job("b", 1, &[]), job("c", 1, &[0])];
    all[0].retry = Some(retry(&["failure", "lost"], 0));
    all[1].retry = Some(retry(&["lost"], 60));
    let made = build(&store, &repository, all).await;
    let jobs: Vec<JobId> = detail(&store, made).await.jobs.iter().map(|job| job.id).collect();
    let mut model = Model::default();
    for act in acts {
        let before = detail(&store, made).await;
        perform(&store, &mut model, &jobs, &before, act).await;
        model.check(&store, &detail(&store, made).await).await;
    }
}

async fn perform(store: &Store, model: &mut Model, jobs: &[JobId], before: &BuildDetail, act: Act) {
    let pick = |claim: usize| model.claims.get(claim % model.claims.len().max(1)).copied();
    match act {
        Act::Grant { job, runner } => {
            let queued = matches!(before.jobs[job].state, JobState::Queued { .. });
            let granted = store.grant(jobs[job], runner_id(runner), 100).await.unwrap();
            assert_eq!(granted.is_some(), queued, "a queued job, and no other, can be had");
            if let Some(granted) = granted {
                let epoch = granted.claim.epoch;
                assert!(model.highest.insert(jobs[job], epoch).is_none_or(|old| old < epoch), "epochs rise");
                let run = (jobs[job], granted.claim.attempt);
                assert!(!model.started.contains(&run), "an attempt that began is never given again");
                model.claims.push((granted.claim, runner));
            }
        }
        Act::Start { claim } => {
            let Some((claim, _)) = pick(claim) else { return };
            if store.take_events(claim, vec![started(0)]).await.is_ok() {
                assert!(model.is_newest(claim), "only the newest claim is heard");
                model.started.insert((claim.job, claim.attempt));
            }
        }
        Act::Finish { claim, code } => {
            let Some((claim, _)) = pick(claim) else { return };
            match store.take_events(claim, vec![finished(code)]).await {
                Ok(()) if model.is_newest(claim) => {}
                Ok(()) => {
                    let states =
                        |build: &BuildDetail| build.jobs.iter().map(|job| job.state.clone()).collect::<Vec<_>>();
                    let now = store.build_by_id(before.summary.id).await.unwrap().unwrap();
                    assert_eq!(states(before), states(&now), "an old end said again changes nothing");
                }
                Err(StoreError::Stale) => {}
                Err(error) => panic!("{error}"),
            }
        }
        Act::Renew { claim, until } => {
            let Some((claim, runner)) = pick(claim) else { return };
            store.renew(runner_id(runner), vec![claim], until).await.unwrap();
        }
        Act::HandBack { claim } => {
            let Some((claim, _)) = pick(claim) else { return };
            store.hand_back(claim).await.unwrap();
        }
        Act::Expire { at } => drop(store.expire(at).await.unwrap()),
        Act::EndDelays => store.end_delays(i64::MAX / 2).await.unwrap(),
        Act::Cancel => match store.cancel_build(before.summary.id, "me").await {
            Ok(()) | Err(StoreError::BuildFinished) => {}
            Err(error) => panic!("{error}"),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_job_has_one_owner_and_one_end(acts in prop::collection::vec(act(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(acts));
    }
}

#[tokio::test]
async fn a_lease_that_ends_before_a_step_queues_the_job_and_after_one_loses_it() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let made = build(&store, &repository, vec![job("a", 1, &[]), job("b", 1, &[])]).await;
    let jobs = detail(&store, made).await.jobs;
    let idle = store.grant(jobs[0].id, runner_id(1), 100).await.unwrap().unwrap().claim;
    let busy = store.grant(jobs[1].id, runner_id(1), 100).await.unwrap().unwrap().claim;
    store.take_events(busy, vec![started(0)]).await.unwrap();
    assert!(store.expire(99).await.unwrap().is_empty(), "not yet");
    assert_eq!(store.expire(100).await.unwrap().len(), 2);

    let now = detail(&store, made).await;
    assert_eq!(now.jobs[0].state, JobState::Queued { epoch: idle.epoch });
    assert_eq!(now.jobs[1].state.status(), Status::Lost);
    assert_eq!(now.jobs[1].steps[0].state.status(), Status::Lost);
    for old in [idle, busy] {
        let said = store.take_events(old, vec![finished(0)]).await;
        assert!(matches!(said, Err(StoreError::Stale)), "its runner must stop: {said:?}");
    }
    assert!(granted(&store, jobs[0].id, 2).await.epoch > idle.epoch);
}

#[tokio::test]
async fn a_grace_only_prolongs() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let made = build(&store, &repository, vec![job("a", 1, &[]), job("b", 1, &[])]).await;
    let jobs = detail(&store, made).await.jobs;
    store.grant(jobs[0].id, runner_id(1), 100).await.unwrap();
    store.grant(jobs[1].id, runner_id(1), 900).await.unwrap();
    store.grace(500).await.unwrap();
    let deadlines: Vec<_> =
        detail(&store, made).await.jobs.iter().filter_map(|job| job.state.lease().map(|l| l.deadline)).collect();
    assert_eq!(deadlines, [500, 900]);
}
