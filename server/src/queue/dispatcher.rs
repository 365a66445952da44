//! The board behind a lock, and what wakes those who wait for it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use slipway_pipelines::{
    ids::{JobId, RunnerId},
    lease::Claim,
    state::Millis,
    wire::{Disk, Order},
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    board::{Board, Match, Waiter},
    kept::Kept,
};
use crate::store::{Granted, JobChange, RUNNER_LABEL, model::Runner};

/// Matches waiting runners with queued jobs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    board: Arc<Mutex<Board>>,
    work: mpsc::UnboundedSender<Work>,
    runners: Arc<Mutex<HashMap<RunnerId, Runner>>>,
    orders: Arc<watch::Sender<()>>,
    leases: Arc<watch::Sender<()>>,
    /// Of runners, as they said last.
    disks: Arc<Mutex<HashMap<RunnerId, Disk>>>,
    /// Workspaces of failed jobs.
    kept: Arc<Mutex<Kept>>,
}

/// What [`run`](super::run) does in the database.
#[derive(Debug)]
pub(crate) enum Work {
    /// Make it a lease.
    Grant(Match),
    /// The runner never got to know of this lease: queue the job again.
    HandBack(Claim),
}

/// A runner's free slot on the board. Dropping it takes the slot off; a job that was on its way goes back.
#[derive(Debug)]
pub struct Waiting {
    id: u64,
    dispatcher: Dispatcher,
    answer: oneshot::Receiver<Granted>,
}

