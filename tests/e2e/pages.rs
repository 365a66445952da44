//! Every page that a link leads to: for everybody (axe-core), in light and dark, on a phone and on a desk, with and without
//! scripts, and with texts of people who mean harm.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fantoccini::Locator;
use serde_json::json;

use crate::harness::{
    axe,
    chromium::Browser,
    git::Repo,
    server::{Kind, Server, Setup},
};

/// Widths of a phone and of a desk, in pixels of CSS.
const WIDTHS: [(&str, u32); 2] = [("phone", 390), ("desk", 1280)];
const SCHEMES: [&str; 2] = ["light", "dark"];

const PIPELINE: &str = "
parameters:
  DEPTH:
    type: number
    default: 3
    description: How deep the harbour is
steps:
  - name: test
    image: slipway/busybox
    commands:
      - printf '\\033[32mgreen\\033[0m and \\033[1;31mred\\033[0m\\n'
      - sh ./report
      - 'echo ::warning file=src/light.rs,line=7::the lamp flickers'
      - mkdir -p dist/sub && echo one > dist/one.txt && echo two > dist/sub/two.txt
      - grep light nothing
    reports: {junit: report.xml}
    artifacts: {paths: dist/, on: always}
  - name: deploy
    image: slipway/busybox
    commands:
      - echo never
  - name: release
    image: slipway/busybox
    when: {event: tag}
    commands:
      - echo never
";

const REPORT: &str = r#"cat > report.xml <<'END'
<testsuite name="harbour">
  <testcase classname="Light" name="is lit" time="0.1"/>
  <testcase classname="Light" name="turns" time="0.2"><failure message="it stands still">expected 1, got 0</failure></testcase>
  <testcase classname="Light" name="is seen from afar"><skipped/></testcase>
</testsuite>
END
"#;

/// A server with a repository that has a build of each kind of end.
async fn world() -> Server {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with(&[(".slipway.yml", PIPELINE), ("report", REPORT)]).await;
    repo.push_main(&server.remote("harbour/lights")).await;
    let build = server.api.wait_end("harbour/lights", 1).await;
    build.assert_ended("failure", "exit_code");
    let note =
        serde_json::json!({"job": "slipway", "step": "test", "text": "warning: src/light.rs:7: the lamp flickers"});
    assert!(build.json["warnings"].as_array().is_some_and(|all| all.contains(&note)), "{build:?}");
    repo.write(".slipway.yml", "steps:\n  - name: test\n    imagee: slipway/busybox\n");
    repo.commit("Break the pipeline").await;
    repo.push_main(&server.remote("harbour/lights")).await;
    server.api.wait_end("harbour/lights", 2).await.assert_ended("error", "config");
    server.api.secret("harbour/lights", "token", "of the lighthouse").await;
    let cron = serde_json::json!({"schedule": "0 4 * * 1-5", "branch": "main"});
    let answer = server.api.put("/api/v1/repos/harbour/lights/crons/nightly", &cron).await;
    assert!(answer.status().is_success(), "{}", answer.status());
    server
}

async fn signed_in(server: &Server, browser: &Browser) {
    browser.log_in(&server.login).await;
    browser.page.goto(&server.api.url).await.unwrap();
}

/// A path with what only tells things of one kind apart left out.
fn kind_of(path: &str) -> String {
    let vague = |part: &str| {
        let is_id = part.len() >= 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        if is_id || part.bytes().all(|byte| byte.is_ascii_digit()) { "N".to_owned() } else { part.to_owned() }
    };
    path.split('/').filter(|part| !part.is_empty()).map(vague).collect::<Vec<_>>().join("/")
}

/// All pages that links lead to from the first one, one of each kind; what is no page is passed over. Builds are looked at
/// one by one, since they differ.
async fn pages(server: &Server) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let firsts = ["/", "/repos/harbour/lights/builds/1", "/repos/harbour/lights/builds/2", "/nothing/here"];
    let mut next: VecDeque<String> = firsts.iter().map(|path| (*path).to_owned()).collect();
    while let Some(path) = next.pop_front() {
        let bare = path.split(['?', '#']).next().unwrap_or_default().to_owned();
        let kind = if firsts.contains(&bare.as_str()) { bare.trim_matches('/').to_owned() } else { kind_of(&bare) };
        if !seen.insert(kind.clone()) || found.len() > 60 {
            continue;
        }
        let answer = server.api.request("GET", &path).send().await.unwrap();
        let is_page =
            answer.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if !is_page {
            continue;
        }
        assert!(answer.status().is_success() || bare == "/nothing/here", "{path}: {}", answer.status());
        let text = answer.text().await.unwrap();
        let links = text
            .split("<a ")
            .skip(1)
            .filter_map(|rest| rest.split('>').next()?.split("href=\"").nth(1)?.split('"').next());
        next.extend(links.filter(|link| link.starts_with('/')).map(|link| link.replace("&amp;", "&")));
        found.insert(kind, path);
    }
    found
}

async fn number(browser: &Browser, script: &str) -> i64 {
    browser.page.execute(script, vec![]).await.unwrap().as_i64().unwrap_or(-1)
}

/// How many pixels of a page lie outside its window, to the right.
async fn overflow(browser: &Browser) -> i64 {
    number(browser, "return document.scrollingElement.scrollWidth - innerWidth").await
}

