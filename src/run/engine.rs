//! The run itself: place, snapshot, executor, jobs, end.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Instant,
};

use slipway_pipelines::wire::Source;
use slipway_runner::{
    desk::{self, Holds, Order, Place, Snapshot},
    docker::{self, Docker},
    dummy::Dummy,
    executor::Executor as _,
    job::{Command, Setting},
    spool,
};
use tokio::{
    sync::{mpsc, watch},
    task,
};

use super::{
    Trouble, after, logins,
    order::{self, Ordered},
    report::Report,
    screen, stop, summary,
};
use crate::{
    Exit,
    cli::{Executor, Run},
    identity,
    plan::headline,
    project::{self, Project},
};

/// News that may wait for the terminal.
const WAITING: usize = 256;

pub(super) async fn run(args: Run) -> Result<Exit, Trouble> {
    let began = Instant::now();
    if args.shell && !after::has_terminal() {
        return Err(Trouble::Usage("`--shell` needs a terminal".to_owned()));
    }
    let files: Vec<PathBuf> = args.file.iter().cloned().collect();
    let project = Project::find(&files).map_err(Trouble::Usage)?;
    let cache = cache().ok_or_else(|| Trouble::Usage("no home directory: set XDG_CACHE_HOME".to_owned()))?;
    let take = if args.keep { Place::lasting } else { Place::take };
    let place = take(&cache)
        .map_err(|error| Trouble::Internal(format!("cannot write the cache {}: {error}", cache.display())))?;
    let outcome = on(&args, &project, &place, began).await;
    // After trouble something may be left in Docker: the next run looks.
    if !matches!(outcome, Err(Trouble::Internal(_))) {
        if args.keep {
            after::forget(place.folder());
        }
        place.is_clean();
    }
    outcome
}

/// Runs it in a place. What it takes from Docker is given back.
async fn on(args: &Run, project: &Project, place: &Place, began: Instant) -> Result<Exit, Trouble> {
    let folder = place.folder().join("snapshot");
    let snapshot = || {
        let snapshot = project.folder.snapshot(&folder);
        snapshot.map_err(|error| Trouble::Internal(format!("cannot take a snapshot of the directory: {error}")))
    };
    // Where there is git the compiler need not wait for it.
    let early = if project.head.is_none() { Some(task::block_in_place(snapshot)?) } else { None };
    let ordered = task::block_in_place(|| order::order(args, project, early.as_ref()))?;
    let late = || match early {
        Some(early) => Ok(early),
        None => task::block_in_place(snapshot),
    };
    match args.executor {
        Executor::Dummy => {
            let desk = Desk { args, place, ordered, snapshot: late()?, began };
            desk.run(&Arc::new(Dummy::default())).await
        }
        Executor::Docker => {
            let config = docker::Config {
                instance: place.instance().to_owned(),
                data: place.folder().to_path_buf(),
                server_url: String::new(),
                token: String::new(),
                // A job makes its own: what is kept ready would have to be removed again.
                pool: 0,
                keep: args.keep,
                builder: args.builder,
                pulls: Arc::default(),
            };
            let connecting = tokio::spawn(Docker::connect(config));
            let snapshot = late();
            let docker = connecting.await.map_err(|error| Trouble::Internal(error.to_string()))?;
            let docker = docker.map_err(|failed| Trouble::Internal(failed.message))?;
            if place.is_left() {
                docker.sweep(&[]).await.map_err(|failed| Trouble::Internal(failed.message))?;
                let _ = spool::keep_only(place.folder(), &[]);
            }
            let desk = Desk { args, place, ordered, snapshot: snapshot?, began };
            desk.run(&Arc::new(docker)).await
        }
    }
}

/// All that a run is made of.
struct Desk<'a> {
    args: &'a Run,
    place: &'a Place,
    ordered: Ordered,
    snapshot: Snapshot,
    began: Instant,
}

impl Desk<'_> {
    async fn run<E: after::Desk>(self, executor: &Arc<E>) -> Result<Exit, Trouble> {
        self.greet(&executor.labels());
        let Self { args, place, ordered, snapshot, began } = self;
        let report = args.report.as_deref().map(|folder| Report::new(folder, &ordered.jobs)).transpose();
        let report = report.map_err(|error| Trouble::Internal(format!("cannot write the report: {error}")))?;
        let (news, hearing) = mpsc::channel(WAITING);
        let (say, lines) = mpsc::unbounded_channel();
        let (commands, commanded) = watch::channel(Command::GoOn);
        stop::listen(commands, say).map_err(Trouble::Internal)?;
        let shown = tokio::spawn(screen::show(ordered.jobs.clone(), hearing, lines, report));
        let source = source(&ordered, &snapshot);
        let registries = task::block_in_place(|| logins::logins(&ordered.jobs));
        let passwords = registries.iter().map(|login| login.password.clone());
        let order = Order {
            masked: ordered.masked.into_iter().chain(passwords).collect(),
            repository: ordered.repository.clone(),
            source,
            jobs: ordered.jobs,
            registries,
            at_once: args.slots.map_or_else(cores, |slots| usize::try_from(slots).unwrap_or(1)),
            holds: match (args.keep, args.shell) {
                (true, _) => Holds::All,
                (false, true) => Holds::Failed,
                (false, false) => Holds::Nothing,
            },
            caches: caches(place),
            artifacts: args.artifacts.clone(),
        };
        let setting = Setting::new(place.folder().to_path_buf(), identity::host_name());
        let mut built = desk::build(executor, &setting, order, news, commanded).await;
        let shown = shown.await.map_err(|error| Trouble::Internal(error.to_string()))?;
        let finish = summary::fold(&built.finishes);
        shown.tests.iter().for_each(|line| println!("{line}"));
        println!("{}", summary::line(&finish, began.elapsed(), io::stdout().is_terminal()));
        if let Some(report) = shown.report {
            let written = report.end(&ordered.trigger, &finish);
            written.map_err(|error| Trouble::Internal(format!("cannot write the report: {error}")))?;
        }
        let held = std::mem::take(&mut built.held);
        if args.shell {
            after::shell(&**executor, &held, shown.failed).await;
        }
        if args.keep {
            after::kept(&**executor, &held);
        }
        for held in held {
            held.done.close(&**executor).await;
        }
        built.closed().await;
        executor.stop().await;
        Ok(summary::exit(&finish))
    }

    /// Says what runs, and what would be different on a server.
    fn greet(&self, labels: &std::collections::BTreeMap<String, String>) {
        let Ordered { trigger, jobs, files, .. } = &self.ordered;
        let sha = trigger.sha.get(..8).unwrap_or_default();
        let dirty = if self.snapshot.is_dirty { " with what is not committed" } else { "" };
        println!("{} · {} at {sha}{dirty}", files.join(", "), headline(trigger));
        for warning in project::label_warnings(jobs, labels) {
            eprintln!("warning: {warning}");
        }
    }
}

fn source(ordered: &Ordered, snapshot: &Snapshot) -> Source {
    Source {
        repository: ordered.repository.clone(),
        url: String::new(),
        path: snapshot.repository.to_str().map(str::to_owned),
        reference: ordered.trigger.reference.clone(),
        sha: snapshot.sha.clone(),
        origin: ordered.origin.clone(),
    }
}

/// Beside the places: all runs share them.
fn caches(place: &Place) -> PathBuf {
    place.folder().parent().unwrap_or(place.folder()).join("caches")
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// `$XDG_CACHE_HOME/slipway` or `~/.cache/slipway`
fn cache() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    given.or_else(home).map(|cache| cache.join("slipway"))
}
