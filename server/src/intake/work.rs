//! From a stored delivery to its end.

use std::sync::LazyLock;

use futures_util::StreamExt as _;
use slipway_pipelines::{
    ids::DeliveryId,
    trigger::{Cause, Event, Person, Trigger},
};

use super::{
    Intake, IntakeError, PushedRef, begin, commit,
    manual::{Target, resolve},
};
use crate::{
    app::App,
    git::repository::{open, was_moved_to},
    source::{self, Locks},
    store::{
        StoreError,
        model::{BuildRef, CronFired, Delivery, DeliveryState, Forge, Repository},
    },
    webhook::{self, Meaning},
};

/// Deliveries that are worked on at once after a restart.
const AT_ONCE: usize = 4;
/// How long two webhooks about one tag count as one, in milliseconds.
const TWIN_MS: i64 = 10 * 60 * 1000;
/// Keeps the deliveries of one repository in order.
static TURNS: LazyLock<Locks> = LazyLock::new(Locks::default);

/// Works on what was stored and not finished before the server ended. Call it before the server listens; the work itself goes on
/// in the background.
pub async fn replay(app: &App) -> Result<(), StoreError> {
    let pending = app.store.pending_deliveries().await?;
    if pending.is_empty() {
        return Ok(());
    }
    tracing::info!(count = pending.len(), "working on deliveries from before the restart");
    let app = app.clone();
    tokio::spawn(async move {
        futures_util::stream::iter(pending)
            .for_each_concurrent(AT_ONCE, |delivery| {
                let app = app.clone();
                async move {
                    log(&delivery, &work(&app, delivery.id).await);
                }
            })
            .await;
    });
    Ok(())
}

/// Works on a stored delivery in the background.
pub(crate) fn work_later(app: &App, id: DeliveryId) {
    let app = app.clone();
    tokio::spawn(async move {
        let outcome = work(&app, id).await;
        match app.store.delivery(id).await {
            Ok(Some(delivery)) => log(&delivery, &outcome),
            Ok(None) | Err(_) => tracing::error!(delivery = %id, ?outcome, "a delivery is gone"),
        }
    });
}

/// Works on one delivery, whatever forge it is from, and stores what became of it. Done again, it changes nothing.
pub async fn work(app: &App, id: DeliveryId) -> Result<Intake, IntakeError> {
    let Some(delivery) = app.store.delivery(id).await? else { return Err(StoreError::NotFound.into()) };
    let Some(repository) = app.store.repository_by_id(delivery.repository).await? else {
        return Err(StoreError::NotFound.into());
    };
    let _turn = TURNS.lock(repository.id).await;
    // Only now: somebody else may have worked on it meanwhile.
    let Some(delivery) = app.store.delivery(id).await? else { return Err(StoreError::NotFound.into()) };
    match delivery.state {
        DeliveryState::Received => {}
        DeliveryState::Built { build, number } => return Ok(Intake::Built(BuildRef { id: build, number })),
        DeliveryState::Ignored { why } | DeliveryState::Failed { why } => return Ok(Intake::Nothing(why)),
    }
    let outcome = match delivery.forge {
        Forge::Slipway if delivery.event == CronFired::EVENT => scheduled(app, &repository, &delivery).await,
        Forge::Slipway => own(app, &repository, &delivery).await,
        Forge::Github | Forge::Gitea | Forge::Gitlab | Forge::Generic => foreign(app, &repository, &delivery).await,
    };
    settle(app, id, outcome).await
}

/// Stores what became of a delivery. One that failed through the server itself stays open for the next start.
async fn settle(app: &App, id: DeliveryId, outcome: Result<Intake, IntakeError>) -> Result<Intake, IntakeError> {
    match &outcome {
        // The build's own transaction did it.
        Ok(Intake::Built(_)) => {}
        Ok(Intake::Nothing(why)) => {
            app.store.finish_delivery(id, DeliveryState::Ignored { why: why.clone() }).await?;
        }
        Err(IntakeError::Store(_) | IntakeError::Stopped) => {}
        Err(IntakeError::Source(error)) if error.is_the_servers() => {}
        Err(error) => {
            let why = error.to_string();
            app.store.finish_delivery(id, DeliveryState::Failed { why }).await?;
        }
    }
    outcome
}

async fn own(app: &App, repository: &Repository, delivery: &Delivery) -> Result<Intake, IntakeError> {
    let pushed: PushedRef =
        serde_json::from_slice(&delivery.body).map_err(|error| IntakeError::Delivery(error.to_string()))?;
    if let Some(option) = pushed.skip {
        return Ok(Intake::Nothing(format!("the push asked for no build: {option}")));
    }
    let Some(trigger) = pushed.trigger() else {
        return Ok(Intake::Nothing(format!("`{}` is neither a branch nor a tag", pushed.reference)));
    };
    let path = app.config.bare_repository(&repository.name);
    let (reference, after) = (trigger.reference.clone(), trigger.sha.clone());
    let moved = tokio::task::spawn_blocking(move || {
        let Some(bare) = open(&path)? else { return Ok(false) };
        Ok::<_, git2::Error>(was_moved_to(&bare, &reference, git2::Oid::from_str(&after)?))
    });
    // The delivery is stored before its ref moves: a crash in between leaves one whose pusher was told nothing.
    if !moved.await.map_err(|_| IntakeError::Stopped)?? {
        return Ok(Intake::Nothing("the push was cut off before its ref moved".to_owned()));
    }
    begin(app, repository, trigger, Some(delivery.id), None).await
}