impl Dispatcher {
    /// A dispatcher, and what it wants done in the database by [`run`](super::run).
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Work>) {
        let (work, receiver) = mpsc::unbounded_channel();
        let (board, runners, orders, leases) = (Arc::default(), Arc::default(), Arc::default(), Arc::default());
        (Self { board, work, runners, orders, leases, disks: Arc::default(), kept: Arc::default() }, receiver)
    }

    /// Takes in what a commit did to leases. First of two: claims that are stale by it are refused from here on.
    pub(crate) fn note_leases(&self, changes: &[JobChange]) {
        let mut board = lock(&self.board);
        let mut orders = false;
        for change in changes {
            orders |= board.note_lease(change);
        }
        drop(board);
        self.leases.send_replace(());
        if orders {
            self.orders.send_replace(());
        }
    }

    /// Takes in what a commit did to the queue, and gives what is queued to who waits.
    pub(crate) fn note_queue(&self, changes: &[JobChange]) {
        let mut board = lock(&self.board);
        changes.iter().for_each(|change| board.note_queue(change));
        self.dispatch(board);
    }

    /// Puts a runner's free slot on the board.
    pub(crate) fn wait(&self, runner: RunnerId, mut labels: BTreeMap<String, String>) -> Waiting {
        labels.insert(RUNNER_LABEL.to_owned(), runner.to_string());
        let (answer, receiver) = oneshot::channel();
        let mut board = lock(&self.board);
        let id = board.wait(Waiter { runner, labels, answer });
        self.dispatch(board);
        Waiting { id, dispatcher: self.clone(), answer: receiver }
    }

    /// Queues a job again whose runner cannot have got to know of its lease.
    pub(crate) fn hand_back(&self, claim: Claim) {
        // Nobody works any more: the server stops, and the lease expires.
        let _ = self.work.send(Work::HandBack(claim));
    }

    /// Remembers what a runner said of itself.
    pub(crate) fn know(&self, runner: Runner) {
        self.runners.lock().unwrap_or_else(PoisonError::into_inner).insert(runner.id, runner);
    }

    /// What is remembered of a runner.
    pub(crate) fn known(&self, runner: RunnerId) -> Option<Runner> {
        self.runners.lock().unwrap_or_else(PoisonError::into_inner).get(&runner).cloned()
    }

    /// Remembers the disk of a runner.
    pub(crate) fn note_disk(&self, runner: RunnerId, disk: Option<Disk>) {
        if let Some(disk) = disk {
            self.disks.lock().unwrap_or_else(PoisonError::into_inner).insert(runner, disk);
        }
    }

    /// The disks of runners that told since the server's start.
    pub(crate) fn disks(&self) -> HashMap<RunnerId, Disk> {
        self.disks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers which workspaces of failed jobs a runner has.
    pub(crate) fn note_kept(&self, runner: RunnerId, claims: Vec<Claim>) {
        self.kept_now().set(runner, claims, Instant::now());
    }

    /// The same for one more; the runner tells all of them soon.
    pub(crate) fn note_one_kept(&self, runner: RunnerId, claim: Claim) {
        self.kept_now().add(runner, claim, Instant::now());
    }

    /// The workspaces of failed jobs that runners have.
    pub(crate) fn kept(&self) -> HashMap<Claim, RunnerId> {
        self.kept_now().at(Instant::now())
    }

    /// Jobs that wait for the one runner that has their workspace.
    pub(crate) fn waiting_for_one(&self) -> Vec<JobId> {
        lock(&self.board).waiting_for_one()
    }

    fn kept_now(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put_back(&self, found: Match, still_queued: bool) {
        let mut board = lock(&self.board);
        board.put_back(found, still_queued);
        self.dispatch(board);
    }

    /// Whether nothing is given to anybody from here on.
    pub(crate) fn pause(&self, paused: bool) {
        let mut board = lock(&self.board);
        board.pause(paused);
        self.dispatch(board);
    }

    /// Whether a runner gets nothing new from here on.
    pub(crate) fn drain(&self, runner: RunnerId, drained: bool) {
        let mut board = lock(&self.board);
        board.drain(runner, drained);
        self.dispatch(board);
    }

    /// Slots of runners that wait for a job, by runner.
    pub(crate) fn free(&self) -> HashMap<RunnerId, usize> {
        lock(&self.board).free()
    }

    /// Whose the lease of a claim is; `None` when the claim is not the job's current one.
    pub fn holder(&self, claim: Claim) -> Option<RunnerId> {
        lock(&self.board).holder(claim)
    }

    /// What a runner must do with what it runs.
    pub(crate) fn orders(&self, runner: RunnerId, claims: &[Claim]) -> Vec<Order> {
        lock(&self.board).orders(runner, claims)
    }

    /// Woken when there may be a new order.
    pub(crate) fn watch_orders(&self) -> watch::Receiver<()> {
        self.orders.subscribe()
    }

    /// When the first lease or pause ends, on the steady clock.
    pub(crate) fn first_deadline(&self) -> Option<Millis> {
        lock(&self.board).first_deadline()
    }

    /// Woken when a lease or pause changed.
    pub(crate) fn watch_leases(&self) -> watch::Receiver<()> {
        self.leases.subscribe()
    }

    /// Jobs queued, free slots of runners, leases in force.
    pub fn counts(&self) -> (usize, usize, usize) {
        lock(&self.board).counts()
    }

    fn dispatch(&self, mut board: MutexGuard<'_, Board>) {
        while let Some(found) = board.next_match() {
            // Nobody takes matches any more: the server stops.
            if self.work.send(Work::Grant(found)).is_err() {
                return;
            }
        }
    }
}

impl Waiting {
    /// The job, when there is one. Can be asked again after a timeout.
    pub(crate) async fn granted(&mut self) -> Option<Granted> {
        (&mut self.answer).await.ok()
    }

    /// Takes the slot off the board; the job, if one is on its way already.
    pub(crate) async fn leave(mut self) -> Option<Granted> {
        if lock(&self.dispatcher.board).leave(self.id) { None } else { self.granted().await }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        lock(&self.dispatcher.board).leave(self.id);
        self.answer.close();
        if let Ok(granted) = self.answer.try_recv() {
            self.dispatcher.hand_back(granted.claim);
        }
    }
}

fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}
