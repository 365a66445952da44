//! Provenance of images and artifacts, verified by openssl.

use std::{path::Path, process::Command, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_pipelines::{
    compile::{Compilation, CompiledJob},
    plan::{Action, Artifacts, Container, Image, ImageBuild, KeepOn, Program},
    state::{Finish, Reason},
    wire::{JobNews, PushedImage, UsedImage},
};
use slipway_server::store::model::{BuildContent, NewBuild};

use crate::setup::{World, job, trigger};

const BUILD: &str = "/api/v1/repos/me/thing/builds/1";

/// A step that pushes an image and keeps files, then one that keeps a file.
fn maker() -> CompiledJob {
    let mut job = job(&["image", "pack"]);
    let wish = ImageBuild { tags: vec!["r.example/a:1".into()], push: true, ..ImageBuild::new("/slipway") };
    let container = Container::new(Image::Build(wish), Program::Nothing, "/slipway");
    Arc::make_mut(&mut job.plan.steps[0]).action = Action::Run(container);
    for step in &mut job.plan.steps {
        let paths = vec!["dist".to_owned()];
        Arc::make_mut(step).files.artifacts = Some(Artifacts { paths, on: KeepOn::Success, expire_seconds: None });
    }
    job
}

/// Asks openssl whether a key signed an envelope, and gives what it says.
fn opened(folder: &Path, key: &str, envelope: &Value) -> Option<Value> {
    let decode = |value: &Value| BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap();
    let (kind, payload) = (envelope["payloadType"].as_str().unwrap(), decode(&envelope["payload"]));
    assert_eq!(kind, "application/vnd.in-toto+json");
    let mut signed = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    signed.extend_from_slice(&payload);
    std::fs::write(folder.join("signed"), signed).unwrap();
    std::fs::write(folder.join("key"), key).unwrap();
    std::fs::write(folder.join("signature"), decode(&envelope["signatures"][0]["sig"])).unwrap();
    let output = Command::new("openssl")
        .args(["pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "signed", "-sigfile", "signature"])
        .current_dir(folder)
        .output()
        .expect("openssl is installed by make test");
    output.status.success().then(|| serde_json::from_slice(&payload).unwrap())
}

#[tokio::test]
async fn what_a_build_made_is_vouched_for() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let compilation = Compilation { jobs: vec![maker()], ..Compilation::default() };
    let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
    let new = NewBuild { repository: repository.id, trigger: trigger("x"), parent: None, delivery: None };
    world.server.app().store.create_build(new, move |_| content).await.unwrap();
    let runner = world.runner().await;
    let claim = runner.take().await;
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = PushedImage { reference: "r.example/a:1".into(), digest: digest.clone() };
    let used = UsedImage {
        reference: "busybox".into(),
        id: format!("sha256:{}", "1".repeat(64)),
        digest: Some(format!("busybox@sha256:{}", "b".repeat(64))),
    };
    for step in [0, 1] {
        runner.started(claim, step).await;
        if step == 0 {
            runner.news(claim, JobNews::Pushed { step, image: image.clone() }).await;
        } else {
            runner.news(claim, JobNews::Image { step, image: used.clone() }).await;
        }
        let path = format!(
            "/runner/v1/artifacts/{}/{}/{step}?epoch={}&path=dist/{step}.txt",
            claim.job, claim.attempt, claim.epoch
        );
        let request = world.bare(Method::PUT, &path).bearer_auth(world.server.runner_token()).body("0123456789");
        assert_eq!(request.send().await.unwrap().status(), StatusCode::NO_CONTENT);
        runner.ended(claim, step, Finish::exit(0), 0).await;
    }
    runner.finished(claim, Finish::exit(0)).await;

    // Whoever verifies needs no account.
    let key = world.bare(Method::GET, "/api/v1/provenance.pub").send().await.unwrap().text().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let all = world.text(&format!("{BUILD}/provenance")).await;
    let envelopes: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<Value> = envelopes.iter().map(|one| opened(folder.path(), &key, one).expect("signed")).collect();
    let subjects: Vec<&str> = said.iter().map(|one| one["subject"][0]["name"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["r.example/a:1", "dist/0.txt", "dist/1.txt"]);
    assert_eq!(said[0]["subject"][0]["digest"]["sha256"], "a".repeat(64));

    let one: Value = world.json(&format!("{BUILD}/artifacts/dist/1.txt?provenance")).await;
    assert_eq!(one, envelopes[2], "the same, beside the artifact");
    let url = world.server.url();
    let statement = &said[2];
    let ten = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    assert_eq!(statement["subject"], json!([{"name": "dist/1.txt", "digest": {"sha256": ten}}]));
    let (definition, run) = (&statement["predicate"]["buildDefinition"], &statement["predicate"]["runDetails"]);
    let sha = trigger("x").sha;
    assert_eq!(
        definition["externalParameters"],
        json!({"repository": "me/thing", "commit": sha, "ref": "refs/heads/main", "event": "push", "build": 1,
            "workflow": "test", "job": "te/st", "attempt": 1, "step": "pack"})
    );
    assert_eq!(
        definition["resolvedDependencies"],
        json!([
            {"uri": format!("git+{url}/git/me/thing.git@refs/heads/main"), "digest": {"gitCommit": sha}},
            {"uri": "docker://busybox", "digest": {"sha256": "b".repeat(64)}},
        ])
    );
    assert_eq!(run["builder"]["id"], url);
    assert_eq!(run["metadata"]["invocationId"], format!("{url}/repos/me/thing/builds/1/jobs/0/steps/1?attempt=1"));
    assert!(run["metadata"]["startedOn"].is_string() && run["metadata"]["finishedOn"].is_string());

    // Not one byte of it can be changed.
    let mut forged = envelopes[2].clone();
    let changed = statement.to_string().replace("me/thing", "me/think");
    forged["payload"] = BASE64_STANDARD.encode(changed).into();
    assert_eq!(opened(folder.path(), &key, &forged), None);
}
