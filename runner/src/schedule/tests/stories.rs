//! One test for each rule.

use std::collections::BTreeMap;

use slipway_pipelines::{
    plan::{Action as Does, Image, OnFailure, Pull, Step},
    state::{Finish, Reason, StepState},
};

use super::model::{Behaviour::*, Engine, built, checkout, detached, on, plan, step, uses};
use crate::{
    executor::Ending,
    schedule::{Action, Found, Input, Known, Schedule, Workspace, merge},
    spool::Mark,
};

fn goes(step: usize) -> BTreeMap<usize, Mark> {
    [(step, Mark::Goes { retries: 0, at: 1 })].into()
}

#[test]
fn steps_run_after_what_they_need() {
    let mut engine = Engine::with(plan(vec![checkout(), step("a", &[0]), step("b", &[1])]), &[]);
    engine.run();
    assert_eq!(engine.reasons(), ["ok", "ok", "ok"]);
    assert_eq!(engine.job(), "ok");
}

#[test]
fn a_failure_leaves_out_what_depends_on_it_and_nothing_else() {
    let steps = vec![step("a", &[]), step("b", &[0]), step("other", &[]), step("after", &[2])];
    let mut engine = Engine::with(plan(steps), &[(0, Exits(3))]);
    engine.run();
    assert_eq!(engine.reasons(), ["exit_code", "needs", "ok", "ok"]);
    assert_eq!(engine.finish, Some(Finish { note: "step `a` exited with code 3".into(), ..Finish::exit(3) }));
}

#[test]
fn an_ignored_failure_stops_nothing_and_does_not_count() {
    let lint = Step { on_failure: OnFailure::Ignore, ..step("lint", &[]) };
    let mut engine = Engine::with(plan(vec![lint, step("build", &[0])]), &[(0, Exits(1))]);
    engine.run();
    assert_eq!(engine.reasons(), ["exit_code", "ok"]);
    let warned = Finish::with_note(Reason::OkWithWarnings, "step `lint` failed and is ignored");
    assert_eq!(engine.finish, Some(warned));
}

#[test]
fn a_red_step_outweighs_ignored_ones_and_many_are_counted() {
    let lint = |name: &str| Step { on_failure: OnFailure::Ignore, ..step(name, &[]) };
    let mut engine = Engine::with(plan(vec![lint("lint"), step("build", &[])]), &[(0, Exits(1)), (1, Exits(2))]);
    assert_eq!(engine.run().job(), "exit_code");
    let steps = ["a", "b", "c", "d", "e", "f", "g"].map(lint).to_vec();
    let all: Vec<_> = (0..7).map(|step| (step, Exits(1))).collect();
    let mut engine = Engine::with(plan(steps), &all);
    engine.run();
    let note = "steps `a`, `b`, `c`, `d`, `e` and 2 more failed and are ignored";
    assert_eq!(engine.finish, Some(Finish::with_note(Reason::OkWithWarnings, note)));
}

#[test]
fn a_step_that_is_left_out_says_why() {
    let steps = vec![
        step("build", &[]),
        step("test", &[0]),
        step("deploy", &[1]),
        step("docs", &[]),
        on(false, true, step("tell", &[3])),
    ];
    let mut engine = Engine::with(plan(steps), &[(0, Exits(1))]);
    assert_eq!(engine.run().reasons(), ["exit_code", "needs", "needs", "ok", "condition"]);
    assert_eq!(
        [1, 2, 4].map(|step| engine.ends[&step].note.as_str()),
        ["`build` failed", "`build` failed", "it runs only after a failure"]
    );
}

