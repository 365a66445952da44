//! Whole jobs, by the driver: services that are waited for, tries, outputs.

use std::{sync::Arc, time::Duration};

use bollard::query_parameters::{RemoveImageOptionsBuilder, TagImageOptionsBuilder};
use slipway_pipelines::{
    plan::{Action, Image, Program, Pull, Ready, ReadyCheck, Retry, RetryOn, Step},
    state::Reason,
    wire::{Grant, Resume},
};
use tokio::{sync::watch, task::JoinHandle, time};

use super::{
    super::{Docker, Job},
    harness::{Bench, bench, config, step},
};
use crate::{
    executor::Executor,
    job::{Command, Done, Outcome, Setting, Start, drive},
    testing::memory::{Heard, Memory},
};

fn needs(needs: &[usize], step: Step) -> Step {
    Step { needs: needs.to_vec(), ..step }
}

fn retried(on: RetryOn, delay_seconds: u64, step: Step) -> Step {
    Step { retry: Some(Retry { max: 3, on: vec![on], delay_seconds }), ..step }
}

fn service(bench: &Bench, commands: &[&str], check: ReadyCheck, timeout_seconds: u64) -> Step {
    let commands = commands.iter().map(|&command| command.to_owned()).collect();
    let mut container = bench.container(Program::Commands { commands });
    container.ready = Some(Ready { check, timeout_seconds });
    step("db", Action::Service(container))
}

/// Counts its tries in the workspace; the third one ends well.
fn flaky(bench: &Bench) -> Step {
    let count = "n=$(cat tries 2>/dev/null || echo 0); echo $((n + 1)) > tries; echo count $n";
    let step = bench.commands("flaky", &[count, "echo VERSION=1.$n >> $SLIPWAY_OUTPUT", "[ $n = 2 ] || exit 75"]);
    Step { outputs: vec!["VERSION".into()], ..step }
}

fn start(bench: &Bench, docker: &Docker, memory: &Memory, start: Start) -> JoinHandle<Done<Job>> {
    let (docker, memory) = (Arc::new(docker.clone()), memory.clone());
    let setting = Setting::new(bench.data.path().to_owned(), "bench".into());
    tokio::spawn(async move {
        let (_command, commands) = watch::channel(Command::GoOn);
        drive(docker, memory, &setting, start, commands).await
    })
}

async fn ended(docker: &Docker, driver: JoinHandle<Done<Job>>, memory: &Memory) -> Heard {
    let done = time::timeout(Duration::from_secs(120), driver).await;
    let done = done.unwrap_or_else(|_| panic!("does not end: {:?}", memory.heard())).unwrap();
    assert!(matches!(done.outcome, Outcome::Finished(_)), "{:?}", done.outcome);
    done.close(docker).await;
    memory.heard()
}

async fn run(bench: &Bench, grant: &Grant) -> Heard {
    let memory = Memory::of(grant);
    let driver = start(bench, &bench.docker, &memory, Start::Fresh(grant.clone()));
    ended(&bench.docker, driver, &memory).await
}

#[tokio::test]
async fn a_service_a_flaky_step_and_its_output_make_a_green_job() {
    let Some(bench) = bench(0).await else { return };
    let up = ReadyCheck::Command { command: "cat /tmp/up".into() };
    let grant = bench.grant(vec![
        service(&bench, &["sleep 1", "touch /tmp/up", "sleep 100"], up, 60),
        needs(&[0], retried(RetryOn::Exit(75), 0, flaky(&bench))),
        needs(&[1], bench.commands("use", &["echo version $VERSION"])),
    ]);
    let heard = run(&bench, &grant).await;
    assert_eq!(heard.reasons(), ["stopped", "ok", "ok"], "{}", heard.log(1));
    assert_eq!(heard.finish_of(1).note, "after 2 retries");
    let counts: Vec<_> = heard.log(1).lines().filter(|line| line.starts_with("count")).map(str::to_owned).collect();
    assert_eq!(counts, ["count 0", "count 1", "count 2"], "{}", heard.log(1));
    assert!(heard.log(1).contains("slipway: retry 2 of 3: exit code 75\n"), "{}", heard.log(1));
    assert_eq!(heard.outputs[&1]["VERSION"], "1.2");
    assert!(heard.log(2).ends_with("version 1.2\n"), "{}", heard.log(2));
    bench.finish().await;
}

