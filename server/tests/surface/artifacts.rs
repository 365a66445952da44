//! Artifacts: kept by a runner, listed, taken whole and in parts, shown in a sandbox, given to later jobs.

use std::{collections::BTreeMap, io::Read, path::Path, sync::Arc};

use reqwest::{Method, Response, StatusCode, header};
use serde_json::Value;
use slipway_pipelines::{
    compile::{Compilation, CompiledJob},
    lease::Claim,
    plan::{Artifacts, ArtifactsFrom, KeepOn},
    state::{Finish, Reason},
    wire::Room,
};
use slipway_server::store::model::{BuildContent, NewBuild, Repository};

use crate::setup::{TOKEN, World, job, trigger};

fn named(name: &str, needs: &[usize]) -> CompiledJob {
    CompiledJob { name: name.into(), workflow: name.into(), needs: needs.to_vec(), ..job(&["a", "b"]) }
}

/// A job whose steps keep what they like.
fn keeping(mut job: CompiledJob) -> CompiledJob {
    for step in &mut job.plan.steps {
        let paths = vec!["dist".to_owned()];
        Arc::make_mut(step).files.artifacts = Some(Artifacts { paths, on: KeepOn::Success, expire_seconds: None });
    }
    job
}

fn taking(mut job: CompiledJob, workflow: &str, paths: &[&str]) -> CompiledJob {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let from = ArtifactsFrom { workflow: workflow.into(), paths, to: String::new() };
    Arc::make_mut(&mut job.plan.steps[0]).files.artifacts_from = vec![from];
    job
}

async fn build(world: &World, repository: &Repository, jobs: Vec<CompiledJob>) {
    let compilation = Compilation { jobs, ..Compilation::default() };
    let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
    let new = NewBuild { repository: repository.id, trigger: trigger("x"), parent: None, delivery: None };
    world.server.app().store.create_build(new, move |_| content).await.unwrap();
}

fn at(claim: Claim, step: usize) -> String {
    format!("/runner/v1/artifacts/{}/{}/{step}", claim.job, claim.attempt)
}

async fn clear(world: &World, claim: Claim, step: usize) -> Response {
    let request = world.bare(Method::POST, &format!("{}?epoch={}", at(claim, step), claim.epoch));
    request.bearer_auth(world.server.runner_token()).send().await.unwrap()
}

async fn put(world: &World, claim: Claim, step: usize, rest: &str, bytes: impl Into<Vec<u8>>) -> Response {
    let request = world.bare(Method::PUT, &format!("{}?epoch={}&{rest}", at(claim, step), claim.epoch));
    request.bearer_auth(world.server.runner_token()).body(bytes.into()).send().await.unwrap()
}

async fn keep(world: &World, claim: Claim, step: usize, rest: &str, bytes: impl Into<Vec<u8>>) {
    let answer = put(world, claim, step, rest, bytes).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{rest}");
}

