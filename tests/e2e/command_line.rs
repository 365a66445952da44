//! The command line: exit codes, and one clear line when it cannot start.

use std::{fs, path::Path, process::Output};

use tokio::{process::Command, time::timeout};

use crate::harness::{
    git::Repo,
    server::{Kind, Setup, binary, clean_environment},
    wait::PATIENCE,
};

fn slipway(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    clean_environment(&mut command);
    command.args(arguments).current_dir(folder).kill_on_drop(true).stdin(std::process::Stdio::null());
    command
}

/// Runs it to its end; gives exit code and both outputs.
async fn run(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

#[tokio::test]
async fn a_second_server_on_the_same_data_refuses_to_start() {
    let server = Setup::new(Kind::Dummy).start().await;
    let data = server.data();
    let data = data.to_str().unwrap();
    for command in ["up", "server"] {
        let mut second = slipway(server.scratch(), &[command, "--data", data, "--listen", "127.0.0.1:0"]);
        if command == "up" {
            second.env("SLIPWAY_EXECUTOR", "dummy");
        }
        let (code, _, stderr) = run(second).await;
        assert_eq!(code, 3, "{stderr}");
        assert!(stderr.contains(data), "says which folder: {stderr}");
    }
    let repo = Repo::with_pipeline("steps: [{name: a, image: dummy, commands: [echo]}]").await;
    repo.push_main(&server.remote("me/first")).await;
    server.api.build("me/first", 1).await.assert_ended("success", "ok");
    server.finish().await;
}

#[tokio::test]
async fn without_docker_up_says_what_to_do_and_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = "unix:///nonexistent/docker.sock";
    let mut up = slipway(folder.path(), &["up", "--data", "data", "--listen", "127.0.0.1:0"]);
    up.env("DOCKER_HOST", nowhere);
    let (code, stdout, stderr) = run(up).await;
    assert_eq!((code, stdout.as_str()), (3, ""), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "one line: {stderr}");
    assert!(stderr.contains("Docker") && stderr.contains("/nonexistent/docker.sock"), "{stderr}");

    let server = Setup::new(Kind::ServerOnly).env("DOCKER_HOST", nowhere).start().await;
    assert_eq!(server.api.get("/healthz").await.status().as_u16(), 200);
    assert_eq!(server.api.get("/").await.status().as_u16(), 200);
    server.finish().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, stderr) = run(slipway(folder.path(), &["server", "--data", "data", "--listen", &address])).await;
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains(&address), "{stderr}");
}

#[tokio::test]
async fn a_runner_with_a_wrong_token_or_without_a_server_ends_with_a_reason() {
    let server = Setup::new(Kind::ServerOnly).start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut runner =
        slipway(folder.path(), &["runner", "--server", &server.api.url, "--executor", "dummy", "--data", "data"]);
    runner.env("SLIPWAY_TOKEN", "slp_wrong");
    let (code, _, stderr) = run(runner).await;
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("token"), "{stderr}");
    assert!(!stderr.contains("slp_wrong"), "a token is not shown: {stderr}");
    server.finish().await;
}

#[tokio::test]
async fn lint_has_exit_codes_and_points_at_the_text() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let lint = |arguments: &[&str]| run(slipway(folder.path(), &[&["lint"], arguments].concat()));

    let (code, _, stderr) = lint(&[]).await;
    assert_eq!(code, 2, "no pipeline here: {stderr}");
    write(".slipway.yml", "steps: [{name: a, image: busybox, commands: [echo a]}]\n");
    let (code, stdout, _) = lint(&[]).await;
    assert_eq!(code, 0);
    assert!(stdout.contains("1 file"), "{stdout}");

    write(".slipway.yml", "steps:\n  - name: a\n    image: busybox\n    comands: [echo a]\n");
    let (code, _, stderr) = lint(&[".slipway.yml"]).await;
    assert_eq!(code, 2);
    assert!(stderr.contains(".slipway.yml:4:5") && stderr.contains("did you mean `commands`"), "{stderr}");
    assert_eq!(lint(&["missing.yml"]).await.0, 2);

    // The same unknown key is only a warning where Woodpecker's own files are read.
    fs::remove_file(folder.path().join(".slipway.yml")).unwrap();
    write(".woodpecker.yml", "steps:\n  - name: a\n    image: busybox\n    commands: [echo a]\n    colour: blue\n");
    let (code, stdout, stderr) = lint(&[]).await;
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stderr.contains("colour"), "{stderr}");

    assert_eq!(run(slipway(folder.path(), &["lnit"])).await.0, 2);
    assert_eq!(run(slipway(folder.path(), &["--version"])).await.0, 0);
}

#[tokio::test]
async fn every_example_and_scenario_that_should_run_passes_lint() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/examples");
    let mut checked = 0;
    for entry in fs::read_dir(&examples).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let (code, stdout, stderr) = run(slipway(&path, &["lint"])).await;
            assert_eq!(code, 0, "{}: {stdout}{stderr}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 0);
}
