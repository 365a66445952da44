//! How pages are read in a browser: a very long log, a live one, a build's page for the first time.

use std::time::Instant;

use serde_json::Value;

use crate::{
    harness::{
        chromium::Browser,
        docker::BUSYBOX,
        git::Repo,
        server::Server,
        wait::{PATIENCE, until},
    },
    measure::run,
};

/// 1,000,000 lines of 100 bytes; one of them says what went wrong.
const LONG: &str = "awk 'BEGIN { for (i = 2; i <= 1000000; i++) { if (i == 950000) print \"error: the harbour is closed\"; \
    else printf \"%7d %s %s\\n\", i, \"a ship of some length passes the pier with its lights on and its flag\", i * 7919 % 99991 \
    \" tons of tide and timber\" } }'; exit 3";
/// 10,000 lines a second for a minute, as evenly as a shell can.
const LIVE: &str = "awk 'BEGIN { for (t = 0; t < 1200; t++) { for (i = 1; i <= 500; i++) \
    printf \"line %d of the tide that comes in\\n\", t * 500 + i; fflush(); system(\"usleep 48000\") } }'";

/// Opens pages in browsers that have loaded nothing yet.
pub(crate) struct Reader {
    url: String,
    token: String,
}

/// What a page took.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) paint_ms: f64,
    /// Until the first byte of the page came.
    pub(crate) answer_ms: f64,
    pub(crate) heap_bytes: u64,
}

impl Reader {
    pub(crate) fn new(server: &Server) -> Self {
        Self { url: server.api.url.clone(), token: server.api.token.clone() }
    }

    /// A browser that is logged in and has loaded nothing but a word of the server.
    async fn browser(&self) -> Browser {
        let browser = Browser::start().await;
        browser.page.goto(&format!("{}/healthz", self.url)).await.unwrap();
        let log_in = format!(
            "return fetch('/login', {{ method: 'POST', body: new URLSearchParams({{ token: '{}', to: '/healthz' }}) }})
                .then(answer => answer.ok)",
            self.token
        );
        assert_eq!(ask(&browser, &log_in).await, true);
        // Its own start is not to be measured.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        browser
    }

    /// Loads a page with an empty cache; gives the browser that shows it.
    pub(crate) async fn load(&self, path: &str) -> (Browser, Load) {
        let browser = self.browser().await;
        browser.page.goto(&format!("{}{path}", self.url)).await.unwrap();
        until("the first paint", PATIENCE, async || {
            let paints = ask(&browser, "return performance.getEntriesByName('first-contentful-paint').length").await;
            if paints == 1 { Ok(()) } else { Err(paints.to_string()) }
        })
        .await;
        let load = measured(&browser).await;
        (browser, load)
    }
}

async fn ask(browser: &Browser, script: &str) -> Value {
    browser.page.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
}

/// What the page has taken until now.
async fn measured(browser: &Browser) -> Load {
    let script =
        "const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
        return [all.length, all.reduce((sum, one) => sum + one.transferSize, 0),
            performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.memory.usedJSHeapSize,
            all[0].responseStart]";
    let seen = ask(browser, script).await;
    Load {
        requests: seen[0].as_u64().unwrap(),
        bytes: seen[1].as_u64().unwrap(),
        paint_ms: seen[2].as_f64().unwrap(),
        heap_bytes: seen[3].as_f64().unwrap() as u64,
        answer_ms: seen[4].as_f64().unwrap(),
    }
}

/// Waits until a script gives true; how long that took, in milliseconds.
async fn until_true(browser: &Browser, script: &str) -> f64 {
    let start = Instant::now();
    until(script, PATIENCE, async || {
        let seen = ask(browser, script).await;
        if seen == true { Ok(()) } else { Err(seen.to_string()) }
    })
    .await;
    start.elapsed().as_secs_f64() * 1000.0
}

fn shows(line: u64) -> String {
    format!(
        "const box = document.getElementById('L{line}')?.getBoundingClientRect();
         return Boolean(box && box.top >= 0 && box.bottom <= innerHeight + 1)"
    )
}

fn kb(bytes: u64) -> f64 {
    bytes as f64 / 1000.0
}

