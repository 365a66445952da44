//! `artifacts` and `artifacts_from`, from a container's file to another runner's, a browser's and a full disk.

use std::path::Path;

use fantoccini::Locator;
use reqwest::header;

use super::browser::shows;
use crate::harness::{
    api::Api,
    chromium::Browser,
    disk::SmallDisk,
    git::{Repo, shell},
    runner::Runner,
    server::{Kind, Setup},
};

async fn paths(api: &Api, repository: &str) -> Vec<String> {
    let list = api.json(&format!("/api/v1/repos/{repository}/builds/1/artifacts")).await;
    list.as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap().to_owned()).collect()
}

/// Bytes of objects that the server's own storage has for artifacts, and of anything half written.
async fn stored(server: &crate::harness::server::Server) -> String {
    let folder = server.data().join("objects/artifacts");
    let (_, said) = shell(Path::new("/"), &format!("find {} -type f | wc -l", folder.display()), &[]).await;
    said.trim().to_owned()
}

const BUILD: &str = r#"
steps:
  - name: make
    image: slipway/busybox
    commands:
      - mkdir -p dist/sub dist/tmp && echo '#!/bin/sh' > dist/app && echo 'echo it runs' >> dist/app && chmod +x dist/app
      - ln dist/app dist/twin && ln -s app dist/latest && echo gone > dist/tmp/x
      - head -c 3000000 /dev/zero | tr '\0' 'z' > dist/sub/big && echo '<h1>report</h1>' > dist/index.html
    artifacts: [dist/, "!dist/tmp", nothing/**]
"#;

const USE: &str = r#"
depends_on: build
labels: {place: second}
skip_clone: true
steps:
  - name: use
    image: slipway/busybox
    artifacts_from: {workflow: build, paths: [dist/app, dist/twin, dist/latest, dist/sub], to: in}
    commands:
      - in/dist/app && in/dist/latest && test -L in/dist/latest && test ! -e in/dist/index.html && cmp in/dist/app in/dist/twin
      - test "$(wc -c < in/dist/sub/big)" = 3000000
"#;

#[tokio::test]
async fn files_go_from_one_runner_over_the_server_to_another_and_to_whoever_asks() {
    let server = Setup::new(Kind::Docker).env("SLIPWAY_LABELS", "place=first").start().await;
    let second = Runner::start_with(&server, "second", 1, &[("SLIPWAY_LABELS", "place=second")]).await;
    let build = BUILD.replacen("\nsteps:", "\nlabels: {place: first}\nsteps:", 1);
    let repo = Repo::with(&[(".slipway/build.yml", &build), (".slipway/use.yml", USE)]).await;
    let pushed = repo.push_main(&server.remote("me/kept")).await;
    let done = server.api.wait_end("me/kept", 1).await;
    assert_eq!(done.status, "success", "{done:?}\n{}", pushed.terminal);
    let log = server.api.log("me/kept", &done, "make").await;
    assert!(log.contains("slipway: kept 5 files, 3.0 MB\n"), "{log}");
    assert!(log.contains("slipway: no file fits `nothing/**` of the artifacts\n"), "{log}");
    let log = server.api.log("me/kept", &done, "use").await;
    assert!(
        log.starts_with("slipway: took 4 files of `build`, 3.0 MB\n") && log.contains("it runs\nit runs\n"),
        "{log}"
    );

    let wanted = ["dist/app", "dist/index.html", "dist/latest", "dist/sub/big", "dist/twin"];
    assert_eq!(paths(&server.api, "me/kept").await, wanted);
    let list = "/api/v1/repos/me/kept/builds/1/artifacts";
    let part = server.api.request("GET", &format!("{list}/dist/sub/big")).header(header::RANGE, "bytes=2999990-");
    let part = part.send().await.unwrap();
    assert_eq!(part.status().as_u16(), 206);
    assert_eq!(part.headers()[header::CONTENT_RANGE], "bytes 2999990-2999999/3000000");
    assert_eq!(part.text().await.unwrap(), "zzzzzzzzzz");
    let rows = server.api.json(list).await;
    let sums: Vec<String> =
        rows.as_array().unwrap().iter().map(|row| row["sha256"].as_str().unwrap().to_owned()).collect();
    let zip = server.api.get(&format!("{list}/dist?zip")).await.bytes().await.unwrap();
    let file = server.scratch().join("dist.zip");
    std::fs::write(&file, zip).unwrap();
    let (status, said) = shell(
        server.scratch(),
        "python3 -c 'import zipfile; zipfile.ZipFile(\"dist.zip\").extractall(\"out\")' && sha256sum out/app out/sub/big",
        &[],
    )
    .await;
    assert!(status.success() && said.contains(&sums[0]) && said.contains(&sums[3]), "{said}\n{sums:?}");
    second.finish().await;
    server.finish().await;
}

#[tokio::test]
async fn a_failed_step_keeps_what_it_has_and_what_may_not_leave_is_named() {
    let server = Setup::new(Kind::Docker).env("SLIPWAY_ARTIFACT_LIMIT", "1MB").start().await;
    for (name, commands, artifacts, reason, note, kept) in [
        ("failed", "echo why > log.txt; false", "{paths: log.txt, on: always}", "exit_code", "", &["log.txt"][..]),
        ("fine", "echo why > log.txt", "{paths: log.txt, on: failure}", "ok", "", &[]),
        (
            "link",
            "mkdir d; echo a > d/a; ln -s /etc/passwd d/evil; ln -s ../../../../../.. d/up",
            "d",
            "artifacts",
            "`d/evil` is a link that leaves the checkout, to `/etc/passwd`; `d/up` is a link that leaves the checkout, \
             to `../../../../../..`",
            &["d/a"],
        ),
        ("pipe", "mkdir d; mkfifo d/pipe", "d/*", "artifacts", "`d/pipe` is a pipe", &[]),
        ("behind", "ln -s /etc d", "d/passwd", "artifacts", "`d` is a link: name the folder that it leads to", &[]),
        ("nothing", "true", "[dist, '*.zip']", "artifacts", "there is no file that fits `dist`, `*.zip`", &[]),
        (
            "large",
            "echo a > a; head -c 2000000 /dev/zero > big",
            "[a, big]",
            "artifacts",
            "`big` has 2.0 MB, and the server keeps files of up to 1.0 MB",
            &["a"],
        ),
    ] {
        let repository = format!("kept/{name}");
        let pipeline = format!(
            "skip_clone: true\nsteps:\n  - name: make\n    image: slipway/busybox\n    commands: [\"{commands}\"]\n    artifacts: {artifacts}\n"
        );
        let repo = Repo::with_pipeline(&pipeline).await;
        repo.push_main(&server.remote(&repository)).await;
        let build = server.api.wait_end(&repository, 1).await;
        let json = server.api.json(&format!("/api/v1/repos/{repository}/builds/1")).await;
        let step = &json["jobs"][0]["steps"][0];
        assert_eq!(step["reason"], reason, "{name}: {build:?}");
        assert_eq!(step["note"].as_str().unwrap_or_default(), note, "{name}");
        assert_eq!(paths(&server.api, &repository).await, kept, "{name}");
    }
    assert_eq!(stored(&server).await, "3", "nothing else is left");
    server.finish().await;
}

#[tokio::test]
async fn a_full_disk_is_our_error_and_harms_nothing_else() {
    let Some(disk) = SmallDisk::mounted().await else { return };
    let server = Setup::new(Kind::Docker).env("SLIPWAY_STORAGE", disk.path().to_str().unwrap()).start().await;
    let pipeline = "skip_clone: true
steps:
  - name: make
    image: slipway/busybox
    commands: [\"mkdir d; echo a > d/a; head -c 20000000 /dev/zero > d/big\"]
    artifacts: d
";
    let repo = Repo::with_pipeline(pipeline).await;
    repo.push_main(&server.remote("me/full")).await;
    server.api.wait_end("me/full", 1).await;
    let json = server.api.json("/api/v1/repos/me/full/builds/1").await;
    let step = &json["jobs"][0]["steps"][0];
    assert_eq!((&step["status"], &step["reason"]), (&"error".into(), &"infra".into()), "{step}");
    assert_eq!(step["note"], "`d/big`, 20.0 MB, cannot be kept: the server's storage is full");
    assert!(paths(&server.api, "me/full").await.is_empty());
    // The log of the finished job may be in the storage by then.
    let (_, left) = shell(disk.path(), "find artifacts -type f 2>/dev/null", &[]).await;
    assert_eq!(left.trim(), "", "something is left over");
    // The next one has its room.
    let next = Repo::with_pipeline(&pipeline.replace("20000000", "200000")).await;
    next.push_main(&server.remote("me/small")).await;
    let build = server.api.wait_end("me/small", 1).await;
    assert_eq!(build.status, "success", "{build:?}");
    server.finish().await;
}

#[tokio::test]
async fn at_the_desk_later_jobs_get_them_and_they_stay_where_they_are_wanted() {
    let repo = Repo::with(&[(".slipway/build.yml", BUILD), (".slipway/use.yml", USE)]).await;
    let binary = crate::harness::server::binary();
    let run = format!("{} run --artifacts kept 2>&1", binary.display());
    let home = tempfile::tempdir().unwrap();
    let (status, said) = shell(repo.path(), &run, &[("XDG_CACHE_HOME", home.path().to_str().unwrap())]).await;
    assert!(status.success(), "{said}");
    assert!(said.contains("kept 5 files, 3.0 MB") && said.contains("took 4 files of `build`, 3.0 MB"), "{said}");
    let (status, said) = shell(repo.path(), "kept/build/dist/latest && test ! -e kept/build/dist/tmp", &[]).await;
    assert!(status.success() && said.contains("it runs"), "{said}");
    let left = home.path().join("slipway");
    let (_, said) = shell(Path::new("/"), &format!("find {} -name artifacts", left.display()), &[]).await;
    assert_eq!(said.trim(), "");
}

/// A report with a stylesheet and a script of its own, which tries what a report has no business with.
const FOREIGN: &str = r#"steps:
  - name: report
    image: slipway/busybox
    commands:
      - mkdir -p site && cd site
      - "echo 'h1 { color: rgb(1, 2, 3) }' > look.css"
      - |
        cat > index.html <<'END'
        <!doctype html><link rel="stylesheet" href="look.css"><h1>All lights</h1><pre></pre>
        <script>
        const tried = {};
        const say = (what, value) => { tried[what] = value; document.querySelector('pre').textContent = JSON.stringify(tried) };
        try { say('cookie', document.cookie) } catch (error) { say('cookie', error.name) }
        try { localStorage.x = 1; say('storage', 'works') } catch (error) { say('storage', error.name) }
        say('origin', origin);
        fetch('/api/v1/repos', { credentials: 'include' }).then(() => say('api', 'answered'), () => say('api', 'refused'));
        fetch('/settings/tokens', { method: 'POST', credentials: 'include', mode: 'no-cors', body: new URLSearchParams({ name: 'mine', kind: 'admin' }) })
            .then(() => say('form', 'sent'), () => say('form', 'refused'));
        </script>
        END
    artifacts: site/
"#;

#[tokio::test]
async fn a_report_in_the_browser_is_a_page_of_its_own_that_can_do_nothing_here() {
    let server = Setup::new(Kind::Docker).start().await;
    Repo::with_pipeline(FOREIGN).await.push_main(&server.remote("me/report")).await;
    server.api.wait_end("me/report", 1).await.assert_ended("success", "ok");
    let browser = Browser::start().await;
    browser.log_in(&server.login).await;
    let page = &browser.page;
    page.goto(&format!("{}/repos/me/report/builds/1/artifacts/0/site/", server.api.url)).await.unwrap();
    page.find(Locator::LinkText("index.html")).await.unwrap().click().await.unwrap();
    shows(&browser, "h1", "All lights").await;
    for done in ["\"api\":\"refused\"", "\"form\":"] {
        shows(&browser, "pre", done).await;
    }
    let tried = page.execute("return document.querySelector('pre').textContent", vec![]).await.unwrap();
    let tried: serde_json::Value = serde_json::from_str(tried.as_str().unwrap()).unwrap();
    assert_eq!(tried["origin"], "null", "{tried}");
    assert_eq!((&tried["cookie"], &tried["storage"]), (&"SecurityError".into(), &"SecurityError".into()), "{tried}");
    let colour = "return getComputedStyle(document.querySelector('h1')).color";
    assert_eq!(page.execute(colour, vec![]).await.unwrap(), "rgb(1, 2, 3)", "its own files are there");
    let tokens = server.api.json("/api/v1/tokens").await;
    assert!(!tokens.to_string().contains("mine"), "{tokens}");
    browser.close().await;
    server.finish().await;
}
