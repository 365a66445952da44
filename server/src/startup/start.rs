//! The order of a start.

use std::{io, net::SocketAddr};

use futures_util::future::LocalBoxFuture;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{FolderError, folder::Folder, running::Running, serve};
use crate::{
    app::{App, Parts, spread},
    artifacts, caches, clock,
    config::Config,
    crons, intake,
    logs::{Logs, run_archiver},
    news::News,
    provenance::{ProvenanceKey, ProvenanceKeyError},
    queue::{self, Dispatcher},
    storage::{Location, Storage, StorageError, StorageOpenError},
    store::{OpenError, Store, StoreError, model::TokenKind},
    sweep,
};

/// Name of the first administrator's token, made or given: what `by` shows.
const ADMIN: &str = "admin";
/// Shortest secret that may be given as a token.
const SHORTEST_TOKEN: usize = 16;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The address cannot be bound.
    #[error("cannot listen on {addr}: {cause}")]
    Bind {
        /// Which.
        addr: SocketAddr,
        /// Why.
        cause: io::Error,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The database can be opened, but not worked with.
    #[error("the database cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The storage cannot be opened.
    #[error(transparent)]
    Storage(#[from] StorageOpenError),
    /// The storage lets us not in.
    #[error("the storage `{location}` cannot be used: {cause}")]
    Closed {
        /// Which.
        location: String,
        /// Why.
        cause: StorageError,
    },
    /// The signing key cannot be used.
    #[error(transparent)]
    Provenance(#[from] ProvenanceKeyError),
    /// A token was given, but there is nothing in it.
    #[error("the {0} token is empty: give 32 random characters, or none to have one made")]
    EmptyToken(&'static str),
}

/// Starts a server. When this returns, it answers. Boxed, so that its code is made in this crate and not in every program.
pub fn start(config: Config) -> LocalBoxFuture<'static, Result<Running, StartError>> {
    Box::pin(start_all(config))
}

async fn start_all(mut config: Config) -> Result<Running, StartError> {
    let folder = Folder::take(&config.data)?;
    config.data.clone_from(&folder.path);
    let listener =
        TcpListener::bind(config.listen).await.map_err(|cause| StartError::Bind { addr: config.listen, cause })?;
    let addr = listener.local_addr().map_err(|cause| StartError::Bind { addr: config.listen, cause })?;
    config.listen = addr;
    if config.public_url.is_empty() {
        config.public_url = format!("http://{addr}");
    }
    config.public_url.truncate(config.public_url.trim_end_matches('/').len());

    let (dispatcher, matches) = Dispatcher::new();
    let logs = Logs::new(config.data.join("logs"));
    let news = News::default();
    let store = open(&config, &dispatcher, &logs, &news).await?;
    let storage = storage(&config).await?;
    let provenance = ProvenanceKey::from_file_or_new(&config.data.join("provenance.key"))?;
    logs.archive_in(storage.clone(), store.log_index());
    let admin_token = admin_token(&store, config.admin_token.take()).await?;
    let runner_token = runner_token(&store, &folder, config.runner_token.take()).await?;

    // Nobody could renew while no server was there.
    store.grace(queue::deadline()).await?;
    store.end_delays(clock::steady()).await?;
    dispatcher.pause(store.queue_pause().await?.is_some());
    for runner in store.runners().await?.into_iter().filter(|runner| runner.drained.is_some()) {
        dispatcher.drain(runner.id, true);
    }
    let unfinished = store.unfinished_jobs().await?;
    dispatcher.note_leases(&unfinished);
    dispatcher.note_queue(&unfinished);

    let stopping = CancellationToken::new();
    let app = App::new(Parts { store, dispatcher, logs, storage, provenance, news, config, stopping });
    let tasks = vec![
        tokio::spawn(queue::run(app.dispatcher.clone(), app.store.clone(), matches)),
        tokio::spawn(sweep::run(app.clone())),
        tokio::spawn(run_archiver(app.clone())),
        tokio::spawn(caches::sweep(app.clone())),
        tokio::spawn(artifacts::sweep(app.clone())),
        tokio::spawn(crons::run(app.clone())),
    ];
    // What was answered before the last end and not worked on since.
    intake::replay(&app).await?;
    let server = serve::spawn(listener, app.clone());
    Ok(Running::new(app, folder, server, tasks, admin_token, runner_token))
}

async fn open(config: &Config, dispatcher: &Dispatcher, logs: &Logs, news: &News) -> Result<Store, OpenError> {
    let own = || format!("sqlite:{}", config.data.join("slipway.db").display());
    let url = config.database.clone().unwrap_or_else(own);
    let (dispatcher, logs, news) = (dispatcher.clone(), logs.clone(), news.clone());
    let key = config.data.join("key");
    Store::open(&url, &key, &config.public_url, move |effects| spread(&dispatcher, &logs, &news, effects)).await
}

/// The storage. One that cannot be reached keeps nobody from starting: it may come back. One that refuses us will not.
async fn storage(config: &Config) -> Result<Storage, StartError> {
    let own = || Location::Folder(config.data.join("objects"));
    let storage = Storage::open(config.storage.clone().unwrap_or_else(own))?;
    match storage.check().await {
        Ok(()) => {}
        Err(cause) if cause.is_lasting() => {
            return Err(StartError::Closed { location: storage.location().to_string(), cause });
        }
        Err(error) => tracing::warn!(%error, "the storage `{}` does not answer now", storage.location()),
    }
    Ok(storage)
}

/// The administrator's token, if this start made one.
async fn admin_token(store: &Store, given: Option<SecretString>) -> Result<Option<SecretString>, StartError> {
    if let Some(given) = given {
        check_length("admin", given.expose_secret())?;
        store.set_token(TokenKind::Admin, ADMIN, given.expose_secret()).await?;
        return Ok(None);
    }
    if store.has_token(TokenKind::Admin).await? {
        return Ok(None);
    }
    Ok(Some(store.create_token(TokenKind::Admin, ADMIN, None).await?))
}

/// The runners' token: the one given, or one that is kept in the data folder, since runners come with it again.
async fn runner_token(store: &Store, folder: &Folder, given: Option<SecretString>) -> Result<SecretString, StartError> {
    let text = match given {
        Some(given) => given,
        None => folder.secret("runner-token", Store::random_token)?.into(),
    };
    check_length("runner", text.expose_secret())?;
    store.set_token(TokenKind::Runner, "runner", text.expose_secret()).await?;
    Ok(text)
}

fn check_length(whose: &'static str, text: &str) -> Result<(), StartError> {
    if text.is_empty() {
        return Err(StartError::EmptyToken(whose));
    }
    if text.len() < SHORTEST_TOKEN {
        tracing::warn!("the {whose} token has less than {SHORTEST_TOKEN} characters: it can be guessed");
    }
    Ok(())
}