/// Prints what a log of 1,000,000 lines is like.
pub(crate) async fn long_log(server: &Server, reader: &Reader) {
    let pipeline = format!("steps: [{{name: work, image: {BUSYBOX}, commands: [sh work.sh]}}]");
    let repo = Repo::with(&[(".slipway.yml", &pipeline), ("work.sh", LONG)]).await;
    repo.push_main(&server.remote("bench/long")).await;
    let build = server.api.wait_end("bench/long", 1).await;
    let length = server.api.log("bench/long", &build, "work").await.len();
    println!("\na log of 1,000,000 lines, {} MB", length / 1_000_000);
    let (browser, load) = reader.load("/repos/bench/long/builds/1").await;
    println!(
        "  first paint, with the failing line            {:>8.0} ms      aim <= 300 ms; the server's part {:.0} ms",
        load.paint_ms, load.answer_ms
    );
    let failing = until_true(&browser, &shows(950_000)).await;
    println!("  the failing line in view after that           {failing:>8.0} ms");
    until_true(&browser, "return !document.getElementById('logbar').hidden").await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let load = measured(&browser).await;
    println!("  transferred within 5 s                        {:>8.1} KB      aim <= 150 KB", kb(load.bytes));
    println!(
        "  heap of the page                              {:>8.1} MB      aim <= 60 MB",
        kb(load.heap_bytes) / 1000.0
    );
    ask(&browser, "location.hash = 'L123456'").await;
    println!("  jump to a line                                {:>8.0} ms", until_true(&browser, &shows(123_456)).await);
    let search = "const find = document.getElementById('find'); find.value = 'passes the pier'; \
                  find.dispatchEvent(new Event('input', { bubbles: true }))";
    ask(&browser, search).await;
    let took =
        until_true(&browser, "return /999[,.\u{202f} ]?99\\d|1[,.\u{202f} ]?000[,.\u{202f} ]?000/.test(document.querySelector('.find output').textContent)").await;
    println!("  search with 999,998 matches, counted          {took:>8.0} ms");
    ask(&browser, "window.slow = 0; let last = performance.now(); const next = () => { const now = performance.now(); \
         window.slow = Math.max(window.slow, now - last); last = now; requestAnimationFrame(next) }; requestAnimationFrame(next)").await;
    for _ in 0..100 {
        ask(&browser, "scrollBy({ top: 700, behavior: 'instant' }); return new Promise(done => requestAnimationFrame(() => done(1)))").await;
    }
    println!(
        "  longest frame while 100 screens scroll        {:>8.0} ms",
        ask(&browser, "return window.slow").await.as_f64().unwrap()
    );
    let load = measured(&browser).await;
    println!("  heap after that                               {:>8.1} MB", kb(load.heap_bytes) / 1000.0);
    browser.close().await;
}

