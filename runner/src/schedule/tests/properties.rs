//! Any graph, any behaviour, any order of answers.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use slipway_pipelines::{
    plan::{OnFailure, Retry, RetryOn, Step},
    state::{Finish, Reason, Status},
};

use super::model::{Behaviour, Engine, checkout, detached, on, plan, ready, step};
use crate::schedule::{Action, Input};

#[derive(Clone, Debug)]
struct Drawn {
    steps: Vec<Step>,
    behaviours: Vec<Behaviour>,
    order: Vec<prop::sample::Index>,
    stop_after: Option<usize>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let behaviour = prop_oneof![
        6 => Just(Behaviour::Exits(0)),
        2 => Just(Behaviour::Exits(1)),
        1 => (0..4u32).prop_map(Behaviour::Recovers),
        1 => Just(Behaviour::CannotBePrepared),
        1 => Just(Behaviour::CannotStart),
    ];
    let runs_on = prop_oneof![5 => Just((true, false)), 1 => Just((false, true)), 1 => Just((true, true))];
    let on_failure =
        prop_oneof![6 => Just(OnFailure::Fail), 2 => Just(OnFailure::Ignore), 1 => Just(OnFailure::Cancel)];
    let retry = prop_oneof![
        3 => Just(None),
        2 => (1..4u32, any::<bool>()).prop_map(|(max, errors)| {
            let on = if errors { vec![RetryOn::Failure, RetryOn::Error] } else { vec![RetryOn::Exit(1)] };
            Some(Retry { max, on, delay_seconds: 0 })
        }),
    ];
    let lives = prop_oneof![Just(None), Just(Some(Behaviour::Lives)), Just(Some(Behaviour::NeverReady))];
    let one = (any::<u16>(), 0..7u8, runs_on, on_failure, behaviour, lives, retry);
    (
        prop_oneof![Just(None), Just(Some(Behaviour::Exits(0))), Just(Some(Behaviour::Exits(1)))],
        prop::collection::vec(one, 0..12),
        prop::collection::vec(any::<prop::sample::Index>(), 200),
        prop::option::weighted(0.3, 0..30usize),
    )
        .prop_map(|(clones, ones, order, stop_after)| {
            let mut steps = Vec::new();
            let mut behaviours = Vec::new();
            if let Some(behaviour) = clones {
                steps.push(checkout());
                behaviours.push(behaviour);
            }
            for (bits, kind, (success, failure), on_failure, behaviour, lives, retry) in ones {
                let needs: Vec<usize> = (0..steps.len()).filter(|at| bits >> at & 1 == 1).collect();
                let made = match kind {
                    0 => detached("d", &needs, false),
                    1 => detached("s", &needs, true),
                    2 => ready(60, detached("w", &needs, true)),
                    _ => step("r", &needs),
                };
                let lives = lives.filter(|_| !made.is_awaited());
                let usual = !made.is_awaited() && on_failure == OnFailure::Fail && bits & 256 == 0;
                let on_failure = if usual { OnFailure::Start } else { on_failure };
                steps.push(Step { on_failure, retry, ..on(success, failure, made) });
                behaviours.push(lives.unwrap_or(behaviour));
            }
            Drawn { steps, behaviours, order, stop_after }
        })
}

/// Plays it to the end; answers about one step stay in order, others come as drawn.
fn play(drawn: &Drawn, mut check: impl FnMut(&Engine, &[Action])) -> Engine {
    let mut engine = Engine::new(plan(drawn.steps.clone()), drawn.behaviours.clone());
    let mut turns = 0;
    while !engine.pending.is_empty() {
        if drawn.stop_after == Some(turns) {
            let actions = engine.give(Input::Stop(Finish::because(Reason::Cancelled)));
            check(&engine, &actions);
        }
        let pick = drawn.order[turns % drawn.order.len()].index(engine.pending.len());
        let about = subject(&engine.pending[pick]);
        let first = engine.pending.iter().position(|input| subject(input) == about).unwrap_or(pick);
        let input = engine.pending.remove(first);
        let actions = engine.give(input);
        check(&engine, &actions);
        turns += 1;
        assert!(turns < 2000, "does not end");
    }
    engine
}

fn subject(input: &Input) -> Option<usize> {
    match input {
        Input::Start | Input::WorkspaceMade | Input::WorkspaceFailed(_) | Input::Stop(_) => None,
        Input::CheckedOut(step)
        | Input::Prepared(step)
        | Input::Ready(step)
        | Input::NotReady(step, _)
        | Input::Cleared(step)
        | Input::Failed(step, _)
        | Input::Released(step)
        | Input::Said(step, _)
        | Input::Ended(step, _)
        | Input::Overdue(step) => Some(*step),
    }
}

/// Whether a step's end is the job's, unless it is ignored.
fn is_wrong(step: &Step, finish: &Finish) -> bool {
    let status = finish.status();
    status.is_bad()
        && (step.on_failure != OnFailure::Start || status == Status::Error || finish.reason == Reason::NotReady)
}

