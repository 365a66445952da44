//! A build's rows as the rows of a timeline.

use slipway_pipelines::{
    plan::StepKind,
    state::{JobState, Millis, Reason},
    wire::Phase,
};
use slipway_web::{
    sign::Sign,
    timeline::{Lane, Part, PartKind},
    views::paths,
};

use super::times;
use crate::store::{
    UsualTimes,
    model::{BuildDetail, JobDetail, StepDetail},
};

/// A row for each job and each of its steps.
pub(crate) fn lanes(build: &BuildDetail, usual: &UsualTimes) -> Vec<Lane> {
    let mut first = Vec::new();
    let mut next = 0;
    for job in &build.jobs {
        first.push(next);
        next += 1 + job.steps.len();
    }
    let mut lanes = Vec::new();
    for job in &build.jobs {
        lanes.push(job_lane(job));
        let begins = job.queued.granted;
        // What the first steps of the job waited for: the jobs before.
        let before: Vec<usize> = job.needs.iter().flat_map(|&need| steps_of(build, &first, need)).collect();
        for step in &job.steps {
            let needs = awaited(job, step);
            let after = match needs.is_empty() {
                true => before.clone(),
                false => needs.iter().map(|need| first[job.position] + 1 + need).collect(),
            };
            let ready = needs.iter().filter_map(|&need| times(&job.steps[need].state).1).max();
            // What ran in an earlier attempt was done long before this one began.
            let ready = ready.max(begins);
            lanes.push(Lane {
                href: paths::step(&build.repository.name, build.summary.number, job.position, step.position, None),
                usual: usual.get(&job.name).and_then(|steps| steps.get(&step.name)).copied(),
                after,
                ..step_lane(step, ready)
            });
        }
    }
    lanes
}

/// The rows of a job's steps.
fn steps_of(build: &BuildDetail, first: &[usize], job: usize) -> impl Iterator<Item = usize> {
    let steps = build.jobs.get(job).map_or(0, |job| job.steps.len());
    let from = first.get(job).map_or(0, |first| first + 1);
    from..from + steps
}

/// The steps whose end one waits for: a service that it needs stands for what the service waited for.
fn awaited(job: &JobDetail, step: &StepDetail) -> Vec<usize> {
    let mut found = Vec::new();
    let mut open = step.needs.clone();
    let mut seen = vec![false; job.steps.len()];
    while let Some(need) = open.pop() {
        let Some(needed) = job.steps.get(need) else { continue };
        if std::mem::replace(&mut seen[need], true) {
            continue;
        }
        if needed.kind == StepKind::Service { open.extend(&needed.needs) } else { found.push(need) }
    }
    found
}

fn job_lane(job: &JobDetail) -> Lane {
    let (started, finished, finish) = match &job.state {
        JobState::Running { started, .. } => (Some(*started), None, None),
        JobState::Stopping { started, .. } => (*started, None, None),
        JobState::Finished { started, at, finish } => (*started, Some(*at), Some(finish)),
        JobState::Blocked
        | JobState::Waiting
        | JobState::Queued { .. }
        | JobState::Held { .. }
        | JobState::Delayed { .. }
        | JobState::Leased { .. } => (None, None, None),
    };
    // One that ended without a runner waited until then.
    let queue = job.queued.ready.map(|from| Part { kind: PartKind::Queue, from, to: job.queued.granted.or(finished) });
    let wait = job.queued.granted.filter(|_| finished.is_none() || started.is_some());
    let wait = wait.map(|from| Part { kind: PartKind::Wait, from, to: started });
    let run = started.map(|from| Part { kind: PartKind::Run, from, to: finished });
    Lane {
        is_job: true,
        name: job.name.clone(),
        href: String::new(),
        status: Sign::new(job.state.status(), finish),
        is_awaited: false,
        parts: [queue, wait, run].into_iter().flatten().collect(),
        usual: None,
        after: Vec::new(),
    }
}

