//! What a runner is given with a lease: secrets, registry credentials, outputs of needed jobs. And what is not on the disk.

use std::collections::BTreeMap;

use slipway_pipelines::{
    compile::CompiledJob,
    plan::{Environment, SecretPart},
    state::{Reason, Status},
    trigger::Event,
    wire::{Grant, JobNews, UsedImage, Welcome},
};
use slipway_server::store::{
    Granted, Store, StoreError,
    model::{Again, BuildRef, NewRegistry, NewSecret, Repository, StepDetail},
};

use crate::{
    secrets::{on_the_disk, put},
    support::{
        Talker, build, detail, ended, finished, granted, job, json, repository, runner_id, server, started, step, store,
    },
};

#[tokio::test]
async fn a_registry_of_all_repositories_is_given_where_there_is_none_of_its_own() {
    let (folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    registry(&store, &repository).await;
    for (host, password) in [("r.example", "plain-global"), ("docker.io", "plain-hub"), ("gone.example", "plain-gone")]
    {
        let new = NewRegistry { host: host.to_owned(), username: "all".to_owned(), password: password.into() };
        store.put_global_registry(new).await.unwrap();
    }
    store.delete_global_registry("Gone.Example").await.unwrap();
    assert!(matches!(store.delete_global_registry("gone.example").await, Err(StoreError::NotFound)));
    let hosts: Vec<_> = store.global_registries().await.unwrap().into_iter().map(|one| one.host).collect();
    assert_eq!(hosts, ["docker.io", "r.example"]);

    let made = build(&store, &repository, vec![job("a", 1, &[])]).await;
    let given = grant(&store, made, 0).await.unwrap();
    let mut logins: Vec<_> =
        given.registries.iter().map(|login| (login.host.as_str(), login.password.as_str(), login.pull_only)).collect();
    logins.sort_unstable();
    assert_eq!(logins, [("docker.io", "plain-hub", false), ("r.example", "plain-password", false)]);
    let mut masked = given.masked.clone();
    masked.sort();
    assert_eq!(masked, ["plain-hub", "plain-password"]);
    store.close().await;
    assert!(!on_the_disk(&folder, "plain-"));
}

#[tokio::test]
async fn what_a_step_ran_in_is_kept_by_attempt_and_the_last_said_holds() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let made = build(&store, &repository, vec![job("a", 2, &[])]).await;
    let id = detail(&store, made).await.jobs[0].id;
    let image = |id: &str, digest: Option<&str>| UsedImage {
        reference: "busybox:1".to_owned(),
        id: id.to_owned(),
        digest: digest.map(str::to_owned),
    };
    let first = granted(&store, id, 1).await;
    let says = |step, image: &UsedImage| JobNews::Image { step, image: image.clone() };
    let (old, new) = (image("sha256:01", None), image("sha256:02", Some("busybox@sha256:0a")));
    let news = vec![started(0), says(0, &old), says(0, &new), ended(0, 1), finished(1)];
    let odd = store.take_events(first, vec![started(0), says(7, &old)]).await;
    assert!(matches!(odd, Err(StoreError::NoSuchStep(7))), "{odd:?}");
    store.take_events(first, news.clone()).await.unwrap();
    store.take_events(first, news).await.unwrap();
    let kept = |steps: &[StepDetail]| steps.iter().map(|step| step.image.clone()).collect::<Vec<_>>();
    assert_eq!(kept(&detail(&store, made).await.jobs[0].steps), [Some(new.clone()), None]);

    store.retry_build(made.id, Again::Needed).await.unwrap();
    assert_eq!(kept(&detail(&store, made).await.jobs[0].steps), [None, None]);
    let second = granted(&store, id, 1).await;
    store.take_events(second, vec![started(0), says(0, &old)]).await.unwrap();
    assert_eq!(kept(&detail(&store, made).await.jobs[0].steps), [Some(old), None]);
    let before = store.job_attempt(id, 1).await.unwrap().unwrap();
    assert_eq!(kept(&before.steps), [Some(new), None]);
}

/// A job whose only step has `TOKEN` and, inside of JSON, `CONFIG` from secrets.
fn with_secrets(name: &str) -> CompiledJob {
    let mut made = job(name, 1, &[]);
    let secret = |name: &str| SecretPart::Secret(name.to_owned());
    let json = [
        SecretPart::Text("{\"key\":".to_owned()),
        SecretPart::Json("key".to_owned()),
        SecretPart::Text("}".to_owned()),
    ];
    step(&mut made, 0).secrets =
        BTreeMap::from([("TOKEN".to_owned(), vec![secret("token")]), ("CONFIG".to_owned(), json.to_vec())]);
    made
}

