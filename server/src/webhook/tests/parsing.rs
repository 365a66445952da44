use std::path::Path;

use proptest::prelude::*;
use slipway_pipelines::trigger::{Cause, Event, Trigger};

use crate::{
    store::model::Forge,
    webhook::{Meaning, parse, payload::BadPayload},
};

const A: &str = "1111111111111111111111111111111111111111";
const B: &str = "2222222222222222222222222222222222222222";
const ZERO: &str = "0000000000000000000000000000000000000000";

fn trigger(forge: Forge, event: &str, body: &str) -> Trigger {
    match parse(forge, event, body.as_bytes()).unwrap().meaning {
        Meaning::Trigger(trigger) | Meaning::Named(trigger) => *trigger,
        Meaning::Nothing(why) => panic!("no trigger: {why}"),
    }
}

fn nothing(forge: Forge, event: &str, body: &str) -> String {
    match parse(forge, event, body.as_bytes()).unwrap().meaning {
        Meaning::Trigger(trigger) | Meaning::Named(trigger) => panic!("a trigger: {trigger:?}"),
        Meaning::Nothing(why) => why,
    }
}

#[test]
fn a_generic_push_needs_three_fields() {
    let push = |reference: &str, before: &str, after: &str| {
        format!(r#"{{"ref":"{reference}","before":"{before}","after":"{after}","more":1}}"#)
    };
    let found = trigger(Forge::Generic, "push", &push("refs/heads/; echo", ZERO, A).replace("; echo", ";echo"));
    assert_eq!(found.cause, Cause::Push { branch: ";echo".to_owned(), before: None });
    let found = trigger(Forge::Generic, "push", &push("refs/heads/main", B, A));
    assert_eq!(
        (found.cause, found.sha.as_str()),
        (Cause::Push { branch: "main".to_owned(), before: Some(B.to_owned()) }, A)
    );
    let found = trigger(Forge::Generic, "push", &push("refs/tags/v1", ZERO, &A.to_uppercase()));
    assert_eq!(found.cause, Cause::Tag { tag: "v1".to_owned() });
    assert!(nothing(Forge::Generic, "push", &push("refs/heads/main", A, ZERO)).contains("was deleted"));
    assert!(nothing(Forge::Generic, "push", &push("refs/notes/x", ZERO, A)).contains("neither"));
    let bad = push("refs/heads/..", ZERO, A);
    assert!(matches!(parse(Forge::Generic, "push", bad.as_bytes()), Err(BadPayload::BadRef(_))));
}

#[test]
fn a_bad_body_says_what_is_bad() {
    let error = |body: &str| parse(Forge::Generic, "push", body.as_bytes()).unwrap_err();
    assert!(error("{\n  nonsense").to_string().contains("line 2 column 3"), "{}", error("{\n  nonsense"));
    assert!(matches!(error("{}"), BadPayload::Missing("ref")));
    assert!(matches!(error(r#"{"ref":"refs/heads/x"}"#), BadPayload::Missing("after")));
    assert!(matches!(error(r#"{"ref":"refs/heads/x","after":"HEAD"}"#), BadPayload::BadSha { field: "after" }));
    assert!(matches!(error(&format!(r#"{{"ref":"x","after":"{A}","before":"1"}}"#)), BadPayload::BadSha { .. }));
    let deep = "[".repeat(100_000);
    assert!(matches!(error(&deep), BadPayload::Json(_)));
    assert!(matches!(
        parse(Forge::Github, "push", b"{\"ref\":\"x\"}"),
        Err(BadPayload::Missing("repository.full_name"))
    ));
}

#[test]
fn github_pushes_tags_and_deletions() {
    let body = |reference: &str, after: &str, head: &str| {
        format!(
            r#"{{"ref":"{reference}","before":"{B}","after":"{after}","compare":"https://h/c","pusher":{{"name":"p","email":null}},
            "sender":{{"login":"octo"}},"repository":{{"id":1,"full_name":"me/thing"}},"head_commit":{head},
            "commits":[{{"added":["a"],"modified":null,"removed":["b","a"]}},{{}}]}}"#
        )
    };
    let head = format!(
        r#"{{"id":"{A}","message":"m\n\n$(rm -rf /)","url":"https://h/x","author":{{"name":"N","email":"e@x"}}}}"#
    );
    let found = trigger(Forge::Github, "push", &body("refs/heads/main", A, &head));
    assert_eq!((found.sender.as_str(), found.author.email.as_str()), ("octo", "e@x"));
    assert_eq!(found.changed_files, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(found.url.as_deref(), Some("https://h/x"));
    // `after` of an annotated tag is the tag's own id.
    let found = trigger(Forge::Github, "push", &body("refs/tags/v1", B, &head));
    assert_eq!((found.tag(), found.sha.as_str()), (Some("v1"), A));
    assert!(nothing(Forge::Github, "push", &body("refs/heads/x", ZERO, "null")).contains("was deleted"));
    assert!(nothing(Forge::Github, "ping", r#"{"zen":"x"}"#).contains("pong"));
    assert!(nothing(Forge::Github, "issues", r#"{"action":"opened"}"#).contains("`issues` makes no build"));
}

#[test]
fn gitea_creates_tags_and_pushes_them() {
    let create = |kind: &str| {
        format!(
            r#"{{"sha":"{A}","ref":"v1","ref_type":"{kind}","repository":{{"full_name":"me/thing"}},"sender":{{"login":"g"}}}}"#
        )
    };
    let found = trigger(Forge::Gitea, "create", &create("tag"));
    assert_eq!((found.reference.as_str(), found.sha.as_str(), found.sender.as_str()), ("refs/tags/v1", A, "g"));
    assert!(nothing(Forge::Gitea, "create", &create("branch")).contains("push event"));
    let push = format!(
        r#"{{"ref":"refs/tags/v1","before":"{ZERO}","after":"{A}","repository":{{"full_name":"me/thing"}},"commits":null}}"#
    );
    assert_eq!(trigger(Forge::Gitea, "push", &push).tag(), Some("v1"));
}

#[test]
fn gitlab_names_the_commit_of_a_tag_apart() {
    let body = |reference: &str, checkout: &str| {
        format!(
            r#"{{"object_kind":"push","ref":"{reference}","before":"{ZERO}","after":"{B}","checkout_sha":{checkout},
            "user_username":"","user_name":"The User","project":{{"path_with_namespace":"a/b/c"}},"commits":[]}}"#
        )
    };
    let found = trigger(Forge::Gitlab, "Tag Push Hook", &body("refs/tags/v2", &format!("\"{A}\"")));
    assert_eq!((found.sha.as_str(), found.sender.as_str()), (A, "The User"));
    let found = trigger(Forge::Gitlab, "Push Hook", &body("refs/heads/main", "null"));
    assert_eq!((found.sha.as_str(), found.changed_files), (B, None));
    assert!(nothing(Forge::Gitlab, "Note Hook", "{}").contains("makes no build"));
}

/// Bodies as the forges send them, kept beside the project.
#[test]
fn recorded_bodies_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/compat/woodpecker/webhooks");
    if !folder.exists() {
        eprintln!("SKIPPED: there are no recorded webhooks at {}", folder.display());
        return;
    }
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    for (forge, path, event, reference, sha, sender) in [
        (
            Forge::Github,
            "github/HookPush.json",
            "push",
            "refs/heads/main",
            "366701fde727cb7a9e7f21eb88264f59f6f9b89c",
            "6543",
        ),
        (
            Forge::Github,
            "github/HookTag.json",
            "push",
            "refs/tags/the-tag-v1",
            "67012991d6c69b1c58378346fca366b864d8d1a1",
            "6543",
        ),
        (
            Forge::Gitea,
            "gitea/HookPush.json",
            "push",
            "refs/heads/main",
            "ef98532add3b2feb7a137426bba1248724367df5",
            "gordon",
        ),
        (
            Forge::Gitea,
            "gitea/HookTag.json",
            "create",
            "refs/tags/v1.0.0",
            "ef98532add3b2feb7a137426bba1248724367df5",
            "gordon",
        ),
        (
            Forge::Gitlab,
            "gitlab/HookPush.json",
            "Push Hook",
            "refs/heads/main",
            "16862e368d8ab812e48833b741dad720d6e2cb7f",
            "test",
        ),
        (
            Forge::Gitlab,
            "gitlab/HookTag.json",
            "Tag Push Hook",
            "refs/tags/v22",
            "16862e368d8ab812e48833b741dad720d6e2cb7f",
            "test",
        ),
    ] {
        let body = read(path);
        let found = trigger(forge, event, &body);
        assert_eq!(
            (found.reference.as_str(), found.sha.as_str(), found.sender.as_str()),
            (reference, sha, sender),
            "{path}"
        );
    }
    let push = trigger(Forge::Gitea, "push", &read("gitea/HookPush.json"));
    assert_eq!(push.changed_files.unwrap(), ["CHANGELOG.md", "app/controller/application.rb"]);
    assert_eq!((push.message.as_str(), push.author.name.as_str()), ("bump\n", "Gordon the Gopher"));
    for (forge, path, event) in [
        (Forge::Github, "github/HookPullRequestClosed.json", "pull_request"),
        (Forge::Gitea, "gitea/HookPullRequestClosed.json", "pull_request"),
        (Forge::Gitlab, "gitlab/HookPullRequestMerged.json", "Merge Request Hook"),
    ] {
        assert_eq!(trigger(forge, event, &read(path)).event(), Event::PullRequestClosed, "{path}");
    }
    let released = trigger(Forge::Github, "release", &read("github/HookRelease.json"));
    assert_eq!((released.reference.as_str(), released.event()), ("refs/tags/0.0.1", Event::Release));
    for (forge, path) in [(Forge::Github, "github/HookPullRequest.json"), (Forge::Gitea, "gitea/HookPullRequest.json")]
    {
        let opened = trigger(forge, "pull_request", &read(path));
        assert!(opened.reference.starts_with("refs/pull/"), "{path}: {opened:?}");
        assert!(opened.needs_approval(), "{path} does not say where its head is: {opened:?}");
    }
    let opened = trigger(Forge::Gitlab, "Merge Request Hook", &read("gitlab/HookPullRequestOpened.json"));
    assert_eq!((opened.reference.as_str(), opened.branch()), ("refs/merge-requests/3/head", "main"));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let text = prop_oneof![Just(A.to_owned()), Just("refs/heads/x".to_owned()), Just(ZERO.to_owned()), ".{0,10}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from)
    ];
    let key = prop::sample::select(vec![
        "ref",
        "before",
        "after",
        "repository",
        "full_name",
        "commits",
        "head_commit",
        "author",
        "name",
        "id",
        "project",
        "path_with_namespace",
        "sender",
        "pusher",
        "added",
        "checkout_sha",
        "sha",
        "ref_type",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|list| json!(list)),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_a_payload_or_an_error(body in json()) {
        let body = body.to_string();
        for (forge, event) in [
            (Forge::Github, "push"), (Forge::Github, "x"), (Forge::Gitea, "push"), (Forge::Gitea, "create"),
            (Forge::Gitlab, "Push Hook"), (Forge::Gitlab, "y"), (Forge::Generic, "push"),
        ] {
            if let Ok(payload) = parse(forge, event, body.as_bytes())
                && let Meaning::Trigger(trigger) = payload.meaning
            {
                prop_assert_eq!(trigger.sha.len(), 40);
            }
        }
    }
}

fn pull_request(action: &str, base: &str, head: &str) -> String {
    format!(
        r#"{{"action":"{action}","number":7,"sender":{{"id":3,"login":"octo"}},"repository":{{"id":1,"full_name":"me/thing"}},
        "pull_request":{{"title":"Light $(rm -rf /)","html_url":"https://h/p/7","draft":true,"labels":[{{"name":"sea"}}],"milestone":{{"title":"m"}},
        "head":{{"ref":"fix","sha":"{A}","repo":{head}}},"base":{{"ref":"main","sha":"{B}","repo":{base}}}}}}}"#
    )
}

#[test]
fn pull_requests_are_built_when_they_bring_commits() {
    let own = r#"{"id":1,"full_name":"me/thing"}"#;
    for (forge, event, action) in [
        (Forge::Github, "pull_request", "opened"),
        (Forge::Github, "pull_request", "synchronize"),
        (Forge::Github, "pull_request", "reopened"),
        (Forge::Gitea, "pull_request", "opened"),
        (Forge::Gitea, "pull_request_sync", "synchronized"),
    ] {
        let found = trigger(forge, event, &pull_request(action, own, own));
        assert_eq!((found.reference.as_str(), found.sha.as_str()), ("refs/pull/7/head", A));
        assert_eq!(found.branch(), "main", "filters look at the target");
        let Cause::PullRequest { number, title, source_branch, labels, milestone, draft, from_fork, .. } = found.cause
        else {
            panic!("{forge:?} {action}");
        };
        assert_eq!((number, title.as_str(), source_branch.as_str()), (7, "Light $(rm -rf /)", "fix"));
        assert_eq!((labels, milestone.as_str(), draft, from_fork), (vec!["sea".to_owned()], "m", true, false));
    }
    let event = |forge, event: &str, action: &str| trigger(forge, event, &pull_request(action, own, own)).event();
    assert_eq!(event(Forge::Github, "pull_request", "closed"), Event::PullRequestClosed);
    for action in ["labeled", "unlabeled", "edited", "assigned", "milestoned", "ready_for_review"] {
        assert_eq!(event(Forge::Github, "pull_request", action), Event::PullRequestMetadata);
    }
    assert_eq!(event(Forge::Gitea, "pull_request_label", "label_updated"), Event::PullRequestMetadata);
    for action in ["review_requested", "locked", ""] {
        let why = nothing(Forge::Github, "pull_request", &pull_request(action, own, own));
        assert!(why.contains("makes no build"), "{why}");
    }
}

#[test]
fn a_pull_request_from_elsewhere_needs_approval() {
    let own = r#"{"id":1,"full_name":"me/thing"}"#;
    assert!(!trigger(Forge::Github, "pull_request", &pull_request("opened", own, own)).needs_approval());
    // The name is what somebody chose; the number is the forge's own. Without one it is not known.
    for head in [r#"{"id":2,"full_name":"me/thing"}"#, r#"{"full_name":"me/thing"}"#, "null"] {
        for forge in [Forge::Github, Forge::Gitea] {
            assert!(trigger(forge, "pull_request", &pull_request("opened", own, head)).needs_approval(), "{head}");
        }
    }
    assert!(matches!(
        parse(
            Forge::Github,
            "pull_request",
            pull_request("opened", own, own).replace("\"fix\"", "\"../fix\"").as_bytes()
        ),
        Err(BadPayload::BadRef(_))
    ));
}

#[test]
fn gitlabs_merge_requests_are_the_same() {
    let body = |action: &str, oldrev: &str, source: u64| {
        format!(
            r#"{{"user":{{"username":"tanuki"}},"project":{{"path_with_namespace":"me/thing"}},"labels":[{{"title":"sea"}}],
            "object_attributes":{{"iid":7,"title":"Light","action":"{action}","oldrev":{oldrev},"source_branch":"fix","target_branch":"main",
            "source_project_id":{source},"target_project_id":1,"last_commit":{{"id":"{A}"}},"draft":false,"url":"https://h/m/7"}}}}"#
        )
    };
    let news = format!("\"{B}\"");
    for (action, oldrev) in [("open", "null"), ("reopen", "null"), ("update", news.as_str())] {
        let found = trigger(Forge::Gitlab, "Merge Request Hook", &body(action, oldrev, 1));
        assert_eq!((found.reference.as_str(), found.branch()), ("refs/merge-requests/7/head", "main"));
        assert_eq!(found.sender, "tanuki");
    }
    for (action, event) in [
        ("update", Event::PullRequestMetadata),
        ("close", Event::PullRequestClosed),
        ("merge", Event::PullRequestClosed),
    ] {
        assert_eq!(trigger(Forge::Gitlab, "Merge Request Hook", &body(action, "null", 1)).event(), event);
    }
    let why = nothing(Forge::Gitlab, "Merge Request Hook", &body("approved", "null", 1));
    assert!(why.contains("makes no build"), "{why}");
    assert!(trigger(Forge::Gitlab, "Merge Request Hook", &body("open", "null", 2)).needs_approval());
}

#[test]
fn releases_and_deployments_name_what_they_are_of() {
    let body = |action: &str, tag: &str| {
        format!(
            r#"{{"action":"{action}","sender":{{"login":"octo"}},"repository":{{"full_name":"me/thing"}},
            "release":{{"tag_name":{tag},"name":"One","prerelease":true,"html_url":"https://h/r/1"}}}}"#
        )
    };
    for (forge, built, others) in [
        (Forge::Github, "released", ["created", "published", "edited", "deleted", ""]),
        (Forge::Github, "prereleased", ["created", "published", "edited", "deleted", ""]),
        (Forge::Gitea, "published", ["updated", "deleted", "released", "created", ""]),
    ] {
        let found = trigger(forge, "release", &body(built, "\"v1\""));
        assert_eq!((found.reference.as_str(), found.sha.as_str(), found.sender.as_str()), ("refs/tags/v1", "", "octo"));
        assert_eq!(found.cause, Cause::Release { tag: "v1".into(), title: "One".into(), prerelease: true });
        for action in others {
            assert!(nothing(forge, "release", &body(action, "\"v1\"")).contains("one is built when it is"));
        }
        let wrong = |tag: &str| parse(forge, "release", body(built, tag).as_bytes());
        assert!(matches!(wrong("null"), Err(BadPayload::Missing("tag"))));
        assert!(matches!(wrong("\"a..b\""), Err(BadPayload::BadRef(_))));
    }
    let gitlab = |action: &str| {
        format!(r#"{{"action":"{action}","tag":"v1","name":"One","project":{{"path_with_namespace":"me/thing"}}}}"#)
    };
    let found = trigger(Forge::Gitlab, "Release Hook", &gitlab("create"));
    assert_eq!(found.cause, Cause::Release { tag: "v1".into(), title: "One".into(), prerelease: false });
    assert!(nothing(Forge::Gitlab, "Release Hook", &gitlab("update")).contains("when it is created"));

    let deployment = |reference: &str, sha: &str| {
        format!(
            r#"{{"sender":{{"login":"octo"}},"repository":{{"full_name":"me/thing"}},
            "deployment":{{"ref":"{reference}","sha":"{sha}","environment":"production","task":"deploy"}}}}"#
        )
    };
    for reference in ["main", "refs/heads/main"] {
        let found = trigger(Forge::Github, "deployment", &deployment(reference, A));
        assert_eq!((found.reference.as_str(), found.sha.as_str()), ("refs/heads/main", A));
        let cause = Cause::Deployment { branch: "main".into(), target: "production".into(), task: "deploy".into() };
        assert_eq!(found.cause, cause);
    }
    let wrong = |reference: &str, sha: &str| parse(Forge::Github, "deployment", deployment(reference, sha).as_bytes());
    assert!(matches!(wrong("main", "12"), Err(BadPayload::BadSha { .. })));
    assert!(matches!(wrong("../main", A), Err(BadPayload::BadRef(_))));
}
