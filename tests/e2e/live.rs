//! The log while it is written: order, liveness, size.

use super::containers::{let_go, terminal_shows, waiting};
use crate::harness::{
    api::Api,
    build::Build,
    git::Repo,
    server::{Kind, Server, Setup},
    sse::Events,
    wait::PATIENCE,
};

/// The bytes of a log's live stream, to its end.
async fn drain(mut events: Events) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some((event, _)) = events.next(PATIENCE).await {
        match Api::log_chunk(&event) {
            Some(chunk) => bytes.extend(chunk),
            None => break,
        }
    }
    bytes
}

async fn running_step(server: &Server, repository: &str) -> Build {
    server
        .api
        .wait(repository, 1, "a running step", |build| {
            build.jobs.iter().any(|job| job.steps.iter().any(|step| step.name != "clone" && step.status == "running"))
        })
        .await
}

#[tokio::test]
async fn lines_arrive_in_their_order_and_before_the_step_ends() {
    let server = Setup::new(Kind::Docker).start().await;
    let lines = "for i in $(seq 1 500); do if [ $((i % 2)) = 0 ]; then echo $i; else echo $i >&2; fi; done";
    let repo = Repo::with_pipeline(&waiting(lines, "echo last")).await;
    let mut push = repo.push_live(&server.remote("me/live"), "main");

    let build = running_step(&server, "me/live").await;
    let mut early = server.api.log_stream("me/live", &build, "wait").await;
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("\n500\n") {
        let (event, _) = early.next(PATIENCE).await.expect("the stream goes on while the step runs");
        seen.extend(Api::log_chunk(&event).expect("a piece of the log"));
    }
    terminal_shows(&mut push, "500").await;
    let build = server.api.build("me/live", 1).await;
    assert_eq!(build.step("wait").status, "running", "the lines came while it ran");
    // A second viewer in the middle, and one that resumes after a lost connection.
    let middle = server.api.log_stream("me/live", &build, "wait").await;
    let resumed = server.api.log_stream_from("me/live", &build, "wait", seen.len() as u64).await;

    let_go(&server, "wait").await;
    let build = server.api.wait_end("me/live", 1).await;
    build.assert_ended("success", "ok");
    let log = server.api.log_bytes("me/live", &build, "wait").await;
    let text = String::from_utf8(log.clone()).unwrap();
    let numbers: Vec<u32> = text.lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(numbers, (1..=500).collect::<Vec<_>>(), "standard output and error in the order of writing");
    assert!(text.ends_with("\nlast\n"));
    let commands = server.api.commands("me/live", &build, "wait").await;
    let last = commands.last().expect("commands");
    assert_eq!((last["command"].as_str(), last["exit_code"].as_i64()), (Some("echo last"), Some(0)));
    assert!(!text.contains("slipway;"), "marks are taken out");

    let rest = drain(early).await;
    assert_eq!([seen.clone(), rest.clone()].concat(), log, "the first viewer");
    assert_eq!(drain(middle).await, log, "the second viewer");
    assert_eq!([seen, drain(resumed).await].concat(), log, "the viewer that came back");
    assert_eq!(drain(server.api.log_stream("me/live", &build, "wait").await).await, log, "a viewer after the end");
    assert!(push.ended(PATIENCE).await.success());
    assert!(push.output.text().contains("last"), "{}", push.output.text());

    let path = Api::log_path("me/live", &build, "wait");
    let part = server.api.request("GET", &path).header("Range", "bytes=10-19").send().await.unwrap();
    assert_eq!(part.status().as_u16(), 206);
    assert_eq!(part.bytes().await.unwrap()[..], log[10..20]);
    server.finish().await;
}

#[tokio::test]
async fn fifty_megabytes_arrive_byte_for_byte() {
    const LINE: &str = "The harbour master writes down every ship that leaves, and never the same one twice.";
    const BYTES: usize = 50_000_000;
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(&format!(
        "steps:
  - name: loud
    image: slipway/busybox
    commands:
      - yes '{LINE}' | head -c {BYTES}
"
    ))
    .await;
    let mut push = repo.push_live(&server.remote("me/loud"), "main");
    running_step(&server, "me/loud").await;
    push.signal("INT").await;
    push.ended(PATIENCE).await;

    let build = server.api.wait_end("me/loud", 1).await;
    build.assert_ended("success", "ok");
    let log = server.api.log_bytes("me/loud", &build, "loud").await;
    let head = format!("+ yes '{LINE}' | head -c {BYTES}\n");
    assert_eq!(log.len(), head.len() + BYTES);
    assert_eq!(&log[..head.len()], head.as_bytes());
    let line = format!("{LINE}\n");
    for (number, chunk) in log[head.len()..].chunks(line.len()).enumerate() {
        assert!(chunk == &line.as_bytes()[..chunk.len()], "line {number}: {}", String::from_utf8_lossy(chunk));
    }
    server.finish().await;
}
