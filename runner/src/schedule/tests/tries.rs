//! Services that are waited for, steps that are tried again.

use std::{collections::BTreeMap, time::Duration};

use slipway_pipelines::{
    plan::{OnFailure, RetryOn, Step},
    state::{Finish, Reason, StepState},
};

use super::model::{Behaviour::*, Engine, checkout, detached, on, plan, ready, retried, step};
use crate::{
    executor::{Ending, Failed},
    schedule::{Action, Again, Found, Input, Known, Schedule, Workspace, merge},
    spool::Mark,
};

fn exited(code: i32) -> Ending {
    Ending::Exited { code, oom_killed: false }
}

/// A schedule up to the running of its first step.
fn running(steps: Vec<Step>) -> Schedule {
    let mut schedule = Schedule::new(plan(steps));
    for input in [Input::Start, Input::WorkspaceMade, Input::Prepared(0), Input::Released(0)] {
        schedule.apply(input);
    }
    schedule
}

fn again(retry: u32, most: u32, seconds: u64, after: Finish) -> Action {
    Action::Again(0, Again { retry, most, delay: Duration::from_secs(seconds), after })
}

#[test]
fn a_service_is_met_when_it_is_ready() {
    let mut schedule = running(vec![ready(60, detached("db", &[], true)), step("a", &[0])]);
    assert_eq!(schedule.apply(Input::Prepared(1)), [], "let go is not enough");
    assert!(schedule.is_starting(0));
    assert_eq!(schedule.apply(Input::Ready(0)), [Action::Release(1)]);
}

#[test]
fn a_service_that_is_not_ready_fails_the_job_and_is_stopped() {
    let mut engine = Engine::with(
        plan(vec![ready(60, detached("db", &[], true)), step("a", &[0]), step("other", &[])]),
        &[(0, NeverReady)],
    );
    assert_eq!(engine.run().reasons(), ["not_ready", "needs", "ok"]);
    assert_eq!(engine.ends[&0].note, "port 5432 did not open");
    assert_eq!(engine.ends[&1].note, "`db` failed");
    assert!(engine.seen.contains(&Action::Stop(0)));
    let job = Finish::with_note(Reason::NotReady, "service `db`: port 5432 did not open");
    assert_eq!(engine.finish, Some(job));
}

#[test]
fn a_service_that_ends_before_it_is_ready_says_how() {
    for (ending, note) in [
        (exited(0), "it ended with exit code 0 before it was ready"),
        (exited(3), "it ended with exit code 3 before it was ready"),
        (Ending::Exited { code: 137, oom_killed: true }, "it was killed for its memory use before it was ready"),
    ] {
        let mut schedule = running(vec![ready(60, detached("db", &[], true)), step("a", &[0])]);
        let Ending::Exited { code, .. } = ending else { unreachable!() };
        assert_eq!(schedule.apply(Input::Said(0, code)), [], "its own word is no readiness");
        let actions = schedule.apply(Input::Ended(0, ending));
        assert!(
            matches!(&actions[..], [Action::End(0, end), ..] if end.reason == Reason::NotReady && end.note == note),
            "{actions:?}"
        );
        assert!(schedule.has_failed());
    }
}

#[test]
fn once_ready_its_end_is_harmless() {
    let mut schedule = running(vec![ready(60, detached("db", &[], true)), step("a", &[0])]);
    schedule.apply(Input::Ready(0));
    assert_eq!(schedule.apply(Input::NotReady(0, Failed::infra("late"))), []);
    assert_eq!(schedule.apply(Input::Ended(0, exited(9))), [Action::End(0, Finish::exit(9))]);
    assert!(!schedule.has_failed());
}

#[test]
fn a_service_that_nobody_needs_is_not_waited_for() {
    let mut engine = Engine::with(plan(vec![detached("db", &[], true), step("a", &[])]), &[]);
    engine.run();
    let mut schedule = running(vec![ready(60, detached("db", &[], true)), step("a", &[])]);
    schedule.apply(Input::Prepared(1));
    schedule.apply(Input::Released(1));
    assert_eq!(schedule.apply(Input::Said(1, 0)), [Action::Stop(0)]);
    let end = schedule.apply(Input::Ended(0, exited(143)));
    assert_eq!(end, [Action::End(0, Finish::because(Reason::Stopped))]);
}

