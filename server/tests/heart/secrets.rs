//! Secrets, registry credentials and trust: kept, replaced, forgotten, and never readable on the disk.

use std::{fs, path::Path};

use slipway_pipelines::{context::Trusted, trigger::Event};
use slipway_server::store::{
    Store, StoreError,
    model::{Credential, NewRegistry, NewRepository, NewSecret, Repository, TrustChange},
};
use tempfile::TempDir;

use crate::support::{open, repository, store};

pub async fn put(store: &Store, repository: &Repository, name: &str, value: &str) {
    let new = NewSecret {
        name: name.to_owned(),
        value: value.into(),
        events: vec![Event::Push, Event::Manual],
        images: vec!["plugins/docker".to_owned()],
    };
    store.put_secret(repository.id, new).await.unwrap();
}

/// Whether any file of a folder has these bytes.
pub fn on_the_disk(folder: impl AsRef<Path>, text: &str) -> bool {
    let mut looked = 0;
    let found =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()).any(|path| {
            looked += 1;
            let bytes = fs::read(path).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        });
    assert!(looked > 0);
    found
}

#[tokio::test]
async fn a_secret_is_kept_by_repository_and_lower_case_name_and_never_given_back() {
    let (folder, store) = store().await;
    let (one, other) = (repository(&store, "me/one").await, repository(&store, "me/other").await);
    put(&store, &one, "Token", "plain-hunter2").await;
    put(&store, &one, "a.key", "plain-second").await;
    let kept = store.secrets(one.id).await.unwrap();
    assert_eq!(kept.iter().map(|secret| secret.rule.name.as_str()).collect::<Vec<_>>(), ["a.key", "token"]);
    assert_eq!(kept[1].rule.events, [Event::Push, Event::Manual]);
    assert_eq!(kept[1].rule.images, ["plugins/docker"]);
    assert!(kept[1].updated > 0);
    assert_eq!(store.secret_rules(one.id).await.unwrap().len(), 2);
    assert!(store.secrets(other.id).await.unwrap().is_empty());

    let replaced = NewSecret {
        name: "TOKEN".to_owned(),
        value: "plain-third".into(),
        events: Event::ALL.to_vec(),
        images: vec![],
    };
    store.put_secret(one.id, replaced).await.unwrap();
    let kept = store.secret_rules(one.id).await.unwrap();
    assert_eq!((kept.len(), kept[1].events.len(), kept[1].images.len()), (2, 9, 0));

    store.delete_secret(one.id, "ToKen").await.unwrap();
    assert!(matches!(store.delete_secret(one.id, "token").await, Err(StoreError::NotFound)));
    assert_eq!(store.secrets(one.id).await.unwrap().len(), 1);
    assert!(on_the_disk(&folder, "plugins/docker"), "what is no secret can be found");
    store.close().await;
    assert!(!on_the_disk(&folder, "plain-"));
}

#[tokio::test]
async fn a_registry_credential_is_kept_by_host() {
    let (folder, store) = store().await;
    let repository = repository(&store, "me/thing").await;
    let registry = |username: &str| NewRegistry {
        host: "Registry.Example:5000".to_owned(),
        username: username.to_owned(),
        password: "plain-password".into(),
    };
    store.put_registry(repository.id, registry("me")).await.unwrap();
    store.put_registry(repository.id, registry("robot")).await.unwrap();
    let [kept] = &store.registries(repository.id).await.unwrap()[..] else { panic!("one host") };
    assert_eq!((kept.host.as_str(), kept.username.as_str()), ("registry.example:5000", "robot"));
    assert!(on_the_disk(&folder, "robot") && !on_the_disk(&folder, "plain-password"));
    store.delete_registry(repository.id, "registry.example:5000").await.unwrap();
    assert!(matches!(store.delete_registry(repository.id, "registry.example:5000").await, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn trust_changes_only_where_it_is_told_to() {
    let (_folder, store) = store().await;
    let made = repository(&store, "me/thing").await;
    let change = TrustChange { volumes: Some(true), ..TrustChange::default() };
    let volumes = Trusted { volumes: true, ..Trusted::default() };
    assert_eq!(store.set_trusted(made.id, change).await.unwrap(), volumes);
    let both = TrustChange { network: Some(true), volumes: Some(false), security: None };
    store.set_trusted(made.id, both).await.unwrap();
    let now = store.repository_by_id(made.id).await.unwrap().unwrap().trusted;
    assert_eq!(now, Trusted { network: true, ..Trusted::default() });
    let nobody = slipway_pipelines::ids::RepositoryId(uuid::Uuid::nil());
    assert!(matches!(store.set_trusted(nobody, both).await, Err(StoreError::NotFound)));
}

fn token(repository: &Repository) -> (String, String) {
    use secrecy::ExposeSecret;
    match repository.credential.as_ref().expect("it has one") {
        Credential::Token { username, token } => (username.clone(), token.expose_secret().to_owned()),
        Credential::SshKey { .. } => panic!("it is a token"),
    }
}

#[tokio::test]
async fn a_forge_credential_is_sealed_and_comes_back() {
    let (folder, store) = store().await;
    let credential = Credential::Token { username: "ada".to_owned(), token: "plain-forge-token".into() };
    let new = NewRepository { credential: Some(credential), ..NewRepository::own("me/thing".parse().unwrap()) };
    let made = store.create_repository(new).await.unwrap();
    let wanted = ("ada".to_owned(), "plain-forge-token".to_owned());
    assert_eq!(token(&made), wanted);
    store.close().await;
    assert!(!on_the_disk(&folder, "plain-forge-token"));
    let store = open(&folder).await;
    assert_eq!(token(&store.repository_by_id(made.id).await.unwrap().unwrap()), wanted);
}

mod key {
    use std::os::unix::fs::PermissionsExt;

    use slipway_server::store::OpenError;

    use super::*;

    async fn refused(folder: &TempDir) -> String {
        let url = format!("sqlite:{}", folder.path().join("db").display());
        let opened = Store::open(&url, &folder.path().join("key"), "http://ci.example", |_| {}).await;
        let error = opened.expect_err("it is refused");
        assert!(matches!(error, OpenError::Key(_)), "{error}");
        error.to_string()
    }

    #[tokio::test]
    async fn a_missing_wrong_open_or_damaged_key_is_a_clear_error_and_loses_nothing() {
        let (folder, store) = store().await;
        let repository = repository(&store, "me/thing").await;
        put(&store, &repository, "token", "plain-value").await;
        store.close().await;
        let key = folder.path().join("key");
        let right = fs::read(&key).unwrap();

        fs::remove_file(&key).unwrap();
        assert!(refused(&folder).await.contains("is missing"));
        assert!(!key.exists(), "no other key takes its place");
        fs::write(&key, "00".repeat(32)).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(refused(&folder).await.contains("can be read by others (mode 0644)"));
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(refused(&folder).await.contains("is not the one"));
        fs::write(&key, "short").unwrap();
        assert!(refused(&folder).await.contains("64 hex digits"));
        fs::write(&key, right).unwrap();
        assert_eq!(open(&folder).await.secrets(repository.id).await.unwrap().len(), 1);
    }
}
