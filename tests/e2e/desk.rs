//! `slipway run`, `plan` and `lint` in a directory, without a server.

pub(super) mod bench;
mod reports;

use std::{fs, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

use bench::{Desk, Ended};

use crate::harness::{
    api::Api,
    build::Build,
    docker,
    git::Repo,
    process::{Output, Process},
    server::{Kind, Setup, binary, clean_environment},
    wait::{PATIENCE, until},
};

const TEST: &str = "
matrix:
  CELL: [one, two]
services:
  - name: cache
    image: slipway/busybox
    commands: [echo serving, touch /tmp/up, sleep 1000]
    ready: {command: test -e /tmp/up}
steps:
  - name: tell
    image: slipway/busybox
    outputs: [VERSION]
    commands:
      - echo VERSION=v-$CELL >> $SLIPWAY_OUTPUT
      - echo cell $CELL of ${CI_REPO} at $CI_COMMIT_SHA by $CI_COMMIT_AUTHOR
      - env | grep -E '^CI_(COMMIT|REPO|WORKFLOW|STEP_N|STEP_T|WORKSPACE)' | grep -vE 'REMOTE_ID|URL|STARTED' | sort
      - ls -l && cat data.txt && git log -1 --format=%H || true
      - head -c 200000 /dev/zero | tr '\\0' x; printf 'no end of line'
  - name: shaky
    image: slipway/busybox
    failure: ignore
    retry: {max: 1, on: ['exit:4']}
    commands: [exit 4]
  - name: fail
    image: slipway/busybox
    commands: [echo now; exit 3]
  - name: never
    image: slipway/busybox
    commands: [echo never]
  - name: rescue
    image: slipway/busybox
    commands: [echo rescued]
    when: [{status: [failure]}]
";

const AFTER: &str = "
depends_on: [test]
runs_on: [failure]
skip_clone: true
steps:
  - name: tidy
    image: slipway/busybox
    commands: ['echo tidy $VERSION; ls']
";

const SKIPPED: &str = "
depends_on: [test]
steps:
  - name: deploy
    image: slipway/busybox
    commands: [echo deploy]
";

#[tokio::test]
async fn a_run_ends_as_the_servers_build_of_the_same_commit() {
    let files = [
        (".slipway/test.yml", TEST),
        (".slipway/after.yml", AFTER),
        (".slipway/skipped.yml", SKIPPED),
        ("data.txt", "some data\n"),
    ];
    let repo = Repo::with(&files).await;
    let server = Setup::new(Kind::Docker).start().await;
    let remote = server.remote("me/desk");
    repo.git(["remote", "add", "origin", &remote]).await;
    repo.push(&remote, "main").await;
    let theirs = server.api.wait_end("me/desk", 1).await;

    let desk = Desk::docker().await;
    let folder = tempfile::tempdir().unwrap();
    let ran = desk.run(repo.path(), &["--report", folder.path().to_str().unwrap()]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let ours: Value = serde_json::from_slice(&fs::read(folder.path().join("build.json")).unwrap()).unwrap();
    for field in ["status", "reason", "event", "branch", "sha", "message"] {
        assert_eq!(ours[field], theirs.json[field], "{field}: {ours:#}");
    }
    let jobs = ours["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), theirs.jobs.len(), "{ours:#}");
    for (ours, their) in jobs.iter().zip(&theirs.jobs) {
        assert_eq!(ours["name"], their.name.as_str());
        assert_eq!((&ours["status"], &ours["reason"]), (&their.status.as_str().into(), &their.reason.clone().into()));
        let steps = ours["steps"].as_array().unwrap();
        assert_eq!(steps.len(), their.steps.len());
        for (ours, step) in steps.iter().zip(&their.steps) {
            let seen = (&ours["name"], &ours["kind"], &ours["status"], &ours["reason"], &ours["exit_code"]);
            let wanted: [Value; 5] = [
                step.name.as_str().into(),
                step.kind.as_str().into(),
                step.status.as_str().into(),
                step.reason.clone().into(),
                step.exit_code.into(),
            ];
            if their.status == "skipped" {
                // No runner had it; the server says of its steps what it likes.
                assert_eq!(ours["started_at"], Value::Null);
                continue;
            }
            let [name, kind, status, reason, code] = &wanted;
            assert_eq!(seen, (name, kind, status, reason, code), "of {}: {ours:#}", their.name);
            let log = ours["log"].as_str().map(|path| fs::read(folder.path().join(path)).unwrap());
            let place = theirs.jobs.iter().position(|job| job.name == their.name).unwrap();
            assert_eq!(
                normal(&log.unwrap_or_default()),
                normal(&log_of(&server.api, &theirs, place, &step.name).await)
            );
        }
    }
    let log = fs::read_to_string(folder.path().join(jobs_log(&ours, "test (CELL=two)", "tell"))).unwrap();
    assert!(log.contains("cell two of me/desk") && log.ends_with("no end of line"), "{}", &log[..500]);
    // Of two cells that give the same name, the later one's holds.
    let log = fs::read_to_string(folder.path().join(jobs_log(&ours, "after", "tidy"))).unwrap();
    assert!(log.contains("tidy v-two\n"), "{log}");
    desk.finish().await;
    server.finish().await;
}

fn jobs_log(build: &Value, job: &str, step: &str) -> String {
    let named = |list: &Value, name: &str| {
        list.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
    };
    named(&named(&build["jobs"], job)["steps"], step)["log"].as_str().unwrap().to_owned()
}

async fn log_of(api: &Api, build: &Build, job: usize, step: &str) -> Vec<u8> {
    let position = build.jobs[job].steps.iter().position(|one| one.name == step).unwrap();
    let path = format!("/api/v1/repos/me/desk/builds/{}/jobs/{job}/steps/{position}/log", build.number);
    let response = api.get(&path).await;
    assert!(response.status().is_success(), "{path}: {}", response.status());
    response.bytes().await.unwrap().to_vec()
}

/// Which of two cells checks the commit out and which finds it in the cache is chance.
fn normal(log: &[u8]) -> String {
    String::from_utf8_lossy(log).replace(", from the cache", "")
}

#[tokio::test]
async fn what_is_not_committed_runs_and_nothing_of_the_users_is_touched() {
    let pipeline = "steps: [{name: show, image: slipway/busybox, commands: ['cat a.txt new.txt; ls']}]";
    let repo = Repo::with(&[(".slipway.yml", pipeline), ("a.txt", "old\n"), (".gitignore", "secret\n")]).await;
    repo.write("a.txt", "changed\n");
    repo.write("new.txt", "untracked\n");
    repo.write("secret", "ignored\n");
    let before = (repo.git(["status", "--porcelain"]).await, fs::read(repo.path().join(".git/index")).unwrap());
    let objects = repo.git(["count-objects"]).await;
    let desk = Desk::docker().await;
    let ran = desk.run(repo.path(), &[]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("with what is not committed"), "{ran:?}");
    for line in ["show | changed\n", "show | untracked\n", "show | a.txt\n", "show: ok (", "success in "] {
        assert!(ran.stdout.contains(line), "no {line:?}: {ran:?}");
    }
    assert!(!ran.stdout.contains("secret"), "{ran:?}");
    // What is in the index was read by git above; it rewrites it when it likes, we never do.
    assert_eq!((repo.git(["status", "--porcelain"]).await, fs::read(repo.path().join(".git/index")).unwrap()), before);
    assert_eq!(repo.git(["count-objects"]).await, objects);
    desk.finish().await;
}

#[tokio::test]
async fn it_works_without_git_and_from_below() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("sub/hello"), "there\n").unwrap();
    let pipeline = "steps: [{name: show, image: slipway/busybox, commands: ['cat hello']}]";
    fs::write(folder.path().join("sub/.slipway.yml"), pipeline).unwrap();
    let desk = Desk::docker().await;
    let ran = desk.run(&folder.path().join("sub"), &[]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("show | there\n"), "{ran:?}");
    desk.finish().await;
    let none = Desk::dummy().run(folder.path(), &[]).await;
    assert_eq!(none.code, 2, "{none:?}");
    assert!(none.stderr.contains("no pipeline in") && none.stderr.lines().count() == 1, "{none:?}");
}

const CHAIN: &str = "steps:
  - {name: make, image: dummy, commands: [echo make]}
  - {name: test, image: dummy, commands: [echo test]}
  - {name: ship, image: dummy, commands: [echo ship]}
  - {name: release, image: dummy, commands: [echo release], when: [{event: tag}]}
";

#[tokio::test]
async fn a_part_of_it_runs_and_a_wrong_name_is_told_what_was_meant() {
    let repo = Repo::with_pipeline(CHAIN).await;
    let desk = Desk::dummy();
    let steps = |ran: &Ended| -> Vec<String> {
        let ends = ran.stdout.lines().filter(|line| line.contains(": ok"));
        let mut names: Vec<String> = ends.map(|line| line.split(':').next().unwrap().to_owned()).collect();
        // Steps of a millisecond are told when their logs are whole, in any order.
        names.sort();
        names
    };
    for (arguments, wanted) in [
        (&["--step", "test"][..], &["clone", "test"][..]),
        (&["--", "make", "ship"], &["clone", "make", "ship"]),
        (&["--from", "test"], &["clone", "ship", "test"]),
        (&["--event", "tag", "--tag", "v1", "--from", "ship"], &["clone", "release", "ship"]),
        (&[".slipway.yml", "--", "make"], &["clone", "make"]),
    ] {
        let ran = desk.run(repo.path(), arguments).await;
        assert_eq!((ran.code, steps(&ran)), (0, wanted.iter().map(|step| (*step).to_owned()).collect()), "{ran:?}");
    }
    for (arguments, wanted) in [
        (&["--step", "tset"][..], "did you mean `test`"),
        (&["--step", "release"], "takes event `tag`"),
        (&["--matrix", "GO=1"], "no matrix has the axis `GO`"),
        (&["--event", "pusch"], "push"),
        (&["--event", "push", "--param", "a=b"], "manual"),
        (&["missing.yml"], "missing.yml"),
        (&["--shell"], "terminal"),
        (&["--secret-file", "nowhere"], "nowhere"),
    ] {
        let ran = desk.run(repo.path(), arguments).await;
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(wanted), "{arguments:?}: {ran:?}");
    }
}

#[tokio::test]
async fn exit_codes_tell_whose_fault_it_is() {
    let desk = Desk::dummy();
    let code = async |pipeline: &str| desk.run(Repo::with_pipeline(pipeline).await.path(), &[]).await.code;
    let step = |environment: &str| {
        format!("steps: [{{name: a, image: dummy, commands: [x], environment: {{{environment}}}}}]")
    };
    assert_eq!(code(&step("")).await, 0);
    assert_eq!(code(&step("STEP_EXIT_CODE: 7")).await, 1);
    assert_eq!(code(&step("STEP_START_FAIL: true")).await, 3);
    assert_eq!(code("steps: [{name: a, image: dummy, comands: [x]}]").await, 2);

    let repo = Repo::with_pipeline(&step("")).await;
    let mut command = desk.command(repo.path(), &["run"]);
    command.env("SLIPWAY_EXECUTOR", "docker").env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    let output = command.output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(3), 1), "{said}");
    assert!(said.contains("start Docker"), "{said}");
}