/// Whether the step may go as far as this need of it is concerned.
fn assert_met(engine: &Engine, step: usize, need: usize, released: &BTreeMap<usize, u32>) {
    if engine.ends.contains_key(&need) {
        return;
    }
    assert!(released.contains_key(&need), "step {step} went before its need {need}");
    let planned = &engine.plan.steps[need];
    if planned.is_awaited() {
        let said = engine.given.iter().filter(|input| matches!(input, Input::Said(about, _) if *about == need));
        assert_eq!(said.count() as u32, released[&need], "step {step} went while {need} ran");
        let again = engine.seen.iter().filter(|action| matches!(action, Action::Again(about, _) if *about == need));
        assert!((again.count() as u32) < released[&need], "step {step} went while {need} was to be tried again");
    } else if planned.container().is_some_and(|container| container.ready.is_some()) {
        let ready = engine.given.iter().any(|input| matches!(input, Input::Ready(about) if *about == need));
        assert!(ready, "step {step} went before {need} was ready");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_job_ends_with_exactly_one_end_a_step(drawn in drawn()) {
        let engine = play(&drawn, |_, _| {});
        prop_assert!(engine.finish.is_some(), "stuck: {:?}", engine.seen);
        prop_assert_eq!(engine.ends.len(), drawn.steps.len());
        prop_assert!(matches!(engine.seen.last(), Some(Action::Finish(_))), "nothing follows the finish");
    }

    #[test]
    fn no_step_runs_before_its_needs_or_too_often_or_unprepared(drawn in drawn()) {
        let mut released = BTreeMap::new();
        let mut prepared = BTreeMap::new();
        let mut cleared = BTreeMap::new();
        let mut ended = BTreeSet::new();
        let count = |map: &BTreeMap<usize, u32>, step: &usize| map.get(step).copied().unwrap_or(0);
        play(&drawn, |engine, actions| {
            for action in actions {
                match action {
                    Action::Again(step, again) => {
                        *cleared.entry(*step).or_insert(0) += 1;
                        let most = engine.plan.steps[*step].retry.as_ref().map_or(0, |retry| retry.max);
                        assert_eq!((again.retry, again.most), (cleared[step], most));
                        assert!(cleared[step] <= most, "tried too often");
                        assert!(!ended.contains(step), "tried after its end");
                    }
                    Action::End(step, _) => drop(ended.insert(*step)),
                    Action::Prepare(step) => {
                        *prepared.entry(*step).or_insert(0) += 1;
                        assert_eq!(prepared[step], count(&cleared, step) + 1, "prepared twice for one try");
                    }
                    Action::Release(step) => {
                        *released.entry(*step).or_insert(0) += 1;
                        assert!(released[step] <= count(&prepared, step), "let go unprepared or twice");
                        for need in &engine.plan.steps[*step].needs {
                            assert_met(engine, *step, *need, &released);
                        }
                    }
                    _ => {}
                }
            }
        });
    }

    #[test]
    fn without_a_stop_a_step_is_left_out_only_for_what_happened_upstream(mut drawn in drawn()) {
        drawn.stop_after = None;
        for step in &mut drawn.steps {
            if step.on_failure == OnFailure::Cancel {
                step.on_failure = OnFailure::Fail;
            }
            // A service whose exit code counts may end after those that need it have gone.
            if step.on_failure == OnFailure::Fail && !step.is_awaited() {
                step.on_failure = OnFailure::Start;
            }
        }
        let engine = play(&drawn, |_, _| {});
        for (position, step) in drawn.steps.iter().enumerate() {
            let mut upstream = BTreeSet::new();
            let mut next = step.needs.clone();
            while let Some(need) = next.pop() {
                if upstream.insert(need) {
                    next.extend(&drawn.steps[need].needs);
                }
            }
            let failed = upstream.iter().any(|need| {
                let (other, finish) = (&drawn.steps[*need], &engine.ends[need]);
                other.on_failure != OnFailure::Ignore && is_wrong(other, finish)
            });
            match engine.ends[&position].reason {
                Reason::Needs => prop_assert!(failed && !step.runs_on.failure),
                Reason::Condition => prop_assert!(!failed && !step.runs_on.success),
                Reason::JobEnded => prop_assert!(!step.is_awaited()),
                _ => prop_assert!(step.runs_on.fits(failed), "step {position} ran against its condition"),
            }
        }
    }

    #[test]
    fn after_a_stop_nothing_is_prepared_or_let_go(drawn in drawn()) {
        let mut stopped = false;
        play(&drawn, |engine, actions| {
            let mine: Vec<_> = actions
                .iter()
                .filter(|action| matches!(action, Action::Prepare(_) | Action::Release(_) | Action::Checkout(_)))
                .collect();
            assert!(!stopped || mine.is_empty(), "{mine:?}");
            stopped |= engine.seen.iter().any(|action| matches!(action, Action::CancelBuild(_)));
            stopped |= engine.ends.values().any(|finish| finish.reason == Reason::Cancelled);
        });
    }

    #[test]
    fn the_job_is_green_iff_nothing_that_counts_is_red(mut drawn in drawn()) {
        drawn.stop_after = None;
        let engine = play(&drawn, |_, _| {});
        let red = drawn.steps.iter().enumerate().any(|(position, step)| {
            step.on_failure != OnFailure::Ignore && is_wrong(step, &engine.ends[&position])
        });
        let amber = drawn.steps.iter().enumerate().any(|(position, step)| {
            step.on_failure == OnFailure::Ignore && is_wrong(step, &engine.ends[&position])
        });
        prop_assert_eq!(engine.finish.as_ref().unwrap().status() != Status::Success, red);
        prop_assert_eq!(engine.job() == "ok_with_warnings", amber && !red);
    }
}
