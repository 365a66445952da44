//! The runners as they are now, and why a job gets none of them.

use std::collections::{BTreeMap, HashMap};

use slipway_pipelines::{ids::RunnerId, state::Millis, wire::Disk};

use super::waiting::waits;
use crate::{
    app::App,
    clock,
    queue::fit,
    store::{
        StoreError,
        model::{Hold, Runner, WaitingFor},
    },
};

/// How long after a runner's last word it counts as away: three of its renewals did not come.
const AWAY_MS: Millis = 45_000;
/// Names of runners that a sentence has, at most.
const NAMES: usize = 3;

/// All runners, and whether the queue is paused.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fleet {
    /// The pause in force.
    pub(crate) paused: Option<Hold>,
    /// By name.
    pub(crate) runners: Vec<RunnerNow>,
}

/// A runner as it is now.
#[derive(Clone, Debug)]
pub(crate) struct RunnerNow {
    /// What it said of itself.
    pub(crate) runner: Runner,
    /// Slots that wait for a job.
    pub(crate) free: usize,
    /// Whether it was heard of lately.
    pub(crate) near: bool,
    /// The disk of its data folder, if it told since the server's start.
    pub(crate) disk: Option<Disk>,
}

impl Fleet {
    /// As it is now.
    pub(crate) async fn now(app: &App) -> Result<Self, StoreError> {
        let free = app.dispatcher.free();
        let runners = app.store.runners().await?;
        let mut runners = seen_at(runners, &free, clock::now());
        let disks = app.dispatcher.disks();
        runners.iter_mut().for_each(|one| one.disk = disks.get(&one.runner.id).copied());
        Ok(Self { paused: app.store.queue_pause().await?, runners })
    }

    /// What a job waits for, in words; where that is a runner, why there is none.
    pub(crate) fn why(&self, waiting: &WaitingFor, labels: &BTreeMap<String, String>) -> String {
        match waiting {
            WaitingFor::Runner => self.why_no_runner(labels),
            WaitingFor::Workspace { runner } => self.why_not_its_own(runner).unwrap_or_else(|| waits(waiting, labels)),
            WaitingFor::Approval | WaitingFor::Needs(_) | WaitingFor::Concurrency { .. } | WaitingFor::Retry { .. } => {
                waits(waiting, labels)
            }
        }
    }

    /// Why the one runner that has a job's workspace does not take it, if that is not for want of a free slot.
    fn why_not_its_own(&self, name: &str) -> Option<String> {
        if let Some(Hold { by, .. }) = &self.paused {
            return Some(format!("the queue is paused by {by}"));
        }
        let Some(runner) = self.runners.iter().find(|one| one.runner.name == name && one.near) else {
            return Some(format!("away: {name}, which has its workspace"));
        };
        runner.runner.drained.is_some().then(|| format!("drained: {name}, which has its workspace"))
    }

    fn why_no_runner(&self, labels: &BTreeMap<String, String>) -> String {
        if let Some(Hold { by, .. }) = &self.paused {
            return format!("the queue is paused by {by}");
        }
        let fitting: Vec<&RunnerNow> = self.runners.iter().filter(|one| fit(labels, &one.runner.labels)).collect();
        let near: Vec<&RunnerNow> = fitting.iter().copied().filter(|one| one.near).collect();
        let open: Vec<&RunnerNow> = near.iter().copied().filter(|one| one.runner.drained.is_none()).collect();
        let asked: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        match (&fitting[..], &near[..], &open[..]) {
            ([], ..) if self.runners.is_empty() => "no runner is there".to_owned(),
            ([], ..) => format!("no runner has {}", asked.join(", ")),
            (away, [], _) => format!("away: {}", names(away)),
            (_, drained, []) => format!("drained: {}", names(drained)),
            (.., open) if open.iter().any(|one| one.free > 0) => waits(&WaitingFor::Runner, labels),
            (.., open) => format!("waits for a free slot of {}", names(open)),
        }
    }
}

fn seen_at(runners: Vec<Runner>, free: &HashMap<RunnerId, usize>, now: Millis) -> Vec<RunnerNow> {
    let one = |runner: Runner| {
        let free = free.get(&runner.id).copied().unwrap_or(0);
        RunnerNow { free, near: free > 0 || now - runner.seen < AWAY_MS, runner, disk: None }
    };
    runners.into_iter().map(one).collect()
}

fn names(runners: &[&RunnerNow]) -> String {
    let mut names: Vec<&str> = runners.iter().map(|one| one.runner.name.as_str()).take(NAMES).collect();
    if runners.len() > NAMES {
        names.push("others");
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::store::model::TokenId;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn runner(name: &str, gpu: bool, seen: Millis, drained: bool) -> Runner {
        Runner {
            id: RunnerId(Uuid::from_u128(u128::from(name.as_bytes()[0]))),
            name: name.to_owned(),
            version: "0".to_owned(),
            labels: if gpu { labels(&[("gpu", "yes")]) } else { BTreeMap::new() },
            slots: 1,
            seen,
            token: TokenId(String::new()),
            drained: drained.then(|| Hold { at: 0, by: "me".to_owned() }),
        }
    }

    #[test]
    fn a_job_without_a_runner_says_why() {
        let gpu = labels(&[("gpu", "yes")]);
        let now = 1_000_000;
        let why = |runners: Vec<Runner>, free: &[&str], labels: &BTreeMap<String, String>| {
            let ids = runners.iter().filter(|one| free.contains(&one.name.as_str())).map(|one| (one.id, 1)).collect();
            Fleet { paused: None, runners: seen_at(runners, &ids, now) }.why(&WaitingFor::Runner, labels)
        };
        assert_eq!(why(vec![], &[], &gpu), "no runner is there");
        assert_eq!(why(vec![runner("a", false, now, false)], &[], &gpu), "no runner has gpu=yes");
        assert_eq!(why(vec![runner("a", true, 0, false)], &[], &gpu), "away: a");
        assert_eq!(why(vec![runner("a", true, now, true), runner("b", true, 0, false)], &[], &gpu), "drained: a");
        assert_eq!(why(vec![runner("a", true, now, false)], &[], &gpu), "waits for a free slot of a");
        assert_eq!(why(vec![runner("a", true, 0, false)], &["a"], &gpu), "waits for a runner with gpu=yes");
        let many = ["a", "b", "c", "d"].map(|name| runner(name, false, now, false)).to_vec();
        assert_eq!(why(many, &[], &labels(&[])), "waits for a free slot of a, b, c, others");
        let paused = Fleet { paused: Some(Hold { at: 0, by: "me".to_owned() }), runners: Vec::new() };
        assert_eq!(paused.why(&WaitingFor::Runner, &gpu), "the queue is paused by me");
        let workspace = WaitingFor::Workspace { runner: "a".to_owned() };
        assert_eq!(paused.why(&workspace, &gpu), "the queue is paused by me");
        let drained =
            Fleet { paused: None, runners: seen_at(vec![runner("a", false, now, true)], &HashMap::new(), now) };
        assert_eq!(drained.why(&workspace, &gpu), "drained: a, which has its workspace");
        let fleet = |seen| Fleet {
            paused: None,
            runners: seen_at(vec![runner("a", false, seen, false)], &HashMap::new(), now),
        };
        assert_eq!(fleet(0).why(&workspace, &gpu), "away: a, which has its workspace");
        assert_eq!(fleet(now).why(&workspace, &gpu), "waits for a free slot of a, which has its workspace");
        assert_eq!(paused.why(&WaitingFor::Needs(vec!["b".to_owned()]), &gpu), "waits for b");
    }
}