#[tokio::test]
async fn a_service_that_is_never_ready_shows_its_log() {
    let Some(bench) = bench(0).await else { return };
    let port = ReadyCheck::Port { port: 5432 };
    let grant = bench.grant(vec![
        service(&bench, &["echo cannot open the port", "sleep 100"], port, 2),
        needs(&[0], bench.commands("use", &["echo no"])),
    ]);
    let heard = run(&bench, &grant).await;
    assert_eq!(heard.reasons(), ["not_ready", "needs"]);
    let finish = heard.finish.unwrap();
    assert_eq!(finish.reason, Reason::NotReady);
    let begins = "service `db`: port 5432 did not open within 2 s; its log ends with:\n";
    assert!(finish.note.starts_with(begins) && finish.note.contains("\ncannot open the port\n"), "{}", finish.note);
    bench.finish().await;
}

#[tokio::test]
async fn a_restart_in_the_pause_counts_on() {
    let Some(bench) = bench(0).await else { return };
    let grant = bench.grant(vec![retried(RetryOn::Failure, 1, flaky(&bench))]);
    let memory = Memory::of(&grant);
    let mut docker = bench.docker.clone();
    let mut driver = start(&bench, &docker, &memory, Start::Fresh(grant.clone()));
    for retry in ["retry 1 of 3", "retry 2 of 3"] {
        memory.until(|heard| heard.log(0).contains(retry)).await;
        driver.abort();
        assert!(driver.await.unwrap_err().is_cancelled());
        // Another process: it knows of the job only what the engine and the spool have.
        docker = Docker::connect(config(&bench.instance, &bench.data, 0)).await.unwrap();
        let resume: Resume = memory.heard().resume(grant.clone());
        driver = start(&bench, &docker, &memory, Start::Resumed(resume));
    }
    let heard = ended(&docker, driver, &memory).await;
    assert_eq!(heard.finish_of(0).note, "after 2 retries", "{}", heard.log(0));
    for count in ["count 0\n", "count 1\n", "count 2\n"] {
        assert_eq!(heard.log(0).matches(count).count(), 1, "{}", heard.log(0));
    }
    docker.stop().await;
    bench.finish().await;
}

#[tokio::test]
async fn an_image_that_comes_late_is_asked_for_again() {
    let Some(bench) = bench(0).await else { return };
    let late = format!("127.0.0.1:1/{}", bench.image);
    let mut container = bench.container(Program::Commands { commands: vec!["echo here".into()] });
    container.image = Image::Registry { reference: late.clone(), pull: Pull::Missing };
    let grant = bench.grant(vec![retried(RetryOn::Error, 1, step("late", Action::Run(container)))]);
    let memory = Memory::of(&grant);
    let driver = start(&bench, &bench.docker, &memory, Start::Fresh(grant.clone()));
    memory.until(|heard| heard.log(0).contains("retry 1 of 3 in 1s: can't pull image")).await;
    let (repository, tag) = late.rsplit_once(':').unwrap();
    let options = TagImageOptionsBuilder::new().repo(repository).tag(tag).build();
    bench.docker.engine().api.tag_image(&bench.image, Some(options)).await.unwrap();
    let heard = ended(&bench.docker, driver, &memory).await;
    let options = RemoveImageOptionsBuilder::new().build();
    bench.docker.engine().api.remove_image(&late, Some(options), None).await.unwrap();
    assert_eq!(heard.reasons(), ["ok"]);
    assert!(heard.log(0).ends_with("here\n"), "{}", heard.log(0));
    bench.finish().await;
}