/// Objects of artifacts that the storage has.
fn objects(world: &World) -> usize {
    fn count(folder: &Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        let entries = entries.map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(&world.server.app().config.data.join("objects/artifacts"))
}

const LIST: &str = "/api/v1/repos/me/thing/builds/1/artifacts";
const PAGE: &str = "/repos/me/thing/builds/1/artifacts";

#[tokio::test]
async fn what_a_step_keeps_is_listed_and_taken_whole_and_in_parts() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    build(&world, &repository, vec![keeping(named("make", &[]))]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let room: Room = clear(&world, claim, 0).await.json().await.unwrap();
    assert_eq!((room.file_bytes, room.build_bytes), (1 << 30, 5 << 30));
    keep(&world, claim, 0, "path=dist/app&executable=true", "0123456789").await;
    keep(&world, claim, 0, "path=dist/a%20b%23c/%C3%BC.txt", "text").await;
    keep(&world, claim, 0, "path=dist/latest&link=app", "").await;
    let list = world.json(LIST).await;
    let short = |list: &Value| -> Vec<(String, u64)> {
        let row = |row: &Value| (row["path"].as_str().unwrap().to_owned(), row["size"].as_u64().unwrap());
        list.as_array().unwrap().iter().map(row).collect()
    };
    let wanted = [("dist/a b#c/ü.txt", 4), ("dist/app", 10), ("dist/latest", 0)];
    assert_eq!(short(&list), wanted.map(|(path, size)| (path.to_owned(), size)));
    let sha256 = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";
    assert_eq!(list[1]["sha256"], sha256);
    assert_eq!(
        (&list[1]["executable"], &list[1]["job"], &list[2]["link"]),
        (&true.into(), &"make".into(), &"app".into())
    );

    let whole = world.get(&format!("{LIST}/dist/app")).await;
    assert_eq!(whole.headers()[header::ETAG], format!("\"{sha256}\""));
    assert_eq!(whole.headers()[header::CONTENT_DISPOSITION], "attachment; filename=\"app\"; filename*=UTF-8''app");
    assert_eq!(whole.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(whole.text().await.unwrap(), "0123456789");
    assert_eq!(world.text(&format!("{LIST}/dist/latest")).await, "0123456789", "a link is followed");
    assert_eq!(world.text(&format!("{LIST}/dist/a%20b%23c/%C3%BC.txt")).await, "text");
    let asked = async |name: header::HeaderName, value: &str| {
        let request = world.bare(Method::GET, &format!("{LIST}/dist/app")).bearer_auth(TOKEN);
        let answer = request.header(name, value).send().await.unwrap();
        let range = answer.headers().get(header::CONTENT_RANGE).map(|range| range.to_str().unwrap().to_owned());
        (answer.status().as_u16(), range, answer.text().await.unwrap())
    };
    assert_eq!(asked(header::RANGE, "bytes=2-4").await, (206, Some("bytes 2-4/10".into()), "234".into()));
    assert_eq!(asked(header::RANGE, "bytes=-3").await, (206, Some("bytes 7-9/10".into()), "789".into()));
    assert_eq!(asked(header::RANGE, "bytes=10-").await, (416, Some("bytes */10".into()), String::new()));
    assert_eq!(asked(header::IF_NONE_MATCH, &format!("\"{sha256}\"")).await.0, 304);
    assert_eq!(asked(header::IF_NONE_MATCH, "\"other\"").await.0, 200);

    let folder = world.get(&format!("{LIST}/dist")).await;
    assert_eq!(folder.status(), StatusCode::NOT_FOUND);
    assert!(folder.text().await.unwrap().contains("is a folder"));
    assert_eq!(world.get(&format!("{LIST}/nothing")).await.status(), StatusCode::NOT_FOUND);
    let zip = world.get(&format!("{LIST}/dist?zip")).await;
    assert_eq!(zip.headers()[header::CONTENT_TYPE], "application/zip");
    assert!(zip.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().contains("dist.zip"));
    let bytes = zip.bytes().await.unwrap();
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut found = BTreeMap::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        let name = file.name().unwrap().into_owned();
        found.insert(name, (text, file.unix_mode().unwrap()));
    }
    assert_eq!(found["app"], ("0123456789".to_owned(), 0o100755));
    assert_eq!(found["latest"], ("app".to_owned(), 0o120777));
    assert_eq!(found["a b#c/ü.txt"].0, "text");
    assert_eq!(found.len(), 3);

    // Another try of the step begins anew, and a file that comes again takes the old one's place.
    clear(&world, claim, 0).await;
    assert_eq!((world.json(LIST).await, objects(&world)), (Value::Array(Vec::new()), 0));
    keep(&world, claim, 0, "path=dist/app", "one").await;
    keep(&world, claim, 0, "path=dist/app", "two").await;
    keep(&world, claim, 1, "path=dist/app", "of a later step").await;
    assert_eq!((world.text(&format!("{LIST}/dist/app")).await.as_str(), objects(&world)), ("of a later step", 2));
}

#[tokio::test]
async fn what_is_too_much_or_nobodys_is_refused_and_leaves_nothing() {
    let world = World::with(|config| {
        config.artifact_limit = 10;
        config.artifact_build_limit = 15;
    })
    .await;
    let repository = world.repository("me/thing").await;
    build(&world, &repository, vec![keeping(named("make", &[])), named("other", &[])]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let said = async |rest: &str, bytes: &str| {
        let answer = put(&world, claim, 0, rest, bytes).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap_or_default();
        (status, body["error"].as_str().unwrap_or_default().to_owned())
    };
    let (status, error) = said("path=big", "0123456789+").await;
    assert_eq!((status, error.as_str()), (413, "a file of 11 B is more than the 10 B that the server keeps"));
    keep(&world, claim, 0, "path=a", "0123456789").await;
    let (status, error) = said("path=b", "012345").await;
    assert_eq!(
        (status, error.as_str()),
        (413, "the build keeps more than the 15 B that the server takes of one build")
    );
    for path in ["/etc/passwd", "../x", "a/../../x", "", "a//b", "./a", "a%0Ab"] {
        assert_eq!(said(&format!("path={path}"), "x").await.0, 400, "{path}");
    }
    let other = runner.take().await;
    runner.started(other, 0).await;
    assert_eq!(put(&world, other, 0, "path=a", "x").await.status(), 400, "its step keeps nothing");
    assert_eq!(put(&world, claim, 9, "path=a", "x").await.status(), 400, "there is no such step");
    let stale = Claim { epoch: claim.epoch + 1, ..claim };
    assert_eq!(put(&world, stale, 0, "path=a", "x").await.status(), 409);
    let bare = world.bare(Method::PUT, &format!("{}?epoch=1&path=a", at(claim, 0))).body("x").send().await.unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!((world.json(LIST).await.as_array().unwrap().len(), objects(&world)), (1, 1));
}

#[tokio::test]
async fn a_later_job_gets_what_the_last_attempt_kept_and_fits() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let jobs = vec![
        keeping(named("make", &[])),
        keeping(named("else", &[])),
        taking(named("deploy", &[0]), "make", &["dist/*.js", "bin"]),
        taking(named("curious", &[]), "make", &[]),
    ];
    build(&world, &repository, jobs).await;
    let runner = world.runner().await;
    let mut claims = BTreeMap::new();
    for _ in 0..3 {
        let claim = runner.take().await;
        runner.started(claim, 0).await;
        let name = world.server.app().store.job_attempt(claim.job, 1).await.unwrap().unwrap().name;
        claims.insert(name, claim);
    }
    let make = claims["make"];
    for (rest, text) in [("path=dist/a.js", "a"), ("path=dist/b.css", "b"), ("path=bin/app&executable=true", "app")] {
        keep(&world, make, 0, rest, text).await;
    }
    keep(&world, make, 0, "path=bin/latest&link=app", "").await;
    keep(&world, claims["else"], 0, "path=bin/else", "else").await;
    for step in 0..2 {
        if step > 0 {
            runner.started(make, step).await;
        }
        runner.ended(make, step, Finish::exit(0), 0).await;
    }
    runner.finished(make, Finish::exit(0)).await;
    let deploy = runner.take().await;
    let take = async |claim: Claim, item: usize| {
        let path = format!("{}/{item}?epoch={}", at(claim, 0), claim.epoch);
        world.bare(Method::GET, &path).bearer_auth(world.server.runner_token()).send().await.unwrap()
    };
    let answer = take(deploy, 0).await;
    assert_eq!(
        (&answer.headers()["slipway-files"], &answer.headers()["slipway-bytes"]),
        (&"3".parse().unwrap(), &"4".parse().unwrap())
    );
    let bytes = answer.bytes().await.unwrap();
    let mut found = Vec::new();
    for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        let link = entry.link_name().unwrap().map(|link| link.to_string_lossy().into_owned());
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        found.push((name, link.unwrap_or(text), entry.header().mode().unwrap()));
    }
    let wanted = [("bin/app", "app", 0o755), ("bin/latest", "app", 0o644), ("dist/a.js", "a", 0o644)];
    assert_eq!(found, wanted.map(|(name, text, mode)| (name.to_owned(), text.to_owned(), mode)));
    assert_eq!(take(deploy, 1).await.status(), 400);
    // One that does not need the job gets nothing of it, whatever its plan says.
    assert_eq!(take(claims["curious"], 0).await.headers()["slipway-files"], "0");
}