/// `ready`: when all that it needs was done.
fn step_lane(step: &StepDetail, ready: Option<Millis>) -> Lane {
    let (started, finished, finish) = times(&step.state);
    let phase = |kind| step.phases.iter().find(|time| time.phase == kind);
    let wait = ready.zip(started).filter(|(ready, started)| started > ready);
    let wait = wait.map(|(from, to)| Part { kind: PartKind::Wait, from, to: Some(to) });
    // What is still open of a step that is over ended with it: its runner did not say when.
    let pull =
        phase(Phase::Pull).map(|time| Part { kind: PartKind::Pull, from: time.began, to: time.ended.or(finished) });
    let build = phase(Phase::Build).filter(|_| started.is_some()).map(|time| Part {
        kind: PartKind::Build,
        from: time.began,
        to: time.ended.or(finished),
    });
    let since = build.map_or(started, |build| build.to);
    let run = since.filter(|since| build.is_none() || finished.is_none_or(|finished| finished > *since));
    let run = run.map(|from| Part { kind: PartKind::Run, from, to: finished });
    Lane {
        is_job: false,
        name: step.name.clone(),
        href: String::new(),
        status: Sign::of_step(step.state.status(), finish, step.ignored),
        is_awaited: step.kind != StepKind::Service && finish.is_none_or(|finish| finish.reason != Reason::Stopped),
        parts: [wait, run, build, pull].into_iter().flatten().collect(),
        usual: None,
        after: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::{
        state::{Finish, StepState},
        wire::PhaseTime,
    };

    use super::*;

    fn step(kind: StepKind, needs: &[usize], state: StepState, phases: Vec<PhaseTime>) -> StepDetail {
        StepDetail {
            position: 0,
            name: "step".to_owned(),
            kind,
            ignored: false,
            state,
            log_bytes: None,
            image: None,
            needs: needs.to_vec(),
            phases,
            ran_in: None,
        }
    }

    fn ran(started: Millis, at: Millis) -> StepState {
        StepState::Finished { finish: Finish::exit(0), started: Some(started), at }
    }

    fn parts(step: &StepDetail, ready: Option<Millis>) -> Vec<(PartKind, Millis, Option<Millis>)> {
        step_lane(step, ready).parts.into_iter().map(|part| (part.kind, part.from, part.to)).collect()
    }

    #[test]
    fn a_steps_time_is_what_it_waited_pulled_and_ran() {
        let pull = PhaseTime { phase: Phase::Pull, began: 3, ended: Some(14) };
        let pulled = step(StepKind::Commands, &[], ran(15, 40), vec![pull]);
        let expected = [(PartKind::Wait, 10, Some(15)), (PartKind::Run, 15, Some(40)), (PartKind::Pull, 3, Some(14))];
        assert_eq!(parts(&pulled, Some(10)), expected);
        assert_eq!(parts(&step(StepKind::Commands, &[], StepState::Pending, vec![]), Some(10)), []);
    }

    #[test]
    fn a_build_of_an_image_comes_before_the_run() {
        let build = |ended| vec![PhaseTime { phase: Phase::Build, began: 15, ended }];
        let built = step(StepKind::Commands, &[], ran(15, 40), build(Some(30)));
        assert_eq!(parts(&built, None), [(PartKind::Run, 30, Some(40)), (PartKind::Build, 15, Some(30))]);
        let only = step(StepKind::Build, &[], ran(15, 30), build(Some(30)));
        assert_eq!(parts(&only, None), [(PartKind::Build, 15, Some(30))]);
        let under_way = step(StepKind::Build, &[], StepState::Running { since: 15 }, build(None));
        assert_eq!(parts(&under_way, None), [(PartKind::Build, 15, None)]);
        let gone = step(StepKind::Build, &[], ran(15, 22), build(None));
        assert_eq!(parts(&gone, None), [(PartKind::Build, 15, Some(22))], "its runner went away");
    }
}
