//! Which jobs run again.

use slipway_pipelines::state::Status;

use super::{
    StoreError,
    jobs::Job,
    model::{Again, FromFailed},
    settle::upstream_failed,
};

/// Positions of the jobs of a finished build that run again. Pure.
pub(super) fn again(jobs: &[Job], what: &Again) -> Result<Vec<usize>, StoreError> {
    let bad: Vec<usize> = (0..jobs.len())
        .filter(|&position| {
            let status = jobs[position].state.status();
            status.is_bad() || status == Status::Skipped && upstream_failed(jobs, position)
        })
        .collect();
    let chosen = match what {
        Again::Needed if bad.is_empty() => (0..jobs.len()).collect(),
        Again::Needed | Again::Failed | Again::FromFailed(FromFailed { job: None, .. }) => bad,
        Again::All => (0..jobs.len()).collect(),
        Again::Job(name) => around(jobs, named(jobs, name)?, |need| jobs[need].state.status() != Status::Success),
        Again::FromFailed(FromFailed { job: Some(name), .. }) => {
            let position = named(jobs, name)?;
            if bad.contains(&position) { around(jobs, position, |need| bad.contains(&need)) } else { Vec::new() }
        }
    };
    if chosen.is_empty() { Err(StoreError::NothingToRetry) } else { Ok(chosen) }
}

fn named(jobs: &[Job], name: &str) -> Result<usize, StoreError> {
    jobs.iter().position(|job| job.name == name).ok_or_else(|| StoreError::NoSuchJob(name.to_owned()))
}

/// A job; what needs it, since it took what the job gave; and what it needs that is to run again, since it would be left out again.
fn around(jobs: &[Job], position: usize, runs_again: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut chosen = vec![false; jobs.len()];
    let mut open = vec![position];
    while let Some(current) = open.pop() {
        if std::mem::replace(&mut chosen[current], true) {
            continue;
        }
        open.extend(jobs[current].needs.iter().copied().filter(|&need| need < jobs.len() && runs_again(need)));
        open.extend((0..jobs.len()).filter(|&other| jobs[other].needs.contains(&current)));
    }
    (0..jobs.len()).filter(|&at| chosen[at]).collect()
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::{
        plan::RunsOn,
        state::{Finish, JobState, Reason},
    };

    use super::*;
    use crate::store::settle::tests::job;

    fn jobs(all: &[(&[usize], Reason)]) -> Vec<Job> {
        let ended = |reason| JobState::Finished { finish: Finish::because(reason), started: None, at: 0 };
        all.iter()
            .enumerate()
            .map(|(position, (needs, reason))| job(position, needs, RunsOn::default(), ended(*reason)))
            .collect()
    }

    fn named(jobs: &[Job], name: &str) -> Vec<usize> {
        again(jobs, &Again::Job(name.to_owned())).unwrap()
    }

    #[test]
    fn what_failed_takes_what_was_left_out_behind_it() {
        let mut all =
            jobs(&[(&[], Reason::Ok), (&[], Reason::ExitCode), (&[1], Reason::Needs), (&[0], Reason::Condition)]);
        all[3].runs_on = RunsOn { success: false, failure: true };
        assert_eq!(again(&all, &Again::Needed).unwrap(), [1, 2]);
        assert_eq!(again(&all, &Again::Failed).unwrap(), [1, 2]);
        assert_eq!(again(&all, &Again::All).unwrap(), [0, 1, 2, 3]);
        let good = &all[..1];
        assert_eq!(again(good, &Again::Needed).unwrap(), [0], "all went well: all again");
        assert!(matches!(again(good, &Again::Failed), Err(StoreError::NothingToRetry)));
        assert!(matches!(again(&[], &Again::All), Err(StoreError::NothingToRetry)));
    }

    #[test]
    fn from_the_failed_step_takes_the_same_jobs_and_none_that_did_not_fail() {
        let all = jobs(&[(&[], Reason::Ok), (&[0], Reason::ExitCode), (&[1], Reason::Needs), (&[0], Reason::Lost)]);
        let from = |job: Option<&str>| {
            again(&all, &Again::FromFailed(FromFailed { job: job.map(str::to_owned), kept: Default::default() }))
        };
        assert_eq!(from(None).unwrap(), [1, 2, 3]);
        assert_eq!(from(Some("1")).unwrap(), [1, 2]);
        assert!(matches!(from(Some("0")), Err(StoreError::NothingToRetry)));
        let all = jobs(&[(&[], Reason::Ok), (&[0], Reason::Condition), (&[0, 1], Reason::ExitCode)]);
        let what = Again::FromFailed(FromFailed { job: Some("2".to_owned()), kept: Default::default() });
        assert_eq!(again(&all, &what).unwrap(), [2], "what its condition left out stays out");
        assert!(matches!(from(Some("9")), Err(StoreError::NoSuchJob(_))));
    }

    #[test]
    fn a_job_takes_what_needs_it_and_what_it_needs_that_is_not_well() {
        let all = jobs(&[
            (&[], Reason::Ok),
            (&[0], Reason::ExitCode),
            (&[0], Reason::Ok),
            (&[1, 2], Reason::Needs),
            (&[3], Reason::Needs),
            (&[], Reason::Ok),
        ]);
        assert_eq!(named(&all, "2"), [1, 2, 3, 4], "3 needs it, and 1 as well");
        assert_eq!(named(&all, "0"), [0, 1, 2, 3, 4]);
        assert_eq!(named(&all, "4"), [1, 3, 4]);
        assert_eq!(named(&all, "5"), [5]);
        assert!(matches!(again(&all, &Again::Job("6".to_owned())), Err(StoreError::NoSuchJob(_))));
    }
}
