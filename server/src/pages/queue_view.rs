//! Runners and unfinished jobs as the page of the queue.

use slipway_pipelines::state::{JobState, Millis};
use slipway_web::{
    time::{Moment, Span},
    views::{DiskView, QueuePage, RunnerRow, RunnerState, RunningJob, WaitRow, paths},
};

use crate::{
    api::{Fleet, RunnerNow},
    store::model::{Hold, QueueEntry},
};

/// Jobs that wait, on one page.
const MOST: usize = 300;

pub(super) fn queue_page(fleet: &Fleet, entries: &[QueueEntry], now: Millis) -> QueuePage {
    let waiting: Vec<&QueueEntry> = entries.iter().filter(|entry| entry.waiting_for.is_some()).collect();
    let mut page = QueuePage::new();
    page.paused = fleet.paused.as_ref().map(|hold| held(hold, now));
    page.runners = fleet.runners.iter().map(|one| runner_row(one, entries, now)).collect();
    page.more = waiting.len().saturating_sub(MOST);
    page.waiting = waiting.into_iter().take(MOST).map(|entry| wait_row(fleet, entry, now)).collect();
    page
}

fn held(Hold { at, by }: &Hold, now: Millis) -> (String, Moment) {
    (by.clone(), Moment::new(*at, now))
}

fn runner_row(RunnerNow { runner, near, disk, .. }: &RunnerNow, entries: &[QueueEntry], now: Millis) -> RunnerRow {
    let its = |entry: &&QueueEntry| entry.state.lease().is_some_and(|lease| lease.runner == runner.id);
    let jobs: Vec<RunningJob> = entries.iter().filter(its).map(|entry| running(entry, now)).collect();
    let state = match (near, &runner.drained) {
        (false, _) => RunnerState::Away,
        (true, Some(_)) => RunnerState::Drained,
        (true, None) if jobs.is_empty() => RunnerState::Idle,
        (true, None) => RunnerState::Busy,
    };
    RunnerRow {
        name: runner.name.clone(),
        path: format!("/runners/{}", runner.id),
        state,
        drained: runner.drained.as_ref().map(|hold| held(hold, now)),
        slots: runner.slots,
        jobs,
        version: runner.version.clone(),
        labels: runner.labels.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        disk: disk.map(|disk| DiskView::new(disk.free, disk.total)),
        seen: Moment::new(runner.seen, now),
    }
}

fn running(entry: &QueueEntry, now: Millis) -> RunningJob {
    let started = match entry.state {
        JobState::Running { started, .. } => Some(started),
        JobState::Stopping { started, .. } => started,
        _ => None,
    };
    RunningJob {
        repository: entry.repository.to_string(),
        number: entry.number,
        job: entry.name.clone(),
        href: paths::build(&entry.repository, entry.number),
        took: Span::new(started, None, now),
        stops: matches!(entry.state, JobState::Stopping { .. }),
    }
}

fn wait_row(fleet: &Fleet, entry: &QueueEntry, now: Millis) -> WaitRow {
    WaitRow {
        repository: entry.repository.to_string(),
        number: entry.number,
        job: entry.name.clone(),
        href: paths::build(&entry.repository, entry.number),
        why: entry.waiting_for.as_ref().map(|waiting| fleet.why(waiting, &entry.labels)).unwrap_or_default(),
        since: Moment::new(entry.since, now),
    }
}
