//! Why a job waits, in words.

use std::collections::BTreeMap;

use slipway_pipelines::state::JobState;
use slipway_web::time::rfc3339;

use super::Fleet;
use crate::store::model::{BuildDetail, JobDetail, QueueEntry, WaitingFor};

/// What a job waits for, in words.
pub(crate) fn waits(waiting: &WaitingFor, labels: &BTreeMap<String, String>) -> String {
    match waiting {
        WaitingFor::Approval => "waits for somebody's approval: it comes from a fork".to_owned(),
        WaitingFor::Needs(names) if names.is_empty() => "waits for the jobs that it needs".to_owned(),
        WaitingFor::Needs(names) => format!("waits for {}", names.join(", ")),
        WaitingFor::Concurrency { group, limit: 1 } => {
            format!("waits for its turn: one job of `{group}` runs at a time")
        }
        WaitingFor::Concurrency { group, limit } => {
            format!("waits for its turn: {limit} jobs of `{group}` run at a time")
        }
        // A page is drawn when something changes, so it cannot count down.
        WaitingFor::Retry { at, .. } => {
            format!("is tried again at {} UTC", rfc3339(*at).get(11..19).unwrap_or_default())
        }
        WaitingFor::Workspace { runner } => format!("waits for a free slot of {runner}, which has its workspace"),
        WaitingFor::Runner if labels.is_empty() => "waits for a runner".to_owned(),
        WaitingFor::Runner => {
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("waits for a runner with {}", labels.join(", "))
        }
    }
}

/// Where a build that is not finished stands, by its jobs that are not: who works on what, else what the first waits for.
pub(crate) fn standing(jobs: &[QueueEntry], fleet: &Fleet) -> String {
    let on = |job: &QueueEntry| {
        let runner = job.runner.as_deref().filter(|_| job.state.lease().is_some())?;
        Some(format!("{} on {runner}", job.name))
    };
    let running: Vec<String> = jobs.iter().filter_map(on).collect();
    let waiting = jobs.iter().find_map(|job| Some((job, job.waiting_for.as_ref()?)));
    match (&running[..], waiting) {
        ([], Some((job, why))) => fleet.why(why, &job.labels),
        ([], None) => String::new(),
        ([first, second, third, rest @ ..], _) if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        (all, _) => all.join(", "),
    }
}

/// The same for a job of a build that is known whole; `None` when it does not wait.
pub(crate) fn job_waits(build: &BuildDetail, job: &JobDetail) -> Option<String> {
    let waiting = match &job.state {
        JobState::Blocked => WaitingFor::Approval,
        JobState::Waiting => {
            let needs = job.needs.iter().filter_map(|need| build.jobs.get(*need));
            let open = needs.filter(|need| !need.state.status().is_final());
            WaitingFor::Needs(open.map(|need| need.name.clone()).collect())
        }
        JobState::Held { .. } => match &job.concurrency {
            Some(group) => WaitingFor::Concurrency { group: group.group.clone(), limit: group.limit },
            None => WaitingFor::Runner,
        },
        JobState::Delayed { until } => WaitingFor::Retry { at: *until, attempt: job.attempt },
        JobState::Queued { .. } => match &job.runner {
            Some(runner) if job.goes_on => WaitingFor::Workspace { runner: runner.clone() },
            _ => WaitingFor::Runner,
        },
        JobState::Leased { .. } | JobState::Running { .. } | JobState::Stopping { .. } | JobState::Finished { .. } => {
            return None;
        }
    };
    Some(waits(&waiting, &job.labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_stands_where_its_jobs_do() {
        use slipway_pipelines::{
            ids::{JobId, RunnerId},
            state::Lease,
        };
        let job = |name: &str, runner: Option<&str>| QueueEntry {
            job: JobId(uuid::Uuid::nil()),
            name: name.to_owned(),
            repository: "me/thing".parse().unwrap(),
            number: 1,
            state: match runner {
                Some(_) => {
                    JobState::Leased { lease: Lease { runner: RunnerId(uuid::Uuid::nil()), epoch: 1, deadline: 0 } }
                }
                None => JobState::Queued { epoch: 0 },
            },
            labels: BTreeMap::new(),
            waiting_for: runner.is_none().then_some(WaitingFor::Runner),
            runner: runner.map(str::to_owned),
            since: 0,
        };
        let standing = |jobs: &[QueueEntry]| standing(jobs, &Fleet::default());
        assert_eq!(standing(&[]), "");
        assert_eq!(standing(&[job("a", None), job("b", None)]), "no runner is there");
        assert_eq!(standing(&[job("a", None), job("b", Some("quay"))]), "b on quay");
        let many: Vec<_> = ["a", "b", "c", "d", "e"].iter().map(|name| job(name, Some("q"))).collect();
        assert_eq!(standing(&many), "a on q, b on q, c on q and 2 more");
    }

    #[test]
    fn every_wait_has_its_words() {
        let labels: BTreeMap<String, String> = [("gpu".to_owned(), "yes".to_owned())].into();
        let group = |limit| WaitingFor::Concurrency { group: "deploy".to_owned(), limit };
        let needs = |names: &[&str]| WaitingFor::Needs(names.iter().map(|name| (*name).to_owned()).collect());
        for (waiting, text) in [
            (WaitingFor::Approval, "waits for somebody's approval: it comes from a fork"),
            (needs(&["build", "lint"]), "waits for build, lint"),
            (needs(&[]), "waits for the jobs that it needs"),
            (group(1), "waits for its turn: one job of `deploy` runs at a time"),
            (group(3), "waits for its turn: 3 jobs of `deploy` run at a time"),
            (WaitingFor::Retry { at: 1_795_230_842_007, attempt: 2 }, "is tried again at 03:14:02 UTC"),
            (WaitingFor::Runner, "waits for a runner with gpu=yes"),
            (
                WaitingFor::Workspace { runner: "quay".to_owned() },
                "waits for a free slot of quay, which has its workspace",
            ),
        ] {
            assert_eq!(waits(&waiting, &labels), text);
        }
        assert_eq!(waits(&WaitingFor::Runner, &BTreeMap::new()), "waits for a runner");
    }
}