#[test]
fn a_failed_try_is_followed_by_another_and_lets_nobody_go() {
    let mut schedule = running(vec![retried(2, &[RetryOn::Exit(75)], 10, step("a", &[])), step("b", &[0])]);
    schedule.apply(Input::Prepared(1));
    assert_eq!(schedule.apply(Input::Said(0, 75)), []);
    assert_eq!(schedule.apply(Input::Ended(0, exited(75))), [again(1, 2, 10, Finish::exit(75))]);
    assert!(!schedule.has_failed(), "it may still end well");
    assert_eq!(schedule.apply(Input::Cleared(0)), [Action::Prepare(0)]);
    assert_eq!(schedule.apply(Input::Prepared(0)), [Action::Release(0)]);
    schedule.apply(Input::Released(0));
    assert_eq!(schedule.apply(Input::Said(0, 0)), [Action::Release(1)]);
    let end = Finish { note: "after 1 retry".into(), ..Finish::exit(0) };
    assert_eq!(schedule.apply(Input::Ended(0, exited(0))), [Action::End(0, end)]);
}

#[test]
fn after_the_last_try_the_word_is_enough_again() {
    let steps = vec![retried(1, &[RetryOn::Failure], 0, step("a", &[])), on(true, true, step("b", &[0]))];
    let mut schedule = running(steps);
    schedule.apply(Input::Prepared(1));
    schedule.apply(Input::Ended(0, exited(1)));
    for input in [Input::Cleared(0), Input::Prepared(0), Input::Released(0)] {
        schedule.apply(input);
    }
    assert_eq!(schedule.apply(Input::Said(0, 1)), [Action::Release(1)]);
    let actions = schedule.apply(Input::Ended(0, exited(1)));
    assert_eq!(actions, [Action::End(0, Finish { note: "after 1 retry".into(), ..Finish::exit(1) })]);
}

#[test]
fn only_the_named_ends_are_tried_again() {
    let mut engine = Engine::with(plan(vec![retried(3, &[RetryOn::Error], 0, step("a", &[]))]), &[(0, Exits(1))]);
    assert_eq!(engine.run().job(), "exit_code");
    assert_eq!(engine.tries[&0], 1);
    assert_eq!(engine.ends[&0], Finish::exit(1));
    for behaviour in [CannotStart, CannotBePrepared] {
        let mut engine = Engine::with(plan(vec![retried(3, &[RetryOn::Error], 0, step("a", &[]))]), &[(0, behaviour)]);
        engine.run();
        assert_eq!(engine.seen.iter().filter(|action| matches!(action, Action::Prepare(0))).count(), 4);
        assert!(engine.ends[&0].note.ends_with(", after 3 retries"), "{:?}", engine.ends[&0]);
    }
}

#[test]
fn tries_end_with_the_first_that_goes_well() {
    let steps = vec![retried(5, &[RetryOn::Failure], 0, step("a", &[])), step("b", &[0])];
    let mut engine = Engine::with(plan(steps), &[(0, Recovers(2))]);
    assert_eq!(engine.run().reasons(), ["ok", "ok"]);
    assert_eq!((engine.tries[&0], engine.ends[&0].note.as_str()), (3, "after 2 retries"));
    assert_eq!(engine.job(), "ok");
}

#[test]
fn the_job_says_how_often_it_was_tried() {
    let mut engine = Engine::with(plan(vec![retried(2, &[RetryOn::Failure], 0, step("a", &[]))]), &[(0, Exits(7))]);
    engine.run();
    assert_eq!(engine.finish.as_ref().unwrap().note, "step `a` exited with code 7 after 2 retries");
}

#[test]
fn a_try_over_its_time_counts_as_a_failure_and_the_next_has_its_own_time() {
    let mut schedule = running(vec![retried(1, &[RetryOn::Failure], 0, step("a", &[]))]);
    assert_eq!(schedule.apply(Input::Overdue(0)), [Action::Stop(0)]);
    let actions = schedule.apply(Input::Ended(0, exited(143)));
    assert!(matches!(&actions[..], [Action::Again(0, again)] if again.after.reason == Reason::Timeout), "{actions:?}");
    for input in [Input::Cleared(0), Input::Prepared(0), Input::Released(0)] {
        schedule.apply(input);
    }
    assert_eq!(schedule.apply(Input::Overdue(0)), [Action::Stop(0)]);
    let end = Finish::with_note(Reason::Timeout, "it ran longer than its timeout, after 1 retry");
    assert_eq!(schedule.apply(Input::Ended(0, exited(143)))[0], Action::End(0, end));
}

#[test]
fn a_stop_during_the_pause_ends_the_step() {
    let mut schedule = running(vec![retried(2, &[RetryOn::Failure], 60, step("a", &[])), step("b", &[0])]);
    schedule.apply(Input::Ended(0, exited(1)));
    let actions = schedule.apply(Input::Stop(Finish::because(Reason::Cancelled)));
    assert_eq!(
        actions[..2],
        [Action::Stop(0), Action::End(0, Finish::because(Reason::Cancelled))],
        "the retry did not happen"
    );
    assert_eq!(schedule.apply(Input::Cleared(0)), []);
}

