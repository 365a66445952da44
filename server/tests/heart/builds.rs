//! The life of builds in the store: needs, cancel, retry, reports.

use slipway_pipelines::{
    diagnostic::{Diagnostic, Severity},
    plan::RunsOn,
    state::{JobState, Reason, Status, StepState},
    wire::JobNews,
};
use slipway_server::store::{
    StoreError,
    model::{Again, BuildDetail, BuildRef, Repository},
};

use crate::support::{build, content, detail, ended, finished, granted, job, new_build, repository, started, store};

fn statuses(build: &BuildDetail) -> Vec<Status> {
    build.jobs.iter().map(|job| job.state.status()).collect()
}

#[tokio::test]
async fn a_broken_pipeline_is_a_build_that_ended_in_error() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let build: BuildRef = store
        .create_build(new_build(&repository), |_| {
            let mut content = content(vec![job("a", 1, &[])]);
            content.compilation.diagnostics.push(Diagnostic {
                severity: Severity::Error,
                message: "unknown key `comands`".to_owned(),
                file: ".slipway.yml".to_owned(),
                span: None,
                help: None,
            });
            content.diagnostics_text = "error: unknown key".to_owned();
            content
        })
        .await
        .unwrap();
    let build = detail(&store, build).await;
    assert_eq!((build.summary.status, build.jobs.len()), (Status::Error, 0));
    assert_eq!(build.summary.finish.map(|finish| finish.reason), Some(Reason::Config));
    assert!(build.summary.finished.is_some());
    assert_eq!(build.diagnostics_text, "error: unknown key");
}

#[tokio::test]
async fn a_job_that_ends_well_queues_what_needs_it() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let made = build(&store, &repository, vec![job("a", 1, &[]), job("b", 1, &[0])]).await;
    let [a, b] = &detail(&store, made).await.jobs[..] else { panic!("two jobs") };
    assert_eq!((&a.state, &b.state), (&JobState::Queued { epoch: 0 }, &JobState::Waiting));
    assert!(store.grant(b.id, crate::support::runner_id(1), 1).await.unwrap().is_none(), "it waits");

    let claim = granted(&store, a.id, 1).await;
    store.take_events(claim, vec![started(0), ended(0, 0), finished(0)]).await.unwrap();
    let now = detail(&store, made).await;
    assert_eq!(statuses(&now), [Status::Success, Status::Pending]);
    assert_eq!(now.jobs[1].state, JobState::Queued { epoch: 0 });
    assert_eq!(now.summary.status, Status::Running);

    let claim = granted(&store, b.id, 1).await;
    store.take_events(claim, vec![started(0), ended(0, 0), finished(0)]).await.unwrap();
    let now = detail(&store, made).await;
    assert_eq!(now.summary.status, Status::Success);
    assert_eq!(now.summary.started, Some(1));
    assert!(now.summary.finished.is_some());
}

#[tokio::test]
async fn a_job_that_fails_leaves_out_what_needs_it_and_runs_what_waits_for_failure() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let mut on_failure = job("c", 1, &[0]);
    on_failure.runs_on = RunsOn { success: false, failure: true };
    let jobs = vec![job("a", 1, &[]), job("b", 2, &[0]), on_failure, job("d", 1, &[1])];
    let made = build(&store, &repository, jobs).await;
    let claim = granted(&store, detail(&store, made).await.jobs[0].id, 1).await;
    store.take_events(claim, vec![started(0), ended(0, 7), finished(7)]).await.unwrap();

    let now = detail(&store, made).await;
    assert_eq!(statuses(&now), [Status::Failure, Status::Skipped, Status::Pending, Status::Skipped]);
    assert_eq!(now.jobs[2].state, JobState::Queued { epoch: 0 });
    for step in &now.jobs[1].steps {
        let StepState::Finished { finish, started: None, .. } = &step.state else { panic!("{step:?}") };
        assert_eq!(finish.reason, Reason::JobEnded);
    }
}