/// Prints what a log is like to which 10,000 lines a second come for a minute.
pub(crate) async fn live_log(server: &Server, reader: &Reader) {
    let pipeline = format!("steps: [{{name: work, image: {BUSYBOX}, commands: [sh work.sh]}}]");
    let repo = Repo::with(&[(".slipway.yml", &pipeline), ("work.sh", LIVE)]).await;
    let mut push = repo.push_live(&server.remote("bench/live"), "main");
    server
        .api
        .wait("bench/live", 1, "the step to run", |build| {
            build.jobs.first().is_some_and(|job| job.steps.last().is_some_and(|step| step.status == "running"))
        })
        .await;
    let (browser, _) = reader.load("/repos/bench/live/builds/1/jobs/0/steps/1").await;
    ask(
        &browser,
        "window.frames_ = []; let last = performance.now(); const next = () => { const now = performance.now(); \
         if (now - last > 50) window.frames_.push(Math.round(now - last)); last = now; requestAnimationFrame(next) }; \
         window.count = 0; requestAnimationFrame(next)",
    )
    .await;
    let start = Instant::now();
    let mut heap = 0;
    while server.api.build("bench/live", 1).await.json["finished_at"].is_null() && start.elapsed().as_secs() < 300 {
        heap = heap.max(measured(&browser).await.heap_bytes);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    let build = server.api.wait_end("bench/live", 1).await;
    let seconds = start.elapsed().as_secs_f64();
    let log = server.api.log("bench/live", &build, "work").await;
    let whole = log
        .lines()
        .filter(|line| line.starts_with("line "))
        .enumerate()
        .all(|(at, line)| line == format!("line {} of the tide that comes in", at + 1));
    println!("\na live log: {} lines in {seconds:.0} s, stored whole: {whole}", log.lines().count());
    let total = log.lines().count();
    until_true(&browser, &format!("return document.getElementById('L{total}') !== null")).await;
    println!("  the page ends with its last line              {total:>8}");
    let slow = ask(&browser, "return [window.frames_.length, Math.max(0, ...window.frames_)]").await;
    println!("  frames over 50 ms: how many, the longest      {:>8} {:>5} ms   aim 0", slow[0], slow[1]);
    println!("  most heap of the page                         {:>8.1} MB      aim <= 150 MB", kb(heap) / 1000.0);
    push.ended(PATIENCE).await;
    browser.close().await;
}

/// Prints what a build's page takes for the first time.
pub(crate) async fn build_page(server: &Server, reader: &Reader) {
    let steps: String = (1..=12)
        .map(|n| {
            format!(
                "  - {{name: step-{n}, image: {BUSYBOX}, commands: ['for i in $(seq 40); do echo line $i; done']}}\n"
            )
        })
        .collect();
    run(server, "bench/page", &format!("steps:\n{steps}")).await;
    let (mut paints, mut last) = (Vec::new(), None);
    for _ in 0..5 {
        let (browser, _) = reader.load("/repos/bench/page/builds/1").await;
        until_true(&browser, "return !document.getElementById('logbar').hidden").await;
        let load = measured(&browser).await;
        paints.push(load.paint_ms);
        last = Some(load);
        browser.close().await;
    }
    paints.sort_by(f64::total_cmp);
    let load = last.unwrap();
    println!("\na build's page of 12 steps, nothing cached");
    println!("  requests                                      {:>8}         aim <= 6", load.requests);
    println!("  over the wire                                 {:>8.1} KB      aim <= 60 KB", kb(load.bytes));
    println!(
        "  first contentful paint, median of 5           {:>8.0} ms      aim <= 100 ms; the server's part {:.0} ms",
        paints[2], load.answer_ms
    );
    let (browser, load) = reader.load("/login?to=/nowhere").await;
    browser.close().await;
    println!("  beside it: any page of the server             {:>8.0} ms", load.paint_ms);
}

/// Prints how fast text is found in 1 GB of stored logs.
pub(crate) async fn search(server: &Server) {
    let noise = "head -c 75000000 /dev/urandom | base64 | awk '{ print NR \" \" $0 } END { print \"the buoy sank near the mole\" }'";
    let pipeline = format!("steps: [{{name: work, image: {BUSYBOX}, commands: [sh work.sh]}}]");
    let repo = Repo::with(&[(".slipway.yml", &pipeline), ("work.sh", noise)]).await;
    let mut bytes = 0;
    for number in 1..=10 {
        if number > 1 {
            repo.write("n", number.to_string());
            repo.commit("Again").await;
        }
        repo.push_main(&server.remote("bench/search")).await;
        let build = server.api.wait_end("bench/search", number).await;
        if number == 1 {
            bytes = server.api.log("bench/search", &build, "work").await.len();
        }
    }
    println!("\nsearch in {:.2} GB of stored logs, compressed", bytes as f64 * 10.0 / 1e9);
    for (what, query) in [
        ("a text that is there, first hits", "q=the%20buoy%20sank"),
        ("a text that is nowhere", "q=the%20buoy%20swims"),
        ("a regular expression, first hits", "q=buoy%20s.nk%20near&regex=1"),
    ] {
        let start = Instant::now();
        let found = server.api.json(&format!("/api/v1/search?{query}")).await;
        let took = start.elapsed().as_secs_f64() * 1000.0;
        println!(
            "  {what:<45} {took:>8.0} ms      aim <= 500 ms; {} logs have it",
            found["logs"]["hits"].as_array().map_or(0, Vec::len)
        );
    }
}
