use std::collections::BTreeMap;

use slipway_pipelines::{
    compile::Concurrency,
    plan::{Action, Container, Image, OnFailure, Plan, Program, Pull, Retry, RetryOn, RunsOn, Step, Workspace},
    state::StepEvent,
};
use tokio::task::JoinHandle;

use super::*;
use crate::dummy::Dummy;

/// A step that the dummy plays: its commands are its log, its environment says how it ends.
fn step(name: &str, environment: &[(&str, &str)]) -> Step {
    let image = Image::Registry { reference: "dummy".into(), pull: Pull::Missing };
    let program = Program::Commands { commands: vec![format!("echo {name}")] };
    let mut step = Step::new(name, Action::Run(Container::new(image, program, "/w/x")));
    step.environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    step
}

fn job(name: &str, needs: &[usize], steps: Vec<Step>) -> CompiledJob {
    let workspace = Workspace { base: "/w".into(), path: "/w/x".into() };
    CompiledJob {
        name: name.into(),
        workflow: name.into(),
        needs: needs.to_vec(),
        runs_on: RunsOn::default(),
        labels: BTreeMap::new(),
        retry: None,
        concurrency: None,
        plan: Plan::new(name, workspace, steps),
    }
}

/// A build under way, with all of its news.
struct Desk {
    commands: watch::Sender<Command>,
    news: mpsc::Receiver<News>,
    built: JoinHandle<Vec<Finish>>,
    _data: tempfile::TempDir,
}

fn start(jobs: Vec<CompiledJob>, at_once: usize) -> Desk {
    let data = tempfile::tempdir().unwrap();
    let setting = Setting::new(data.path().into(), "desk".into());
    let source = Source {
        repository: "me/it".into(),
        url: String::new(),
        path: None,
        reference: "refs/heads/main".into(),
        sha: "0".repeat(40),
        origin: String::new(),
    };
    let order = Order {
        repository: "me/it".into(),
        jobs,
        source,
        masked: vec!["hunter2hunter2".into()],
        registries: Vec::new(),
        caches: data.path().join("shared"),
        at_once,
        holds: Holds::Nothing,
        artifacts: None,
    };
    let (commands, orders) = watch::channel(Command::GoOn);
    let (said, news) = mpsc::channel(8);
    let built = tokio::spawn(async move {
        let mut built = build(&Arc::new(Dummy::default()), &setting, order, said, orders).await;
        built.closed().await;
        built.finishes
    });
    Desk { commands, news, built, _data: data }
}

impl Desk {
    async fn end(mut self) -> (Vec<&'static str>, Vec<News>) {
        let mut all = Vec::new();
        while let Some(news) = self.news.recv().await {
            all.push(news);
        }
        let finishes = self.built.await.unwrap();
        (finishes.iter().map(|finish| finish.reason.as_str()).collect(), all)
    }

    async fn until(&mut self, fits: impl Fn(&News) -> bool) {
        while !fits(&self.news.recv().await.expect("more news")) {}
    }
}

fn log(news: &[News], job: usize) -> String {
    let mut text = Vec::new();
    for news in news {
        match news {
            News::Log { job: of, bytes, .. } if *of == job => text.extend_from_slice(bytes),
            _ => {}
        }
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn jobs_run_in_their_order_and_secrets_are_masked() {
    let tell = step("echo hunter2hunter2", &[]);
    let jobs = vec![job("a", &[1], vec![step("late", &[])]), job("b", &[], vec![tell])];
    let (reasons, news) = start(jobs, 2).end().await;
    assert_eq!(reasons, ["ok", "ok"]);
    let began: Vec<usize> =
        news.iter().filter_map(|news| if let News::Began { job, .. } = news { Some(*job) } else { None }).collect();
    assert_eq!(began, [1, 0]);
    assert!(log(&news, 0).contains("late") && !log(&news, 1).contains("hunter2"), "{news:?}");
    let last_log = news.iter().rposition(|news| matches!(news, News::Log { .. })).unwrap();
    let last_end = news.iter().rposition(|news| matches!(news, News::Step { event: StepEvent::Finished { .. }, .. }));
    assert!(last_log < last_end.unwrap(), "the log is whole before the step ends");
}

#[tokio::test]
async fn a_failure_leaves_out_its_dependents_only() {
    let bad = step("bad", &[("STEP_EXIT_CODE", "3")]);
    let jobs = vec![
        job("bad", &[], vec![bad]),
        job("after", &[0], vec![step("x", &[])]),
        job("other", &[], vec![step("y", &[])]),
    ];
    let (reasons, news) = start(jobs, 1).end().await;
    assert_eq!(reasons, ["exit_code", "needs", "ok"]);
    assert!(!log(&news, 1).contains('x'), "{news:?}");
}

#[tokio::test]
async fn a_job_is_retried_as_often_as_it_says() {
    let mut flaky = job("flaky", &[], vec![step("bad", &[("STEP_EXIT_CODE", "75")])]);
    flaky.retry = Some(Retry { max: 2, on: vec![RetryOn::Exit(75)], delay_seconds: 0 });
    let (reasons, news) = start(vec![flaky], 1).end().await;
    assert_eq!(reasons, ["exit_code"]);
    let attempts: Vec<u32> = news
        .iter()
        .filter_map(|news| if let News::Began { attempt, .. } = news { Some(*attempt) } else { None })
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
}

#[tokio::test]
async fn a_step_may_cancel_the_whole_build() {
    let mut bad = step("bad", &[("STEP_EXIT_CODE", "1")]);
    bad.on_failure = OnFailure::Cancel;
    let mut last = job("last", &[], vec![step("z", &[])]);
    let group = |limit| Some(Concurrency { group: "g".into(), limit, cancel_superseded: false });
    last.concurrency = group(1);
    let mut first = job("first", &[], vec![bad]);
    first.concurrency = group(1);
    let sleeper = job("sleeper", &[], vec![step("sleep", &[("SLEEP", "1h")])]);
    let (reasons, _) = start(vec![first, last, sleeper], 3).end().await;
    assert_eq!(reasons, ["cancelled_by_step", "cancelled_by_step", "cancelled_by_step"]);
}

#[tokio::test]
async fn a_stop_ends_what_runs_and_what_waits_and_a_drop_does_so_at_once() {
    let stubborn = step("stubborn", &[("SLEEP", "1h"), ("STEP_IGNORE_TERM", "1")]);
    let jobs = || vec![job("a", &[], vec![stubborn.clone()]), job("b", &[0], vec![step("never", &[])])];
    let started = |news: &News| matches!(news, News::Step { event: StepEvent::Started { .. }, .. });

    let mut gentle = start(vec![job("a", &[], vec![step("sleep", &[("SLEEP", "1h")])])], 2);
    gentle.until(started).await;
    gentle.commands.send_replace(Command::Stop(Finish::because(Reason::Cancelled)));
    assert_eq!(gentle.end().await.0, ["cancelled"]);

    let mut rough = start(jobs(), 2);
    rough.until(started).await;
    rough.commands.send_replace(Command::Stop(Finish::because(Reason::Cancelled)));
    // The one that waited ends first; the other does not want to.
    rough.until(|news| matches!(news, News::Ended { job: 1, .. })).await;
    let asked = std::time::Instant::now();
    rough.commands.send_replace(Command::Drop);
    let (reasons, news) = rough.end().await;
    assert_eq!(reasons, ["cancelled", "cancelled"]);
    assert!(asked.elapsed() < Duration::from_secs(9), "a drop needs no grace");
    assert!(!log(&news, 1).contains("never"), "{news:?}");
}