#[test]
fn steps_for_failure_run_on_failure_only_and_hide_nothing() {
    let steps = || {
        vec![
            step("a", &[]),
            on(false, true, step("notify", &[0])),
            on(true, true, step("always", &[1])),
            step("deploy", &[2]),
        ]
    };
    let mut red = Engine::with(plan(steps()), &[(0, Exits(1))]);
    assert_eq!(red.run().reasons(), ["exit_code", "ok", "ok", "needs"]);
    let mut green = Engine::with(plan(steps()), &[]);
    assert_eq!(green.run().reasons(), ["ok", "condition", "ok", "ok"]);
    assert_eq!(green.job(), "ok");
}

#[test]
fn a_failed_checkout_leaves_all_out_but_the_steps_for_failure() {
    let steps = vec![checkout(), detached("db", &[0], true), step("a", &[0, 1]), on(true, true, step("tell", &[2]))];
    let mut engine = Engine::with(plan(steps), &[(0, Exits(1))]);
    engine.run();
    assert_eq!(engine.reasons(), ["clone", "needs", "needs", "ok"]);
    assert_eq!(engine.job(), "clone");
    assert!(engine.seen.contains(&Action::EmptyWorkspace));
}

#[test]
fn a_service_is_met_when_let_go_and_stopped_at_the_end() {
    let mut engine = Engine::with(plan(vec![checkout(), detached("db", &[0], true), step("a", &[0, 1])]), &[]);
    engine.run();
    assert_eq!(engine.reasons(), ["ok", "stopped", "ok"]);
    let place = |wanted: &Action| engine.seen.iter().position(|action| action == wanted).unwrap();
    assert!(place(&Action::Release(1)) < place(&Action::Release(2)));
}

#[test]
fn a_service_that_ends_by_itself_is_shown_but_harmless() {
    let mut engine = Engine::with(plan(vec![detached("db", &[], true), step("a", &[0])]), &[(0, Exits(9))]);
    assert_eq!(engine.run().reasons(), ["exit_code", "ok"]);
    assert_eq!(engine.job(), "ok");
}

#[test]
fn a_service_that_cannot_start_fails_the_job() {
    for (behaviour, reason) in [(CannotStart, "infra"), (CannotBePrepared, "image_pull")] {
        let mut engine = Engine::with(plan(vec![detached("db", &[], true), step("a", &[0])]), &[(0, behaviour)]);
        assert_eq!(engine.run().reasons(), [reason, "needs"]);
        assert_eq!(engine.job(), reason);
    }
}

#[test]
fn an_error_of_ours_outranks_a_failure_of_the_code() {
    let mut engine = Engine::with(plan(vec![step("a", &[]), step("b", &[])]), &[(0, Exits(1)), (1, CannotBePrepared)]);
    assert_eq!(engine.run().job(), "image_pull");
    assert_eq!(engine.finish.as_ref().unwrap().note, "step `b`: no such image");
}

#[test]
fn the_next_two_steps_are_prepared_while_one_runs() {
    let steps = vec![step("a", &[]), step("b", &[0]), step("c", &[1]), step("d", &[2])];
    let mut schedule = Schedule::new(plan(steps));
    assert_eq!(schedule.apply(Input::Start), [Action::EmptyWorkspace]);
    assert_eq!(
        schedule.apply(Input::WorkspaceMade),
        [Action::Prepare(0), Action::Prepare(1), Action::Prepare(2)],
        "not the fourth"
    );
    schedule.apply(Input::Prepared(1));
    assert_eq!(schedule.apply(Input::Prepared(0)), [Action::Release(0)]);
    schedule.apply(Input::Released(0));
    assert_eq!(schedule.apply(Input::Said(0, 0)), [Action::Release(1), Action::Prepare(3)]);
}

#[test]
fn an_image_that_a_step_builds_is_not_fetched_before() {
    let steps = vec![built("image", &[], &["app"]), uses("app:latest", step("use", &[0])), step("then", &[1])];
    let mut schedule = Schedule::new(plan(steps));
    schedule.apply(Input::Start);
    assert_eq!(schedule.apply(Input::WorkspaceMade), [Action::Prepare(0)]);
    assert_eq!(schedule.apply(Input::Prepared(0)), [Action::Release(0)]);
    schedule.apply(Input::Released(0));
    let ended = Input::Ended(0, Ending::Exited { code: 0, oom_killed: false });
    assert_eq!(schedule.apply(ended), [Action::End(0, Finish::exit(0)), Action::Prepare(1), Action::Prepare(2)]);
}

