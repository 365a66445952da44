//! One measurement each. All answers are milliseconds.

use std::{
    process::Stdio,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use tokio::{io::AsyncReadExt, process::Command};

use crate::harness::{
    api::Api,
    build::{Build, millis},
    docker::{BUSYBOX, objects},
    git::Repo,
    process::Process,
    server::Server,
    sse::Events,
    wait::{PATIENCE, until},
};

/// The pause between two steps, seen twice.
pub(crate) struct Gap {
    pub(crate) by_api: f64,
    pub(crate) in_steps: f64,
}

/// What it is measured on.
pub(crate) async fn machine(server: &Server) -> String {
    let version = server.docker().version().await.unwrap();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores, Docker engine {}, {}\n", version.version.unwrap_or_default(), env!("CARGO_PKG_VERSION"))
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// `docker run --rm IMG echo x` until its first byte.
pub(crate) async fn docker_first_byte() -> f64 {
    let start = Instant::now();
    let mut child = Command::new("docker")
        .args(["run", "--rm", BUSYBOX, "echo", "x"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the Docker CLI starts");
    let read = child.stdout.as_mut().expect("piped").read_u8().await;
    let took = ms(start);
    assert_eq!(read.ok(), Some(b'x'));
    assert!(child.wait().await.unwrap().success());
    took
}

/// `docker run --rm IMG true`, one after the other.
pub(crate) async fn docker_runs(count: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..count {
        let status = Command::new("docker").args(["run", "--rm", BUSYBOX, "true"]).status().await.unwrap();
        assert!(status.success());
    }
    ms(start)
}

/// Pushes one more commit of a pipeline; gives the number of its build and the push itself.
async fn push(server: &Server, repository: &str, pipeline: &str) -> (u64, Repo, Process) {
    let number = match server.api.get(&format!("/api/v1/repos/{repository}/builds")).await.status().as_u16() {
        200 => server.api.numbers(repository).await.first().copied().unwrap_or(0) + 1,
        _ => 1,
    };
    let repo = Repo::with_pipeline(pipeline).await;
    repo.commit(&format!("Build {number}")).await;
    let process = repo.push_live(&server.remote(repository), "+main:main");
    (number, repo, process)
}

/// The push's acceptance, which is the build's creation, until a client of the live log has its first byte.
pub(crate) async fn push_to_first_byte(server: &Server, repository: &str) -> f64 {
    let pipeline = format!("steps: [{{name: say, image: {BUSYBOX}, commands: [echo x]}}]");
    let (number, _repo, mut process) = push(server, repository, &pipeline).await;
    // Position 0 is the checkout.
    let path = format!("/api/v1/repos/{repository}/builds/{number}/jobs/0/steps/1/log/stream");
    let stream = loop {
        let response = server.api.get(&path).await;
        if response.status().is_success() {
            break response;
        }
        process.assert_alive();
    };
    let mut events = Events::new(stream);
    let now = loop {
        let (event, _) = events.next(PATIENCE).await.expect("a log");
        if Api::log_chunk(&event).is_some_and(|bytes| !bytes.is_empty()) {
            break SystemTime::now();
        }
    };
    assert!(process.ended(PATIENCE).await.success());
    let build = ended(server, repository, number).await;
    let now = now.duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0;
    now - millis(&build.json["created_at"])
}

/// Two steps of one second.
pub(crate) async fn gap(server: &Server, repository: &str) -> Gap {
    let pipeline = format!(
        "steps:
  - {{name: one, image: {BUSYBOX}, commands: [sleep 1, cat /proc/uptime]}}
  - {{name: two, image: {BUSYBOX}, commands: [cat /proc/uptime, sleep 1]}}
"
    );
    let build = run(server, repository, &pipeline).await;
    let time = |step: &str, field: &str| {
        let (job, position) = build.position(step);
        millis(&build.json["jobs"][job]["steps"][position][field])
    };
    let mut uptime = Vec::new();
    for step in ["one", "two"] {
        let log = server.api.log(repository, &build, step).await;
        let seconds = log.lines().find_map(|line| line.split(' ').next()?.parse::<f64>().ok());
        uptime.push(seconds.expect("an uptime") * 1000.0);
    }
    Gap { by_api: time("two", "started_at") - time("one", "finished_at"), in_steps: uptime[1] - uptime[0] }
}

/// From a build's creation to its end.
pub(crate) async fn twenty_steps(server: &Server, repository: &str) -> f64 {
    let step = |n| format!("  - {{name: step-{n}, image: {BUSYBOX}, commands: ['true']}}\n");
    let pipeline = format!("skip_clone: true\nsteps:\n{}", (1..=20).map(step).collect::<String>());
    let build = run(server, repository, &pipeline).await;
    millis(&build.json["finished_at"]) - millis(&build.json["created_at"])
}

/// A build of a pipeline, to its end.
pub(crate) async fn run(server: &Server, repository: &str, pipeline: &str) -> Build {
    let (number, _repo, mut process) = push(server, repository, pipeline).await;
    assert!(process.ended(PATIENCE).await.success(), "{}", process.output.text());
    ended(server, repository, number).await
}

async fn ended(server: &Server, repository: &str, number: u64) -> Build {
    let build = server.api.wait_end(repository, number).await;
    assert_eq!(build.status, "success", "{build:?}");
    // What the last build left is removed before the next begins, for both sides.
    let labels = [format!("slipway.instance={}", server.instance), "slipway.role=step".to_owned()];
    until("the last build to be tidied up", PATIENCE, async || match objects(server.docker(), &labels).await {
        Ok(left) if left.containers.is_empty() => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    build
}