#[test]
fn a_stop_during_a_later_try_ends_it_as_asked() {
    for released in [false, true] {
        let mut schedule = running(vec![retried(2, &[RetryOn::Failure], 0, step("a", &[]))]);
        schedule.apply(Input::Ended(0, exited(1)));
        schedule.apply(Input::Cleared(0));
        if released {
            schedule.apply(Input::Prepared(0));
            schedule.apply(Input::Released(0));
        }
        let mut actions = schedule.apply(Input::Stop(Finish::because(Reason::Cancelled)));
        actions.extend(schedule.apply(Input::Ended(0, exited(143))));
        let end = Finish::with_note(Reason::Cancelled, "after 1 retry");
        assert!(actions.contains(&Action::End(0, end)), "{actions:?}");
        assert!(!actions.iter().any(|action| matches!(action, Action::Again(..))));
    }
}

#[test]
fn a_failure_that_cancels_waits_for_the_last_try() {
    let deploy = Step { on_failure: OnFailure::Cancel, ..retried(1, &[RetryOn::Failure], 0, step("deploy", &[])) };
    let mut engine = Engine::with(plan(vec![deploy]), &[(0, Recovers(1))]);
    assert_eq!(engine.run().job(), "ok");
    assert!(!engine.seen.contains(&Action::CancelBuild(0)));
}

#[test]
fn a_service_that_was_not_ready_is_tried_again_one_that_was_is_not() {
    let db = || retried(2, &[RetryOn::Failure], 0, ready(60, detached("db", &[], true)));
    let mut engine = Engine::with(plan(vec![db(), step("a", &[0])]), &[(0, NeverReady)]);
    assert_eq!(engine.run().reasons(), ["not_ready", "needs"]);
    assert_eq!(engine.tries[&0], 3);
    let mut schedule = running(vec![db(), step("a", &[0])]);
    schedule.apply(Input::Ready(0));
    assert_eq!(schedule.apply(Input::Ended(0, exited(1))), [Action::End(0, Finish::exit(1))]);
}

#[test]
fn a_service_that_nobody_waits_for_any_more_is_not_tried_again() {
    let db = retried(2, &[RetryOn::Error], 0, detached("db", &[], true));
    let mut schedule = Schedule::new(plan(vec![db, step("a", &[])]));
    for input in [Input::Start, Input::WorkspaceMade, Input::Prepared(0), Input::Prepared(1), Input::Released(1)] {
        schedule.apply(input);
    }
    schedule.apply(Input::Ended(1, exited(0)));
    let actions = schedule.apply(Input::Failed(0, Failed::infra("no")));
    assert!(matches!(&actions[..], [Action::End(0, _), Action::Finish(_)]), "{actions:?}");
}

#[test]
fn a_restart_between_two_tries_goes_on_with_the_next() {
    let plan = plan(vec![checkout(), retried(3, &[RetryOn::Failure], 10, step("a", &[0])), step("b", &[1])]);
    let done = StepState::Finished { finish: Finish::exit(0), started: Some(1), at: 2 };
    let server = [done, StepState::Running { since: 2 }, StepState::Pending];
    for released in [false, true] {
        let found = Found {
            has_workspace: true,
            released: released.then_some(1).into_iter().collect(),
            marks: [(1, Mark::Pauses { retries: 2, until: 99 })].into(),
        };
        let merged = merge(&plan, &server, &found);
        assert_eq!(merged.known[1..], [Known::Pausing { until: 99 }, Known::Waiting]);
        assert_eq!((merged.retries.clone(), merged.news.len()), ([(1, 2)].into(), 0));
        let mut schedule = Schedule::resumed(plan.clone(), &merged.known, &merged.retries, merged.workspace);
        schedule.apply(Input::Start);
        assert_eq!(schedule.apply(Input::Cleared(1)), [Action::Prepare(1)]);
        schedule.apply(Input::Prepared(1));
        let actions = schedule.apply(Input::Ended(1, exited(1)));
        assert!(matches!(&actions[..], [Action::Again(1, again)] if again.retry == 3), "{actions:?}");
    }
}

#[test]
fn a_restart_waits_again_for_a_service_that_nobody_has_used() {
    let plan = plan(vec![ready(60, detached("db", &[], true)), step("a", &[0])]);
    for (used, starting) in [(Known::Waiting, true), (Known::Running, false), (Known::Ended(Finish::exit(0)), false)] {
        let known = [Known::Running, used];
        let schedule = Schedule::resumed(plan.clone(), &known, &BTreeMap::new(), Workspace::Ready);
        assert_eq!(schedule.is_starting(0), starting, "{known:?}");
    }
}