#[test]
fn an_image_that_is_not_pulled_is_not_looked_for_while_a_step_that_reaches_the_engine_may_load_it() {
    for (volumes, then) in [(vec!["/run/docker.sock:/d".to_owned()], vec![]), (vec![], vec![Action::Prepare(1)])] {
        let mut load = step("load", &[]);
        let Does::Run(container) = &mut load.action else { unreachable!() };
        container.access.volumes = volumes;
        let mut own = step("use", &[0]);
        let Does::Run(container) = &mut own.action else { unreachable!() };
        container.image = Image::Registry { reference: "saved".into(), pull: Pull::Never };
        let mut schedule = Schedule::new(plan(vec![load, own]));
        schedule.apply(Input::Start);
        assert_eq!(schedule.apply(Input::WorkspaceMade), [&[Action::Prepare(0)], &then[..]].concat());
        assert_eq!(schedule.apply(Input::Prepared(0)), [Action::Release(0)]);
    }
}

#[test]
fn a_step_for_failure_is_not_prepared_while_all_is_well() {
    let mut schedule = Schedule::new(plan(vec![step("a", &[]), on(false, true, step("tell", &[0]))]));
    schedule.apply(Input::Start);
    assert_eq!(schedule.apply(Input::WorkspaceMade), [Action::Prepare(0)]);
}

#[test]
fn what_could_not_be_prepared_ahead_counts_at_its_turn_only() {
    let steps = vec![step("a", &[]), step("b", &[0])];
    let mut engine = Engine::with(plan(steps), &[(0, Exits(1)), (1, CannotBePrepared)]);
    assert_eq!(engine.run().reasons(), ["exit_code", "needs"]);
    assert_eq!(engine.job(), "exit_code");
}

#[test]
fn a_stop_ends_running_steps_as_it_says_and_starts_nothing() {
    let steps = vec![detached("db", &[], true), step("a", &[0]), step("b", &[1])];
    let mut engine = Engine::with(plan(steps), &[(1, Lives)]);
    engine.run();
    assert_eq!(engine.reasons(), ["none", "none", "none"]);
    engine.give(Input::Stop(Finish::with_note(Reason::Cancelled, "by me")));
    engine.run();
    assert_eq!(engine.reasons(), ["stopped", "cancelled", "job_ended"]);
    assert_eq!(engine.finish, Some(Finish::with_note(Reason::Cancelled, "by me")));
    assert!(!engine.seen.contains(&Action::Release(2)));
}

#[test]
fn a_step_over_its_time_fails_as_such() {
    let mut engine = Engine::with(plan(vec![step("a", &[]), step("b", &[0])]), &[(0, Lives)]);
    engine.run();
    engine.give(Input::Overdue(0));
    assert_eq!(engine.run().reasons(), ["timeout", "needs"]);
    assert_eq!(engine.job(), "timeout");
}

#[test]
fn a_failure_that_cancels_stops_the_job_and_says_so() {
    let deploy = Step { on_failure: OnFailure::Cancel, ..step("deploy", &[]) };
    let mut engine =
        Engine::with(plan(vec![deploy, step("long", &[]), step("then", &[1])]), &[(0, Exits(1)), (1, Lives)]);
    assert_eq!(engine.run().reasons(), ["exit_code", "cancelled_by_step", "job_ended"]);
    assert_eq!(engine.job(), "exit_code");
    assert!(engine.seen.contains(&Action::CancelBuild(0)));
}