async fn registry(store: &Store, repository: &Repository) {
    let new =
        NewRegistry { host: "r.example".to_owned(), username: "robot".to_owned(), password: "plain-password".into() };
    store.put_registry(repository.id, new).await.unwrap();
}

async fn grant(store: &Store, build: BuildRef, position: usize) -> Option<Granted> {
    let job = detail(store, build).await.jobs[position].id;
    store.grant(job, runner_id(1), i64::MAX / 2).await.unwrap()
}

#[tokio::test]
async fn a_runner_gets_values_that_no_file_of_the_server_has() {
    let (folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    put(&store, &repository, "token", "plain-token").await;
    put(&store, &repository, "key", "plain-\"key\"").await;
    put(&store, &repository, "other", "plain-other").await;
    registry(&store, &repository).await;
    let made = build(&store, &repository, vec![with_secrets("a"), job("b", 1, &[])]).await;

    let given = grant(&store, made, 0).await.unwrap();
    let environment = given.plan.environment_of(0);
    assert_eq!(environment["TOKEN"], "plain-token");
    assert_eq!(environment["CONFIG"], r#"{"key":"plain-\"key\""}"#);
    let mut masked = given.masked.clone();
    masked.sort();
    assert_eq!(masked, ["plain-\"key\"", "plain-password", "plain-token"], "what it uses, and nothing else");
    assert_eq!(
        (given.registries[0].host.as_str(), given.registries[0].password.as_str()),
        ("r.example", "plain-password")
    );
    assert!(!format!("{given:?}").contains("plain"), "a log has only its claim");
    assert!(on_the_disk(&folder, "TOKEN"), "plans are there, with names");
    assert!(!on_the_disk(&folder, "plain-"), "while the runner has it");

    let without = grant(&store, made, 1).await.unwrap();
    assert_eq!(without.masked, ["plain-password"]);
    assert_eq!(without.registries.len(), 1);
    store.take_events(given.claim, vec![started(0), ended(0, 0), finished(0)]).await.unwrap();
    store.close().await;
    assert!(!on_the_disk(&folder, "plain-"));
}

#[tokio::test]
async fn a_secret_that_is_gone_ends_the_job_with_a_note_and_nothing_else() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    for name in ["token", "key"] {
        put(&store, &repository, name, "value").await;
    }
    let mut again = with_secrets("a");
    again.retry = Some(crate::retries::retry(&["error"], 0));
    let made = build(&store, &repository, vec![again, job("b", 1, &[0])]).await;
    store.delete_secret(repository.id, "key").await.unwrap();
    assert!(grant(&store, made, 0).await.is_none());

    let now = detail(&store, made).await;
    assert_eq!((now.summary.status, now.jobs[0].attempt), (Status::Error, 1), "again would not help");
    let finish = now.summary.finish.unwrap();
    assert_eq!(finish.reason, Reason::Config);
    assert_eq!(finish.note, "the secret `key`, which step `step0` asks for, is not there any more");
    assert_eq!(now.jobs[1].state.status(), Status::Skipped);
    assert!(store.unfinished_jobs().await.unwrap().is_empty());

    put(&store, &repository, "key", "value").await;
    store.retry_build(made.id, Again::Needed).await.unwrap();
    assert!(grant(&store, made, 0).await.is_some(), "it was put back");
}

#[tokio::test]
async fn a_secret_whose_rule_was_narrowed_is_not_given_to_an_older_build() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    for name in ["token", "key"] {
        put(&store, &repository, name, "value").await;
    }
    let made = build(&store, &repository, vec![with_secrets("a")]).await;
    let tags = NewSecret { name: "token".to_owned(), value: "value".into(), events: vec![Event::Tag], images: vec![] };
    store.put_secret(repository.id, tags).await.unwrap();
    assert!(grant(&store, made, 0).await.is_none());
    let note = detail(&store, made).await.summary.finish.unwrap().note;
    assert!(note.contains("`token`") && note.contains("is not for `push` builds any more"), "{note}");
}

