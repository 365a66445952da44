use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    store::model::{DeliveryState, Forge, NewRepository, Repository},
    testing::{Git, Server, eventually},
};

const PIPELINE: &str = "skip_clone: true\nsteps:\n  - name: hello\n    image: busybox\n    commands: [echo hello]\n";
const ZERO: &str = "0000000000000000000000000000000000000000";

struct Hooked {
    server: Server,
    git: Git,
    repository: Repository,
}

impl Hooked {
    /// A server with `me/thing` of a forge, which is cloned from a working tree with a pipeline.
    async fn on(forge: Forge) -> Self {
        let server = Server::start().await;
        let git = Git::init().await;
        git.commit("first", &[(".slipway.yml", PIPELINE)]).await;
        let new = NewRepository {
            forge,
            clone_url: Some(git.path().display().to_string()),
            ..NewRepository::own("me/thing".parse().unwrap())
        };
        let repository = server.app().store.create_repository(new).await.unwrap();
        Self { server, git, repository }
    }

    fn path(&self) -> String {
        format!("/hooks/{}/{}", self.repository.forge.as_str(), self.repository.hook_id)
    }

    fn sign(&self, body: &str) -> String {
        let secret = self.repository.hook_secret.expose_secret();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    /// A well-signed delivery.
    async fn deliver(&self, event: &str, id: &str, body: &Value) -> Response {
        let body = body.to_string();
        let hmac = self.sign(&body);
        let secret = self.repository.hook_secret.expose_secret().to_owned();
        let headers = match self.repository.forge {
            Forge::Github => vec![
                ("x-hub-signature-256", format!("sha256={hmac}")),
                ("x-github-event", event.to_owned()),
                ("x-github-delivery", id.to_owned()),
            ],
            Forge::Gitea => vec![
                ("x-gitea-signature", hmac),
                ("x-gitea-event", event.to_owned()),
                ("x-gitea-delivery", id.to_owned()),
            ],
            Forge::Gitlab => vec![
                ("x-gitlab-token", secret),
                ("x-gitlab-event", event.to_owned()),
                ("idempotency-key", id.to_owned()),
            ],
            Forge::Generic | Forge::Slipway => {
                vec![("x-slipway-signature", format!("sha256={hmac}")), ("x-slipway-delivery", id.to_owned())]
            }
        };
        self.server.post(&self.path(), &headers, body).await
    }

    fn push(&self, after: &str) -> Value {
        json!({
            "ref": "refs/heads/main", "before": ZERO, "after": after,
            "repository": {"full_name": "Me/Thing"}, "project": {"path_with_namespace": "me/thing"},
        })
    }

    async fn head(&self) -> String {
        self.git.ok(&["rev-parse", "HEAD"]).await.trim().to_owned()
    }

    /// Waits until a delivery is worked on.
    async fn settled(&self, answer: Response) -> DeliveryState {
        let body: Value = answer.error_for_status().unwrap().json().await.unwrap();
        let id = body["delivery"].as_str().unwrap().parse().unwrap();
        eventually("the delivery is worked on", || async move {
            let state = self.server.app().store.delivery(id).await.unwrap().unwrap().state;
            (state != DeliveryState::Received).then_some(state)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_forge_makes_a_build_of_a_push() {
    for (forge, event) in
        [(Forge::Github, "push"), (Forge::Gitea, "push"), (Forge::Gitlab, "Push Hook"), (Forge::Generic, "push")]
    {
        let hooked = Hooked::on(forge).await;
        let sha = hooked.head().await;
        let answer = hooked.deliver(event, "d1", &hooked.push(&sha)).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{forge:?}");
        let state = hooked.settled(answer).await;
        assert!(matches!(state, DeliveryState::Built { number: 1, .. }), "{forge:?}: {state:?}");
        let build = hooked.server.build("me/thing", 1).await;
        assert_eq!(
            (build.summary.trigger.sha.as_str(), build.summary.trigger.message.as_str()),
            (sha.as_str(), "first\n")
        );
        assert_eq!(build.jobs.len(), 1, "{}", build.diagnostics_text);
        let again: Value = hooked.deliver(event, "d1", &hooked.push(&sha)).await.json().await.unwrap();
        assert_eq!(again["build"], 1, "{again}");
        assert_eq!(hooked.server.builds("me/thing").await, [1]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_delivery_sent_often_is_one_build() {
    let hooked = Hooked::on(Forge::Generic).await;
    let body = hooked.push(&hooked.head().await);
    let all = futures_util::future::join_all((0..50).map(|_| hooked.deliver("push", "same", &body))).await;
    assert!(all.iter().all(|answer| answer.status().is_success()));
    for answer in all {
        hooked.settled(answer).await;
    }
    assert_eq!(hooked.server.builds("me/thing").await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_right_is_refused_and_not_stored() {
    let hooked = Hooked::on(Forge::Github).await;
    let good = hooked.push(&hooked.head().await).to_string();
    let sign = |body: &str| ("x-hub-signature-256", format!("sha256={}", hooked.sign(body)));
    let event = || ("x-github-event", "push".to_owned());
    let path = hooked.path();
    let large = "x".repeat((5 << 20) + 1);
    let other = json!({"ref": "refs/heads/main", "after": ZERO, "repository": {"full_name": "them/other"}}).to_string();
    for (path, headers, body, status, word) in [
        (path.as_str(), vec![event()], good.as_str(), 401, "is missing"),
        (&path, vec![sign("other"), event()], &good, 401, "does not match"),
        (&path, vec![sign(&good)], &good, 400, "X-GitHub-Event"),
        (&path, vec![sign("{\"ref\": 1,"), event()], "{\"ref\": 1,", 400, "line 1 column"),
        (&path, vec![sign("{}"), event()], "{}", 400, "repository.full_name"),
        (&path, vec![sign(&other), event()], &other, 403, "them/other"),
        (&path, vec![sign(&large), event()], &large, 413, "5 MiB"),
        ("/hooks/github/unknown", vec![sign(&good), event()], &good, 404, "no such webhook"),
        (&path.replace("github", "gitlab"), vec![sign(&good), event()], &good, 404, "no such webhook"),
        (&path.replace("github", "slipway"), vec![sign(&good), event()], &good, 404, "no such webhook"),
    ] {
        let answer = hooked.server.post(path, &headers, body.to_owned()).await;
        assert_eq!(answer.status().as_u16(), status, "{word}");
        let body: Value = answer.json().await.unwrap();
        assert!(body["error"].as_str().unwrap().contains(word), "{body}");
    }
    assert!(hooked.server.app().store.pending_deliveries().await.unwrap().is_empty());
    assert!(hooked.server.builds("me/thing").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_a_length_is_limited_too() {
    let hooked = Hooked::on(Forge::Generic).await;
    let chunks = futures_util::stream::iter((0..6).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 1 << 20])));
    let answer = hooked.server.post(&hooked.path(), &[], reqwest::Body::wrap_stream(chunks)).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_build_says_why() {
    let hooked = Hooked::on(Forge::Github).await;
    let about = json!({"zen": "x", "repository": {"full_name": "me/thing"}});
    let ping: Value = hooked.deliver("ping", "p", &about).await.json().await.unwrap();
    assert!(ping["ignored"].as_str().unwrap().contains("pong"), "{ping}");
    let deleted: Value = hooked.deliver("push", "d", &hooked.push(ZERO)).await.json().await.unwrap();
    assert!(deleted["ignored"].as_str().unwrap().contains("was deleted"), "{deleted}");
    let sha = hooked.git.commit("no build [ci skip]", &[]).await;
    let state = hooked.settled(hooked.deliver("push", "s", &hooked.push(&sha)).await).await;
    assert!(matches!(&state, DeliveryState::Ignored { why } if why.contains("asks to skip")), "{state:?}");
    hooked.git.ok(&["rm", "--quiet", ".slipway.yml"]).await;
    let sha = hooked.git.commit("nothing", &[]).await;
    let state = hooked.settled(hooked.deliver("push", "n", &hooked.push(&sha)).await).await;
    assert!(matches!(&state, DeliveryState::Ignored { why } if why.contains("has no .slipway.yml")), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_moved_or_is_gone_is_seen_among_the_builds() {
    let hooked = Hooked::on(Forge::Generic).await;
    let state = hooked.settled(hooked.deliver("push", "m", &hooked.push(&"1".repeat(40))).await).await;
    assert!(matches!(state, DeliveryState::Built { .. }), "{state:?}");
    let build = hooked.server.build("me/thing", 1).await;
    assert_eq!(build.summary.status.as_str(), "error");
    assert!(build.diagnostics_text.contains("the source moved"), "{}", build.diagnostics_text);
    let mut gone = hooked.push(&"1".repeat(40));
    gone["ref"] = json!("refs/heads/gone");
    hooked.settled(hooked.deliver("push", "g", &gone).await).await;
    let build = hooked.server.build("me/thing", 2).await;
    assert!(build.diagnostics_text.contains("does not exist there any more"), "{}", build.diagnostics_text);
}

#[tokio::test(flavor = "multi_thread")]
async fn giteas_two_events_of_a_tag_are_one_build() {
    let hooked = Hooked::on(Forge::Gitea).await;
    hooked.git.ok(&["tag", "-a", "v1", "-m", "one"]).await;
    let tag = hooked.git.ok(&["rev-parse", "v1"]).await.trim().to_owned();
    let about = json!({"full_name": "me/thing"});
    let create = json!({"ref": "v1", "ref_type": "tag", "sha": tag, "repository": about});
    let push = json!({"ref": "refs/tags/v1", "before": ZERO, "after": tag, "repository": about});
    let (one, two) = tokio::join!(hooked.deliver("create", "c", &create), hooked.deliver("push", "p", &push));
    hooked.settled(one).await;
    hooked.settled(two).await;
    assert_eq!(hooked.server.builds("me/thing").await, [1]);
    assert_eq!(hooked.server.build("me/thing", 1).await.summary.trigger.sha, hooked.head().await);
    // A tag that moved is another build.
    hooked.git.commit("second", &[]).await;
    hooked.git.ok(&["tag", "--force", "v1"]).await;
    let push = json!({"ref": "refs/tags/v1", "before": tag, "after": hooked.head().await, "repository": about});
    hooked.settled(hooked.deliver("push", "q", &push).await).await;
    assert_eq!(hooked.server.builds("me/thing").await, [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_from_before_a_crash_is_worked_on() {
    let mut hooked = Hooked::on(Forge::Generic).await;
    let body = hooked.push(&hooked.head().await).to_string();
    let new = crate::store::model::NewDelivery {
        repository: hooked.repository.id,
        forge: Forge::Generic,
        forge_id: "x".to_owned(),
        event: "push".to_owned(),
        body: body.into_bytes(),
        headers: Vec::new(),
    };
    hooked.server.app().store.store_delivery(new).await.unwrap();
    hooked.server.restart().await;
    let server = &hooked.server;
    eventually("the build is made", || async move { (server.builds("me/thing").await == [1]).then_some(()) }).await;
}
