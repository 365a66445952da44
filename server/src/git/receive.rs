//! Taking objects in, moving refs, making builds.
//!
//! The order is what makes it safe: pack into quarantine, deliveries stored, pack released, refs moved, builds made, and only then
//! the report. Once the body is read, the rest goes on whether or not the client is still there.

use std::{collections::HashSet, path::PathBuf};

use axum::{body::Body, response::Response};
use slipway_pipelines::ids::DeliveryId;
use tokio::sync::mpsc;

use super::{
    body::{BodyError, PacketBody},
    commands::{self, Command, Commands},
    outcome::{RefOutcome, report},
    pktline::Packet,
    quarantine::{Quarantine, UnpackError},
    repository::open_or_init,
    response::{Bands, result},
    service::Service,
    update::{self, Refused},
};
use crate::{
    app::App,
    error::ApiError,
    intake::{self, Intake, IntakeError, PushedRef},
    push::{self, Pushed},
    store::{
        StoreError,
        model::{DeliveryState, DeliveryStored, Forge, NewDelivery, Repository},
    },
};

/// Largest push.
pub(super) const MAX_PUSH: u64 = 8 << 30;
/// Chunks of a pack between network and disk.
const IN_FLIGHT: usize = 16;
const NO_BUILD: [&str; 2] = ["ci.skip", "ci.skip=true"];
const NO_WAIT: [&str; 2] = ["ci.wait=false", "ci.nowait"];

/// What a client sent before its pack.
struct Push {
    commands: Commands,
    options: Vec<String>,
    pusher: String,
}

/// The commands and options, read off the front of the body.
async fn read(body: &mut PacketBody, pusher: String) -> Result<Push, ApiError> {
    let bad = |error: BodyError| ApiError::bad_request(error.to_string());
    let refused = |error: commands::BadCommand| ApiError::bad_request(error.to_string());
    let mut push = Push { commands: Commands::default(), options: Vec::new(), pusher };
    while let Some(Packet::Data(line)) = body.packet().await.map_err(bad)? {
        push.commands.take(&line).map_err(refused)?;
    }
    if push.commands.capabilities.push_options {
        while let Some(Packet::Data(line)) = body.packet().await.map_err(bad)? {
            commands::take_option(&mut push.options, &line).map_err(refused)?;
        }
    }
    Ok(push)
}

/// Takes one push. `repository` is asked for only when there is something to push.
pub(super) async fn receive_pack(
    app: App,
    repository: impl Future<Output = Result<Repository, ApiError>>,
    pusher: String,
    mut body: PacketBody,
) -> Result<Response, ApiError> {
    let push = read(&mut body, pusher).await?;
    if push.commands.list.is_empty() {
        // A probe before a large push: does the password do?
        return Ok(result(Service::ReceivePack, "result", Body::empty()));
    }
    let repository = repository.await?;
    let path = app.config.bare_repository(&repository.name);
    let taken = if push.commands.list.iter().all(Command::deletes) {
        Ok(Quarantine::empty())
    } else {
        take_pack(path.clone(), repository.default_branch.clone(), &mut body).await
    };
    let (bands, response) = Bands::open(push.commands.capabilities.side_band);
    tokio::spawn(finish(app, repository, path, push, taken, bands));
    Ok(result(Service::ReceivePack, "result", response))
}

/// Streams the pack to the disk.
async fn take_pack(path: PathBuf, branch: String, body: &mut PacketBody) -> Result<Quarantine, UnpackError> {
    let (sender, chunks) = mpsc::channel(IN_FLIGHT);
    let disk = tokio::task::spawn_blocking(move || {
        let repository = open_or_init(&path, &branch)?;
        Quarantine::receive(&repository, chunks)
    });
    let mut cut = None;
    loop {
        let chunk = match body.chunk().await {
            Ok(Some(chunk)) => Some(chunk),
            Ok(None) => break,
            Err(error) => {
                cut = Some(error);
                None
            }
        };
        let is_last = chunk.is_none();
        // The reader may have given up; its reason is what counts.
        if sender.send(chunk).await.is_err() || is_last {
            break;
        }
    }
    drop(sender);
    let taken = disk.await.map_err(std::io::Error::other)?;
    match (taken, cut) {
        (Err(UnpackError::Cut), Some(error)) => Err(UnpackError::Io(std::io::Error::other(error.to_string()))),
        (taken, _) => taken,
    }
}

