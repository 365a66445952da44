//! Which runner still has the workspace of which failed job.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use slipway_pipelines::{ids::RunnerId, lease::Claim};

/// How long after its last word a runner may be gone with all that it has: longer than a request of it waits.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// All that runners told.
#[derive(Debug, Default)]
pub(super) struct Kept(HashMap<RunnerId, Told>);

#[derive(Debug)]
struct Told {
    claims: Vec<Claim>,
    at: Instant,
}

impl Kept {
    /// A runner tells all that it has.
    pub(super) fn set(&mut self, runner: RunnerId, claims: Vec<Claim>, at: Instant) {
        self.0.insert(runner, Told { claims, at });
    }

    /// A runner tells of one more.
    pub(super) fn add(&mut self, runner: RunnerId, claim: Claim, at: Instant) {
        let told = self.0.entry(runner).or_insert_with(|| Told { claims: Vec::new(), at });
        told.at = at;
        if !told.claims.contains(&claim) {
            told.claims.push(claim);
        }
    }

    /// What the runners have which were heard of lately.
    pub(super) fn at(&self, now: Instant) -> HashMap<Claim, RunnerId> {
        let near = self.0.iter().filter(|(_, told)| now.duration_since(told.at) < SILENCE);
        near.flat_map(|(runner, told)| told.claims.iter().map(|claim| (*claim, *runner))).collect()
    }
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::ids::JobId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_a_runner_said_last_holds_while_it_is_near() {
        let [first, second] = [1, 2].map(|id| Claim { job: JobId(Uuid::from_u128(id)), attempt: 1, epoch: 1 });
        let [one, other] = [1, 2].map(|id| RunnerId(Uuid::from_u128(id)));
        let (mut kept, start) = (Kept::default(), Instant::now());
        kept.add(one, first, start);
        kept.add(one, first, start);
        kept.set(other, vec![second], start + SILENCE / 2);
        assert_eq!(kept.at(start + SILENCE / 2), [(first, one), (second, other)].into());
        assert_eq!(kept.at(start + SILENCE), [(second, other)].into());
        kept.set(other, Vec::new(), start + SILENCE);
        assert!(kept.at(start + SILENCE).is_empty());
    }
}
