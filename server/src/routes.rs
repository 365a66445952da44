//! Every route of the server, on one screen. A handler that takes no extractor of [`crate::auth`] is public.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{delete, get, post, put},
};
use slipway_pipelines::wire::MAX_APPEND_BYTES;

use tower_http::{compression::CompressionLayer, decompression::RequestDecompressionLayer};

use crate::{api, app::App, git, health, pages, requests, runner_api, session, webhook};

/// Largest body unless a route says otherwise, in bytes: that of a webhook.
const LARGEST_BODY: usize = 5 << 20;

/// The whole HTTP surface.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        // Public: health.
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        // Runners: RunnerAuth.
        .route("/runner/v1/hello", post(runner_api::hello))
        .route("/runner/v1/next", post(runner_api::next))
        .route("/runner/v1/renew", post(runner_api::renew))
        .route("/runner/v1/events", post(runner_api::events))
        .route("/runner/v1/reports", post(runner_api::reports))
        .route("/runner/v1/logs/{job}/{attempt}", get(runner_api::committed))
        .route(
            "/runner/v1/logs/{job}/{attempt}/{step}",
            post(runner_api::append).layer(DefaultBodyLimit::max(MAX_APPEND_BYTES)),
        )
        .route("/runner/v1/caches", post(runner_api::find_cache))
        .route("/runner/v1/caches/refused", post(runner_api::refuse_cache))
        .route("/runner/v1/caches/{job}/{attempt}", post(runner_api::save_cache).layer(DefaultBodyLimit::disable()))
        .route("/runner/v1/caches/{job}/{attempt}/{id}", get(runner_api::fetch_cache))
        .route(
            "/runner/v1/artifacts/{job}/{attempt}/{step}",
            post(runner_api::clear_artifacts).put(runner_api::keep_artifact).layer(DefaultBodyLimit::disable()),
        )
        .route("/runner/v1/artifacts/{job}/{attempt}/{step}/{item}", get(runner_api::take_artifacts))
        // Git: GitAuth. Its clients compress what they send; a response is a live stream and must not be compressed.
        .route("/git/{owner}/{repo}/info/refs", get(git::http::info_refs))
        .route(
            "/git/{owner}/{repo}/git-upload-pack",
            post(git::http::upload_pack).layer(RequestDecompressionLayer::new()),
        )
        .route(
            "/git/{owner}/{repo}/git-receive-pack",
            post(git::http::receive_pack).layer(RequestDecompressionLayer::new()),
        )
        // Webhooks: signed by the forge.
        .route("/hooks/{forge}/{id}", post(webhook::handler::receive))
        // Public: what statements are verified with.
        .route("/api/v1/provenance.pub", get(api::provenance_key))
        // The API: Admin.
        .route("/api/v1/repos", get(api::list_repositories).post(api::create_repository))
        .route("/api/v1/repos/{owner}/{repo}", get(api::get_repository).patch(api::patch_repository))
        .route("/api/v1/repos/{owner}/{repo}/secrets", get(api::list_secrets))
        .route("/api/v1/repos/{owner}/{repo}/secrets/{name}", put(api::put_secret).delete(api::delete_secret))
        .route("/api/v1/repos/{owner}/{repo}/crons", get(api::list_crons))
        .route("/api/v1/repos/{owner}/{repo}/crons/{name}", put(api::put_cron).delete(api::delete_cron))
        .route("/api/v1/repos/{owner}/{repo}/crons/{name}/run", post(api::run_cron))
        .route("/api/v1/repos/{owner}/{repo}/registries", get(api::list_registries))
        .route("/api/v1/repos/{owner}/{repo}/registries/{host}", put(api::put_registry).delete(api::delete_registry))
        .route("/api/v1/repos/{owner}/{repo}/caches", get(api::list_caches).delete(api::delete_caches))
        .route("/api/v1/repos/{owner}/{repo}/caches/{id}", delete(api::delete_cache))
        .route("/api/v1/repos/{owner}/{repo}/deliveries", get(api::list_deliveries))
        .route("/api/v1/repos/{owner}/{repo}/deliveries/{delivery}", get(api::get_delivery))
        .route("/api/v1/repos/{owner}/{repo}/deliveries/{delivery}/replay", post(api::replay_delivery))
        .route("/api/v1/repos/{owner}/{repo}/parameters", get(api::parameters))
        .route("/api/v1/repos/{owner}/{repo}/builds", get(api::list_builds).post(api::start_build))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}", get(api::get_build))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/tests", get(api::build_tests))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/timeline", get(api::build_timeline))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/pipeline", get(api::build_pipeline))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/plan", get(api::build_plan))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/coverage", get(api::build_coverage))
        .route("/api/v1/repos/{owner}/{repo}/tests", get(api::list_tests))
        .route("/api/v1/repos/{owner}/{repo}/tests/{test}", get(api::get_test))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/stream", get(api::build_stream))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/cancel", post(api::cancel))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/retry", post(api::retry))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/approve", post(api::approve))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/jobs/{job}/steps/{step}/log", get(api::raw_log))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/jobs/{job}/steps/{step}/commands", get(api::list_commands))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/jobs/{job}/steps/{step}/usage", get(api::step_usage))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/jobs/{job}/steps/{step}/log/stream", get(api::log_stream))
        .route("/api/v1/registries", get(api::list_global_registries))
        .route("/api/v1/registries/{host}", put(api::put_global_registry).delete(api::delete_global_registry))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/artifacts", get(api::list_artifacts))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/provenance", get(api::list_provenance))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/artifacts/{*path}", get(api::get_artifact))
        .route("/api/v1/tokens", get(api::list_tokens).post(api::post_token))
        .route("/api/v1/tokens/{id}", delete(api::delete_token))
        .route("/api/v1/settings", get(api::get_settings))
        .route("/api/v1/home", get(api::home))
        .route("/api/v1/stream", get(api::live))
        .route("/api/v1/search", get(api::search))
        .route("/api/v1/queue", get(api::queue))
        .route("/api/v1/queue/pause", post(api::pause_queue))
        .route("/api/v1/queue/resume", post(api::resume_queue))
        .route("/api/v1/runners", get(api::runners))
        .route("/api/v1/runners/{runner}/drain", post(api::drain_runner))
        .route("/api/v1/runners/{runner}/resume", post(api::resume_runner))
        // What builds kept. Visitor, and for files as a browser shows them whoever has the ticket in the address. Not compressed:
        // a range is one of the file's own bytes.
        .route("/repos/{owner}/{repo}/builds/{number}/artifacts", get(pages::artifacts))
        .route("/repos/{owner}/{repo}/builds/{number}/artifacts/{job}/", get(pages::job_artifacts))
        .route("/repos/{owner}/{repo}/builds/{number}/artifacts/{job}/{*path}", get(pages::artifact))
        .route("/artifacts/{ticket}/{*path}", get(pages::view_artifact))
        .merge(browser())
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn(requests::outlive))
        .layer(middleware::from_fn(pages::protect))
        .layer(middleware::from_fn(requests::identify))
        .with_state(app)
}

