//! A person's way: the login link, the build's page, and a line of the log that comes by itself.

use fantoccini::Locator;
use serde_json::json;

use super::containers::{let_go, terminal_shows, waiting};
use crate::harness::{
    chromium::Browser,
    git::{Repo, shell},
    server::{Kind, Setup},
    wait::{PATIENCE, until},
};

/// Presses a button of a live page, which may be drawn anew between the look and the click.
pub(super) async fn presses(browser: &Browser, selector: &str) {
    until(&format!("{selector} to be pressed"), PATIENCE, async || {
        let button = browser.page.find(Locator::Css(selector)).await.map_err(|error| error.to_string())?;
        button.click().await.map_err(|error| error.to_string())
    })
    .await;
}

/// Waits until an element's text is as wanted.
pub(super) async fn shows(browser: &Browser, selector: &str, text: &str) {
    until(&format!("`{text}` in {selector}"), PATIENCE, async || {
        let script = "return document.querySelector(arguments[0])?.innerText ?? '(no such element)'";
        let seen = browser.page.execute(script, vec![json!(selector)]).await.map_err(|error| error.to_string())?;
        let seen = seen.as_str().unwrap_or_default().to_owned();
        if seen.contains(text) { Ok(()) } else { Err(seen) }
    })
    .await;
}

#[tokio::test]
async fn a_log_line_arrives_in_the_open_page_without_a_reload() {
    let server = Setup::new(Kind::Docker).start().await;
    let colours = r"printf '\033[32mall lights are green\033[0m\n'";
    let repo = Repo::with(&[
        (".slipway.yml", &waiting(&format!("echo the first line; {colours}"), "echo the last line")),
        ("README.md", "A harbour."),
    ])
    .await;
    let mut push = repo.push_live(&server.remote("harbour/lights"), "main");
    terminal_shows(&mut push, "the first line").await;

    let browser = Browser::start().await;
    let page = &browser.page;
    let build = format!("{}/repos/harbour/lights/builds/1", server.api.url);
    page.goto(&build).await.unwrap();
    let asked = page.current_url().await.unwrap();
    assert!(asked.path().starts_with("/login"), "a stranger sees the login: {asked}");

    browser.log_in(&server.login).await;
    until("the list of builds", PATIENCE, async || {
        let source = page.source().await.map_err(|error| error.to_string())?;
        if source.contains("harbour/lights") { Ok(()) } else { Err(source) }
    })
    .await;

    page.goto(&format!("{build}/jobs/0/steps/1")).await.unwrap();
    shows(&browser, "#log", "the first line").await;
    shows(&browser, "#log", "all lights are green").await;
    shows(&browser, "#head", "running").await;
    browser.screenshot("running").await;
    page.execute("window.neverReloaded = true", vec![]).await.unwrap();
    let before = page.execute("return document.querySelector('#log').innerText", vec![]).await.unwrap();
    assert!(!before.as_str().unwrap().contains("\nthe last line"), "{before}");

    let_go(&server, "wait").await;
    until("the last line in the open page", PATIENCE, async || {
        let seen = page.execute("return document.querySelector('#log').innerText", vec![]).await;
        let seen = seen.map_err(|error| error.to_string())?.to_string();
        if seen.contains(r"\nthe last line") { Ok(()) } else { Err(seen) }
    })
    .await;
    shows(&browser, "#head", "success").await;
    assert_eq!(
        page.execute("return window.neverReloaded", vec![]).await.unwrap(),
        json!(true),
        "the page was loaded again"
    );

    // A line has a number, and the number an address.
    page.find(Locator::Css("#L3 > a")).await.unwrap().click().await.unwrap();
    assert_eq!(page.current_url().await.unwrap().fragment(), Some("L3"));
    let colour = "return [...document.querySelectorAll('#log span')].find(s => s.innerText == 'all lights are green' && \
                  !s.children.length) && getComputedStyle([...document.querySelectorAll('#log span')].filter(s => s.innerText \
                  == 'all lights are green').pop()).color !== getComputedStyle(document.querySelector('#L1 > span')).color";
    assert_eq!(page.execute(colour, vec![]).await.unwrap(), json!(true), "ANSI green is coloured");
    browser.screenshot("log").await;
    assert!(push.ended(PATIENCE).await.success());
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn the_demo_is_worth_a_look() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::init().await;
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/examples/demo");
    let (status, said) = shell(repo.path(), &format!("cp -r '{}/.' .", demo.display()), &[]).await;
    assert!(status.success(), "{said}");
    repo.commit("First light").await;
    repo.push_main(&server.remote("demo/first-light")).await;

    let browser = Browser::start().await;
    let to = "/repos/demo/first-light/builds/1";
    browser.page.goto(&format!("{}?to={to}", server.login)).await.unwrap();
    assert_eq!(browser.page.current_url().await.unwrap().path(), to, "the link of `make demo` opens the build");
    // clone, harbour, build, test
    browser.page.find(Locator::Css("#steps a[data-step='0/3']")).await.unwrap().click().await.unwrap();
    for line in ["a light in the harbour", "beacon: first light", "all lights are lit"] {
        shows(&browser, "#log", line).await;
    }
    shows(&browser, "#head", "success").await;
    browser.page.set_window_size(1200, 620).await.unwrap();
    browser.screenshot("demo").await;
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn the_page_cancels_and_retries_and_survives_a_lost_connection() {
    let mut server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with_pipeline(&waiting("echo ready", "echo the last line")).await;
    let mut push = repo.push_live(&server.remote("harbour/buttons"), "main");
    terminal_shows(&mut push, "ready").await;

    let browser = Browser::start().await;
    let page = &browser.page;
    browser.log_in(&server.login).await;
    until("to be logged in", PATIENCE, async || {
        let source = page.source().await.map_err(|error| error.to_string())?;
        if source.contains("harbour/buttons") { Ok(()) } else { Err(source) }
    })
    .await;
    page.goto(&format!("{}/repos/harbour/buttons/builds/1", server.api.url)).await.unwrap();
    shows(&browser, "#log", "ready").await;
    page.execute("window.neverReloaded = true", vec![]).await.unwrap();

    server.kill().await;
    server.start_again().await;
    let_go(&server, "wait").await;
    shows(&browser, "#log", "the last line").await;
    shows(&browser, "#head", "success").await;
    assert_eq!(page.execute("return window.neverReloaded", vec![]).await.unwrap(), json!(true));

    page.execute("scrollTo(0, 0)", vec![]).await.unwrap();
    presses(&browser, "form[action$='/retry'] button").await;
    server.api.wait("harbour/buttons", 1, "the second attempt", |build| build.jobs[0].attempt == 2).await;
    shows(&browser, "#log", "ready").await;
    page.execute("scrollTo(0, 0)", vec![]).await.unwrap();
    presses(&browser, "form[action$='/cancel'] button").await;
    shows(&browser, "#head", "cancelled").await;
    server.api.wait_end("harbour/buttons", 1).await.assert_ended("cancelled", "cancelled");
    browser.close().await;
    server.finish().await;
}
