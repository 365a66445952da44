use std::time::Duration;

use slipway_pipelines::{
    plan::{Action, Environment, Image, Program, Pull, Ready, ReadyCheck, Step},
    state::Reason,
};

use super::harness::{Bench, Log, bench, import, spec, step};
use crate::{
    docker::Job,
    executor::{Executor, Failed, Handle},
};

fn ready(mut step: Step, check: ReadyCheck) -> Step {
    spec(&mut step).ready = Some(Ready { check, timeout_seconds: 60 });
    step
}

/// Opens a job and lets its steps go.
async fn open(bench: &Bench, steps: Vec<Step>) -> (Job, Vec<Handle>) {
    let grant = bench.grant(steps);
    let job = bench.docker.open(&grant).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    let mut handles = Vec::new();
    for position in 0..grant.plan.steps.len() {
        handles.push(bench.docker.prepare(&job, position, Log::default().sink()).await.unwrap());
        bench.docker.release(&job, position, &Environment::new()).await.unwrap();
    }
    (job, handles)
}

async fn wait(bench: &Bench, job: &Job, step: usize) -> Result<(), Failed> {
    let ready = bench.docker.ready(job, step);
    tokio::time::timeout(Duration::from_secs(30), ready).await.expect("an answer in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_waited_for_by_command_by_port_and_by_program() {
    let Some(bench) = bench(0).await else { return };
    let wait_for = |file: &str| format!("until [ -e /slipway/{file} ]; do sleep 0.05; done");
    let steps = vec![
        ready(
            bench.service("command", &[&wait_for("go"), "touch up", "sleep 1000"]),
            ReadyCheck::Command { command: "[ -e up ]".into() },
        ),
        ready(bench.service("port", &[&wait_for("go"), "httpd -f -p 5432"]), ReadyCheck::Port { port: 5432 }),
        ready(
            bench.service("program", &[&wait_for("go"), "touch /up", "sleep 1000"]),
            ReadyCheck::Program { program: ["cat", "/up"].map(str::to_owned).to_vec(), timeout_seconds: Some(1) },
        ),
        ready(bench.service("other port", &["httpd -f -p 81"]), ReadyCheck::Port { port: 80 }),
        bench.commands("go", &["touch /slipway/go"]),
    ];
    let grant = bench.grant(steps);
    let docker = &bench.docker;
    let job = docker.open(&grant).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    for position in 0..5 {
        docker.prepare(&job, position, Log::default().sink()).await.unwrap();
        if position < 4 {
            docker.release(&job, position, &Environment::new()).await.unwrap();
        }
    }
    for position in 0..4 {
        let early = tokio::time::timeout(Duration::from_millis(400), docker.ready(&job, position)).await;
        assert!(early.is_err(), "{position}: {early:?}");
    }
    docker.release(&job, 4, &Environment::new()).await.unwrap();
    let (command, port, program) = tokio::join!(wait(&bench, &job, 0), wait(&bench, &job, 1), wait(&bench, &job, 2));
    assert_eq!((command, port, program), (Ok(()), Ok(()), Ok(())));
    let never = tokio::time::timeout(Duration::from_millis(400), docker.ready(&job, 3)).await;
    assert!(never.is_err(), "{never:?}");
    docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_ends_is_never_ready_and_that_is_said_at_once() {
    let Some(bench) = bench(0).await else { return };
    let ends = &["sleep 0.3; exit 7"];
    let (job, _handles) = open(
        &bench,
        vec![
            ready(bench.service("command", ends), ReadyCheck::Command { command: "false".into() }),
            ready(bench.service("port", ends), ReadyCheck::Port { port: 1 }),
        ],
    )
    .await;
    for position in 0..2 {
        let failed = wait(&bench, &job, position).await.unwrap_err();
        assert_eq!(failed.reason, Reason::NotReady);
        assert!(failed.message.contains("exit code 7"), "{failed}");
    }
    bench.docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_images_healthcheck_is_asked_if_it_has_one() {
    let Some(bench) = bench(0).await else { return };
    let token = bench.image.replace("slipway-test:", "healthy-");
    let files = super::harness::rootfs().unwrap();
    let changes = [
        "ENV PATH=/bin",
        "HEALTHCHECK --interval=1h CMD [ -e /tmp/up ]",
        "CMD [\"/bin/sh\", \"-c\", \"sleep 1; touch /tmp/up; sleep 1000\"]",
    ];
    let healthy = import(bench.docker.engine(), &token, files, &changes).await;
    let mut good = step("good", Action::Service(bench.container(Program::Image)));
    spec(&mut good).image = Image::Registry { reference: healthy.clone(), pull: Pull::Missing };
    let none = bench.service("none", &["sleep 1000"]);
    let (job, _handles) = open(&bench, vec![ready(good, ReadyCheck::Health), ready(none, ReadyCheck::Health)]).await;
    assert_eq!(wait(&bench, &job, 0).await, Ok(()));
    let failed = wait(&bench, &job, 1).await.unwrap_err();
    assert_eq!(failed.reason, Reason::NotReady);
    assert!(failed.message.contains("no HEALTHCHECK"), "{failed}");
    bench.docker.close(&job).await;
    super::super::build::remove(bench.docker.engine(), &healthy).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_shell_is_waited_for_by_port_only() {
    let Some(bench) = bench(0).await else { return };
    let token = bench.image.replace("slipway-test:", "bare-");
    let busybox = std::fs::read("/usr/bin/busybox").or_else(|_| std::fs::read("/bin/busybox")).unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(busybox.len() as u64);
    tar.append_data(&mut header, "busybox", &busybox[..]).unwrap();
    let serves = ["CMD [\"/busybox\", \"httpd\", \"-f\", \"-p\", \"8080\"]"];
    let bare = import(bench.docker.engine(), &token, tar.into_inner().unwrap(), &serves).await;
    let service = |check| {
        let mut service = step("bare", Action::Service(bench.container(Program::Image)));
        spec(&mut service).image = Image::Registry { reference: bare.clone(), pull: Pull::Missing };
        ready(service, check)
    };
    let steps = vec![service(ReadyCheck::Port { port: 8080 }), service(ReadyCheck::Command { command: "true".into() })];
    let (job, _handles) = open(&bench, steps).await;
    assert_eq!(wait(&bench, &job, 0).await, Ok(()));
    let failed = wait(&bench, &job, 1).await.unwrap_err();
    assert_eq!(failed.reason, Reason::NotReady);
    assert!(failed.message.contains("/bin/sh"), "{failed}");
    bench.docker.close(&job).await;
    super::super::build::remove(bench.docker.engine(), &bare).await;
    bench.finish().await;
}
