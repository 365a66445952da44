use git2::{IndexAddOption, Repository, Signature};
use std::collections::BTreeMap;

use slipway_pipelines::{
    lease::Claim,
    plan::{Environment, Mount, MountSource, Step},
    wire::{Grant, Kept},
};

use super::{
    super::{Docker, Job},
    harness::{Bench, Log, bench, config, end, exited, spec},
};
use crate::executor::{Executor, GONE};

/// A repository with one commit of some files.
pub(super) fn repository(folder: &std::path::Path, files: &[(&str, &str)]) -> String {
    let repository = Repository::init(folder).unwrap();
    for (path, content) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::now("A", "a@example.com").unwrap();
    repository.commit(Some("refs/heads/main"), &who, &who, "all", &tree, &[]).unwrap().to_string()
}

/// Runs the steps one after the other over a checkout and gives their logs.
pub(super) async fn run(bench: &Bench, files: &[(&str, &str)], steps: Vec<Step>) -> Vec<String> {
    let source = bench.data.path().join("source");
    let mut grant = bench.grant(steps);
    grant.source.sha = repository(&source, files);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    let job = bench.docker.open(&grant).await.unwrap();
    let log = Log::default();
    bench.docker.checkout(&job, &grant.source, log.sink()).await.unwrap();
    assert!(log.text().starts_with("Checked out"), "{}", log.text());
    let mut logs = Vec::new();
    for position in 0..grant.plan.steps.len() {
        let log = Log::default();
        let handle = bench.docker.prepare(&job, position, log.sink()).await.unwrap();
        bench.docker.release(&job, position, &Environment::new()).await.unwrap();
        assert_eq!(end(&handle).await, exited(0), "{}", log.text());
        logs.push(log.text());
    }
    bench.docker.close(&job).await;
    std::fs::remove_dir_all(&source).unwrap();
    logs
}

async fn works(bench: &Bench) {
    let steps = vec![
        bench.commands("change", &["cat README sub/file", "echo more >> README", "stat -c '%a' . .. sub README"]),
        bench.commands("see", &["cat README", "cat .git/HEAD"]),
    ];
    let logs = run(bench, &[("README", "hello\n"), ("sub/file", "deep\n")], steps).await;
    assert!(logs[0].starts_with("+ cat README sub/file\nhello\ndeep\n"), "{logs:?}");
    assert!(logs[0].ends_with("777\n777\n777\n666\n"), "{logs:?}");
    assert!(logs[1].starts_with("+ cat README\nhello\nmore\n"), "{logs:?}");
    // The next job sees the commit, not what the last one made of it.
    let logs =
        run(bench, &[("README", "hello\n"), ("sub/file", "deep\n")], vec![bench.commands("again", &["cat README"])])
            .await;
    assert_eq!(logs, ["+ cat README\nhello\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_is_seen_over_an_overlay() {
    let Some(bench) = bench(1).await else { return };
    if bench.docker.has_overlay() {
        works(&bench).await;
    } else {
        eprintln!("SKIPPED: the engine does not see this disk");
    }
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_is_seen_in_a_copy() {
    let Some(mut bench) = bench(0).await else { return };
    bench.docker = bench.docker.without_overlay();
    works(&bench).await;
    bench.finish().await;
}

/// Makes a job fail, and goes on with its workspace, in this process or in the next.
async fn goes_on(bench: &Bench, restarted: bool) {
    let source = bench.data.path().join("source");
    let mut grant = bench.grant(vec![
        mounted(bench.commands("make", &["echo made > made; echo more >> README; echo shared > /mnt/shared"])),
        mounted(bench.commands("see", &["cat made README .git/HEAD /mnt/shared"])),
    ]);
    grant.source.sha = repository(&source, &[("README", "hello\n")]);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    let docker = bench.docker.clone();
    let job = docker.open(&grant).await.unwrap();
    docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    let step = async |job: &Job, position: usize| {
        let log = Log::default();
        let handle = docker.prepare(job, position, log.sink()).await.unwrap();
        docker.release(job, position, &Environment::new()).await.unwrap();
        assert_eq!(end(&handle).await, exited(0), "{}", log.text());
        log.text()
    };
    step(&job, 0).await;
    docker.keep(&job).await;
    docker.sweep(&[]).await.unwrap();

    let kept = Kept { workspace: grant.claim, steps: BTreeMap::new(), outputs: BTreeMap::new() };
    let again = Grant { claim: Claim { attempt: 2, epoch: 2, ..grant.claim }, kept: Some(kept), ..grant.clone() };
    let job = docker.open(&again).await.unwrap();
    let other = Grant { claim: Claim { epoch: 3, ..again.claim }, ..again.clone() };
    assert_eq!(docker.open(&other).await.unwrap_err().message, GONE, "it is somebody's now");
    docker.sweep(&[]).await.unwrap();
    let seen = format!("made\nhello\nmore\n{}\nshared\n", grant.source.sha);
    if restarted {
        drop(job);
        // Nothing of the job has run, and yet it is found.
        let next = Docker::connect(config(&bench.instance, &bench.data, 0)).await.unwrap();
        assert!(next.survey().await.unwrap().contains(&again.claim));
        next.sweep(&[again.claim, again.workspace()]).await.unwrap();
        let adopted = next.adopt(&again, &|_| Log::default().sink()).await.unwrap();
        assert!(adopted.has_workspace);
        let log = Log::default();
        let handle = next.prepare(&adopted.job, 1, log.sink()).await.unwrap();
        next.release(&adopted.job, 1, &Environment::new()).await.unwrap();
        assert_eq!(end(&handle).await, exited(0));
        assert!(log.text().ends_with(&seen), "{}", log.text());
        next.close(&adopted.job).await;
        next.stop().await;
    } else {
        let log = step(&job, 1).await;
        assert!(log.ends_with(&seen), "{log}");
        docker.keep(&job).await;
        assert_eq!(docker.keeps(), [again.workspace()]);
        docker.discard(again.workspace()).await;
        assert_eq!(docker.keeps(), []);
        docker.discard(again.workspace()).await;
    }
    std::fs::remove_dir_all(&source).unwrap();
}

fn mounted(mut step: Step) -> Step {
    spec(&mut step).mounts = vec![Mount {
        source: MountSource::Volume { name: "shared".to_owned(), copy: false },
        target: "/mnt".to_owned(),
        read_only: false,
    }];
    step
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_attempt_goes_on_with_a_workspace_that_was_kept() {
    let Some(mut bench) = bench(1).await else { return };
    goes_on(&bench, false).await;
    goes_on(&bench, true).await;
    bench.docker = bench.docker.without_overlay();
    goes_on(&bench, false).await;
    bench.finish().await;
}
