//! The job's logs: into the spool, and from there to the reporter.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use slipway_pipelines::state::Millis;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::start::now;
use crate::{
    executor::LogSink,
    reporter::{Fenced, Reporter},
    ship::ship,
    spool::{JobSpool, Said, StepLog},
};

/// All logs of one job.
#[derive(Debug)]
pub(super) struct Logs<R> {
    spool: Arc<JobSpool>,
    reporter: R,
    committed: BTreeMap<usize, u64>,
    open: Mutex<BTreeMap<usize, Open>>,
    news: mpsc::UnboundedSender<LogNews>,
}

/// The log of a step told something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct LogNews {
    pub(super) step: usize,
    pub(super) said: Said,
    pub(super) at: Millis,
}

#[derive(Debug)]
enum Open {
    Shipping { log: Arc<StepLog>, shipper: AbortOnDropHandle<Result<u64, Fenced>> },
    Broken(String),
}

impl<R: Reporter> Logs<R> {
    /// With what the logs tell.
    pub(super) fn new(
        spool: Arc<JobSpool>,
        reporter: R,
        committed: BTreeMap<usize, u64>,
    ) -> (Self, mpsc::UnboundedReceiver<LogNews>) {
        let (news, hears) = mpsc::unbounded_channel();
        (Self { spool, reporter, committed, open: Mutex::default(), news }, hears)
    }

    /// Who hears of the job.
    pub(super) fn reporter(&self) -> &R {
        &self.reporter
    }

    /// Where the step's log is written.
    pub(super) fn sink(&self, step: usize) -> Box<dyn LogSink> {
        match self.log(step) {
            Some(log) => self.sink_of(step, &log),
            None => Box::new(Nowhere),
        }
    }

    /// The same, wound back to where the container's output begins.
    pub(super) fn rewound(&self, step: usize) -> Box<dyn LogSink> {
        match self.log(step) {
            Some(log) => {
                log.rewind();
                self.sink_of(step, &log)
            }
            None => Box::new(Nowhere),
        }
    }

    fn sink_of(&self, step: usize, log: &Arc<StepLog>) -> Box<dyn LogSink> {
        let news = self.news.clone();
        log.sink(move |said| {
            // A driver that is gone needs no news.
            let _ = news.send(LogNews { step, said, at: now() });
        })
    }

    /// The step's container has said all; gives why bytes of its log were lost, if some were.
    pub(super) fn settle(&self, step: usize) -> Option<String> {
        match self.open().get(&step)? {
            Open::Shipping { log, .. } => {
                log.settle();
                for note in log.notes() {
                    let _ = self.news.send(LogNews { step, said: Said::Note(note), at: now() });
                }
                log.fault()
            }
            Open::Broken(fault) => Some(fault.clone()),
        }
    }

    /// Adds a line of ours to the step's log.
    pub(super) fn line(&self, step: usize, text: &str) {
        if let Some(log) = self.log(step) {
            log.line(text);
        }
    }

    /// The last lines of the step's log.
    pub(super) fn tail(&self, step: usize, lines: usize, bytes: usize) -> String {
        let committed = self.committed.get(&step).copied().unwrap_or(0);
        let log = if self.spool.has(step) { self.spool.step(step, committed).ok() } else { None };
        log.map_or_else(String::new, |log| log.tail(lines, bytes))
    }

    /// Closes the step's log and waits until all of it is stored. Gives its length in bytes, if there is one.
    pub(super) fn shipped(&self, step: usize) -> impl Future<Output = Result<Option<u64>, Fenced>> + Send + 'static {
        // An earlier process may have left the log of a step that ended while nobody watched.
        if self.spool.has(step) {
            self.log(step);
        }
        let shipper = match self.open().remove(&step) {
            Some(Open::Shipping { log, shipper }) => {
                log.close();
                Some(shipper)
            }
            Some(Open::Broken(_)) | None => None,
        };
        let committed = self.committed.get(&step).copied();
        async move {
            let Some(shipper) = shipper else { return Ok(committed) };
            match shipper.await {
                Ok(stored) => stored.map(Some),
                Err(error) => {
                    tracing::error!(%error, "a log shipper ended early");
                    Ok(committed)
                }
            }
        }
    }

    fn log(&self, step: usize) -> Option<Arc<StepLog>> {
        let mut open = self.open();
        let entry = open.entry(step).or_insert_with(|| match self.start(step) {
            Ok(started) => started,
            Err(error) => {
                tracing::error!(%error, step, "cannot open the log of a step");
                Open::Broken(format!("the runner cannot store the step's log: {error}"))
            }
        });
        match entry {
            Open::Shipping { log, .. } => Some(Arc::clone(log)),
            Open::Broken(_) => None,
        }
    }

    fn start(&self, step: usize) -> io::Result<Open> {
        let committed = self.committed.get(&step).copied().unwrap_or(0);
        let log = self.spool.step(step, committed)?;
        let shipper = tokio::spawn(ship(self.reporter.clone(), step, Arc::clone(&log), committed));
        Ok(Open::Shipping { log, shipper: AbortOnDropHandle::new(shipper) })
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<usize, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For a log that cannot be stored: its step fails when it ends. Also for one that nobody needs.
pub(super) struct Nowhere;

impl LogSink for Nowhere {
    fn write(&mut self, _bytes: &[u8]) {}

    fn begin_container_output(&mut self) {}

    fn command(&mut self, _number: usize) {}
}
