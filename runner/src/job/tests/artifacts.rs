//! What is kept of steps, and what they are given of other jobs.

use std::time::Duration;

use slipway_pipelines::{
    plan::{Artifacts, ArtifactsFrom, Files, KeepOn, RetryOn, Step},
    wire::Room,
};

use super::bench::Bench;
use crate::{
    job::Start,
    keeper::KeepError,
    testing::plans::{commands, grant, retried, step, with},
};

fn keeping(paths: &[&str], on: KeepOn, step: Step) -> Step {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let artifacts = Some(Artifacts { paths, on, expire_seconds: None });
    Step { files: Files { artifacts, ..Files::default() }, ..step }
}

/// A job whose workspace has files when its first step, `wait`, is over.
async fn with_files(steps: Vec<Step>, files: &[(&str, &str)]) -> Bench {
    let mut all = vec![with("SLEEP", "5s", step("wait", &[]))];
    all.extend(steps);
    let mut bench = Bench::new(grant(1, all));
    bench.start(Start::Fresh(bench.grant.clone()));
    bench.memory.until(|heard| heard.is_running(0)).await;
    let checkout = bench.grant.plan.workspace.path.clone();
    for (path, text) in files {
        bench.dummy.write(bench.grant.claim, &format!("{checkout}/{path}"), *text);
    }
    bench
}

fn kept(bench: &Bench, step: usize) -> Vec<(String, String)> {
    let heard = bench.memory.heard();
    let of_step = heard.artifacts.iter().filter(|((of, _), _)| *of == step);
    of_step.map(|((_, path), (_, bytes))| (path.clone(), String::from_utf8_lossy(bytes).into_owned())).collect()
}

const FILES: &[(&str, &str)] = &[("dist/a", "one"), ("dist/tmp/b", "two"), ("dist/sub/c.map", "three"), ("x", "four")];