/// What a browser asks for, compressed.
fn browser() -> Router<App> {
    Router::new()
        // Public: logging in, what pages load, badges.
        .route("/login", get(session::form).post(session::login))
        .route("/login/{token}", get(session::link))
        .route("/assets/{hash}/{name}", get(pages::asset))
        .route("/badges/{owner}/{file}", get(pages::badge))
        // Pages: Visitor, who is sent to the login page when nobody has logged in.
        .route("/logout", post(session::logout))
        .route("/", get(pages::home))
        .route("/search", get(pages::search))
        .route("/queue", get(pages::queue))
        .route("/queue/pause", post(pages::pause_queue))
        .route("/queue/resume", post(pages::resume_queue))
        .route("/runners", get(pages::runners))
        .route("/runners/{runner}/drain", post(pages::drain_runner))
        .route("/runners/{runner}/resume", post(pages::resume_runner))
        .route("/settings", get(pages::account))
        .route("/settings/tokens", post(pages::add_token))
        .route("/settings/tokens/delete", post(pages::drop_token))
        .route("/settings/registries", get(pages::registries).post(pages::set_global_registry))
        .route("/settings/registries/delete", post(pages::drop_global_registry))
        .route("/repos/{owner}/{repo}", get(pages::repository))
        .route("/repos/{owner}/{repo}/run", get(pages::run))
        .route("/repos/{owner}/{repo}/builds", post(pages::start))
        .route("/repos/{owner}/{repo}/settings", get(pages::settings))
        .route("/repos/{owner}/{repo}/settings/secrets", post(pages::set_secret))
        .route("/repos/{owner}/{repo}/settings/secrets/delete", post(pages::drop_secret))
        .route("/repos/{owner}/{repo}/settings/crons", post(pages::set_cron))
        .route("/repos/{owner}/{repo}/settings/crons/delete", post(pages::drop_cron))
        .route("/repos/{owner}/{repo}/settings/crons/run", post(pages::run_cron))
        .route("/repos/{owner}/{repo}/settings/registries", post(pages::set_registry))
        .route("/repos/{owner}/{repo}/settings/registries/delete", post(pages::drop_registry))
        .route("/repos/{owner}/{repo}/settings/caches/delete", post(pages::drop_cache))
        .route("/repos/{owner}/{repo}/settings/general", post(pages::set_general))
        .route("/repos/{owner}/{repo}/settings/deliveries", get(pages::deliveries))
        .route("/repos/{owner}/{repo}/settings/deliveries/{delivery}", get(pages::delivery))
        .route("/repos/{owner}/{repo}/settings/deliveries/{delivery}/replay", post(pages::replay))
        .route("/repos/{owner}/{repo}/settings/trust", post(pages::set_trust))
        .route("/repos/{owner}/{repo}/tests", get(pages::tests))
        .route("/repos/{owner}/{repo}/tests/{test}", get(pages::test))
        .route("/repos/{owner}/{repo}/builds/{number}/tests", get(pages::build_tests))
        .route("/repos/{owner}/{repo}/builds/{number}", get(pages::build))
        .route("/repos/{owner}/{repo}/builds/{number}/pipeline", get(pages::pipeline))
        .route("/repos/{owner}/{repo}/builds/{number}/jobs/{job}/steps/{step}", get(pages::step))
        .route("/repos/{owner}/{repo}/builds/{number}/approve", post(pages::approve))
        .route("/repos/{owner}/{repo}/builds/{number}/cancel", post(pages::cancel))
        .route("/repos/{owner}/{repo}/builds/{number}/retry", post(pages::retry))
        // The API's, which pages ask, too.
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/jobs/{job}/steps/{step}/log/lines", get(api::log_lines))
        .route("/api/v1/repos/{owner}/{repo}/builds/{number}/jobs/{job}/steps/{step}/log/search", get(api::log_search))
        .layer(CompressionLayer::new())
}
