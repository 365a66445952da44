//! One build, from its first step to its end, on one terminal.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use slipway_pipelines::state::{Status, StepState};
use tokio::{
    sync::{broadcast, mpsc},
    task::JoinSet,
};

use super::{clean::Cleaner, words};
use crate::{
    app::App,
    git::{Bands, Gone},
    logs::LogAddress,
    store::model::{BuildDetail, BuildRef},
};

/// Pause between two signs of life.
const ALIVE_EVERY: Duration = Duration::from_secs(5);
/// A look without news, in case some were lost.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Batches of lines on their way to the terminal.
const IN_FLIGHT: usize = 16;

/// From the reader of one step's log.
enum Heard {
    Lines(LogAddress, Vec<String>),
    /// Everything was read.
    End(LogAddress),
}

struct Follower<'a> {
    app: &'a App,
    bands: &'a Bands,
    /// Every step that was shown, and whether its log is still read.
    steps: HashMap<LogAddress, Shown>,
    readers: JoinSet<()>,
    sender: mpsc::Sender<Heard>,
    /// What was said about waiting: each sentence once.
    said: HashSet<String>,
}

struct Shown {
    label: String,
    open: bool,
}

/// Shows a build until it has ended and all was shown, the client goes, or the server stops.
pub(super) async fn follow(app: &App, build: BuildRef, bands: &Bands) -> Result<(), Gone> {
    // Subscribe before looking: nothing is missed in between.
    let mut news = app.news.subscribe();
    let (sender, mut heard) = mpsc::channel(IN_FLIGHT);
    let mut follower =
        Follower { app, bands, steps: HashMap::new(), readers: JoinSet::new(), sender, said: HashSet::new() };
    let mut alive = tokio::time::interval_at(tokio::time::Instant::now() + ALIVE_EVERY, ALIVE_EVERY);
    let mut look = tokio::time::interval_at(tokio::time::Instant::now() + LOOK_EVERY, LOOK_EVERY);
    let mut changed = true;
    loop {
        if changed {
            let Ok(Some(detail)) = app.store.build_by_id(build.id).await else {
                return bands.progress("the build cannot be read; see its page\n").await;
            };
            follower.update(&detail).await?;
            if detail.summary.status.is_final() && !follower.is_reading() {
                return bands.progress(&format!("\n{}\n", words::build_end(&detail))).await;
            }
        }
        changed = false;
        tokio::select! {
            Some(one) = heard.recv() => changed = follower.hear(one).await?,
            told = news.recv() => match told {
                Ok(id) => changed = id == build.id,
                Err(broadcast::error::RecvError::Lagged(_)) => changed = true,
                // Only when the server ends, which `stopping` says.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            },
            _ = look.tick() => changed = true,
            _ = alive.tick() => bands.alive().await?,
            () = bands.gone() => return Err(Gone),
            () = app.stopping.cancelled() => {
                return bands.progress("the server is stopping; the build goes on after its restart\n").await;
            }
        }
    }
}

impl Follower<'_> {
    fn is_reading(&self) -> bool {
        self.steps.values().any(|step| step.open)
    }

    /// Starts to read the logs of steps that have started since, and says which steps ended.
    async fn update(&mut self, detail: &BuildDetail) -> Result<(), Gone> {
        // How many jobs wait for a runner changes all the time: that they do is said once.
        let waiting = words::waiting(detail).map(|text| (String::new(), text));
        for (key, text) in waiting.into_iter().chain(words::held(detail).into_iter().map(|text| (text.clone(), text))) {
            if self.said.insert(key) {
                self.bands.progress(&format!("{text}\n")).await?;
            }
        }
        for job in &detail.jobs {
            for step in &job.steps {
                let address = LogAddress { job: job.id, attempt: job.attempt, step: step.position };
                let known = self.steps.get(&address).map(|shown| shown.open);
                let label = words::label(detail.jobs.len(), job, &step.name);
                match (&step.state, known) {
                    (StepState::Pending, _) | (_, Some(true)) => {}
                    (StepState::Running { .. }, None) | (StepState::Finished { .. }, None) if has_log(step) => {
                        self.bands.progress(&format!("▸ {label}\n")).await?;
                        self.read(address, label);
                    }
                    (StepState::Finished { finish, .. }, None) => {
                        self.steps.insert(address, Shown { label: label.clone(), open: false });
                        if finish.status() != Status::Success
                            && let Some(line) = words::step_end(&label, step)
                        {
                            self.bands.progress(&format!("{line}\n")).await?;
                        }
                    }
                    (StepState::Running { .. }, _) | (StepState::Finished { .. }, Some(false)) => {}
                }
            }
        }
        Ok(())
    }

    fn read(&mut self, address: LogAddress, label: String) {
        self.steps.insert(address, Shown { label, open: true });
        let (app, sender) = (self.app.clone(), self.sender.clone());
        self.readers.spawn(async move {
            read_log(&app, address, &sender).await;
            // The follower has gone when nobody receives.
            let _ = sender.send(Heard::End(address)).await;
        });
    }

    /// Shows what a reader found. True when the build must be looked at again.
    async fn hear(&mut self, heard: Heard) -> Result<bool, Gone> {
        match heard {
            Heard::Lines(address, lines) => {
                let several = self.steps.values().filter(|step| step.open).count() > 1;
                let prefix = match self.steps.get(&address) {
                    Some(step) if several => format!("{} | ", step.label),
                    _ => String::new(),
                };
                let mut text = String::new();
                for line in lines {
                    text.push_str(&prefix);
                    text.push_str(&line);
                    text.push('\n');
                }
                self.bands.progress(&text).await?;
                Ok(false)
            }
            Heard::End(address) => {
                let Some(shown) = self.steps.get_mut(&address) else { return Ok(false) };
                shown.open = false;
                let found = self.app.store.job_attempt(address.job, address.attempt).await;
                let job = found.ok().flatten();
                let step = job.as_ref().and_then(|job| job.steps.iter().find(|step| step.position == address.step));
                if let Some(line) = step.and_then(|step| words::step_end(&shown.label, step)) {
                    self.bands.progress(&format!("{line}\n")).await?;
                }
                Ok(true)
            }
        }
    }
}

/// Whether there is something to read, now or soon.
fn has_log(step: &crate::store::model::StepDetail) -> bool {
    match &step.state {
        StepState::Pending => false,
        StepState::Running { .. } => true,
        StepState::Finished { started, .. } => started.is_some() || step.log_bytes.is_some_and(|bytes| bytes > 0),
    }
}

async fn read_log(app: &App, address: LogAddress, sender: &mpsc::Sender<Heard>) {
    let mut cleaner = Cleaner::default();
    match app.tail(address, 0).await {
        Ok(mut tail) => {
            while let Some((_, bytes)) = tail.next().await {
                let lines = cleaner.take(&bytes);
                if !lines.is_empty() && sender.send(Heard::Lines(address, lines)).await.is_err() {
                    return;
                }
            }
        }
        Err(error) => tracing::warn!(log = %address, %error, "a log cannot be shown"),
    }
    if let Some(line) = cleaner.finish() {
        // As above.
        let _ = sender.send(Heard::Lines(address, vec![line])).await;
    }
}
