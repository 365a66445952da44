//! Repositories, deliveries, tokens.

use secrecy::ExposeSecret;
use slipway_pipelines::ids::BuildId;
use slipway_server::store::{
    StoreError,
    model::{
        Credential, DeliveryState, DeliveryStored, Forge, NewBuild, NewDelivery, NewRepository, Repository, TokenKind,
    },
};

use crate::support::{build, content, detail, job, new_build, open, repository, store, trigger};

fn delivery(repository: &Repository, forge_id: &str) -> NewDelivery {
    NewDelivery {
        repository: repository.id,
        forge: Forge::Github,
        forge_id: forge_id.to_owned(),
        event: "push".to_owned(),
        body: b"{\"a\":\xff}".to_vec(),
        headers: Vec::new(),
    }
}

#[tokio::test]
async fn a_repository_is_found_by_name_id_and_hook_and_its_name_is_taken_in_any_case() {
    let (_folder, store) = store().await;
    let credential = Credential::Token { username: "x".to_owned(), token: "s3cret".into() };
    let new = NewRepository {
        forge: Forge::Gitea,
        clone_url: Some("https://git.example/Me/Thing.git".to_owned()),
        credential: Some(credential),
        ..NewRepository::own("Me/Thing".parse().unwrap())
    };
    let made = store.create_repository(new.clone()).await.unwrap();
    assert!(matches!(store.create_repository(new).await, Err(StoreError::Exists)));
    assert!(!format!("{made:?}").contains("s3cret"));

    let by_name = store.repository(&"me/thing".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((by_name.id, by_name.name.to_string()), (made.id, "Me/Thing".to_owned()));
    let Some(Credential::Token { token, .. }) = by_name.credential else { panic!("{:?}", by_name.credential) };
    assert_eq!(token.expose_secret(), "s3cret");
    let by_hook = store.repository_by_hook(Forge::Gitea, &made.hook_id).await.unwrap();
    assert_eq!(by_hook.map(|found| found.id), Some(made.id));
    assert!(store.repository_by_hook(Forge::Github, &made.hook_id).await.unwrap().is_none(), "another forge's hook");

    store.set_default_branch(made.id, "trunk").await.unwrap();
    assert_eq!(store.repository_by_id(made.id).await.unwrap().unwrap().default_branch, "trunk");
    assert_eq!(store.repositories().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_delivery_is_stored_once_and_makes_one_build_however_often_it_comes() {
    let (folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let DeliveryStored::Fresh(id) = store.store_delivery(delivery(&repository, "d1")).await.unwrap() else {
        panic!("it is new")
    };
    let again = store.store_delivery(delivery(&repository, "d1")).await.unwrap();
    assert_eq!(again, DeliveryStored::Known { id, state: DeliveryState::Received });
    store.close().await;

    let store = open(&folder).await;
    let pending = store.pending_deliveries().await.unwrap();
    assert_eq!(pending.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [id], "replayed after a restart");
    assert_eq!(pending[0].body, b"{\"a\":\xff}");

    let new = || NewBuild { delivery: Some(id), ..new_build(&repository) };
    let (one, other) = tokio::join!(
        store.create_build(new(), |_| content(vec![job("a", 1, &[])])),
        store.create_build(new(), |_| content(vec![job("a", 1, &[])])),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one, other);
    assert!(store.pending_deliveries().await.unwrap().is_empty());
    store.finish_delivery(id, DeliveryState::Failed { why: "late".to_owned() }).await.unwrap();
    let state = store.delivery(id).await.unwrap().unwrap().state;
    assert_eq!(state, DeliveryState::Built { build: one.id, number: 1 }, "a build is never taken back");
}

#[tokio::test]
async fn builds_are_numbered_without_gaps_and_know_the_one_before() {
    let (_folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let first = build(&store, &repository, vec![job("a", 1, &[])]).await;
    let previous = store
        .create_build(new_build(&repository), |seed| {
            let previous = seed.previous.as_ref().expect("there is one");
            assert_eq!((previous.number, previous.status.as_str()), (1, "pending"));
            assert_eq!(previous.url, "http://ci.example/repos/me/thing/builds/1");
            content(Vec::new())
        })
        .await
        .unwrap();
    assert_eq!((first.number, previous.number), (1, 2));
    let many = (0..20).map(|_| build(&store, &repository, vec![job("a", 1, &[])]));
    let mut numbers: Vec<u64> = futures_util::future::join_all(many).await.iter().map(|build| build.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (3..23).collect::<Vec<_>>());

    let page = store.builds(repository.id, Some(10), 3).await.unwrap();
    assert_eq!(page.iter().map(|build| build.number).collect::<Vec<_>>(), [9, 8, 7]);
    assert_eq!(page[0].trigger, trigger());
    assert_eq!(store.recent_builds(5).await.unwrap().len(), 5);
    assert!(store.build(repository.id, 99).await.unwrap().is_none());
    assert!(store.build_by_id(BuildId(uuid::Uuid::nil())).await.unwrap().is_none());
    assert_eq!(detail(&store, first).await.jobs[0].steps.len(), 1);
}

#[tokio::test]
async fn a_login_is_good_once_and_a_session_until_it_is_ended() {
    let (_folder, store) = store().await;
    let login = store.create_login().await.unwrap();
    let (one, other) = tokio::join!(store.take_login(login.expose_secret()), store.take_login(login.expose_secret()));
    assert_eq!([one.unwrap(), other.unwrap()].iter().flatten().count(), 1);

    let session = store.create_session("admin").await.unwrap();
    assert_eq!(store.check_session(session.expose_secret()).await.unwrap().unwrap().name, "admin");
    assert!(store.take_login(session.expose_secret()).await.unwrap().is_none(), "a session is no login");
    store.end_session(session.expose_secret()).await.unwrap();
    assert!(store.check_session(session.expose_secret()).await.unwrap().is_none());

    let old = store.create_token(TokenKind::Admin, "old", Some(1)).await.unwrap();
    assert!(store.find_token(old.expose_secret()).await.unwrap().is_none(), "it expired");
}

#[tokio::test]
async fn a_chosen_token_replaces_the_one_before() {
    let (_folder, store) = store().await;
    store.set_token(TokenKind::Admin, "configured", "first-first-first").await.unwrap();
    store.set_token(TokenKind::Admin, "configured", "first-first-first").await.unwrap();
    store.set_token(TokenKind::Admin, "configured", "second-second-second").await.unwrap();
    assert!(store.find_token("first-first-first").await.unwrap().is_none());
    assert_eq!(store.find_token("second-second-second").await.unwrap().unwrap().kind, TokenKind::Admin);
}
