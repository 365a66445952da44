//! `slipway up`: server and runner in one process. They talk over loopback, as they would over a network.

use tokio_util::sync::CancellationToken;

use crate::{cli::Up, runner, server, signals::Stop};

/// Runs until a signal.
pub(crate) async fn up(args: Up) -> Result<(), String> {
    let mut signals = Stop::listen()?;
    runner::require_engine(&args.work).await?;
    let data = args.server.data.join("runner");
    let running = server::start(args.server).await?;
    server::greet(&running).await?;

    let stop = CancellationToken::new();
    let work = runner::run(running.loopback_url(), running.runner_token(), data, args.work, stop.clone());
    tokio::pin!(work);
    let result = tokio::select! {
        result = &mut work => result,
        ended = running.ended() => ended.map_err(|error| error.to_string()),
        () = signals.asked() => {
            stop.cancel();
            work.await
        }
    };
    running.stop().await.map_err(|error| error.to_string())?;
    result
}
