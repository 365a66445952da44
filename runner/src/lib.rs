#![doc = include_str!("../README.md")]

pub mod checkout;
pub mod client;
pub mod desk;
mod disk;
pub mod docker;
pub mod dummy;
pub mod executor;
pub mod job;
pub mod keeper;
pub mod remote;
pub mod reporter;
pub mod reports;
pub mod schedule;
pub mod ship;
pub mod spool;

mod backoff;
mod cache;
mod config;
mod jobs;
mod renew;
mod session;
mod work;
mod workspaces;

#[cfg(test)]
mod testing;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use slipway_pipelines::{
    lease::Claim,
    wire::{Hello, PROTOCOL, Resume},
};
use tokio::{sync::RwLock, task::JoinSet, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use config::{RunnerConfig, RunnerError};

use crate::{client::Client, executor::Executor, job::Setting, session::Session, work::Worker};

/// [`run`] on Docker. Boxed, so that its code is made in this crate and not in every program.
pub fn run_on_docker(
    config: RunnerConfig,
    docker: docker::Docker,
    stop: CancellationToken,
) -> BoxFuture<'static, Result<(), RunnerError>> {
    Box::pin(run(config, docker, stop))
}

/// [`run`] on the dummy, which runs nothing.
pub fn run_on_dummy(config: RunnerConfig, stop: CancellationToken) -> BoxFuture<'static, Result<(), RunnerError>> {
    Box::pin(run(config, dummy::Dummy::default(), stop))
}

/// Takes jobs from the server and runs them until `stop` is cancelled. Containers of running jobs then stay as they are:
/// the next start finds them again.
///
/// # Errors
///
/// The server refuses the runner, or the runner cannot use its own machine. A server that does not answer is waited for.
pub async fn run(config: RunnerConfig, executor: impl Executor, stop: CancellationToken) -> Result<(), RunnerError> {
    let executor = Arc::new(executor);
    let worked = tokio::select! {
        prepared = prepare(&config, &executor, &stop) => match prepared {
            Ok((worker, resumed, held)) => {
                let mut tasks = JoinSet::new();
                tasks.spawn(renew::renew(Arc::clone(&worker.session)));
                tasks.spawn(renew::watch(Arc::clone(&worker.session)));
                worker.work(config.slots, resumed, held).await;
                tasks.shutdown().await;
                Ok(())
            }
            Err(error) => Err(error),
        },
        () = stop.cancelled() => Ok(()),
    };
    executor.stop().await;
    worked
}

/// Finds what an earlier process left, presents the runner, and removes what it is not to go on with.
async fn prepare<E: Executor>(
    config: &RunnerConfig,
    executor: &Arc<E>,
    stop: &CancellationToken,
) -> Result<Prepared<E>, RunnerError> {
    let server = config.server_url.clone();
    let client = Client::new(&server, &config.token)
        .map_err(|error| RunnerError::Address { url: server.clone(), problem: error.to_string() })?;
    let mut labels = executor.labels();
    labels.extend(config.labels.clone());
    let hello = Hello {
        protocol: PROTOCOL,
        runner: config.instance,
        name: config.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        labels,
        slots: config.slots,
        holding: executor.survey().await?,
    };
    let session = Arc::new(Session::new(client, hello, config));
    let (welcome, held) = session.introduce().await?;
    let grants = welcome.resume.iter().map(|resume| &resume.grant);
    let keep: Vec<Claim> = grants.flat_map(|grant| [grant.claim, grant.workspace()]).collect();
    spool::keep_only(&config.data, &keep).map_err(|source| RunnerError::Data { path: config.data.clone(), source })?;
    cache::Shelf::new(&config.data).clean();
    if let Err(error) = executor.sweep(&keep).await {
        tracing::warn!(%error, "cannot remove what earlier jobs left");
    }
    tracing::info!(name = config.name, server = config.server_url, resumed = welcome.resume.len(), "runner is ready");
    let worker = Worker {
        executor: Arc::clone(executor),
        setting: Setting {
            workspaces: Some(Arc::clone(&session.workspaces)),
            ..Setting::new(config.data.clone(), config.name.clone())
        },
        session,
        closings: TaskTracker::new(),
        sweeping: RwLock::new(()),
        stop: stop.clone(),
    };
    Ok((Arc::new(worker), welcome.resume, held))
}

/// The slots, what they begin with, and when the leases of that were renewed.
type Prepared<E> = (Arc<Worker<E>>, Vec<Resume>, Instant);
