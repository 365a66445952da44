//! Reports of tests and coverage: from a step's file to the API and the pages, good ones and hostile ones.

use serde_json::{Value, json};

use crate::harness::{
    chromium::Browser,
    git::Repo,
    server::{Kind, Server, Setup},
};

/// A JUnit file of cases: `name=outcome`.
fn junit(cases: &[(&str, bool)]) -> String {
    let case = |(name, passes): &(&str, bool)| {
        let end = if *passes { "" } else { "<failure message=\"expected 2, got 1\">at tide.rb:7</failure>" };
        format!(
            "<testcase classname=\"Tide\" name=\"{name}\" file=\"./spec/tide_spec.rb\" time=\"0.25\">{end}</testcase>"
        )
    };
    format!("<testsuite name=\"rspec\">{}</testsuite>", cases.iter().map(case).collect::<String>())
}

async fn tests(server: &Server, number: u64, query: &str) -> Value {
    server.api.json(&format!("/api/v1/repos/me/tide/builds/{number}/tests{query}")).await
}

const PIPELINE: &str = "steps:
  - name: spec
    image: slipway/busybox
    commands:
      - mkdir -p out && cp report.xml out/
      - printf 'SF:lib/tide.rb\\nDA:1,1\\nDA:2,0\\nend_of_record\\n' > out/lcov.info
      - if grep -q failure report.xml; then exit 1; fi
    reports:
      junit: out/*.xml
      lcov: out/lcov.info
";

#[tokio::test]
async fn a_failing_step_shows_its_tests_and_what_is_new() {
    let server = Setup::new(Kind::Docker).start().await;
    let good = junit(&[("is high", true), ("is low", true)]);
    let repo = Repo::with(&[(".slipway.yml", PIPELINE), ("report.xml", &good)]).await;
    repo.push_main(&server.remote("me/tide")).await;
    server.api.wait_end("me/tide", 1).await.assert_ended("success", "ok");
    repo.write("report.xml", junit(&[("is high", true), ("is low", false), ("is spring", false)]));
    repo.commit("Break it").await;
    repo.push_main(&server.remote("me/tide")).await;
    let build = server.api.wait_end("me/tide", 2).await;
    build.assert_step("spec", "failure", "exit_code", Some(1));
    let wanted =
        json!({"passed": 1, "failed": 2, "skipped": 0, "new_failures": 1, "compared_with": 1, "duration_ms": 750});
    assert_eq!(build.json["tests"], wanted, "{build:?}");
    assert_eq!(build.json["coverage"], json!({"lines_covered": 1, "lines_total": 2, "percent": 50.0}));
    assert_eq!(build.json["warnings"], json!([]));

    let failed = tests(&server, 2, "?outcome=failed").await;
    let case = &failed["cases"][0];
    assert_eq!(
        (&case["name"], &case["new"], &case["file"], &case["duration_ms"], &case["message"]),
        (
            &json!("is low"),
            &json!(true),
            &json!("spec/tide_spec.rb"),
            &json!(250),
            &json!("expected 2, got 1\nat tide.rb:7")
        )
    );
    assert_eq!(failed["cases"].as_array().unwrap().len(), 2);
    let id = case["id"].as_str().unwrap();
    let history = server.api.json(&format!("/api/v1/repos/me/tide/tests/{id}")).await;
    let runs: Vec<_> = history["runs"].as_array().unwrap().iter().map(|run| &run["outcome"]).collect();
    assert_eq!(runs, [&json!("failed"), &json!("passed")]);
    let slowest = server.api.json("/api/v1/repos/me/tide/tests?sort=slowest").await;
    assert_eq!(slowest.as_array().unwrap().len(), 3);

    let page = server.api.text("/repos/me/tide/builds/2").await;
    for wanted in ["1 passed", "2 failed", "1 new", "coverage 50.0 %", "is low", "expected 2, got 1"] {
        assert!(page.contains(wanted), "no `{wanted}`: {page}");
    }
    let browser = Browser::start().await;
    browser.log_in(&server.login).await;
    for (name, path) in [
        ("tests-build", "/repos/me/tide/builds/2".to_owned()),
        ("tests-all", "/repos/me/tide/builds/2/tests".to_owned()),
        ("tests-slowest", "/repos/me/tide/tests".to_owned()),
        ("tests-history", format!("/repos/me/tide/tests/{id}")),
    ] {
        browser.page.goto(&format!("{}{path}", server.api.url)).await.unwrap();
        let text = browser.page.execute("return document.querySelector('main').innerText", vec![]).await.unwrap();
        assert!(text.as_str().unwrap().contains("is low"), "{path}: {text}");
        browser.screenshot(name).await;
    }
    browser.close().await;
    server.finish().await;
}

#[tokio::test]
async fn a_test_that_passes_on_the_second_try_is_flaky() {
    let server = Setup::new(Kind::Docker).start().await;
    let (good, bad) = (junit(&[("is low", true)]), junit(&[("is low", false)]));
    let pipeline = "steps:
  - name: spec
    image: slipway/busybox
    retry: 1
    reports: {junit: out.xml}
    commands:
      - if [ -f tried ]; then cp good.xml out.xml; else touch tried; cp bad.xml out.xml; exit 1; fi
";
    let repo = Repo::with(&[(".slipway.yml", pipeline), ("good.xml", &good), ("bad.xml", &bad)]).await;
    repo.push_main(&server.remote("me/tide")).await;
    let build = server.api.wait_end("me/tide", 1).await;
    build.assert_ended("success", "ok");
    let counts = &build.json["tests"];
    assert_eq!((&counts["passed"], &counts["failed"]), (&json!(1), &json!(0)), "the last try counts: {build:?}");
    let flaky = server.api.json("/api/v1/repos/me/tide/tests?sort=flaky").await;
    assert_eq!((&flaky[0]["name"], &flaky[0]["flaky_commits"]), (&json!("is low"), &json!(1)), "{flaky}");
    let page = server.api.text("/repos/me/tide/tests?sort=flaky").await;
    assert!(page.contains("is low") && page.contains("1 commit"), "{page}");
    server.finish().await;
}

#[tokio::test]
async fn hostile_reports_are_warnings_and_harm_nothing() {
    let server = Setup::new(Kind::Docker).start().await;
    server.api.own("me/tide").await;
    server.api.secret("me/tide", "token", "sw0rdfish<&>\"4711").await;
    let bomb = "<!DOCTYPE a [<!ENTITY x \"lol\"><!ENTITY y \"&x;&x;&x;&x;&x;&x;&x;&x;&x;&x;\">]>\n<testsuite><testcase name=\"&y;\"/></testsuite>";
    let pipeline = "steps:
  - name: huge
    image: slipway/busybox
    commands:
      - printf '<testsuite><testcase name=\"a\">' > huge.xml
      - dd if=/dev/zero bs=1048576 count=100 2>/dev/null | tr '\\0' 'x' >> huge.xml
    reports: {junit: huge.xml}
  - name: bomb
    image: slipway/busybox
    commands: ['true']
    reports: {junit: bomb.xml}
  - name: broken
    image: slipway/busybox
    commands: ['true']
    reports: {junit: broken.xml, lcov: nothing.info}
  - name: quoting
    image: slipway/busybox
    environment: {TOKEN: {from_secret: token}}
    commands:
      - printf '<testsuite><testcase name=\"a\"><failure>it is sw0rdfish&lt;&amp;&gt;&quot;4711!</failure></testcase></testsuite>' > quoting.xml
    reports: {junit: quoting.xml}
";
    let broken = "<testsuite>\n<testcase name=\"whole\"/>\n<testcase name=\"ha";
    let repo = Repo::with(&[(".slipway.yml", pipeline), ("bomb.xml", bomb), ("broken.xml", broken)]).await;
    repo.push_main(&server.remote("me/tide")).await;
    let build = server.api.wait_end("me/tide", 1).await;
    build.assert_ended("success", "ok");
    let warnings = build.json["warnings"].as_array().unwrap();
    let of = |step: &str| -> Vec<&str> {
        warnings.iter().filter(|one| one["step"] == step).map(|one| one["text"].as_str().unwrap()).collect()
    };
    assert_eq!(of("huge"), ["report `huge.xml` has 100 MiB, 64 are the most: it was not read"]);
    assert_eq!(
        of("bomb"),
        [
            "report `bomb.xml` cannot be read to its end: line 1: it defines entities of its own, which reports have no need for"
        ]
    );
    assert!(
        of("broken").iter().any(|text| text.starts_with("report `broken.xml` cannot be read to its end: line 3: "))
    );
    assert!(of("broken").contains(&"there is no lcov report: no file fits `nothing.info`"), "{warnings:?}");
    let log = server.api.log("me/tide", &build, "bomb").await;
    assert!(log.contains("warning: report `bomb.xml`"), "{log}");
    let all = tests(&server, 1, "").await;
    let names: Vec<_> = all["cases"].as_array().unwrap().iter().map(|case| &case["name"]).collect();
    assert_eq!(names, [&json!("whole"), &json!("a")], "what was read before a break is there");
    assert_eq!(all["cases"][1]["message"], "it is ********!");
    let page = server.api.text("/repos/me/tide/builds/1").await;
    assert!(page.contains("4 annotations") && page.contains("64 are the most"), "{page}");
    server.finish().await;
}