/// One job that runs, and one that waits for it.
async fn under_way() -> (tempfile::TempDir, slipway_server::store::Store, Repository, BuildRef) {
    let (folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let made = build(&store, &repository, vec![job("a", 3, &[]), job("b", 1, &[0])]).await;
    (folder, store, repository, made)
}

#[tokio::test]
async fn a_cancelled_build_ends_cancelled_whatever_its_runner_says() {
    let (_folder, store, _, made) = under_way().await;
    let id = detail(&store, made).await.jobs[0].id;
    let claim = granted(&store, id, 1).await;
    store.take_events(claim, vec![started(0), ended(0, 0), started(1)]).await.unwrap();

    store.cancel_build(made.id, "somebody").await.unwrap();
    let now = detail(&store, made).await;
    assert_eq!(statuses(&now), [Status::Running, Status::Cancelled], "the second never ran");
    assert!(matches!(now.jobs[0].state, JobState::Stopping { .. }));
    store.cancel_build(made.id, "somebody").await.unwrap();

    store.take_events(claim, vec![finished(0)]).await.unwrap();
    store.take_events(claim, vec![finished(0)]).await.unwrap();
    let now = detail(&store, made).await;
    assert_eq!(now.summary.status, Status::Cancelled);
    assert_eq!(now.summary.finish.as_ref().map(|finish| finish.note.as_str()), Some("cancelled by somebody"));
    let of_steps: Vec<Status> = now.jobs[0].steps.iter().map(|step| step.state.status()).collect();
    assert_eq!(of_steps, [Status::Success, Status::Cancelled, Status::Skipped]);
    assert!(matches!(store.cancel_build(made.id, "late").await, Err(StoreError::BuildFinished)));
}

#[tokio::test]
async fn a_step_with_failure_cancel_cancels_the_build() {
    let (_folder, store, _, made) = under_way().await;
    let id = detail(&store, made).await.jobs[0].id;
    let claim = granted(&store, id, 1).await;
    let news = vec![started(0), ended(0, 1), JobNews::CancelBuild { step: 0 }, finished(1)];
    store.take_events(claim, news).await.unwrap();
    let now = detail(&store, made).await;
    assert_eq!(statuses(&now), [Status::Cancelled, Status::Cancelled]);
    assert_eq!(now.summary.finish.map(|finish| finish.reason), Some(Reason::CancelledByStep));
}

#[tokio::test]
async fn a_retry_runs_what_failed_again_and_keeps_the_old_attempt() {
    let (_folder, store, _, made) = under_way().await;
    let id = detail(&store, made).await.jobs[0].id;
    assert!(matches!(store.retry_build(made.id, Again::Needed).await, Err(StoreError::BuildUnfinished)));
    let old = granted(&store, id, 1).await;
    store.take_events(old, vec![started(0), ended(0, 1), finished(1)]).await.unwrap();

    store.retry_build(made.id, Again::Needed).await.unwrap();
    let now = detail(&store, made).await;
    assert_eq!(now.jobs.iter().map(|job| job.attempt).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(now.summary.status, Status::Pending);
    assert!(now.summary.finish.is_none() && now.summary.finished.is_none());
    assert!(now.jobs[0].steps.iter().all(|step| step.state == StepState::Pending));
    let first = store.job_attempt(id, 1).await.unwrap().unwrap();
    assert_eq!((first.state.status(), first.steps[0].state.status()), (Status::Failure, Status::Failure));
    let address = store.step_address(id, Some(1), 0).await.unwrap().unwrap();
    assert!(address.ended && address.log.attempt == 1);
    assert!(!store.step_address(id, None, 0).await.unwrap().unwrap().ended);
    assert!(store.job_attempt(id, 3).await.unwrap().is_none());

    let new = granted(&store, id, 1).await;
    assert!(new.attempt == 2 && new.epoch > old.epoch);
    assert!(matches!(store.take_events(old, vec![started(1)]).await, Err(StoreError::Stale)));
    store.take_events(new, vec![started(0), ended(0, 0), finished(0)]).await.unwrap();
    let claim = granted(&store, detail(&store, made).await.jobs[1].id, 1).await;
    store.take_events(claim, vec![finished(0)]).await.unwrap();
    assert_eq!(detail(&store, made).await.summary.status, Status::Success);

    store.retry_build(made.id, Again::Needed).await.unwrap();
    assert_eq!(detail(&store, made).await.jobs.iter().map(|job| job.attempt).collect::<Vec<_>>(), [3, 3]);
}

#[tokio::test]
async fn a_report_may_be_sent_again_and_counts_whole_or_not_at_all() {
    let (_folder, store, _, made) = under_way().await;
    let id = detail(&store, made).await.jobs[0].id;
    let claim = granted(&store, id, 1).await;
    for _ in 0..2 {
        store.take_events(claim, vec![started(0), ended(0, 0)]).await.unwrap();
    }
    let broken = store.take_events(claim, vec![started(1), ended(9, 0)]).await;
    assert!(matches!(broken, Err(StoreError::NoSuchStep(9))), "{broken:?}");
    assert_eq!(detail(&store, made).await.jobs[0].steps[1].state, StepState::Pending);

    for _ in 0..2 {
        store.take_events(claim, vec![started(1), ended(1, 0), finished(0)]).await.unwrap();
    }
    assert!(matches!(store.take_events(claim, vec![started(2)]).await, Err(StoreError::Stale)));
    let future = i64::MAX;
    let at = |detail: &BuildDetail| match detail.jobs[0].state {
        JobState::Finished { at, .. } => at,
        _ => future,
    };
    assert!(at(&detail(&store, made).await) < future);
}
