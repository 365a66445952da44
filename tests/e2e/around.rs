//! The pages around builds, as somebody uses them: filter, queue, search, deliveries, tokens.

use fantoccini::Locator;
use serde_json::{Value, json};

use super::browser::shows;
use crate::harness::{
    chromium::Browser,
    git::Repo,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

const PIPELINE: &str = "steps: [{name: light, image: dummy, commands: [echo the lamp is lit]}]";

async fn world() -> (Server, Browser) {
    let server = Setup::new(Kind::Dummy).start().await;
    for name in ["harbour/lights", "harbour/locks", "yard/cranes"] {
        Repo::with_pipeline(PIPELINE).await.push_main(&server.remote(name)).await;
        server.api.wait_end(name, 1).await.assert_ended("success", "ok");
    }
    let browser = Browser::start().await;
    browser.log_in(&server.login).await;
    (server, browser)
}

async fn goes(browser: &Browser, server: &Server, path: &str) {
    browser.page.goto(&format!("{}{path}", server.api.url)).await.unwrap();
}

async fn click(browser: &Browser, selector: &str) {
    browser.page.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
}

async fn types(browser: &Browser, selector: &str, text: &str) {
    browser.page.find(Locator::Css(selector)).await.unwrap().send_keys(text).await.unwrap();
}

async fn gives(browser: &Browser, script: &str, wanted: Value) {
    until(&format!("{wanted} of {script}"), PATIENCE, async || {
        let seen = browser.page.execute(script, vec![]).await.map_err(|error| error.to_string())?;
        if seen == wanted { Ok(()) } else { Err(seen.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn the_first_page_filters_as_one_types_and_searches_lead_to_the_line() {
    let (server, browser) = world().await;
    let names = "return [...document.querySelectorAll('.repositories .c-name a')].map(name => name.innerText).sort()";
    goes(&browser, &server, "/").await;
    gives(&browser, names, json!(["harbour/lights", "harbour/locks", "yard/cranes"])).await;
    browser.page.execute("window.neverReloaded = true", vec![]).await.unwrap();
    types(&browser, "body", "/").await;
    gives(&browser, "return document.activeElement.id", json!("filter")).await;
    types(&browser, "#filter", "lo").await;
    gives(&browser, names, json!(["harbour/locks"])).await;
    types(&browser, "#filter", "xyz").await;
    shows(&browser, "#list", "No repository has “loxyz” in its name.").await;
    gives(&browser, "document.getElementById('filter').value = 'crane'; document.getElementById('filter').dispatchEvent(new Event('input')); return true", json!(true)).await;
    gives(&browser, names, json!(["yard/cranes"])).await;
    gives(&browser, "return [window.neverReloaded, location.search]", json!([true, "?q=crane"])).await;
    types(&browser, "#filter", "\u{e007}").await;
    gives(&browser, "return location.pathname", json!("/repos/yard/cranes")).await;

    goes(&browser, &server, "/search").await;
    types(&browser, "#q", "lamp is lit\u{e007}").await;
    gives(&browser, "return document.querySelectorAll('#log-hits .hit').length", json!(3)).await;
    click(&browser, "#log-hits .hit-line").await;
    gives(&browser, "return document.querySelector('.marked')?.innerText.includes('lamp is lit')", json!(true)).await;
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn a_queue_that_is_paused_stays_so_over_a_restart_and_says_so() {
    let (mut server, browser) = world().await;
    goes(&browser, &server, "/queue").await;
    click(&browser, "#queue-head form button").await;
    shows(&browser, "#queue-head", "Paused by admin").await;
    let repo = Repo::with_pipeline(PIPELINE).await;
    let mut push = repo.push_live(&server.remote("yard/ropes"), "main");
    // The page is live.
    shows(&browser, "#queue-list", "the queue is paused by admin").await;
    server.kill().await;
    server.start_again().await;
    goes(&browser, &server, "/queue").await;
    shows(&browser, "#queue-head", "Paused by admin").await;
    shows(&browser, "#queue-list", "yard/ropes").await;
    click(&browser, "#queue-head form button").await;
    server.api.wait_end("yard/ropes", 1).await.assert_ended("success", "ok");
    shows(&browser, "#queue-list", "Nothing waits.").await;
    shows(&browser, "#runner-list", "GiB free").await;

    click(&browser, "#runner-list form button").await;
    shows(&browser, "#runner-list", "drained by admin").await;
    click(&browser, "#runner-list form button").await;
    shows(&browser, "#runner-list", "idle").await;
    push.ended(PATIENCE).await;
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn a_delivery_is_worked_on_again_and_a_token_is_made_and_taken_back() {
    let (server, browser) = world().await;
    goes(&browser, &server, "/repos/harbour/lights/settings/deliveries").await;
    shows(&browser, ".deliveries", "Build #1").await;
    click(&browser, ".deliveries .c-acts button").await;
    server.api.wait_end("harbour/lights", 2).await.assert_ended("success", "ok");
    goes(&browser, &server, "/repos/harbour/lights/settings/deliveries").await;
    shows(&browser, ".deliveries", "Build #2").await;
    shows(&browser, ".deliveries", "again").await;

    goes(&browser, &server, "/settings").await;
    click(&browser, "#token-form summary").await;
    types(&browser, "#token-name", "a script").await;
    click(&browser, "#token-form button.main").await;
    gives(&browser, "return document.querySelector('.made input')?.value.startsWith('slp_')", json!(true)).await;
    browser.screenshot("token-made").await;
    goes(&browser, &server, "/settings").await;
    gives(&browser, "return document.querySelector('.made') === null", json!(true)).await;
    shows(&browser, "#tokens", "a script").await;
    let row = "[...document.querySelectorAll('#tokens tr')].find(row => row.innerText.includes('a script'))";
    browser.page.execute(&format!("{row}.querySelector('button').click()"), vec![]).await.unwrap();
    gives(&browser, &format!("return {row} === undefined"), json!(true)).await;
    browser.close().await;
    server.finish().await;
}
