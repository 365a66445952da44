//! Workspaces of jobs that failed, kept for a while so that the job can go on from there. They are this process's: the executor
//! removes them at its end, and what a killed process left is swept by the next.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use slipway_pipelines::{ids::JobId, lease::Claim, wire::Disk};
use tokio::{sync::OwnedMutexGuard, time::Instant};

/// How long one is kept.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// All of them, oldest first.
#[derive(Debug)]
pub(crate) struct Workspaces {
    most: usize,
    all: Mutex<Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    claim: Claim,
    until: Instant,
    settled: Arc<tokio::sync::Mutex<()>>,
}

/// One that is taken off the list, and is not touched before the job that left it has let go of it.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) claim: Claim,
    settled: Arc<tokio::sync::Mutex<()>>,
}

impl Taken {
    /// Resolves when the job that left it has let go of it.
    pub(crate) async fn settled(&self) {
        drop(self.settled.lock().await);
    }
}

/// Held until the job that leaves it has let go of it.
#[derive(Debug)]
pub(crate) struct Unsettled {
    _guard: Option<OwnedMutexGuard<()>>,
}

impl Workspaces {
    /// `most`: how many are kept at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, all: Mutex::default() }
    }

    /// Whether another stays. None on a disk that is nearly full, where every byte is wanted.
    pub(crate) fn has_room(&self, disk: Option<Disk>) -> bool {
        self.most > 0 && disk.is_none_or(|disk| disk.free >= disk.total / 10)
    }

    /// Keeps one, which counts from now on, until the surplus is taken.
    pub(crate) fn add(&self, claim: Claim) -> Unsettled {
        let settled = Arc::new(tokio::sync::Mutex::new(()));
        let unsettled = Arc::clone(&settled).try_lock_owned();
        let mut all = self.all();
        all.retain(|entry| entry.claim != claim);
        all.push(Entry { claim, until: Instant::now() + LIFE, settled });
        Unsettled { _guard: unsettled.ok() }
    }

    /// Takes one off the list that is its job's again, or gone.
    pub(crate) fn forget(&self, claim: Claim) {
        self.all().retain(|entry| entry.claim != claim);
    }

    /// Puts one back that was taken and not used.
    pub(crate) fn put_back(&self, taken: Taken) {
        self.all().push(Entry { claim: taken.claim, until: Instant::now() + LIFE, settled: taken.settled });
    }

    /// Those that are too many, oldest first.
    pub(crate) fn surplus(&self) -> Vec<Taken> {
        let mut all = self.all();
        let surplus = all.len().saturating_sub(self.most);
        all.drain(..surplus).map(Entry::taken).collect()
    }

    /// Those of a job but for one: it is tried again, and goes on with that one if with any.
    pub(crate) fn outdated(&self, job: JobId, but: Claim) -> Vec<Taken> {
        self.all().extract_if(.., |entry| entry.claim.job == job && entry.claim != but).map(Entry::taken).collect()
    }

    /// The one of a claim, for a job that goes on with it.
    pub(crate) fn take(&self, claim: Claim) -> Option<Taken> {
        let mut all = self.all();
        let at = all.iter().position(|entry| entry.claim == claim)?;
        Some(all.remove(at).taken())
    }

    /// Those whose time is over.
    pub(crate) fn overdue(&self) -> Vec<Taken> {
        let now = Instant::now();
        self.all().extract_if(.., |entry| entry.until <= now).map(Entry::taken).collect()
    }

    /// All.
    pub(crate) fn take_all(&self) -> Vec<Taken> {
        self.all().drain(..).map(Entry::taken).collect()
    }

    /// What there is.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        self.all().iter().map(|entry| entry.claim).collect()
    }

    fn all(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn taken(self) -> Taken {
        Taken { claim: self.claim, settled: self.settled }
    }
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::ids::JobId;
    use uuid::Uuid;

    use super::*;

    fn claim(job: u128) -> Claim {
        Claim { job: JobId(Uuid::from_u128(job)), attempt: 1, epoch: 1 }
    }

    fn claims(taken: Vec<Taken>) -> Vec<Claim> {
        taken.into_iter().map(|taken| taken.claim).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_are_kept_for_an_hour() {
        let workspaces = Workspaces::new(2);
        workspaces.add(claim(1));
        tokio::time::advance(LIFE / 2).await;
        workspaces.add(claim(2));
        assert_eq!(claims(workspaces.surplus()), []);
        workspaces.add(claim(3));
        workspaces.add(claim(3));
        assert_eq!(claims(workspaces.surplus()), [claim(1)]);
        assert_eq!(workspaces.claims(), [claim(2), claim(3)]);
        assert_eq!(claims(workspaces.overdue()), []);
        assert_eq!(workspaces.take(claim(3)).unwrap().claim, claim(3));
        assert!(workspaces.take(claim(3)).is_none());
        tokio::time::advance(LIFE).await;
        assert_eq!(claims(workspaces.overdue()), [claim(2)]);
        assert_eq!(workspaces.claims(), []);
    }

    #[tokio::test(start_paused = true)]
    async fn one_is_not_touched_before_it_is_let_go() {
        let workspaces = Workspaces::new(1);
        let unsettled = workspaces.add(claim(1));
        let taken = workspaces.take(claim(1)).unwrap();
        let second = Duration::from_secs(1);
        assert!(tokio::time::timeout(second, taken.settled()).await.is_err());
        workspaces.put_back(taken);
        let taken = workspaces.take(claim(1)).unwrap();
        drop(unsettled);
        assert!(tokio::time::timeout(second, taken.settled()).await.is_ok());
    }

    #[test]
    fn a_disk_that_is_nearly_full_keeps_none() {
        let disk = |free| Some(Disk { free, total: 100 });
        let workspaces = Workspaces::new(1);
        assert!(workspaces.has_room(None) && workspaces.has_room(disk(10)) && !workspaces.has_room(disk(9)));
        assert!(!Workspaces::new(0).has_room(None));
    }

    #[tokio::test]
    async fn a_job_that_is_tried_again_has_one_at_most() {
        let workspaces = Workspaces::new(9);
        let second = Claim { attempt: 2, ..claim(1) };
        for claim in [claim(1), claim(2), second] {
            workspaces.add(claim);
        }
        assert_eq!(claims(workspaces.outdated(claim(1).job, second)), [claim(1)]);
        assert_eq!(workspaces.claims(), [claim(2), second]);
    }
}