#[tokio::test(start_paused = true)]
async fn what_fits_is_kept_before_the_end_is_told() {
    let step = keeping(&["dist", "!dist/tmp", "nothing/*.js"], KeepOn::Success, commands(&["make"], step("a", &[0])));
    let mut bench = with_files(vec![step], FILES).await;
    assert_eq!(bench.finished().await, "ok");
    let wanted = [("dist/a", "one"), ("dist/sub/c.map", "three")].map(|(path, text)| (path.into(), text.into()));
    assert_eq!(kept(&bench, 1), wanted);
    let log = bench.memory.heard().log(1);
    assert!(
        log.ends_with("slipway: kept 2 files, 8 B\nslipway: no file fits `nothing/*.js` of the artifacts\n"),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_depends_on_the_end() {
    for (on, code, is_kept, reason) in [
        (KeepOn::Success, "0", true, "ok"),
        (KeepOn::Success, "1", false, "exit_code"),
        (KeepOn::Failure, "0", false, "ok"),
        (KeepOn::Failure, "1", true, "exit_code"),
        (KeepOn::Always, "0", true, "ok"),
        (KeepOn::Always, "1", true, "exit_code"),
    ] {
        let step = keeping(&["dist/a"], on, with("STEP_EXIT_CODE", code, step("a", &[0])));
        let mut bench = with_files(vec![step], FILES).await;
        assert_eq!(bench.finished().await, reason);
        assert_eq!(!kept(&bench, 1).is_empty(), is_kept, "{on:?} {code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_runs_for_too_long_has_failed_and_one_that_is_cancelled_keeps_nothing() {
    let slow = |timeout_seconds| Step {
        timeout_seconds,
        ..keeping(&["dist/a"], KeepOn::Always, with("SLEEP", "1h", step("a", &[0])))
    };
    let mut bench = with_files(vec![slow(Some(2))], FILES).await;
    assert_eq!(bench.finished().await, "timeout");
    assert_eq!(kept(&bench, 1).len(), 1);
    let mut bench = with_files(vec![slow(None)], FILES).await;
    bench.memory.until(|heard| heard.is_running(1)).await;
    bench.cancel();
    assert_eq!(bench.finished().await, "cancelled");
    assert_eq!(kept(&bench, 1), []);
}

#[tokio::test(start_paused = true)]
async fn nothing_at_all_is_a_failure_unless_the_step_says_always() {
    let nothing = |on| keeping(&["out", "*.zip"], on, step("a", &[0]));
    let mut bench = with_files(vec![nothing(KeepOn::Success)], FILES).await;
    assert_eq!(bench.finished().await, "artifacts");
    assert_eq!(bench.memory.heard().finish_of(1).note, "there is no file that fits `out`, `*.zip`");
    let mut bench = with_files(vec![nothing(KeepOn::Always)], FILES).await;
    assert_eq!(bench.finished().await, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_file_over_the_limit_fails_its_step_by_name_and_the_others_are_kept() {
    let all = || keeping(&["dist"], KeepOn::Always, step("a", &[0]));
    let mut bench = with_files(vec![all()], FILES).await;
    *bench.memory.room.lock().unwrap() = Room { file_bytes: 4, build_bytes: 100, build_files: 9 };
    assert_eq!(bench.finished().await, "artifacts");
    let note = bench.memory.heard().finish_of(1).note;
    assert_eq!(note, "`dist/sub/c.map` has 5 B, and the server keeps files of up to 4 B");
    assert_eq!(kept(&bench, 1).len(), 2);
    let mut bench = with_files(vec![all()], FILES).await;
    *bench.memory.room.lock().unwrap() = Room { file_bytes: 100, build_bytes: 9, build_files: 9 };
    assert_eq!(bench.finished().await, "artifacts");
    let note = bench.memory.heard().finish_of(1).note;
    assert!(note.ends_with("the build keeps more than the server takes of one build"), "{note}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_now_is_asked_again_and_one_without_space_is_our_error() {
    let all = || keeping(&["dist"], KeepOn::Success, step("a", &[0]));
    let mut bench = with_files(vec![all()], FILES).await;
    *bench.memory.unkept.lock().unwrap() = vec![KeepError::Later("busy".into()); 5];
    assert_eq!(bench.finished().await, "ok");
    assert_eq!(kept(&bench, 1).len(), 3);

    let mut bench = with_files(vec![all()], FILES).await;
    *bench.memory.unkept.lock().unwrap() = vec![KeepError::Full("the disk is full".into())];
    assert_eq!(bench.finished().await, "infra");
    let note = bench.memory.heard().finish_of(1).note;
    assert!(note.ends_with("cannot be kept: the disk is full") && note.starts_with("`dist/"), "{note}");
    assert_eq!(kept(&bench, 1), [], "half of them would be taken for all");

    let mut bench = with_files(vec![all()], FILES).await;
    *bench.memory.unkept.lock().unwrap() = vec![KeepError::Refused("it is no good".into())];
    assert_eq!(bench.finished().await, "artifacts");
    assert_eq!(kept(&bench, 1).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_reason_of_a_failed_step_stays_its_own() {
    let step = keeping(&["dist"], KeepOn::Always, with("STEP_EXIT_CODE", "3", step("a", &[0])));
    let mut bench = with_files(vec![step], FILES).await;
    *bench.memory.unkept.lock().unwrap() = vec![KeepError::Full("the disk is full".into())];
    assert_eq!(bench.finished().await, "exit_code");
    assert!(bench.memory.heard().log(1).contains("cannot be kept: the disk is full\n"));
}

#[tokio::test(start_paused = true)]
async fn of_a_step_that_is_tried_again_only_the_last_try_counts() {
    let step = retried(
        1,
        &[RetryOn::Failure],
        5,
        keeping(&["dist"], KeepOn::Always, with("STEP_EXIT_CODE", "1,0", step("a", &[0]))),
    );
    let mut bench = with_files(vec![step], FILES).await;
    bench.memory.until(|heard| heard.artifacts.len() == 3).await;
    bench.dummy.write(bench.grant.claim, &format!("{}/dist/a", bench.grant.plan.workspace.path), "new");
    assert_eq!(bench.finished().await, "ok");
    assert_eq!(kept(&bench, 1)[0], ("dist/a".into(), "new".into()));
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_between_keeps_the_same() {
    for moment in 0..20_u64 {
        let step = keeping(&["dist"], KeepOn::Success, with("SLEEP", "1s", commands(&["make"], step("a", &[0]))));
        let mut bench = with_files(vec![step], FILES).await;
        bench.memory.until(|heard| heard.is_running(1)).await;
        tokio::time::sleep(Duration::from_millis(moment * 60)).await;
        for _ in 0..moment {
            tokio::task::yield_now().await;
        }
        if bench.memory.heard().finish.is_none() {
            bench.kill().await;
            bench.restart();
        }
        assert_eq!(bench.finished().await, "ok", "killed at {moment}");
        assert_eq!(kept(&bench, 1).len(), 3, "killed at {moment}");
        assert_eq!(bench.memory.heard().log(1), "+ make\nslipway: kept 3 files, 11 B\n", "killed at {moment}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_kept_is_there_before_the_step_starts() {
    let taking = |to: &str| ArtifactsFrom { workflow: "build".into(), paths: Vec::new(), to: to.into() };
    let files = Files { artifacts_from: vec![taking(""), taking("in/it"), taking("")], ..Files::default() };
    let step = Step { files, ..with("SLEEP", "5s", commands(&["echo hi"], step("a", &[0]))) };
    let mut bench = with_files(vec![step], &[]).await;
    bench.memory.given.lock().unwrap().extend([
        ((1, 0), vec![("dist/a".to_owned(), b"one".to_vec())]),
        ((1, 1), vec![("b".to_owned(), b"two".to_vec()), ("c".to_owned(), b"three".to_vec())]),
    ]);
    bench.memory.until(|heard| heard.is_running(1)).await;
    let checkout = &bench.grant.plan.workspace.path;
    let read = |path: &str| bench.dummy.read(bench.grant.claim, &format!("{checkout}/{path}"));
    assert_eq!(read("dist/a"), Some(b"one".to_vec()));
    assert_eq!(read("in/it/c"), Some(b"three".to_vec()));
    assert_eq!(bench.finished().await, "ok");
    assert_eq!(
        bench.memory.heard().log(1),
        "slipway: took 1 file of `build`, 3 B\nslipway: took 2 files of `build`, 8 B\n\
         slipway: there is nothing to take of `build`: it has kept no file that fits\n+ echo hi\nhi\n"
    );
}