#[tokio::test]
async fn every_page_is_for_everybody() {
    let Some(script) = axe::script() else { return };
    let server = world().await;
    let pages = pages(&server).await;
    assert!(pages.len() >= 10, "{pages:?}");
    let browser = Browser::start().await;
    let mut wrong = Vec::new();
    browser.page.goto(&format!("{}/login", server.api.url)).await.unwrap();
    for line in axe::violations(&browser, &script).await {
        wrong.push(format!("/login: {line}"));
    }
    signed_in(&server, &browser).await;
    for (kind, path) in &pages {
        browser.page.goto(&format!("{}{path}", server.api.url)).await.unwrap();
        for (device, width) in WIDTHS {
            browser.page.set_window_size(width, 900).await.unwrap();
            for scheme in SCHEMES {
                let class = "document.documentElement.className = arguments[0]";
                browser.page.execute(class, vec![json!(scheme)]).await.unwrap();
                let place = format!("{path} ({device}, {scheme})");
                let found = axe::violations(&browser, &script).await;
                wrong.extend(found.into_iter().map(|line| format!("{place}: {line}")));
                let over = overflow(&browser).await;
                if over > 0 {
                    wrong.push(format!("{place}: {over} px lie outside"));
                }
                let name = if kind.is_empty() { "home".to_owned() } else { kind.replace('/', "-") };
                browser.screenshot(&format!("{name}-{device}-{scheme}")).await;
            }
        }
    }
    browser.close().await;
    server.finish().await;
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_page_is_read_without_scripts() {
    let server = world().await;
    let pages = pages(&server).await;
    let browser = Browser::without_scripts().await;
    signed_in(&server, &browser).await;
    for path in pages.values() {
        browser.page.goto(&format!("{}{path}", server.api.url)).await.unwrap();
        let main = browser.page.find(Locator::Css("main")).await.unwrap().text().await.unwrap();
        assert!(main.trim().len() > 20, "{path}: {main}");
        assert!(browser.page.find(Locator::Css("h1, h2")).await.is_ok(), "{path} has no heading");
    }
    let build = format!("{}/repos/harbour/lights/builds/1", server.api.url);
    browser.page.goto(&build).await.unwrap();
    let log = browser.page.find(Locator::Css("#log")).await.unwrap().text().await.unwrap();
    assert!(log.contains("green and red") && log.contains("nothing: No such file"), "{log}");
    browser.screenshot("without-scripts").await;
    browser.page.find(Locator::Css("form[action$='/retry'] button")).await.unwrap().click().await.unwrap();
    server.api.wait("harbour/lights", 1, "the retry", |build| build.jobs[0].attempt == 2).await;
    server.api.wait_end("harbour/lights", 1).await;
    browser.close().await;
    server.finish().await;
}

/// What somebody would write who wants a page to do something else.
const HOSTILE: [&str; 6] = [
    "<img src=x onerror=window.hacked=1>",
    "</title></script><script>window.hacked=1</script>",
    "\" autofocus onfocus=window.hacked=1 x=\"",
    "javascript:window.hacked=1//",
    "\u{202e}sdrawkcab\u{2066}",
    "x",
];

#[tokio::test]
async fn hostile_texts_stay_texts_in_their_boxes() {
    let server = Setup::new(Kind::Docker).start().await;
    let texts: Vec<String> =
        HOSTILE.iter().map(|text| if *text == "x" { "x".repeat(3000) } else { (*text).to_owned() }).collect();
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut pipeline = String::from("steps:\n");
    for (number, text) in texts.iter().enumerate() {
        let name: String = format!("{number} {text}").chars().take(60).collect();
        pipeline += &format!(
            "  - name: {}\n    image: slipway/busybox\n    failure: ignore\n    commands:\n      - cat evil\n      - {}\n",
            quoted(&name),
            quoted(&format!(": {text}").replace(['<', '>', '"', '(', ')', ';', '/'], "_")),
        );
    }
    let mut evil = texts.join("\n").into_bytes();
    evil.extend(
        b"\n\x1b]8;;javascript:window.hacked=1\x07link\x1b]8;;\x07 \x1b[2J\x1b[999;999H\x1b[1000A moved \xff\xfe\n",
    );
    evil.extend(b"\x1b]0;window.title\x07\x1b[31m<b>bold</b>\n");
    let repo = Repo::with(&[(".slipway.yml", &pipeline)]).await;
    repo.write("evil", evil);
    let message = texts.join("\n\n");
    repo.commit(&message).await;
    repo.push_main(&server.remote("evil/texts")).await;
    let build = server.api.wait_end("evil/texts", 1).await;
    let browser = Browser::start().await;
    signed_in(&server, &browser).await;
    let mut paths = vec!["/".to_owned(), "/repos/evil/texts".to_owned(), "/repos/evil/texts/builds/1".to_owned()];
    let steps = build.jobs.first().map_or(0, |job| job.steps.len());
    paths.extend((0..steps).map(|step| format!("/repos/evil/texts/builds/1/jobs/0/steps/{step}")));
    for path in paths {
        browser.page.goto(&format!("{}{path}", server.api.url)).await.unwrap();
        for (device, width) in WIDTHS {
            browser.page.set_window_size(width, 900).await.unwrap();
            assert_eq!(overflow(&browser).await.max(0), 0, "{path} ({device}) has something outside its box");
        }
        let foreign = "return (window.hacked ?? 0) + document.querySelectorAll('main img[src=x], main script, main [onerror], \
                       main [onfocus], main a[href^=javascript]').length";
        assert_eq!(number(&browser, foreign).await, 0, "{path}");
        browser.screenshot(&format!("hostile{}", path.replace('/', "-"))).await;
    }
    browser.close().await;
    server.finish().await;
}
