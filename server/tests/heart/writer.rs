//! Operations that share a commit do not share their failures.

use slipway_server::store::{StoreError, model::NewRepository};

use crate::support::{content, job, new_build, repository, store};

#[tokio::test]
async fn one_that_fails_takes_back_only_its_own() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    // All are handed over before the writer's task runs: one batch.
    let made = |name: String| store.create_repository(NewRepository::own(name.parse().unwrap()));
    let names = (0..40).map(|n| if n % 2 == 0 { format!("me/new{n}") } else { "me/thing".to_owned() });
    let results = futures_util::future::join_all(names.map(made)).await;
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result.is_ok(), n % 2 == 0, "{n}: {result:?}");
    }
    assert_eq!(store.repositories().await.unwrap().len(), 21);

    let broken = store.create_build(new_build(&repository), |_| panic!("on purpose"));
    let whole = store.create_build(new_build(&repository), |_| content(vec![job("a", 1, &[])]));
    let (broken, whole) = tokio::join!(broken, whole);
    assert!(matches!(broken, Err(StoreError::Panicked)), "{broken:?}");
    assert_eq!(whole.unwrap().number, 1, "the number of the broken one was taken back");
}

#[tokio::test]
async fn what_was_handed_over_is_done_before_the_store_closes_and_nothing_after() {
    let (folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let new = NewRepository::own("me/late".parse().unwrap());
    let (made, ()) = tokio::join!(store.create_repository(new), store.close());
    assert!(matches!(store.set_default_branch(repository.id, "x").await, Err(StoreError::Closed)));
    let store = crate::support::open(&folder).await;
    assert!(store.repository_by_id(made.unwrap().id).await.unwrap().is_some());
}
