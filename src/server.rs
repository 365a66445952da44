//! `slipway server`.

use slipway_server::{Config, Running};

use crate::{cli::Server, signals::Stop};

/// Serves until a signal.
pub(crate) async fn server(args: Server) -> Result<(), String> {
    let mut signals = Stop::listen()?;
    let own_runner_token = args.runner_token.is_none();
    let running = start(args).await?;
    greet(&running).await?;
    if own_runner_token {
        let file = running.app().config.data.join("runner-token");
        println!("Add a runner: slipway runner --server {} --token \"$(cat {})\"", running.url(), file.display());
    }
    tokio::select! {
        () = signals.asked() => {}
        result = running.ended() => return result.map_err(|error| error.to_string()),
    }
    running.stop().await.map_err(|error| error.to_string())
}

/// Starts the server of these flags.
pub(crate) async fn start(args: Server) -> Result<Running, String> {
    let config = Config {
        data: args.data,
        listen: args.listen,
        public_url: args.url.unwrap_or_default(),
        database: args.database,
        storage: args.storage,
        log_retention: args.log_retention,
        artifact_limit: args.artifact_limit,
        artifact_build_limit: args.artifact_build_limit,
        artifact_retention: args.artifact_retention,
        admin_token: args.admin_token.map(Into::into),
        runner_token: args.runner_token.map(Into::into),
        push_creates: args.push_creates,
        cache_limit: args.cache_limit,
        allow_local_clone: args.allow_local_clone,
        version: env!("CARGO_PKG_VERSION"),
    };
    slipway_server::start(config).await.map_err(|error| error.to_string())
}

/// Tells the person at the terminal where to go.
pub(crate) async fn greet(running: &Running) -> Result<(), String> {
    let login = running.login_link().await.map_err(|error| error.to_string())?;
    println!("Slipway is up: {}", running.url());
    println!("Log in (once): {login}");
    if let Some(token) = running.admin_token() {
        println!("Admin token (shown once): {token}");
    }
    Ok(())
}