#[test]
fn what_the_engine_says_is_reported_after_the_next_step_went() {
    let mut schedule = Schedule::new(plan(vec![step("a", &[]), step("b", &[0])]));
    for input in [Input::Start, Input::WorkspaceMade, Input::Prepared(0), Input::Prepared(1), Input::Released(0)] {
        schedule.apply(input);
    }
    assert_eq!(schedule.apply(Input::Said(0, 0)), [Action::Release(1)]);
    let killed = Input::Ended(0, Ending::Exited { code: 137, oom_killed: true });
    let end = Finish { exit_code: Some(137), ..Finish::because(Reason::OomKilled) };
    assert_eq!(schedule.apply(killed), [Action::End(0, end)]);
    assert!(schedule.has_failed());
}

#[test]
fn a_restart_goes_on_where_the_engine_is() {
    let plan = plan(vec![checkout(), step("a", &[0]), step("b", &[1])]);
    let server = [StepState::Running { since: 1 }, StepState::Pending, StepState::Pending];
    let found = Found { has_workspace: true, released: [1].into(), marks: goes(1) };
    let merged = merge(&plan, &server, &found);
    assert_eq!(merged.known, [Known::Running, Known::Running, Known::Waiting]);
    assert_eq!(merged.news, [Input::CheckedOut(0)]);
    assert_eq!(merged.workspace, Workspace::Ready);
}

#[test]
fn a_restart_does_an_unfinished_checkout_again() {
    let plan = plan(vec![checkout(), step("a", &[0])]);
    let merged = merge(&plan, &[StepState::Running { since: 1 }, StepState::Pending], &Found::default());
    assert_eq!(merged.known, [Known::Waiting, Known::Waiting]);
    assert_eq!(merged.workspace, Workspace::Missing);
}

#[test]
fn a_vanished_container_is_our_failure_unless_it_was_never_let_go() {
    let plan = plan(vec![step("a", &[])]);
    let server = [StepState::Running { since: 1 }];
    let found = Found { has_workspace: true, marks: goes(0), ..Found::default() };
    let merged = merge(&plan, &server, &found);
    let mut schedule = Schedule::resumed(plan.clone(), &merged.known, &merged.retries, merged.workspace);
    let news: Vec<Action> = merged.news.into_iter().flat_map(|input| schedule.apply(input)).collect();
    assert!(
        matches!(&news[..], [Action::End(0, end), Action::Finish(job)] if end.reason == Reason::Infra && job.reason == Reason::Infra),
        "{news:?}"
    );
    let merged = merge(&plan, &server, &Found { has_workspace: true, ..Found::default() });
    assert_eq!(merged.known, [Known::Waiting]);
}

#[test]
fn a_vanished_workspace_fails_what_is_left() {
    let plan = plan(vec![checkout(), step("a", &[0]), step("b", &[1])]);
    let done = |finish| StepState::Finished { finish, started: Some(1), at: 2 };
    let server = [done(Finish::exit(0)), done(Finish::exit(0)), StepState::Pending];
    let merged = merge(&plan, &server, &Found::default());
    let mut schedule = Schedule::resumed(plan, &merged.known, &merged.retries, merged.workspace);
    let actions = schedule.apply(Input::Start);
    assert!(matches!(&actions[..], [Action::End(2, end), Action::Finish(_)] if end.reason == Reason::Infra));
}

#[test]
fn a_step_that_ran_in_an_earlier_attempt_says_nothing_of_the_service_of_this_one() {
    let plan =
        plan(vec![crate::testing::plans::ready(60, detached("db", &[], true)), step("a", &[0]), step("b", &[1, 0])]);
    let start = |known: Known| {
        let known = [Known::Running, known, Known::Waiting];
        Schedule::resumed(plan.clone(), &known, &BTreeMap::new(), Workspace::Ready).is_starting(0)
    };
    assert!(start(Known::Stands(Finish::exit(0))));
    assert!(!start(Known::Ended(Finish::exit(0))), "who ran in this one has waited for it");
}