async fn finish(
    app: App,
    repository: Repository,
    path: PathBuf,
    push: Push,
    taken: Result<Quarantine, UnpackError>,
    bands: Bands,
) {
    let capabilities = push.commands.capabilities;
    let wait = !push.options.iter().any(|option| NO_WAIT.contains(&option.as_str()));
    let (unpack, outcomes, builds) = match taken {
        Ok(quarantine) => {
            let (outcomes, builds) = move_refs(&app, &repository, path, push, quarantine).await;
            (None, outcomes, builds)
        }
        Err(error) => {
            tracing::warn!(repository = %repository.name, %error, "push not taken");
            let refused = Refused("the pack was not taken".to_owned());
            let all = push.commands.list.into_iter();
            let outcomes =
                all.map(|command| RefOutcome { reference: command.reference, result: Err(refused.clone()) }).collect();
            (Some(unpack_words(&error)), outcomes, Vec::new())
        }
    };
    if capabilities.report_status && bands.data(&report(unpack.as_deref(), &outcomes)).await.is_err() {
        return;
    }
    // A client that has gone needs no more words; its builds go on.
    if push::show(&app, &repository, &builds, wait, &bands).await.is_ok() {
        bands.end().await;
    }
}

/// What went wrong, without the server's own paths.
fn unpack_words(error: &UnpackError) -> String {
    match error {
        UnpackError::Io(cause) if cause.kind() == std::io::ErrorKind::StorageFull => {
            "the server's disk is full".to_owned()
        }
        error => error.to_string(),
    }
}

/// Everything between the pack and the report. Refs that cannot move do not hinder those that can.
async fn move_refs(
    app: &App,
    repository: &Repository,
    path: PathBuf,
    push: Push,
    quarantine: Quarantine,
) -> (Vec<RefOutcome>, Vec<Pushed>) {
    let Push { commands, options, pusher } = push;
    let branch = repository.default_branch.clone();
    let list = commands.list;
    let (list, quarantine, mut verdicts) = match blocking(move || judge(path, &branch, list, quarantine)).await {
        Ok(judged) => judged,
        Err(refused) => return (refused, Vec::new()),
    };
    let skip = options.into_iter().find(|option| NO_BUILD.contains(&option.as_str()));
    let mut deliveries: Vec<Option<DeliveryId>> = Vec::with_capacity(list.len());
    for (command, verdict) in list.iter().zip(&mut verdicts) {
        let stored = match verdict {
            Ok(()) => store(app, repository, command, &pusher, skip.clone()).await,
            Err(_) => Ok(None),
        };
        deliveries.push(stored.unwrap_or_else(|error| {
            tracing::error!(repository = %repository.name, %error, "delivery not stored");
            *verdict = Err("the server could not store the push; try again".into());
            None
        }));
    }
    let path = app.config.bare_repository(&repository.name);
    let default = repository.default_branch.clone();
    let (list, verdicts, head) = match blocking(move || apply(path, &default, list, verdicts, quarantine)).await {
        Ok(applied) => applied,
        Err(refused) => return (refused, Vec::new()),
    };
    if let Some(branch) = head
        && let Err(error) = app.store.set_default_branch(repository.id, &branch).await
    {
        tracing::error!(repository = %repository.name, %error, "default branch not stored");
    }
    let mut builds = Vec::new();
    for ((command, verdict), delivery) in list.iter().zip(&verdicts).zip(deliveries) {
        let Some(delivery) = delivery else { continue };
        match verdict {
            Ok(()) => {
                let outcome = build(app, delivery).await;
                builds.push(Pushed { reference: command.reference.clone(), outcome });
            }
            Err(Refused(why)) => {
                let state = DeliveryState::Ignored { why: format!("the ref did not move: {why}") };
                if let Err(error) = app.store.finish_delivery(delivery, state).await {
                    tracing::error!(%delivery, %error, "delivery not finished");
                }
            }
        }
    }
    let outcomes = list
        .into_iter()
        .zip(verdicts)
        .map(|(command, result)| RefOutcome { reference: command.reference, result })
        .collect();
    (outcomes, builds)
}