/// What a cron builds: the tip of its branch as it is now.
async fn scheduled(app: &App, repository: &Repository, delivery: &Delivery) -> Result<Intake, IntakeError> {
    let CronFired { cron, branch } =
        serde_json::from_slice(&delivery.body).map_err(|error| IntakeError::Delivery(error.to_string()))?;
    let target = Target::Branch(branch.unwrap_or_else(|| repository.default_branch.clone()));
    let (branch, sha) = resolve(app, repository, target).await?;
    let trigger = Trigger {
        reference: format!("refs/heads/{branch}"),
        sender: cron.clone(),
        cause: Cause::Cron { name: cron, branch },
        sha,
        message: String::new(),
        author: Person::default(),
        timestamp: 0,
        url: None,
        changed_files: None,
    };
    begin(app, repository, trigger, Some(delivery.id), None).await
}

async fn foreign(app: &App, repository: &Repository, delivery: &Delivery) -> Result<Intake, IntakeError> {
    let payload = webhook::parse(delivery.forge, &delivery.event, &delivery.body)
        .map_err(|error| IntakeError::Delivery(error.to_string()))?;
    let trigger = match payload.meaning {
        Meaning::Trigger(trigger) => *trigger,
        Meaning::Named(trigger) => match named(app, repository, *trigger).await? {
            Ok(trigger) => trigger,
            Err(why) => return Ok(Intake::Nothing(why)),
        },
        Meaning::Nothing(why) => return Ok(Intake::Nothing(why)),
    };
    if trigger.event() == Event::PullRequestClosed {
        let why = "the pull request was closed";
        app.store.drop_blocked(repository.id, &trigger.reference, why).await?;
    }
    if let Some(number) = twin(app, repository, delivery, &trigger).await? {
        return Ok(Intake::Nothing(format!("build {number} is about the same tag")));
    }
    begin(app, repository, trigger, Some(delivery.id), None).await
}

/// Looks up what a trigger only names; inside, why there is nothing.
async fn named(
    app: &App,
    repository: &Repository,
    mut trigger: Trigger,
) -> Result<Result<Trigger, String>, IntakeError> {
    let tip = source::ensure_ref(app, repository, &trigger.reference).await?;
    let Cause::Deployment { branch, .. } = &mut trigger.cause else {
        let Some(tip) = tip else { return Ok(Err(format!("the repository has no `{}`", trigger.reference))) };
        trigger.sha = tip.to_string();
        return Ok(Ok(trigger));
    };
    if tip.is_none() {
        // No branch: a tag, or a commit of the default branch.
        let tag = format!("refs/tags/{branch}");
        let is_tag = source::ensure_ref(app, repository, &tag).await?.is_some();
        let default = repository.default_branch.clone();
        trigger.reference = if is_tag { tag } else { format!("refs/heads/{default}") };
        *branch = if is_tag { String::new() } else { default };
    }
    Ok(Ok(trigger))
}

/// Gitea sends two events for one new tag, `create` and `push`: the build that the other one made.
async fn twin(
    app: &App,
    repository: &Repository,
    delivery: &Delivery,
    trigger: &Trigger,
) -> Result<Option<u64>, StoreError> {
    let (Forge::Gitea, Cause::Tag { tag }) = (delivery.forge, &trigger.cause) else { return Ok(None) };
    let path = app.config.bare_repository(&repository.name);
    let sha = trigger.sha.clone();
    // What is not here yet cannot have been built.
    let commit = tokio::task::spawn_blocking(move || {
        let bare = open(&path).ok()??;
        commit::peel(&bare, git2::Oid::from_str(&sha).ok()?)
    });
    let Ok(Some(commit)) = commit.await else { return Ok(None) };
    let commit = commit.to_string();
    let builds = app.store.builds(repository.id, None, 20).await?;
    let same = builds.into_iter().find(|build| {
        let is_tag = matches!(&build.trigger.cause, Cause::Tag { tag: other } if other == tag);
        is_tag && build.trigger.sha == commit && build.created > delivery.received - TWIN_MS
    });
    Ok(same.map(|build| build.number))
}

/// Says in the server's log how a delivery ended that nobody waits for.
pub(crate) fn log(delivery: &Delivery, outcome: &Result<Intake, IntakeError>) {
    let (id, event) = (delivery.id, &delivery.event);
    match outcome {
        Ok(Intake::Built(build)) => tracing::info!(delivery = %id, event, number = build.number, "build made"),
        Ok(Intake::Nothing(why)) => tracing::info!(delivery = %id, event, why, "nothing to build"),
        Err(error) => tracing::error!(delivery = %id, event, %error, "delivery failed"),
    }
}
