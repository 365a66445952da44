//! Which job is next. Pure.

use std::collections::HashMap;

use slipway_pipelines::{
    compile::CompiledJob,
    state::{Finish, Reason},
};

/// Where a job stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// For what it needs, or for its turn.
    Waits,
    /// It runs, or pauses before its next attempt.
    Runs,
    /// Final.
    Ended(Finish),
}

/// What is to be done with a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Decision {
    Begin,
    LeaveOut(Finish),
}

/// What is to be done now; to be asked again until it says nothing, because a job left out may decide about the next.
pub(super) fn decide(jobs: &[CompiledJob], standing: &[Standing], at_once: usize) -> Vec<(usize, Decision)> {
    let mut free = at_once.saturating_sub(standing.iter().filter(|standing| **standing == Standing::Runs).count());
    let mut groups: HashMap<&str, u32> = HashMap::new();
    for (job, standing) in jobs.iter().zip(standing) {
        if let (Standing::Runs, Some(concurrency)) = (standing, &job.concurrency) {
            *groups.entry(&concurrency.group).or_default() += 1;
        }
    }
    let mut decided = Vec::new();
    for (position, job) in jobs.iter().enumerate() {
        let is_done = |need: &usize| matches!(standing.get(*need), None | Some(Standing::Ended(_)));
        if standing.get(position) != Some(&Standing::Waits) || !job.needs.iter().all(is_done) {
            continue;
        }
        let failed = upstream_failed(jobs, standing, position);
        if !job.runs_on.fits(failed) {
            let reason = if failed { Reason::Needs } else { Reason::Condition };
            decided.push((position, Decision::LeaveOut(Finish::because(reason))));
            continue;
        }
        if let Some(concurrency) = &job.concurrency {
            let running = groups.entry(&concurrency.group).or_default();
            if *running >= concurrency.limit || free == 0 {
                continue;
            }
            *running += 1;
        }
        if free > 0 {
            free -= 1;
            decided.push((position, Decision::Begin));
        }
    }
    decided
}

/// The jobs that a job needs, directly or not, in their order.
pub(super) fn upstream(jobs: &[CompiledJob], position: usize) -> Vec<usize> {
    let mut seen = vec![false; jobs.len()];
    let mut open = vec![position];
    while let Some(current) = open.pop() {
        for &need in jobs.get(current).map_or(&[][..], |job| &job.needs) {
            if let Some(seen) = seen.get_mut(need)
                && !std::mem::replace(seen, true)
            {
                open.push(need);
            }
        }
    }
    seen.iter().enumerate().filter(|(_, seen)| **seen).map(|(position, _)| position).collect()
}

fn upstream_failed(jobs: &[CompiledJob], standing: &[Standing], position: usize) -> bool {
    let ended_badly = |need: usize| match standing.get(need) {
        Some(Standing::Ended(finish)) => finish.status().is_bad(),
        Some(Standing::Waits | Standing::Runs) | None => false,
    };
    upstream(jobs, position).into_iter().any(ended_badly)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use slipway_pipelines::{
        compile::Concurrency,
        plan::{Plan, RunsOn, Workspace},
    };

    use super::*;

    fn job(needs: &[usize], runs_on: RunsOn) -> CompiledJob {
        let workspace = Workspace { base: "/w".into(), path: "/w/x".into() };
        CompiledJob {
            name: "x".into(),
            workflow: "x".into(),
            needs: needs.to_vec(),
            runs_on,
            labels: BTreeMap::new(),
            retry: None,
            concurrency: None,
            plan: Plan::new("x", workspace, []),
        }
    }

    fn ended(reason: Reason) -> Standing {
        Standing::Ended(Finish::because(reason))
    }

    const ON_SUCCESS: RunsOn = RunsOn { success: true, failure: false };
    const ON_FAILURE: RunsOn = RunsOn { success: false, failure: true };

    #[test]
    fn a_failure_leaves_out_what_needs_success_and_wakes_what_waits_for_failure() {
        let jobs = [job(&[], ON_SUCCESS), job(&[0], ON_SUCCESS), job(&[0], ON_FAILURE), job(&[1], ON_SUCCESS)];
        let standing = [ended(Reason::ExitCode), Standing::Waits, Standing::Waits, Standing::Waits];
        let needs = Decision::LeaveOut(Finish::because(Reason::Needs));
        assert_eq!(decide(&jobs, &standing, 2), [(1, needs), (2, Decision::Begin)], "3 waits for 1");
    }

    #[test]
    fn no_more_run_than_may_and_a_group_keeps_its_limit() {
        let mut jobs = vec![job(&[], ON_SUCCESS); 4];
        let waits = vec![Standing::Waits; 4];
        assert_eq!(decide(&jobs, &waits, 3).len(), 3);
        for job in &mut jobs[..3] {
            let group = "deploy".to_owned();
            job.concurrency = Some(Concurrency { group, limit: 1, cancel_superseded: false });
        }
        assert_eq!(decide(&jobs, &waits, 9), [(0, Decision::Begin), (3, Decision::Begin)]);
        let mut standing = waits;
        standing[0] = Standing::Runs;
        standing[3] = Standing::Runs;
        assert_eq!(decide(&jobs, &standing, 9), []);
        standing[0] = ended(Reason::Ok);
        assert_eq!(decide(&jobs, &standing, 9), [(1, Decision::Begin)]);
    }

    #[test]
    fn a_job_for_failure_is_left_out_when_all_went_well() {
        let jobs = [job(&[], ON_SUCCESS), job(&[0], ON_FAILURE)];
        let standing = [ended(Reason::OkWithWarnings), Standing::Waits];
        assert_eq!(decide(&jobs, &standing, 1), [(1, Decision::LeaveOut(Finish::because(Reason::Condition)))]);
    }
}
