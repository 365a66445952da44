//! `slipway runner`, and the runner inside `slipway up`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use slipway_runner::{
    RunnerConfig,
    docker::{self, Docker},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::{Executor, Runner, Work},
    identity,
    signals::Stop,
};

/// Runs until a signal.
pub(crate) async fn runner(args: Runner) -> Result<(), String> {
    let mut signals = Stop::listen()?;
    require_engine(&args.work).await?;
    let stop = CancellationToken::new();
    let work = run(args.server, args.token, args.data, args.work, stop.clone());
    tokio::pin!(work);
    tokio::select! {
        result = &mut work => result,
        () = signals.asked() => {
            stop.cancel();
            work.await
        }
    }
}

/// One line that says what to do when no Docker engine answers.
pub(crate) async fn require_engine(work: &Work) -> Result<(), String> {
    if work.executor == Executor::Dummy {
        return Ok(());
    }
    match docker::ping().await {
        Ok(version) => {
            tracing::info!(version, "Docker engine answers");
            Ok(())
        }
        Err(failed) => Err(failed.message),
    }
}

/// Runs jobs of a server until told to stop.
pub(crate) async fn run(
    server_url: String,
    token: String,
    data: PathBuf,
    work: Work,
    stop: CancellationToken,
) -> Result<(), String> {
    let data = absolute(&data)?;
    let id = identity::runner_id(&data)?;
    let instance = work.instance.unwrap_or_else(|| id.to_string());
    let config = RunnerConfig {
        server_url: server_url.trim_end_matches('/').to_owned(),
        token,
        name: work.name.unwrap_or_else(identity::host_name),
        instance: id,
        data: data.clone(),
        labels: work.labels.unwrap_or_default().0,
        slots: work.slots.unwrap_or_else(default_slots),
        keep_failed: work.keep_failed,
    };
    let result = match work.executor {
        Executor::Dummy => slipway_runner::run_on_dummy(config, stop).await,
        Executor::Docker => {
            let docker = Docker::connect(docker::Config {
                instance,
                data,
                server_url: config.server_url.clone(),
                token: config.token.clone(),
                pool: work.pool,
                keep: false,
                builder: work.builder,
                pulls: Arc::new(docker::Pulls { mirror: work.registry_mirror, ..docker::Pulls::default() }),
            })
            .await
            .map_err(|failed| failed.message)?;
            slipway_runner::run_on_docker(config, docker, stop).await
        }
    };
    result.map_err(|error| error.to_string())
}

/// The engine mounts paths of the data folder, so they must not depend on where we were started.
fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("cannot use `{}`: {error}", path.display()))
}

fn default_slots() -> u32 {
    thread::available_parallelism().map_or(2, |cores| u32::try_from(cores.get()).unwrap_or(2)).max(2)
}
