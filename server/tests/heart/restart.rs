//! A server that ends and starts again on its data folder, and a second one that may not.

use slipway_pipelines::{state::Status, wire::Appended};
use slipway_server::{StartError, start};

use crate::support::{
    Talker, build, config, detail, ended, finished, job, json, repository, server, soon, started, until,
};

#[tokio::test]
async fn leases_logs_and_tokens_outlive_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(&folder).await;
    let admin = first.admin_token().expect("made at the first start").to_owned();
    let runner = Talker::new(&first, 1).introduced().await;
    let repository = repository(&first.app().store, "me/thing").await;
    let made = build(&first.app().store, &repository, vec![job("a", 1, &[]), job("b", 1, &[])]).await;
    let claim = runner.next().await.claim;
    assert!(runner.report(claim, vec![started(0)]).await.is_success());
    let _: Appended = json(runner.append(claim, 0, 0, b"before ").await).await;

    // A long poll does not hold the stop up.
    let waiting = Talker::new(&first, 1);
    let renewing = tokio::spawn(async move { waiting.renew(&[], 25_000).await });
    soon("the end of the first server", first.stop()).await.unwrap();
    let _ = renewing.await;

    let second = server(&folder).await;
    assert!(second.admin_token().is_none(), "shown once");
    assert!(second.app().store.find_token(&admin).await.unwrap().is_some());
    let runner = Talker { url: second.loopback_url(), ..runner };
    assert_eq!(runner.token, second.runner_token(), "runners come with it again");
    let appended: Appended = json(runner.append(claim, 0, 3, b"ore after").await).await;
    assert_eq!(appended.committed, 12);
    assert!(runner.renew(&[claim], 0).await.orders.is_empty(), "the lease is in force");
    let other = runner.next().await;
    assert_eq!(other.title, "me/thing #1 b", "what was queued still is");
    assert!(runner.report(claim, vec![ended(0, 0), finished(0)]).await.is_success());
    assert!(runner.report(other.claim, vec![finished(0)]).await.is_success());
    assert_eq!(detail(&second.app().store, made).await.summary.status, Status::Success);
    let address = slipway_server::logs::LogAddress { job: claim.job, attempt: 1, step: 0 };
    assert_eq!(second.app().logs.read(address, 0..99).await.unwrap(), "before after");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_server_on_a_data_folder_is_refused_and_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(&folder).await;
    let Err(refused @ StartError::Folder(_)) = start(config(&folder)).await else { panic!("it started") };
    let said = refused.to_string();
    assert!(said.contains(&format!("another Slipway server (pid {})", std::process::id())), "{said}");
    first.stop().await.unwrap();
    start(config(&folder)).await.expect("free again").stop().await.unwrap();
}

#[tokio::test]
async fn bad_settings_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut postgres = config(&folder);
    postgres.database = Some("postgres://me:hunter2@host/db".to_owned());
    let said = start(postgres).await.unwrap_err().to_string();
    assert!(said.contains("SQLite") && !said.contains("hunter2"), "{said}");
    let mut weak = config(&folder);
    weak.admin_token = Some("".into());
    assert!(start(weak).await.unwrap_err().to_string().contains("is empty"));
    let first = server(&folder).await;
    let mut taken = config(&tempfile::tempdir().unwrap());
    taken.listen = first.addr;
    assert!(start(taken).await.unwrap_err().to_string().contains(&first.addr.to_string()));
}

#[cfg(unix)]
#[tokio::test]
async fn secrets_on_the_disk_are_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let server = server(&folder).await;
    let mode = |path: &str| std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("data"), mode("data/runner-token")), (0o700, 0o600));
    until("the server answers", async || reqwest::get(format!("{}/healthz", server.loopback_url())).await.is_ok())
        .await;
}
