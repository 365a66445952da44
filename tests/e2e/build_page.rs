//! A build's page besides its log: what failed, over time, what waits for what, what to run again.

use fantoccini::Locator;
use serde_json::{Value, json};

use super::browser::shows;
use crate::harness::{
    build::Build,
    chromium::Browser,
    git::Repo,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

/// Two workflows and one that needs both; steps beside each other.
const FILES: [(&str, &str); 3] = [
    (
        ".slipway/deploy.yml",
        "depends_on: [lint, test]\nsteps:\n  - {name: ship, image: dummy, commands: [echo ship]}\n",
    ),
    (".slipway/lint.yml", "steps:\n  - {name: style, image: dummy, commands: [echo clean]}\n"),
    (
        ".slipway/test.yml",
        "steps:
  - {name: build, image: dummy, commands: [echo built], depends_on: []}
  - {name: unit, image: dummy, commands: [echo one, echo two], depends_on: [build], environment: {STEP_EXIT_CODE: '7'}}
  - {name: docs, image: dummy, commands: [echo docs], depends_on: [build]}
  - {name: report, image: dummy, commands: [echo report], depends_on: [unit, docs], when: [{status: [failure]}]}
",
    ),
];

async fn text(browser: &Browser, script: &str) -> Value {
    browser.page.execute(script, vec![]).await.unwrap()
}

async fn click(browser: &Browser, selector: &str) {
    browser.page.execute("scrollTo(0, 0)", vec![]).await.unwrap();
    browser.page.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
}

/// Logs in and goes to a page.
async fn enter(browser: &Browser, server: &Server, path: &str) {
    browser.page.goto(&format!("{}?to={path}", server.login)).await.unwrap();
    assert_eq!(browser.page.current_url().await.unwrap().path(), path);
}

/// The same page on paper of either colour.
async fn pictures(browser: &Browser, name: &str) {
    for theme in ["light", "dark"] {
        let change = format!("document.documentElement.className = '{theme}'");
        browser.page.execute(&change, vec![]).await.unwrap();
        for (width, size) in [(1440, "wide"), (500, "narrow")] {
            browser.page.set_window_size(width, 1000).await.unwrap();
            let sticks_out = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
            assert_eq!(text(browser, sticks_out).await, json!(0), "{name} at {width}");
            browser.screenshot(&format!("{name}-{size}-{theme}")).await;
        }
    }
    browser.page.set_window_size(1440, 1000).await.unwrap();
    browser.page.execute("document.documentElement.className = ''", vec![]).await.unwrap();
}

#[tokio::test]
async fn one_look_says_what_failed_and_the_rest_opens_above_the_log() {
    let server = Setup::new(Kind::Dummy).start().await;
    let repo = Repo::with(&FILES).await;
    repo.push_main(&server.remote("harbour/cranes")).await;
    let build = server.api.wait_end("harbour/cranes", 1).await;
    build.assert_ended("failure", "exit_code");

    let browser = Browser::start().await;
    let path = "/repos/harbour/cranes/builds/1";
    enter(&browser, &server, path).await;
    shows(&browser, "#head", "1 of 3 jobs failed").await;
    shows(&browser, "#head .failures a", "test / unit").await;
    shows(&browser, "#log", "two").await;
    text(&browser, "window.pane = document.getElementById('pane'); window.neverReloaded = true").await;

    click(&browser, "a[data-panel='timeline']").await;
    shows(&browser, "#panel .waterfall", "unit").await;
    let rows = "return document.querySelectorAll('.waterfall tbody tr').length";
    let steps: usize = build.jobs.iter().map(|job| job.steps.len()).sum();
    assert_eq!(text(&browser, rows).await, json!(3 + steps));
    let critical = "return [...document.querySelectorAll('.waterfall .critical .name')].map((name) => name.innerText)";
    let critical = text(&browser, critical).await;
    assert!(critical.as_array().is_some_and(|names| names.len() > 1), "{critical}");
    assert_eq!(text(&browser, "return window.pane === document.getElementById('pane')").await, json!(true));
    pictures(&browser, "build-timeline").await;

    // What is open is a part of the address.
    browser.page.refresh().await.unwrap();
    shows(&browser, "#panel .waterfall", "unit").await;
    click(&browser, "a[data-panel='graph']").await;
    shows(&browser, "#panel", "Steps of test").await;
    pictures(&browser, "build-graph").await;
    click(&browser, "#panel .graph a[href$='/jobs/2/steps/3']").await;
    shows(&browser, "#log", "docs").await;
    click(&browser, "a[data-panel='details']").await;
    shows(&browser, "#panel .details", "refs/heads/main").await;
    pictures(&browser, "build-details").await;
    click(&browser, "a[data-panel='details']").await;
    until("the panel to close", PATIENCE, async || {
        let hidden = text(&browser, "return document.getElementById('panel').hidden").await;
        if hidden == json!(true) { Ok(()) } else { Err(hidden.to_string()) }
    })
    .await;

    click(&browser, ".panels a[href$='/pipeline']").await;
    shows(&browser, "main", "depends_on: [lint, test]").await;
    click(&browser, "#F1L2 > a").await;
    assert_eq!(browser.page.current_url().await.unwrap().fragment(), Some("F1L2"));
    pictures(&browser, "build-pipeline").await;

    browser.page.goto(&format!("{}{path}", server.api.url)).await.unwrap();
    click(&browser, "form[action$='what=failed'] button").await;
    let is_over = |build: &Build| build.jobs[2].attempt == 2 && build.status == "failure";
    let again = server.api.wait("harbour/cranes", 1, "the end of the second attempt", is_over).await;
    let attempts: Vec<_> = again.jobs.iter().map(|job| (job.name.as_str(), job.attempt)).collect();
    assert_eq!(attempts, [("deploy", 2), ("lint", 1), ("test", 2)]);
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn the_page_reads_without_a_script_and_loads_little() {
    let server = Setup::new(Kind::Dummy).start().await;
    let repo = Repo::with(&FILES).await;
    repo.push_main(&server.remote("harbour/cranes")).await;
    server.api.wait_end("harbour/cranes", 1).await;
    let path = "/repos/harbour/cranes/builds/1";
    let page = server.api.text(&format!("{path}?show=timeline")).await;
    assert!(page.contains("waterfall") && page.contains(&format!("href=\"{path}?show=graph\"")), "{page}");

    let browser = Browser::start().await;
    enter(&browser, &server, path).await;
    shows(&browser, "#log", "two").await;
    let loaded = "const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .filter((one) => !one.name.includes('/login'));
      const paint = performance.getEntriesByName('first-contentful-paint')[0];
      return [all.map((one) => `${one.name} ${one.transferSize}`), all.reduce((sum, one) => sum + one.transferSize, 0), \
      paint && Math.round(paint.startTime)]";
    let loaded = text(&browser, loaded).await;
    println!("a build's page, nothing cached: {loaded}");
    assert!(loaded[0].as_array().unwrap().len() <= 6, "{loaded}");
    assert!(loaded[1].as_u64().is_some_and(|bytes| bytes <= 60_000), "{loaded}");
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn who_watches_is_told_when_the_build_ends() {
    let server = Setup::new(Kind::Dummy).start().await;
    let pipeline = "steps:\n  - {name: long, image: dummy, commands: [echo long], environment: {SLEEP: 600s}}\n";
    let repo = Repo::with_pipeline(pipeline).await;
    let mut push = repo.push_live(&server.remote("harbour/watch"), "main");
    server.api.wait("harbour/watch", 1, "to run", |build| build.status == "running").await;
    let browser = Browser::start().await;
    enter(&browser, &server, "/repos/harbour/watch/builds/1").await;
    shows(&browser, "#watch", "Tell me when it ends").await;
    let fake = "window.asked = 0; window.told = []; window.Notification = class {
        static permission = 'default';
        static requestPermission() { window.asked += 1; return Promise.resolve('granted'); }
        constructor(title) { window.told.push(title); }
        addEventListener() {}
      }";
    text(&browser, fake).await;
    click(&browser, "#watch").await;
    shows(&browser, "#watch", "Watching").await;
    assert_eq!(text(&browser, "return [window.asked, window.told]").await, json!([1, []]));
    assert!(server.api.ask("harbour/watch", 1, "cancel").await.status().is_success());
    shows(&browser, "#head", "cancelled").await;
    let told = "return [window.told, document.getElementById('watch').hidden]";
    assert_eq!(text(&browser, told).await, json!([["cancelled #1 · harbour/watch"], true]));
    push.ended(PATIENCE).await;
    browser.close().await;
    server.finish().await;
}
