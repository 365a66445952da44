//! Pages, read without a script.

use reqwest::{Method, StatusCode, header};
use slipway_pipelines::state::Finish;

use crate::setup::{TOKEN, World};

const EVIL: &str = "<script>alert(1)</script>\"'&\u{202e}";

#[tokio::test]
async fn a_build_opens_on_the_step_that_failed_with_its_log_as_text() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    world.build(&repository, EVIL, &["good", "bad", "<b>never</b>"]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let page = world.text("/repos/me/thing/builds/1").await;
    assert!(page.contains("data-key=\"0/0/1\"") && page.contains("data-live"), "the running step, live");
    assert!(page.contains("<title>running #1 · me/thing</title>") && page.contains("icon-running.svg"));
    runner.ended(claim, 0, Finish::exit(0), 0).await;
    runner.started(claim, 1).await;
    let log = format!("one\n\x1b[31mred {EVIL}\x1b[0m\n\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\\nend");
    runner.log(claim, 1, 0, log.as_bytes()).await;
    runner.ended(claim, 1, Finish::exit(7), log.len() as u64).await;
    runner.finished(claim, Finish::exit(7)).await;

    let page = world.text("/repos/me/thing/builds/1").await;
    assert!(page.contains("data-key=\"0/1/1\"") && page.contains("exit code 7"), "{page}");
    assert!(page.contains("id=\"L4\"") && page.contains("href=\"#L4\""), "each line has its anchor");
    assert!(page.contains("<span class=\"f1\">red &#60;script&#62;"), "{page}");
    assert!(page.contains("runs on tags only"), "what was left out");
    assert!(page.contains("action=\"/repos/me/thing/builds/1/retry\"") && !page.contains("/cancel\""));
    for raw in ["<script>alert", "<b>never", "javascript:alert", "\x1b"] {
        assert!(!page.contains(raw), "`{raw}` is in the page");
    }
    let other = world.text("/repos/me/thing/builds/1/jobs/0/steps/0").await;
    assert!(
        other.contains("data-key=\"0/0/1\"") && other.contains("data-chosen") && other.contains("Nothing was written")
    );
    assert!(!world.text("/repos/me/thing").await.contains("<script>alert"));
    assert!(!world.text("/").await.contains("<script>alert"));
}

#[tokio::test]
async fn a_long_log_is_paged_by_line() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    world.build(&repository, "x", &["a"]).await;
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let log: String = (1..=20_000).map(|line| format!("line number {line}\n")).collect();
    runner.log(claim, 0, 0, log.as_bytes()).await;
    let end = world.text("/repos/me/thing/builds/1").await;
    assert!(end.contains("line number 20000<") && !end.contains("line number 19600<"), "the end");
    assert!(
        end.contains("id=\"L20000\"") && end.contains("data-next=\"20001\"") && end.contains("19600 earlier lines")
    );
    assert!(end.contains(&format!("data-offset=\"{}\"", log.len())));
    let middle = world.text("/repos/me/thing/builds/1/jobs/0/steps/0?line=5000").await;
    assert!(middle.contains("id=\"L5000\"") && middle.contains("Later lines"));
    assert!(
        middle.contains("data-next=\"20001\"") && middle.contains("data-total=\"20000\""),
        "a script goes on at the end"
    );
}

#[tokio::test]
async fn buttons_are_plain_forms() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    world.build(&repository, "x", &["a"]).await;
    let press = async |path: &str| {
        let answer = world.bare(Method::POST, path).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
    };
    assert!(world.text("/repos/me/thing/builds/1").await.contains("builds/1/cancel\""));
    assert_eq!(press("/repos/me/thing/builds/1/cancel").await, "/repos/me/thing/builds/1");
    assert!(world.text("/repos/me/thing/builds/1").await.contains("s-cancelled"));
    assert_eq!(press("/repos/me/thing/builds/1/cancel").await, "/repos/me/thing/builds/1", "too late is no error");
    assert_eq!(press("/repos/me/thing/builds/1/retry").await, "/repos/me/thing/builds/1");
    let page = world.text("/repos/me/thing/builds/1").await;
    assert!(page.contains("waits for a runner") && page.contains("?attempt=1"), "{page}");
}

#[tokio::test]
async fn what_is_not_there_is_a_page_that_helps() {
    let world = World::start().await;
    world.repository("me/thing").await;
    for path in ["/nothing", "/repos/no/such", "/repos/me/thing/builds/9", "/repos/me/thing/builds/%3Cb%3E"] {
        let answer = world.get(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
        let html = answer.text().await.unwrap();
        assert!(html.contains("href=\"/\"") && !html.contains("<b>"), "{html}");
    }
    let near = world.get("/repos/me/thign").await.text().await.unwrap();
    assert!(near.contains("Did you mean `me/thing`?") && near.contains("href=\"/search\""), "{near}");
    assert!(world.text("/").await.contains("me/</span>thing"));
    assert!(world.text("/repos/me/thing").await.contains("git remote add ci"));
}