async fn build(app: &App, delivery: DeliveryId) -> Result<Intake, String> {
    intake::work(app, delivery).await.map_err(|error| {
        tracing::error!(%delivery, %error, "no build for a push");
        match error {
            IntakeError::Store(_) | IntakeError::Stopped => {
                "the server could not store the build; it tries again at its next start".to_owned()
            }
            error => error.to_string(),
        }
    })
}

async fn store(
    app: &App,
    repository: &Repository,
    command: &Command,
    pusher: &str,
    skip: Option<String>,
) -> Result<Option<DeliveryId>, StoreError> {
    if command.deletes() || (command.branch().is_none() && command.tag().is_none()) {
        return Ok(None);
    }
    let pushed = PushedRef {
        reference: command.reference.clone(),
        before: (!command.old.is_zero()).then(|| command.old.to_string()),
        after: command.new.to_string(),
        pusher: pusher.chars().filter(|c| !c.is_control()).take(100).collect(),
        skip,
    };
    let new = NewDelivery {
        repository: repository.id,
        forge: Forge::Slipway,
        forge_id: uuid::Uuid::now_v7().to_string(),
        event: "push".to_owned(),
        body: intake::body_of(&pushed),
        headers: Vec::new(),
    };
    match app.store.store_delivery(new).await? {
        DeliveryStored::Fresh(id) | DeliveryStored::Known { id, .. } => Ok(Some(id)),
    }
}

type Verdict = Result<(), Refused>;
type Judged = (Vec<Command>, Quarantine, Vec<Verdict>);
type Applied = (Vec<Command>, Vec<Verdict>, Option<String>);

/// Runs git work off the async threads. The error has an outcome for each ref.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Vec<RefOutcome>> + Send + 'static,
) -> Result<T, Vec<RefOutcome>> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "push dropped half-way");
        Err(Vec::new())
    })
}

fn all_refused(list: Vec<Command>, error: &dyn std::fmt::Display) -> Vec<RefOutcome> {
    tracing::error!(%error, "push not taken");
    let refused = || Err("the server could not write the repository".into());
    list.into_iter().map(|command| RefOutcome { reference: command.reference, result: refused() }).collect()
}

fn judge(path: PathBuf, branch: &str, list: Vec<Command>, quarantine: Quarantine) -> Result<Judged, Vec<RefOutcome>> {
    let opened = open_or_init(&path, branch).and_then(|repository| {
        quarantine.show_to(&repository)?;
        Ok(repository)
    });
    let repository = match opened {
        Ok(repository) => repository,
        Err(error) => return Err(all_refused(list, &error)),
    };
    let mut seen = HashSet::new();
    let mut verdicts = Vec::with_capacity(list.len());
    for command in &list {
        verdicts.push(if seen.insert(command.reference.clone()) {
            update::check(&repository, command)
        } else {
            Err("the push names it twice".into())
        });
    }
    Ok((list, quarantine, verdicts))
}

fn apply(
    path: PathBuf,
    branch: &str,
    list: Vec<Command>,
    mut verdicts: Vec<Verdict>,
    quarantine: Quarantine,
) -> Result<Applied, Vec<RefOutcome>> {
    let repository = match open_or_init(&path, branch) {
        Ok(repository) => repository,
        Err(error) => return Err(all_refused(list, &error)),
    };
    if verdicts.iter().any(Result::is_ok)
        && let Err(error) = quarantine.release(&repository)
    {
        return Err(all_refused(list, &error));
    }
    for (command, verdict) in list.iter().zip(&mut verdicts) {
        if verdict.is_ok() {
            *verdict = update::apply(&repository, command);
        }
    }
    let moved: Vec<&Command> =
        list.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok()).map(|(command, _)| command).collect();
    let head = update::choose_head(&repository, &moved).unwrap_or_else(|error| {
        tracing::warn!(error = error.message(), "HEAD not set");
        None
    });
    Ok((list, verdicts, head))
}
