//! Figures of the pages with many rows: `cargo bench -p slipway-server --bench lists [-- REPOSITORIES BUILDS]`.
//! Fills a database with repositories and builds, by default 500 and 1,000,000, and measures the first page.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a program for developers")]

use std::{path::Path, time::Instant};

use slipway_server::Config;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

const TOKEN: &str = "slp_token-of-the-benchmark-only";
/// Requests of each kind.
const ROUNDS: usize = 41;

#[tokio::main]
async fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<i64>().ok());
    let (repositories, builds) = (numbers.next().unwrap_or(500), numbers.next().unwrap_or(1_000_000));
    let folder = tempfile::tempdir().unwrap();
    slipway_server::start(config(folder.path())).await.unwrap().stop().await.unwrap();
    let started = Instant::now();
    fill(&folder.path().join("slipway.db"), repositories, builds).await;
    let bytes = std::fs::metadata(folder.path().join("slipway.db")).unwrap().len();
    println!(
        "{repositories} repositories, {builds} builds: {} MB, filled in {:.0} s",
        bytes / 1_000_000,
        started.elapsed().as_secs_f64()
    );
    let server = slipway_server::start(config(folder.path())).await.unwrap();
    let store = &server.app().store;
    measure("store: what is under way", async || drop(store.open_builds(24).await.unwrap())).await;
    measure("store: repositories of the first page", async || drop(store.home("", 60, (8, 4)).await.unwrap())).await;
    measure("store: the same with a filter", async || drop(store.home("repo-4", 60, (8, 4)).await.unwrap())).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in
        ["/", "/?q=repo-4", "/?all=1", "/repos/owner-1/repo-1", "/repos/owner-1/repo-1?branch=main&status=failure"]
    {
        let url = format!("{}{path}", server.url());
        measure(&format!("GET {path}"), async || {
            let answer = client.get(&url).bearer_auth(TOKEN).send().await.unwrap();
            assert!(answer.status().is_success(), "{path}: {}", answer.status());
            drop(answer.bytes().await.unwrap());
        })
        .await;
    }
    server.stop().await.unwrap();
}

fn config(data: &Path) -> Config {
    let mut config = Config::new(data, "127.0.0.1:0".parse().unwrap());
    config.admin_token = Some(TOKEN.to_owned().into());
    config
}

async fn measure(what: &str, mut act: impl AsyncFnMut()) {
    act().await;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        act().await;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    println!("{what}: median {:.1} ms, worst of {ROUNDS} {:.1} ms", times[ROUNDS / 2], times[ROUNDS - 1]);
}

/// Rows as the server writes them, of seven branches, three authors and all usual ends; the newest eight builds still wait.
async fn fill(path: &Path, repositories: i64, builds: i64) {
    let mut db: SqliteConnection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::raw_sql("PRAGMA synchronous = OFF").execute(&mut db).await.unwrap();
    let mut transaction = db.begin().await.unwrap();
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1) \
         INSERT INTO repositories (id, name, name_key, forge, default_branch, private, trusted_network, trusted_volumes, \
         trusted_security, hook_id, hook_secret, last_number, created, active) \
         SELECT printf('00000000-0000-7000-8000-%012d', i), printf('owner-%d/repo-%d', i % 20, i), \
         printf('owner-%d/repo-%d', i % 20, i), 'slipway', 'main', 1, 0, 0, 0, 'hook' || i, 'x', \
         ($2 - i + $1 - 1) / $1, 1795000000000, 1790000000000 + ($2 - $1 + i) * 1000 FROM n",
    )
    .bind(repositories)
    .bind(builds)
    .execute(&mut *transaction)
    .await
    .unwrap();
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2), \
         b AS (SELECT i, i / $1 + 1 AS number, CASE i % 7 WHEN 0 THEN 'main' WHEN 1 THEN 'main' ELSE 'topic-' || (i % 7) END AS branch, \
         CASE i * 7919 % 11 WHEN 0 THEN 'failure' WHEN 1 THEN 'error' ELSE 'success' END AS status, \
         printf('%040x', i * 2654435761) AS sha, 'Author ' || (i % 3) AS author FROM n) \
         INSERT INTO builds (id, repository, number, trigger_json, branch, left_out, diagnostics, diagnostics_text, status, \
         finish, created, started, finished, event, author, sha) \
         SELECT printf('01980000-0000-7000-9000-%012d', i), printf('00000000-0000-7000-8000-%012d', i % $1), number, \
         '{\"cause\":{\"event\":\"push\",\"branch\":\"' || branch || '\",\"before\":null},\"reference\":\"refs/heads/' || branch || \
         '\",\"sha\":\"' || sha || '\",\"message\":\"Change number ' || i || ' of the harbour, with some words to read\",' || \
         '\"author\":{\"name\":\"' || author || '\",\"email\":\"a@example.org\"},\"sender\":\"ada\",\"timestamp\":0,\"url\":null,' || \
         '\"changed_files\":[\"src/main.rs\",\"src/lib.rs\",\"docs/harbour.md\"]}', branch, '[]', '[]', '', \
         CASE WHEN i + 8 < $2 THEN status ELSE 'pending' END, \
         CASE WHEN i + 8 < $2 THEN '{\"reason\":\"' || CASE status WHEN 'success' THEN 'ok' WHEN 'failure' THEN 'exit_code' \
         ELSE 'infra' END || '\",\"exit_code\":null,\"note\":\"\"}' END, 1790000000000 + i * 1000, \
         CASE WHEN i + 8 < $2 THEN 1790000000500 + i * 1000 END, CASE WHEN i + 8 < $2 THEN 1790000060000 + i * 1000 + i % 9000 END, \
         'push', author, sha FROM b",
    )
    .bind(repositories)
    .bind(builds)
    .execute(&mut *transaction)
    .await
    .unwrap();
    sqlx::raw_sql("INSERT INTO heads SELECT repository, branch, MAX(number) FROM builds GROUP BY repository, branch")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    db.close().await.unwrap();
}
