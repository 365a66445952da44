//! The log of a step in a browser: long ones, search, looks, and a live one that somebody reads.

use fantoccini::{Locator, key::Key};
use serde_json::{Value, json};

use super::{
    browser::shows,
    containers::{let_go, terminal_shows, waiting},
};
use crate::harness::{
    chromium::Browser,
    git::Repo,
    server::{Kind, Server, Setup},
    wait::{PATIENCE, until},
};

const LONG: &str = "steps:
  - name: work
    image: slipway/busybox
    commands:
      - sh work.sh
";

/// 200,000 lines with that of the command; the text of each says its number, but one is an error.
const WORK: &str = r#"awk 'BEGIN {
    for (i = 2; i <= 200000; i++) print (i == 150000 ? "error: the harbour is closed" : "a ship passes pier " i)
}'
exit 3
"#;

/// A server with a finished build of these files, and a browser that shows its page, or a line of it.
async fn reading(files: &[(&str, &str)], line: &str) -> (Server, Browser) {
    let server = Setup::new(Kind::Docker).start().await;
    Repo::with(files).await.push_main(&server.remote("harbour/log")).await;
    server.api.wait_end("harbour/log", 1).await;
    let browser = Browser::start().await;
    browser.log_in(&server.login).await;
    let build = format!("{}/repos/harbour/log/builds/1{line}", server.api.url);
    browser.page.goto(&build).await.unwrap();
    (server, browser)
}

const LONG_FILES: [(&str, &str); 2] = [(".slipway.yml", LONG), ("work.sh", WORK)];

async fn run(browser: &Browser, script: &str) -> Value {
    browser.page.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
}

/// Waits until a script gives what is wanted.
async fn gives(browser: &Browser, script: &str, wanted: Value) {
    until(&format!("{wanted} of {script}"), PATIENCE, async || {
        let seen = browser.page.execute(script, vec![]).await.map_err(|error| error.to_string())?;
        if seen == wanted { Ok(()) } else { Err(seen.to_string()) }
    })
    .await;
}

/// Whether a line is in the part of the window that the pane's head leaves, with this text.
async fn sees(browser: &Browser, line: u64, text: &str) {
    let script = format!(
        "const row = document.getElementById('L{line}'), box = row?.getBoundingClientRect();
         const head = document.querySelector('.pane-top').getBoundingClientRect().bottom;
         return Boolean(row && box.top >= head - 1 && box.bottom <= innerHeight + 1) && row.lastChild.textContent;"
    );
    gives(browser, &script, json!(text)).await;
}

async fn press(browser: &Browser, keys: &str) {
    run(browser, "document.activeElement.blur()").await;
    browser.page.find(Locator::Css("body")).await.unwrap().send_keys(keys).await.unwrap();
}

async fn look_for(browser: &Browser, text: &str) {
    press(browser, "/").await;
    let input = browser.page.find(Locator::Css("#find")).await.unwrap();
    input.send_keys(text).await.unwrap();
}

async fn found(browser: &Browser, text: &str) {
    gives(browser, "return document.querySelector('.find output').textContent", json!(text)).await;
}

