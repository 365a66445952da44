//! Warnings that runners tell.

use slipway_pipelines::wire::JobNews;
use slipway_server::store::model::Again;

use crate::support::{build, detail, ended, finished, granted, job, repository, started, store};

fn warning(step: Option<usize>, text: &str) -> JobNews {
    JobNews::Warning { step, text: text.to_owned() }
}

#[tokio::test]
async fn a_warning_counts_once_and_belongs_to_the_last_attempt() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let made = build(&store, &repository, vec![job("a", 2, &[]), job("b", 1, &[])]).await;
    let jobs = detail(&store, made).await.jobs;
    let claim = granted(&store, jobs[1].id, 1).await;
    let news = vec![started(0), warning(Some(0), "no file"), warning(None, "slow disk"), ended(0, 0)];
    store.take_events(claim, news.clone()).await.unwrap();
    store.take_events(claim, vec![warning(Some(0), "no file"), finished(0)]).await.unwrap();
    let seen: Vec<_> = detail(&store, made).await.warnings.into_iter().map(|w| (w.job, w.step, w.text)).collect();
    assert_eq!(seen, [(1, None, "slow disk".to_owned()), (1, Some(0), "no file".to_owned())]);

    let first = granted(&store, jobs[0].id, 1).await;
    let many = (0..80).map(|number| warning(Some(0), &format!("{number}"))).collect();
    store.take_events(first, vec![started(0), ended(0, 0)]).await.unwrap();
    store.take_events(first, many).await.unwrap();
    store.take_events(first, vec![started(1), ended(1, 1), finished(1)]).await.unwrap();
    assert_eq!(detail(&store, made).await.warnings.len(), 52, "one attempt has at most fifty");
    store.retry_build(made.id, Again::Needed).await.unwrap();
    let left = detail(&store, made).await.warnings;
    assert!(left.iter().all(|warning| warning.job == 1), "of the job that is not tried again: {left:?}");
}
