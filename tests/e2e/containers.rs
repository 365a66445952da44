//! Steps that wait for a word from the test, so that a test decides when something happens.

use crate::harness::{
    docker::container_of_step,
    git::shell,
    process::Process,
    server::Server,
    wait::{PATIENCE, until},
};

/// A pipeline with one step `wait`: does `before`, waits for [`let_go`], does `after`.
pub(crate) fn waiting(before: &str, after: &str) -> String {
    format!(
        "steps:
  - name: wait
    image: slipway/busybox
    commands:
      - {before}
      - until [ -e /go ]; do sleep 0.1; done
      - {after}
"
    )
}

/// A pipeline with one step `wait` that prints numbered lines until [`let_go`], then their number.
pub(crate) const COUNTING: &str = "steps:
  - name: wait
    image: slipway/busybox
    commands:
      - i=0; until [ -e /go ]; do i=$((i+1)); echo line $i; sleep 0.02; done
      - echo end after $i
";

/// Fails unless a log of [`COUNTING`] is whole: every line once, in order.
pub(crate) fn assert_whole_count(log: &str) {
    let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with("+ ")).collect();
    let (last, counted) = lines.split_last().expect("lines");
    for (position, line) in counted.iter().enumerate() {
        assert_eq!(*line, format!("line {}", position + 1), "of {} lines", counted.len());
    }
    assert_eq!(*last, format!("end after {}", counted.len()));
    assert!(log.ends_with('\n'));
}

/// Id of the container of the step named `wait`, which is the second of its job.
pub(crate) async fn waiting_container(docker: &bollard::Docker, instance: &str) -> String {
    until("the step's container", PATIENCE, async || container_of_step(docker, instance, 1).await).await
}

/// Lets the step `wait` of the server's own runner go on.
pub(crate) async fn let_go(server: &Server, step: &str) {
    assert_eq!(step, "wait");
    // That of a job before it may still be on its way out.
    until("the step to wait for our word", PATIENCE, async || {
        let container = container_of_step(server.docker(), &server.instance, 1).await?;
        say_go(&container).await
    })
    .await;
}

/// Lets the step of a container go on.
pub(crate) async fn release(container: &str) {
    say_go(container).await.unwrap_or_else(|said| panic!("{said}"));
}

/// Puts the word into a container that runs. Not by a program in it: that is killed with the step, which may be quicker than it.
async fn say_go(container: &str) -> Result<(), String> {
    let script = format!(
        "[ \"$(docker inspect -f '{{{{.State.Running}}}}' {container})\" = true ] && docker cp /etc/hostname {container}:/go 2>&1"
    );
    let (status, said) = shell(std::path::Path::new("/"), &script, &[]).await;
    if status.success() { Ok(()) } else { Err(format!("{container} does not run: {said}")) }
}

/// What the container itself has printed so far, as the engine keeps it.
pub(crate) async fn engine_log(container: &str) -> String {
    shell(std::path::Path::new("/"), &format!("docker logs {container} 2>/dev/null"), &[]).await.1
}

/// Waits until the push terminal shows a line that ends like this.
pub(crate) async fn terminal_shows(push: &mut Process, text: &str) {
    let output = push.output.clone();
    until(&format!("`{text}` in the push terminal"), PATIENCE, async || {
        if output.lines().iter().any(|line| line.starts_with("remote:") && line.trim_end().ends_with(text)) {
            return Ok(());
        }
        push.assert_alive();
        Err(output.text())
    })
    .await;
}
