//! Caches: restored before a step, saved after the job.

use slipway_pipelines::plan::{Cache, CacheKey, KeyPart, Step};

use super::bench::Bench;
use crate::testing::{
    memory::Heard,
    plans::{checkout, grant, step, with},
};

const LOCK: &str = "/slipway/src/Gemfile.lock";
const GEM: &str = "/slipway/src/vendor/bundle/gem";

fn text(text: &str) -> CacheKey {
    CacheKey(vec![KeyPart::Text(text.into())])
}

/// `key: gems-{{ checksum "Gemfile.lock" }}`, `restore_keys: [gems-]`, `paths: [vendor/bundle]`
fn gems() -> Cache {
    Cache {
        key: CacheKey(vec![KeyPart::Text("gems-".into()), KeyPart::Checksum(vec!["Gemfile.lock".into()])]),
        restore_keys: vec![text("gems-")],
        paths: vec!["vendor/bundle".into()],
    }
}

fn cached(caches: &[Cache], mut step: Step) -> Step {
    step.files.caches = caches.to_vec();
    step
}

/// A job that runs with what jobs before it left.
async fn run(steps: Vec<Step>, before: &[Heard], files: &[(&str, &str)]) -> (Heard, Option<String>) {
    let bench = &mut Bench::new(grant(1, steps));
    bench.memory.remember(before);
    finish(bench, files).await
}

async fn finish(bench: &mut Bench, files: &[(&str, &str)]) -> (Heard, Option<String>) {
    bench.start(crate::job::Start::Fresh(bench.grant.clone()));
    // The first step is the checkout; the second begins when its files are there.
    bench.memory.until(|heard| heard.is_running(1)).await;
    for (path, text) in files {
        bench.dummy.write(bench.grant.claim, path, *text);
    }
    bench.memory.until(|heard| heard.is_running(2) || heard.finish.is_some()).await;
    bench.memory.until(|heard| !heard.is_running(2)).await;
    let gem = bench.dummy.read(bench.grant.claim, GEM).map(|bytes| String::from_utf8(bytes).unwrap());
    bench.finished().await;
    (bench.memory.heard(), gem)
}

/// Checkout, a step that writes files, and the one that is looked at, which lives long enough.
fn steps(caches: &[Cache]) -> Vec<Step> {
    let last = cached(caches, with("SLEEP", "10s", step("test", &[1])));
    vec![checkout(), with("SLEEP", "10s", step("write", &[0])), with("SLEEP", "10s", last)]
}

const SUM_OF_A: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

#[tokio::test(start_paused = true)]
async fn what_a_job_saves_the_next_one_finds() {
    let (first, gem) = run(steps(&[gems()]), &[], &[(LOCK, "a"), (GEM, "made")]).await;
    assert_eq!(gem.as_deref(), Some("made"));
    assert_eq!(first.log(2), format!("slipway: no cache for key gems-{SUM_OF_A}\n"));
    let keys = |heard: &Heard| heard.caches.iter().map(|(entry, ..)| entry.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&first), [format!("gems-{SUM_OF_A}")]);

    let (second, gem) = run(steps(&[gems()]), std::slice::from_ref(&first), &[(LOCK, "a")]).await;
    assert_eq!(gem.as_deref(), Some("made"));
    assert!(second.log(2).starts_with(&format!("slipway: restored cache gems-{SUM_OF_A} (")), "{}", second.log(2));
    assert_eq!(keys(&second).len(), 1, "what is there does not change");

    let (third, gem) = run(steps(&[gems()]), &[first], &[(LOCK, "b")]).await;
    assert_eq!(gem.as_deref(), Some("made"), "by its beginning");
    assert!(third.log(2).starts_with(&format!("slipway: restored cache gems-{SUM_OF_A} (")), "{}", third.log(2));
    assert_eq!(keys(&third).len(), 2, "under its own key it was not there");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_missing_counts_as_nothing_and_is_said() {
    let (heard, _) = run(steps(&[gems()]), &[], &[]).await;
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let log = format!(
        "slipway: no file fits Gemfile.lock of the cache's key: it counts as nothing\n\
         slipway: no cache for key gems-{nothing}\n"
    );
    assert_eq!(heard.log(2), log);
    assert!(heard.caches.is_empty(), "none of its paths is there");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_entry_is_passed_over() {
    let (mut first, _) = run(steps(&[gems()]), &[], &[(LOCK, "a"), (GEM, "made")]).await;
    let middle = first.caches[0].2.len() / 2;
    first.caches[0].2[middle] ^= 1;
    let (second, gem) = run(steps(&[gems()]), &[first], &[(LOCK, "a")]).await;
    assert_eq!(gem, None);
    let key = format!("gems-{SUM_OF_A}");
    assert_eq!(second.log(2), format!("slipway: no cache for key {key}: the entry {key} is damaged and was dropped\n"));
    assert_eq!(second.reasons(), ["ok", "ok", "ok"]);
}

#[tokio::test(start_paused = true)]
async fn only_a_step_that_ended_well_saves() {
    let mut failing = steps(&[gems()]);
    failing[2] = with("STEP_EXIT_CODE", "1", failing[2].clone());
    let (heard, _) = run(failing, &[], &[(LOCK, "a"), (GEM, "made")]).await;
    assert_eq!((heard.reasons()[2], heard.caches.len()), ("exit_code", 0));
}

#[tokio::test(start_paused = true)]
async fn who_may_not_save_does_not() {
    let bench = &mut Bench::new(grant(1, steps(&[gems()])));
    bench.memory.saves.send_replace(None);
    let (heard, _) = finish(bench, &[(LOCK, "a"), (GEM, "made")]).await;
    assert!(heard.caches.is_empty() && heard.refusals.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_entry_over_the_limit_is_told() {
    let bench = &mut Bench::new(grant(1, steps(&[gems()])));
    bench.memory.saves.send_replace(Some(40));
    let (heard, _) = finish(bench, &[(LOCK, "a"), (GEM, "made")]).await;
    assert!(heard.caches.is_empty());
    let [refusal] = &heard.refusals[..] else { panic!("{:?}", heard.refusals) };
    assert_eq!(refusal.problem, "it has more than 40 B, which is the most");
    let left = std::fs::read_dir(bench.data.path().join("caches")).unwrap().count();
    assert_eq!(left, 0, "nothing of it stays");
}

#[tokio::test(start_paused = true)]
async fn a_second_step_of_a_job_keeps_what_the_first_one_made() {
    let mut twice = steps(&[gems()]);
    twice.push(cached(&[gems()], step("again", &[2])));
    let (heard, _) = run(twice, &[], &[(LOCK, "a"), (GEM, "made")]).await;
    assert_eq!(heard.log(3), format!("slipway: cache gems-{SUM_OF_A} is in the workspace since an earlier step\n"));
    assert_eq!(heard.caches.len(), 1, "one cache is one entry");
}

#[tokio::test(start_paused = true)]
async fn a_key_can_name_the_platform() {
    let key = CacheKey(vec![KeyPart::Text("go-".into()), KeyPart::Platform]);
    let cache = Cache { key, restore_keys: Vec::new(), paths: vec!["vendor".into()] };
    let (heard, _) = run(steps(&[cache]), &[], &[]).await;
    assert_eq!(heard.log(2), "slipway: no cache for key go-dummy/dummy\n");
}