#[tokio::test]
async fn foreign_pages_are_shown_without_a_cookie_and_without_an_origin() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    build(&world, &repository, vec![keeping(named("make", &[]))]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    keep(&world, claim, 0, "path=report/index.html", "<script src=app.js></script>").await;
    keep(&world, claim, 0, "path=report/app.js", "fetch('/api/v1/repos')").await;
    keep(&world, claim, 0, "path=dist/app.bin", "binary").await;
    let page = world.text(PAGE).await;
    for part in ["report/", "dist/", "3 files, 56 B", "?zip"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let build_page = world.text("/repos/me/thing/builds/1").await;
    assert!(build_page.contains("3 files, 56 B") && build_page.contains("/builds/1/artifacts/0/report"));
    let folder = world.text(&format!("{PAGE}/0/report")).await;
    assert!(folder.contains("index.html") && folder.contains("app.js") && !folder.contains("app.bin"));

    let seen = world.get(&format!("{PAGE}/0/report/index.html")).await;
    assert_eq!(seen.status(), StatusCode::SEE_OTHER);
    let address = seen.headers()[header::LOCATION].to_str().unwrap().to_owned();
    assert!(address.starts_with("/artifacts/") && address.ends_with("/report/index.html"), "{address}");
    let shown = world.bare(Method::GET, &address).send().await.unwrap();
    assert_eq!(shown.status(), StatusCode::OK, "nobody has to be logged in");
    assert_eq!(shown.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    let policies: Vec<_> = shown.headers().get_all(header::CONTENT_SECURITY_POLICY).iter().collect();
    assert_eq!(policies.len(), 1);
    let policy = policies[0].to_str().unwrap();
    assert!(policy.starts_with("sandbox allow-scripts; ") && !policy.contains("allow-same-origin"), "{policy}");
    assert!(shown.headers().get(header::SET_COOKIE).is_none());
    let beside = address.replace("index.html", "app.js");
    assert_eq!(world.bare(Method::GET, &beside).send().await.unwrap().status(), StatusCode::OK);
    let folder = address.replace("/index.html", "");
    assert_eq!(world.bare(Method::GET, &folder).send().await.unwrap().status(), StatusCode::OK, "its index.html");

    let forged = address.replacen("/artifacts/", "/artifacts/A", 1);
    for bad in [forged.as_str(), "/artifacts/x/report/index.html"] {
        assert_eq!(world.bare(Method::GET, bad).send().await.unwrap().status(), StatusCode::NOT_FOUND, "{bad}");
    }
    let download = world.get(&format!("{PAGE}/0/report/index.html?download")).await;
    assert!(download.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    let binary = world.get(&format!("{PAGE}/0/dist/app.bin")).await;
    assert!(binary.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("attachment"));
    assert_eq!(binary.headers()[header::CONTENT_TYPE], "application/octet-stream");
    let zip = world.get(&format!("{PAGE}/0/?zip")).await;
    assert_eq!(zip.headers()[header::CONTENT_TYPE], "application/zip");
}

#[tokio::test]
async fn what_is_over_its_time_is_gone() {
    let world = World::with(|config| config.artifact_retention = std::time::Duration::from_secs(0)).await;
    let repository = world.repository("me/thing").await;
    build(&world, &repository, vec![keeping(named("make", &[]))]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    keep(&world, claim, 0, "path=a", "text").await;
    assert_eq!(world.json(LIST).await, Value::Array(Vec::new()));
    assert_eq!(world.get(&format!("{LIST}/a")).await.status(), StatusCode::NOT_FOUND);
    let gone = world.server.app().store.expire_artifacts(i64::MAX, 10).await.unwrap();
    assert_eq!(gone.len(), 1);
    assert!(world.server.app().store.expire_artifacts(i64::MAX, 10).await.unwrap().is_empty());
}
