//! Why a job waits, in words.

use std::collections::BTreeMap;

use slipway_pipelines::{compile::Concurrency, state::JobState};
use slipway_web::time::rfc3339;

use crate::store::model::{BuildDetail, JobDetail};

/// Why a job waits; `None` when it does not. `needs` are the names of those it needs that have not ended.
pub(crate) fn waits(
    state: &JobState,
    needs: &[&str],
    labels: &BTreeMap<String, String>,
    concurrency: Option<&Concurrency>,
) -> Option<String> {
    Some(match state {
        JobState::Waiting if needs.is_empty() => "waits for the jobs that it needs".to_owned(),
        JobState::Waiting => format!("waits for {}", needs.join(", ")),
        JobState::Held { .. } => match concurrency {
            Some(Concurrency { group, limit: 1, .. }) => {
                format!("waits for its turn: one job of `{group}` runs at a time")
            }
            Some(Concurrency { group, limit, .. }) => {
                format!("waits for its turn: {limit} jobs of `{group}` run at a time")
            }
            None => "waits for its turn in its concurrency group".to_owned(),
        },
        // A page is drawn when something changes, so it cannot count down.
        JobState::Delayed { until } => {
            format!("is tried again at {} UTC", rfc3339(*until).get(11..19).unwrap_or_default())
        }
        JobState::Queued { .. } if labels.is_empty() => "waits for a runner".to_owned(),
        JobState::Queued { .. } => {
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("waits for a runner with {}", labels.join(", "))
        }
        JobState::Leased { .. } | JobState::Running { .. } | JobState::Stopping { .. } | JobState::Finished { .. } => {
            return None;
        }
    })
}

/// The same for a job of a build that is known whole.
pub(crate) fn job_waits(build: &BuildDetail, job: &JobDetail) -> Option<String> {
    let needs = job.needs.iter().filter_map(|need| build.jobs.get(*need));
    let open: Vec<&str> = needs.filter(|need| !need.state.status().is_final()).map(|need| need.name.as_str()).collect();
    waits(&job.state, &open, &job.labels, job.concurrency.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wait_has_its_words() {
        let labels: BTreeMap<String, String> = [("gpu".to_owned(), "yes".to_owned())].into();
        let group = |limit| Concurrency { group: "deploy".to_owned(), limit, cancel_superseded: false };
        let held = JobState::Held { epoch: 0 };
        for (state, needs, concurrency, text) in [
            (JobState::Waiting, &["build", "lint"][..], None, "waits for build, lint"),
            (JobState::Waiting, &[], None, "waits for the jobs that it needs"),
            (held.clone(), &[], Some(group(1)), "waits for its turn: one job of `deploy` runs at a time"),
            (held.clone(), &[], Some(group(3)), "waits for its turn: 3 jobs of `deploy` run at a time"),
            (held, &[], None, "waits for its turn in its concurrency group"),
            (JobState::Delayed { until: 1_795_230_842_007 }, &[], None, "is tried again at 03:14:02 UTC"),
            (JobState::Queued { epoch: 0 }, &[], None, "waits for a runner with gpu=yes"),
        ] {
            assert_eq!(waits(&state, needs, &labels, concurrency.as_ref()).as_deref(), Some(text));
        }
        let unlabelled = waits(&JobState::Queued { epoch: 0 }, &[], &BTreeMap::new(), None);
        assert_eq!(unlabelled.as_deref(), Some("waits for a runner"));
    }
}