#[tokio::test]
async fn a_runner_that_comes_back_is_given_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    let store = &server.app().store;
    let repository = repository(store, "me/thing").await;
    put(store, &repository, "token", "plain-old").await;
    put(store, &repository, "key", "plain-key").await;
    registry(store, &repository).await;
    let mut job = with_secrets("a");
    step(&mut job, 0).outputs = vec!["VERSION".to_owned()];
    build(store, &repository, vec![job]).await;
    let runner = Talker::new(&server, 1).introduced().await;
    let first: Grant = runner.next().await;
    assert_eq!(first.plan.environment_of(0)["TOKEN"], "plain-old");
    let values = Environment::from([("VERSION".to_owned(), "1.2".to_owned())]);
    let news = vec![started(0), JobNews::Outputs { step: 0, values: values.clone() }];
    assert!(runner.report(first.claim, news).await.is_success());

    // Its log is masked with the old value up to where the server has it.
    put(store, &repository, "token", "plain-new").await;
    store.delete_secret(repository.id, "key").await.unwrap();
    store.delete_registry(repository.id, "r.example").await.unwrap();
    let welcome: Welcome = json(runner.hello(vec![first.claim]).await).await;
    let [resumed] = &welcome.resume[..] else { panic!("{welcome:?}") };
    assert_eq!(resumed.grant, first);
    assert_eq!(resumed.outputs, BTreeMap::from([(0, values)]));
    assert!(resumed.stop.is_none());
    assert!(!on_the_disk(folder.path().join("data"), "plain-"));
    server.stop().await.unwrap();
}

fn outputs(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A job of so many steps that may all hand on `A`, `B` and `C`.
fn giving(name: &str, steps: usize, needs: &[usize]) -> CompiledJob {
    let mut made = job(name, steps, needs);
    for position in 0..steps {
        step(&mut made, position).outputs = ["A", "B", "C"].map(str::to_owned).to_vec();
    }
    made
}

fn gives(step: usize, pairs: &[(&str, &str)]) -> JobNews {
    JobNews::Outputs { step, values: outputs(pairs) }
}

#[tokio::test]
async fn a_job_gets_what_the_jobs_it_needs_handed_on_and_a_later_one_wins() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let jobs = vec![giving("a", 2, &[]), giving("b", 1, &[0]), giving("c", 1, &[]), job("d", 1, &[1])];
    let made = build(&store, &repository, jobs).await;
    let ids: Vec<_> = detail(&store, made).await.jobs.iter().map(|job| job.id).collect();

    let a = granted(&store, ids[0], 1).await;
    let news = vec![started(0), gives(0, &[("A", "first"), ("B", "first"), ("SECRET", "x")]), ended(0, 0)];
    store.take_events(a, news.clone()).await.unwrap();
    store.take_events(a, news).await.unwrap();
    store.take_events(a, vec![started(1), gives(1, &[("A", "lost")]), gives(1, &[("A", "second")])]).await.unwrap();
    store.take_events(a, vec![ended(1, 0), finished(0)]).await.unwrap();
    let stale = store.take_events(a, vec![gives(1, &[("A", "late")])]).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");

    let b = grant(&store, made, 1).await.unwrap();
    assert_eq!(b.inputs, outputs(&[("A", "second"), ("B", "first")]), "declared names, the last said");
    store.take_events(b.claim, vec![started(0), gives(0, &[("B", "of b")]), ended(0, 0), finished(0)]).await.unwrap();
    let c = granted(&store, ids[2], 1).await;
    store.take_events(c, vec![started(0), gives(0, &[("C", "of c")]), ended(0, 0), finished(0)]).await.unwrap();

    let d = grant(&store, made, 3).await.unwrap();
    assert_eq!(d.inputs, outputs(&[("A", "second"), ("B", "of b")]), "of b, of a behind it, not of c");
}

#[tokio::test]
async fn each_attempt_hands_on_its_own_outputs() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let made = build(&store, &repository, vec![giving("a", 1, &[]), job("b", 1, &[0])]).await;
    let id = detail(&store, made).await.jobs[0].id;
    let first = granted(&store, id, 1).await;
    let bad = vec![started(0), gives(0, &[("A", "old"), ("B", "old")]), ended(0, 1), finished(1)];
    store.take_events(first, bad).await.unwrap();
    store.retry_build(made.id, Again::Needed).await.unwrap();
    let second = granted(&store, id, 1).await;
    assert!(matches!(store.take_events(first, vec![gives(0, &[("A", "x")])]).await, Err(StoreError::Stale)));
    store.take_events(second, vec![started(0), gives(0, &[("A", "new")]), ended(0, 0), finished(0)]).await.unwrap();
    assert_eq!(grant(&store, made, 1).await.unwrap().inputs, outputs(&[("A", "new")]));
}
