//! What the headers of a webhook say: which event, which delivery. Pure.

use axum::http::HeaderMap;
use sha2::{Digest as _, Sha256};

use crate::store::model::Forge;

/// The headers that matter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Envelope {
    /// The forge's word for the event.
    pub(super) event: String,
    /// The forge's id of the delivery, the same when it is sent again; without one, a hash of the body.
    pub(super) id: String,
}

/// Why the headers do not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the header `{0}` is missing: which event is this?")]
pub(super) struct NoEvent(&'static str);

impl Envelope {
    /// Reads the headers of a forge.
    pub(super) fn read(forge: Forge, headers: &HeaderMap, body: &[u8]) -> Result<Self, NoEvent> {
        let event = match forge {
            Forge::Github => first(headers, &["X-GitHub-Event"]).ok_or(NoEvent("X-GitHub-Event"))?,
            Forge::Gitea => first(headers, &["X-Forgejo-Event", "X-Gitea-Event"]).ok_or(NoEvent("X-Gitea-Event"))?,
            Forge::Gitlab => first(headers, &["X-Gitlab-Event"]).ok_or(NoEvent("X-Gitlab-Event"))?,
            Forge::Generic | Forge::Slipway => "push".to_owned(),
        };
        let hash = hex::encode(Sha256::digest(body));
        let id = match forge {
            Forge::Github => first(headers, &["X-GitHub-Delivery"]),
            Forge::Gitea => first(headers, &["X-Forgejo-Delivery", "X-Gitea-Delivery"]),
            // One push of several branches has one UUID and several bodies.
            Forge::Gitlab => first(headers, &["Idempotency-Key"])
                .or_else(|| first(headers, &["X-Gitlab-Event-UUID"]).map(|uuid| format!("{uuid}-{}", &hash[..16]))),
            Forge::Generic | Forge::Slipway => first(headers, &["X-Slipway-Delivery"]),
        };
        Ok(Self { event, id: id.unwrap_or(hash) })
    }
}

/// What is kept of the headers for people: what forges say of themselves, without what proves it.
pub(super) fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    const PREFIXES: [&str; 6] = ["x-github-", "x-gitea-", "x-forgejo-", "x-gogs-", "x-gitlab-", "x-slipway-"];
    let told = |name: &str| {
        let proves = ["signature", "token", "secret", "authorization"].iter().any(|word| name.contains(word));
        let known = ["content-type", "user-agent", "idempotency-key"].contains(&name);
        (known || PREFIXES.iter().any(|prefix| name.starts_with(prefix))) && !proves
    };
    let pair = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        told(name.as_str()).then(|| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
    };
    headers.iter().filter_map(pair).take(30).collect()
}

/// The first of these headers that has a usable value.
fn first(headers: &HeaderMap, names: &[&str]) -> Option<String> {
    names
        .iter()
        .filter_map(|name| headers.get(*name)?.to_str().ok())
        .find(|value| (1..=200).contains(&value.len()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(forge: Forge, pairs: &[(&'static str, &'static str)], body: &[u8]) -> Result<Envelope, NoEvent> {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        Envelope::read(forge, &headers, body)
    }

    #[test]
    fn each_forge_has_its_headers() {
        let found = read(Forge::Github, &[("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "d1")], b"").unwrap();
        assert_eq!((found.event.as_str(), found.id.as_str()), ("push", "d1"));
        let found = read(Forge::Gitea, &[("X-Forgejo-Event", "create"), ("X-Forgejo-Delivery", "d2")], b"").unwrap();
        assert_eq!((found.event.as_str(), found.id.as_str()), ("create", "d2"));
        assert!(read(Forge::Github, &[("X-GitHub-Delivery", "d1")], b"").is_err());
    }

    #[test]
    fn nothing_that_proves_the_sender_is_kept() {
        let pairs = [
            ("X-GitHub-Event", "push"),
            ("X-Hub-Signature-256", "sha256=secret"),
            ("X-Gitea-Signature", "secret"),
            ("X-Gitlab-Token", "secret"),
            ("Authorization", "Bearer secret"),
            ("Cookie", "secret"),
            ("User-Agent", "GitHub-Hookshot/1"),
        ];
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let mut names: Vec<String> = kept(&headers).into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, ["user-agent", "x-github-event"]);
    }

    #[test]
    fn without_an_id_the_body_is_the_id() {
        let one = read(Forge::Generic, &[], b"a").unwrap().id;
        assert_eq!(one, read(Forge::Generic, &[], b"a").unwrap().id);
        assert_ne!(one, read(Forge::Generic, &[], b"b").unwrap().id);
        let pairs = [("X-Gitlab-Event", "Push Hook"), ("X-Gitlab-Event-UUID", "u")];
        let one = read(Forge::Gitlab, &pairs, b"a").unwrap().id;
        assert_ne!(one, read(Forge::Gitlab, &pairs, b"b").unwrap().id);
    }
}