#[tokio::test]
async fn a_long_log_opens_where_it_went_wrong_and_every_line_is_near() {
    let (server, browser) = reading(&LONG_FILES, "").await;
    let page = &browser.page;
    sees(&browser, 150_000, "error: the harbour is closed").await;
    browser.screenshot("log-long").await;
    let rows = run(&browser, "return document.querySelectorAll('#log .l').length").await;
    assert!(rows.as_u64().unwrap() < 800, "only what is near is in the page: {rows}");

    // To both ends and to any line.
    press(&browser, "g").await;
    sees(&browser, 2, "a ship passes pier 2").await;
    press(&browser, "G").await;
    sees(&browser, 200_000, "a ship passes pier 200000").await;
    run(&browser, "location.hash = 'L123456'").await;
    sees(&browser, 123_456, "a ship passes pier 123456").await;
    gives(&browser, "return document.querySelector('.marked').id", json!("L123456")).await;

    // Scrolling goes on line by line, without a gap.
    for _ in 0..12 {
        run(
            &browser,
            "scrollBy({ top: 400, behavior: 'instant' }); return new Promise(done => requestAnimationFrame(done))",
        )
        .await;
    }
    gives(
        &browser,
        "const rows = [...document.querySelectorAll('#log .l')].map(row => Number(row.id.slice(1)));
         const all = rows.every((row, at) => !at || row === rows[at - 1] + 1);
         const known = [...document.querySelectorAll('#log .l')].every(row => row.lastChild.textContent === `a ship passes pier ${row.id.slice(1)}`);
         return [all, known, rows[0] > 123456]",
        json!([true, true, true]),
    )
    .await;

    // The first line that looks like an error.
    press(&browser, "e").await;
    sees(&browser, 150_000, "error: the harbour is closed").await;
    // A link to a range, made with the mouse, is a link to a range after a reload.
    run(&browser, "document.querySelector('#L150001 > a').click()").await;
    let shift = "document.querySelector('#L150003 > a').dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: true }))";
    run(&browser, shift).await;
    assert_eq!(page.current_url().await.unwrap().fragment(), Some("L150001-L150003"));
    page.refresh().await.unwrap();
    sees(&browser, 150_002, "a ship passes pier 150002").await;
    gives(&browser, "return document.querySelectorAll('.marked').length", json!(3)).await;
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn a_search_counts_right_and_goes_around() {
    let (server, browser) = reading(&LONG_FILES, "#L1").await;
    let page = &browser.page;

    // 77, 770..=779, 7700..=7799 and 77000..=77999.
    let expected = (2..=200_000_u32).filter(|pier| pier.to_string().starts_with("77")).count();
    look_for(&browser, "Pier 77").await;
    found(&browser, &format!("1 of {}", thousands(expected))).await;
    sees(&browser, 77, "a ship passes pier 77").await;
    // What is found is coloured without a change of the page.
    gives(&browser, "return CSS.highlights.get('found-now').size", json!(1)).await;
    press(&browser, "n").await;
    sees(&browser, 770, "a ship passes pier 770").await;
    found(&browser, &format!("2 of {}", thousands(expected))).await;
    browser.screenshot("log-search").await;
    press(&browser, "NN").await;
    found(&browser, &format!("{0} of {0}", thousands(expected))).await;
    sees(&browser, 77_999, "a ship passes pier 77999").await;

    page.find(Locator::Css("[data-flag='case']")).await.unwrap().click().await.unwrap();
    found(&browser, "no match").await;
    page.find(Locator::Css("[data-flag='case']")).await.unwrap().click().await.unwrap();
    page.find(Locator::Css("[data-flag='regex']")).await.unwrap().click().await.unwrap();
    run(&browser, "document.querySelector('#find').value = ''").await;
    look_for(&browser, "harbour|pier 19999[89]$").await;
    found(&browser, "1 of 3").await;
    run(&browser, "document.querySelector('#find').value = ''").await;
    look_for(&browser, "pier (").await;
    until("what is wrong with the expression", PATIENCE, async || {
        let said = run(&browser, "return document.querySelector('.find output').textContent").await.to_string();
        if said.contains("regular expression") { Ok(()) } else { Err(said) }
    })
    .await;
    // Escape leaves, and nothing is coloured any more.
    page.find(Locator::Css("#find")).await.unwrap().send_keys(&Key::Escape.to_string()).await.unwrap();
    gives(&browser, "return [document.querySelector('#find').value, CSS.highlights.get('found').size]", json!(["", 0]))
        .await;
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn who_reads_a_live_log_is_not_moved_and_looks_are_remembered() {
    let server = Setup::new(Kind::Docker).start().await;
    let wide = "awk 'BEGIN { for (i = 0; i < 1000; i++) printf \"wide \"; print \"\" }'";
    let repo = Repo::with_pipeline(&waiting(
        &format!("seq 1 3000; {wide}; echo first part"),
        "seq 3001 6000; echo the very end",
    ))
    .await;
    let mut push = repo.push_live(&server.remote("harbour/live"), "main");
    terminal_shows(&mut push, "first part").await;
    let browser = Browser::start().await;
    let page = &browser.page;
    browser.log_in(&server.login).await;
    page.goto(&format!("{}/repos/harbour/live/builds/1/jobs/0/steps/1", server.api.url)).await.unwrap();
    shows(&browser, ".follow", "Following").await;
    shows(&browser, "#log", "first part").await;

    // A scroll up pauses, and what comes then moves nothing.
    run(&browser, "scrollBy({ top: -2000, behavior: 'instant' })").await;
    shows(&browser, ".follow", "Follow").await;
    gives(&browser, "return document.querySelector('.follow').getAttribute('aria-pressed')", json!("false")).await;
    let place = "const head = document.querySelector('.pane-top').getBoundingClientRect().bottom;
                 const row = [...document.querySelectorAll('#log .l')].find(row => row.getBoundingClientRect().top > head);
                 return [row.id, Math.round(row.getBoundingClientRect().top)]";
    let before = run(&browser, place).await;
    let_go(&server, "wait").await;
    until("the rest to come", PATIENCE, async || {
        let lines = run(&browser, "return document.querySelector('#log').style.getPropertyValue('--digits')").await;
        let head = run(&browser, "return document.querySelector('#head').innerText").await.to_string();
        if head.contains("success") { Ok(()) } else { Err(format!("{lines} {head}")) }
    })
    .await;
    // The head may have grown over the first lines, by a picture of what the step takes: the lines stay where they are.
    let top = format!("return document.getElementById({}).getBoundingClientRect().top", before[0]);
    let moved = run(&browser, &top).await.as_f64().unwrap() - before[1].as_f64().unwrap();
    assert!(moved.abs() <= 1.5, "the reader's place is kept: {before} moved by {moved}");
    press(&browser, "G").await;
    shows(&browser, "#log", "the very end").await;
    let last = run(&browser, "return [...document.querySelectorAll('#log .l')].pop().id").await;
    assert_eq!(last, json!("L6006"), "one line each, none twice");

    // Looks: remembered over a reload.
    press(&browser, "wt").await;
    shows(&browser, "[data-do='stamps']", "Times: clock").await;
    gives(
        &browser,
        "return /^\\d\\d:\\d\\d:\\d\\d$/.test(document.querySelector('#log .at').textContent)",
        json!(true),
    )
    .await;
    browser.screenshot("log-times").await;
    page.refresh().await.unwrap();
    gives(
        &browser,
        "return [document.querySelector('[data-do=wrap]').getAttribute('aria-pressed'), /\\d/.test(document.querySelector('#log .at')?.textContent)]",
        json!(["false", true]),
    )
    .await;
    gives(&browser, "return document.documentElement.scrollWidth <= innerWidth", json!(true)).await;
    assert!(push.ended(PATIENCE).await.success());
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn commands_and_groups_fold_and_say_how_they_ended() {
    let pipeline = "steps:
  - name: work
    image: slipway/busybox
    commands:
      - seq 1 100
      - 'echo ::group::Load; seq 1 20; echo ::endgroup::'
      - echo a last word; exit 7
      - echo never
";
    let (server, browser) = reading(&[(".slipway.yml", pipeline)], "").await;
    let page = &browser.page;
    let handles = "return [...document.querySelectorAll('#log .fold')].map(fold => Number(fold.dataset.line))";
    gives(&browser, handles, json!([1, 102, 103, 125])).await;
    gives(&browser, "return document.querySelector('.l.bad .end').textContent.split(' · ')[0]", json!("exit code 7"))
        .await;
    // The marker is not shown, what it says is.
    gives(&browser, "return document.querySelector('#L103 > span').textContent", json!("Load")).await;
    browser.screenshot("log-folds").await;

    // What ended well is folded, what failed is not.
    press(&browser, "c").await;
    let lines = "return [...document.querySelectorAll('#log .l')].map(row => Number(row.id.slice(1)))";
    gives(&browser, lines, json!([1, 102, 125, 126])).await;
    shows(&browser, "[data-do='fold']", "Unfold").await;
    browser.screenshot("log-folded").await;
    // A line that is wanted is shown, wherever it is.
    run(&browser, "location.hash = 'L110'").await;
    sees(&browser, 110, "7").await;
    gives(&browser, "return document.querySelector('#L1 .fold').getAttribute('aria-expanded')", json!("false")).await;
    gives(&browser, "return document.querySelector('#L102 .fold').getAttribute('aria-expanded')", json!("true")).await;
    // With the keyboard, too; and the focus stays.
    run(&browser, "document.querySelector('#L103 .fold').focus()").await;
    page.active_element().await.unwrap().send_keys(&Key::Enter.to_string()).await.unwrap();
    gives(
        &browser,
        "return document.getElementById('L110') === null && document.activeElement.dataset.line",
        json!("103"),
    )
    .await;
    browser.close().await;
    server.finish().await;
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let head = digits.len() % 3;
    let mut parts: Vec<&str> = if head > 0 { vec![&digits[..head]] } else { Vec::new() };
    parts.extend((head..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    parts.join(",")
}