#[tokio::test]
async fn secrets_come_from_a_file_and_are_masked() {
    let pipeline = "steps:
  - name: use
    image: slipway/busybox
    environment: {TOKEN: {from_secret: npm_token}, KEY: {from_secret: key}}
    commands: ['echo token $TOKEN', 'echo $KEY | wc -c', 'echo $KEY']
";
    let repo = Repo::with_pipeline(pipeline).await;
    repo.write("my.secrets", "# mine\nNPM_TOKEN=hunter2hunter2\nkey=@key.txt\nother=unused-value\n");
    repo.write("key.txt", "verysecretkey\n");
    let desk = Desk::docker().await;
    let ran = desk.run(repo.path(), &["--secret-file", "my.secrets"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("use | token ") && ran.stdout.contains("use | 14\n"), "{ran:?}");
    assert!(!ran.stdout.contains("hunter2") && !ran.stdout.contains("verysecret"), "{ran:?}");
    desk.finish().await;

    repo.write("my.secrets", "npm_tokn=hunter2hunter2\n");
    let ran = Desk::dummy().run(repo.path(), &["--secret-file", "my.secrets"]).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    for wanted in ["`npm_token`", "`key`", "`use`", "did you mean `npm_tokn`", "--secret-file"] {
        assert!(ran.stderr.contains(wanted), "no {wanted}: {ran:?}");
    }
    assert!(!ran.stderr.contains("hunter2"), "{ran:?}");
}

#[tokio::test]
async fn ctrl_c_stops_the_steps_and_leaves_nothing() {
    let pipeline = "services:
  - {name: beside, image: slipway/busybox, commands: [sleep 1000]}
steps:
  - name: wait
    image: slipway/busybox
    commands: [\"trap 'echo tidied; exit 0' TERM; echo ready; while :; do sleep 0.1; done\"]
";
    let repo = Repo::with_pipeline(pipeline).await;
    let desk = Desk::docker().await;
    let mut process = Process::start("slipway run", desk.command(repo.path(), &["run"]), Output::default());
    process.says("wait | ready").await;
    process.signal("INT").await;
    let status = process.ended(Duration::from_secs(30)).await;
    let said = process.output.text();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("wait | tidied") && said.contains("cancelled"), "{said}");
    desk.finish().await;
}

#[tokio::test]
async fn a_second_ctrl_c_does_not_wait_and_a_killed_run_is_tidied_by_the_next() {
    let pipeline = "steps:
  - name: wait
    image: slipway/busybox
    commands: [\"trap '' TERM; echo ready; while [ ! -e go ]; do sleep 0.1; done\"]
";
    let repo = Repo::with_pipeline(pipeline).await;
    let desk = Desk::docker().await;
    let start = || Process::start("slipway run", desk.command(repo.path(), &["run"]), Output::default());
    let mut process = start();
    process.says("wait | ready").await;
    let asked = std::time::Instant::now();
    process.signal("INT").await;
    process.says("stopping: ").await;
    process.signal("INT").await;
    assert_eq!(process.ended(Duration::from_secs(30)).await.code(), Some(1), "{}", process.output.text());
    assert!(asked.elapsed() < Duration::from_secs(9), "{:?}", asked.elapsed());

    let mut killed = start();
    killed.says("wait | ready").await;
    killed.kill().await;
    let engine = desk.engine.as_ref().unwrap();
    let instance = desk.instances().remove(0);
    let left = docker::objects(engine, &[format!("slipway.instance={instance}")]).await.unwrap();
    assert!(!left.containers.is_empty(), "a killed run leaves its containers");
    repo.write("go", "");
    let ran = desk.run(repo.path(), &[]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(desk.instances(), [instance], "the same place");
    desk.finish().await;
}

#[tokio::test]
async fn a_kept_workspace_has_the_files_and_its_removal_is_told() {
    let repo = Repo::with_pipeline(
        "steps: [{name: make, image: slipway/busybox, commands: ['echo made > made.txt; exit 1']}]",
    )
    .await;
    let desk = Desk::docker().await;
    let ran = desk.run(repo.path(), &["--keep"]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    let volume = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("remove it: docker volume rm "));
    let volume = volume.unwrap_or_else(|| panic!("{ran:?}"));
    let look = "find /w -name made.txt -exec cat {} +";
    let shown = Command::new("docker")
        .args(["run", "--rm", "-v", &format!("{volume}:/w"), docker::BUSYBOX, "sh", "-c", look])
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&shown.stdout), "made\n", "{shown:?}");
    let removed = Command::new("docker").args(["volume", "rm", volume]).output().await.unwrap();
    assert!(removed.status.success(), "{removed:?}");
    let engine = desk.engine.as_ref().unwrap();
    until("no container to be left", PATIENCE, async || {
        let left = docker::objects(engine, &["slipway.sandbox".to_owned()]).await.map_err(|error| error.to_string())?;
        let ours = left.containers.iter().any(|name| name.trim_start_matches('/').starts_with(volume));
        if ours { Err(format!("{left:?}")) } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn a_shell_opens_where_a_step_failed() {
    let repo = Repo::with_pipeline(
        "steps: [{name: make, image: slipway/busybox, environment: {COLOUR: blue}, commands: ['echo made > it; exit 1']}]",
    )
    .await;
    let desk = Desk::docker().await;
    // A terminal for it, with us at the keys.
    let mut command = Command::new("script");
    clean_environment(&mut command);
    command.args(["-qec", &format!("{} run --shell", binary().display()), "/dev/null"]).current_dir(repo.path());
    command.env("XDG_CACHE_HOME", desk.cache.path()).env("TERM", "xterm");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut seen = String::new();
    let mut until_shown = async |wanted: &str| {
        let mut bytes = [0; 4096];
        while !seen.contains(wanted) {
            let read = timeout(PATIENCE, screen.read(&mut bytes)).await;
            let read = read.unwrap_or_else(|_| panic!("no {wanted}: {seen}")).unwrap();
            assert!(read > 0, "it ended before {wanted}: {seen}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        seen.clone()
    };
    let shown = until_shown("a shell where `make` ran").await;
    assert!(shown.contains("exit code 1"), "{shown}");
    keys.write_all(b"cat it; echo $COLOUR-$((40+2))\n").await.unwrap();
    let shown = until_shown("blue-42").await;
    assert!(shown.contains("made\r\n"), "{shown}");
    keys.write_all(b"exit\n").await.unwrap();
    let status = timeout(PATIENCE, child.wait()).await.expect("it ends").unwrap();
    assert_eq!(status.code(), Some(1), "the pipeline failed, whatever the shell said");
    desk.finish().await;
}

#[tokio::test]
async fn plan_and_lint_speak_to_people_and_programs() {
    let repo = Repo::with_pipeline(CHAIN).await;
    let desk = Desk::dummy();
    let text = desk.ends(repo.path(), &["plan"]).await;
    assert_eq!(text.code, 0, "{text:?}");
    for wanted in ["push on main", "├─ make", "after test", "step `release` of `slipway`"] {
        assert!(text.stdout.contains(wanted), "no {wanted}: {}", text.stdout);
    }
    assert!(!text.stdout.contains('\x1b'), "no colours in a pipe");
    let json = desk.ends(repo.path(), &["plan", "--json", "--event", "tag", "--tag", "v1"]).await;
    let plan: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&plan["tag"], &plan["jobs"][0]["steps"][4]["name"]), (&"v1".into(), &"release".into()));
    assert!(desk.ends(repo.path(), &["plan", "--dot"]).await.stdout.starts_with("digraph"));
    let pull = desk.ends(repo.path(), &["plan", "--event", "pull_request", "--branch", "nowhere"]).await;
    assert!(pull.code == 2 && pull.stderr.contains("`nowhere`"), "{pull:?}");

    repo.write(".slipway.yml", "steps:\n  - name: a\n    image: x\n    comands: [echo]\n");
    let wrong = desk.ends(repo.path(), &["plan"]).await;
    assert!(wrong.code == 2 && wrong.stdout.is_empty() && wrong.stderr.contains("commands"), "{wrong:?}");
    let json = desk.ends(repo.path(), &["lint", "--format", "json"]).await;
    let found: Value = serde_json::from_str(&json.stdout).unwrap();
    let first = found.as_array().unwrap().iter().find(|one| one["line"] == 4).unwrap_or_else(|| panic!("{found:#}"));
    assert_eq!((json.code, &first["severity"], &first["file"]), (2, &"error".into(), &".slipway.yml".into()));
    let github = desk.ends(repo.path(), &["lint", "--format", "github"]).await;
    assert!(github.stdout.contains("::error file=.slipway.yml,line=4,col=5::"), "{github:?}");
}
