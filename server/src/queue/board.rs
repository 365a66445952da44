//! What the dispatcher knows, without I/O and without waiting.

use std::collections::{BTreeMap, HashMap, HashSet};

use slipway_pipelines::{
    ids::{BuildId, JobId, RunnerId},
    lease::Claim,
    state::{Finish, JobState, Lease, Millis},
    wire::Order,
};
use tokio::sync::oneshot;

use super::labels::{Labels, fit};
use crate::store::{Granted, JobChange, RUNNER_LABEL};

/// Place of a job in the queue: oldest build first, then as the pipeline has them.
type Place = (BuildId, usize, JobId);

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Board {
    queued: BTreeMap<Place, Labels>,
    /// Runners that wait, in the order they came.
    waiting: BTreeMap<u64, Waiter>,
    last_waiter: u64,
    leases: HashMap<JobId, Held>,
    /// When the pause of a job before its next attempt ends.
    delays: HashMap<JobId, Millis>,
    /// Whether nothing is given to anybody.
    paused: bool,
    /// Runners that get nothing new.
    drained: HashSet<RunnerId>,
}

/// A free slot of a runner.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) runner: RunnerId,
    pub(super) labels: Labels,
    pub(super) answer: oneshot::Sender<Granted>,
}

/// A lease in force.
#[derive(Debug)]
struct Held {
    attempt: u32,
    lease: Lease,
    /// What it was told to end as.
    stop: Option<Finish>,
}

/// A job and who is to have it. Both are off the board until it is known whether that worked.
#[derive(Debug)]
pub(crate) struct Match {
    pub(super) place: Place,
    pub(super) needed: Labels,
    pub(super) id: u64,
    pub(super) waiter: Waiter,
}

impl Board {
    /// Takes in which leases are in force after a commit. Whether a runner could have an order by it.
    pub(super) fn note_lease(&mut self, change: &JobChange) -> bool {
        let stop = match &change.state {
            JobState::Stopping { finish, .. } => Some(finish.clone()),
            _ => None,
        };
        let orders = stop.is_some();
        match change.state {
            JobState::Delayed { until } => drop(self.delays.insert(change.job, until)),
            _ => drop(self.delays.remove(&change.job)),
        }
        match change.state.lease() {
            Some(lease) => {
                self.leases.insert(change.job, Held { attempt: change.attempt, lease: *lease, stop });
                orders
            }
            None => self.leases.remove(&change.job).is_some(),
        }
    }

    /// Takes in whether a job is queued after a commit.
    pub(super) fn note_queue(&mut self, change: &JobChange) {
        let place = (change.build, change.position, change.job);
        if matches!(change.state, JobState::Queued { .. }) {
            self.queued.insert(place, change.labels.clone());
        } else {
            self.queued.remove(&place);
        }
    }

    pub(super) fn wait(&mut self, waiter: Waiter) -> u64 {
        self.last_waiter += 1;
        self.waiting.insert(self.last_waiter, waiter);
        self.last_waiter
    }

    /// Takes a waiting runner off; `false` when it is being given a job, or was.
    pub(super) fn leave(&mut self, waiter: u64) -> bool {
        self.waiting.remove(&waiter).is_some()
    }

    /// Puts a match back that did not work out.
    pub(super) fn put_back(&mut self, found: Match, still_queued: bool) {
        if still_queued {
            self.queued.insert(found.place, found.needed);
        }
        self.waiting.insert(found.id, found.waiter);
    }

    /// The next match: the oldest job that a waiting runner may take.
    pub(super) fn next_match(&mut self) -> Option<Match> {
        self.waiting.retain(|_, waiter| !waiter.answer.is_closed());
        if self.paused {
            return None;
        }
        let (place, id) = self.queued.iter().find_map(|(place, needed)| {
            let fits =
                |(_, waiter): &(&u64, &Waiter)| fit(needed, &waiter.labels) && !self.drained.contains(&waiter.runner);
            self.waiting.iter().find(fits).map(|(id, _)| (*place, *id))
        })?;
        let needed = self.queued.remove(&place)?;
        let waiter = self.waiting.remove(&id)?;
        Some(Match { place, needed, id, waiter })
    }

    /// Jobs that wait for one runner.
    pub(super) fn waiting_for_one(&self) -> Vec<JobId> {
        let for_one = self.queued.iter().filter(|(_, needed)| needed.contains_key(RUNNER_LABEL));
        for_one.map(|((.., job), _)| *job).collect()
    }

    /// Whether nothing is given to anybody from here on.
    pub(super) fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Whether a runner gets nothing new from here on.
    pub(super) fn drain(&mut self, runner: RunnerId, drained: bool) {
        if drained {
            self.drained.insert(runner);
        } else {
            self.drained.remove(&runner);
        }
    }

    /// Free slots by runner.
    pub(super) fn free(&self) -> HashMap<RunnerId, usize> {
        let mut free = HashMap::new();
        for waiter in self.waiting.values().filter(|waiter| !waiter.answer.is_closed()) {
            *free.entry(waiter.runner).or_default() += 1;
        }
        free
    }

    /// Whose the lease of a claim is, if it is in force.
    pub(super) fn holder(&self, claim: Claim) -> Option<RunnerId> {
        let held = self.leases.get(&claim.job)?;
        (held.attempt == claim.attempt && held.lease.epoch == claim.epoch).then_some(held.lease.runner)
    }

    /// What a runner must do with what it runs.
    pub(super) fn orders(&self, runner: RunnerId, claims: &[Claim]) -> Vec<Order> {
        let order = |&claim: &Claim| {
            if self.holder(claim) != Some(runner) {
                return Some(Order::Drop { claim });
            }
            let finish = self.leases.get(&claim.job)?.stop.clone()?;
            Some(Order::Stop { claim, finish })
        };
        claims.iter().filter_map(order).collect()
    }

    /// When the first lease or pause ends.
    pub(super) fn first_deadline(&self) -> Option<Millis> {
        self.leases.values().map(|held| held.lease.deadline).chain(self.delays.values().copied()).min()
    }

    /// Jobs queued, runners waiting, leases in force.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        (self.queued.len(), self.waiting.len(), self.leases.len())
    }
}
