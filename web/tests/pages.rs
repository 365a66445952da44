//! Templates as a whole, and the scripts that node can check.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "tests")]

use std::{fs, path::Path, process::Command};

use proptest::prelude::*;
use slipway_pipelines::{
    repository::RepositoryName,
    state::{Finish, Reason},
    trigger::{Cause, Person, Trigger},
    wire::{Usage, UsagePoint},
};
use slipway_web::{
    Template,
    ansi::Parser,
    assets,
    sign::Sign,
    timeline::{Lane, Part, PartKind},
    usage::UsageView,
    views::{
        BuildPage, CaseView, DetailsView, FailureView, FailuresView, GraphView, ImageView, JobView, LeftOutView,
        LogLine, LogView, Node, Panel, PanelTab, PushedView, StepView, TestsView, TimelineView, UsedView, WarningView,
    },
};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

fn files(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(Path::new(FOLDER).join(folder)).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn no_template_marks_anything_as_safe_or_runs_anything_inline() {
    for (path, text) in files("templates") {
        assert!(!text.contains("|safe") && !text.contains("| safe") && !text.contains("escape("), "{path}");
        assert!(!text.contains(" style=") && !text.contains("onclick") && !text.contains("<style"), "{path}");
        assert!(!text.contains("<script>"), "{path}");
    }
}

#[test]
fn no_script_writes_markup_and_none_is_long() {
    for (path, text) in files("assets").iter().filter(|(path, _)| path.ends_with(".js")) {
        assert!(text.lines().count() < 200, "{path}");
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"] {
            assert!(!text.contains(word), "{path} has {word}");
        }
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        assert!(assets::all().iter().any(|asset| asset.name == name), "{name} is not served");
    }
}

/// Skips, and says so, where there is no node.
#[test]
fn node_takes_every_script_and_its_tests_pass() {
    let node = |arguments: &[&str]| Command::new("node").args(arguments).current_dir(FOLDER).output();
    if node(&["--version"]).is_err() {
        eprintln!("SKIPPED: there is no node here; the scripts are not checked");
        return;
    }
    let copies = std::env::temp_dir().join(format!("slipway-scripts-{}", std::process::id()));
    fs::create_dir_all(copies.join("assets")).unwrap();
    fs::write(copies.join("package.json"), "{\"type\": \"module\"}").unwrap();
    for asset in assets::all().iter().filter(|asset| asset.name.ends_with(".js")) {
        let path = copies.join("assets").join(&asset.name);
        fs::write(&path, &asset.text).unwrap();
        let checked = node(&["--check", path.to_str().unwrap()]).unwrap();
        assert!(checked.status.success(), "{}: {}", asset.name, String::from_utf8_lossy(&checked.stderr));
    }
    fs::create_dir_all(copies.join("tests")).unwrap();
    for name in ["ansi.test.mjs", "ansi.json", "log.test.mjs"] {
        fs::copy(Path::new(FOLDER).join("tests").join(name), copies.join("tests").join(name)).unwrap();
    }
    let tests = ["ansi", "log"].map(|name| copies.join(format!("tests/{name}.test.mjs")));
    let tested = node(&["--test", tests[0].to_str().unwrap(), tests[1].to_str().unwrap()]).unwrap();
    fs::remove_dir_all(&copies).unwrap();
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stdout));
}

fn page(text: &str) -> BuildPage {
    let name: RepositoryName = "me/thing".parse().unwrap();
    let trigger = Trigger {
        cause: Cause::Push { branch: text.to_owned(), before: None },
        reference: text.to_owned(),
        sha: text.to_owned(),
        message: text.to_owned(),
        author: Person { name: text.to_owned(), email: text.to_owned() },
        sender: text.to_owned(),
        timestamp: 0,
        url: Some(text.to_owned()),
        changed_files: None,
    };
    let finish = Finish::with_note(Reason::Infra, text);
    let status = finish.status();
    let mut page = BuildPage::new(&name, 1, (status, Some(&finish)), &trigger, (0, Some(1), Some(2)), 3);
    page.diagnostics = text.to_owned();
    page.left_out = vec![LeftOutView { what: text.to_owned(), why: text.to_owned() }];
    page.warnings = vec![WarningView { place: text.to_owned(), href: "/".to_owned(), texts: vec![text.to_owned()] }];
    let case = CaseView {
        suite: text.to_owned(),
        name: text.to_owned(),
        status: Sign::Status(status),
        word: "failed",
        is_new: true,
        href: "/".to_owned(),
        place: text.to_owned(),
        log: "/".to_owned(),
        file: text.to_owned(),
        took: String::new(),
        message: format!("{text}\n{text}"),
    };
    page.tests = Some(TestsView {
        has_tests: true,
        failed: 2,
        failures: vec![case.clone()],
        slowest: vec![case],
        ..TestsView::default()
    });
    let step = StepView {
        position: 0,
        name: text.to_owned(),
        href: "/".to_owned(),
        status: Sign::Status(status),
        hint: text.to_owned(),
        mark: None,
        selected: true,
        took: None,
    };
    page.jobs = vec![JobView {
        position: 0,
        name: text.to_owned(),
        status: Sign::Status(status),
        hint: text.to_owned(),
        attempt: 1,
        note: text.to_owned(),
        took: None,
        retry: String::new(),
        go_on: String::new(),
        outputs: vec![(text.to_owned(), text.to_owned())],
        steps: vec![step],
    }];
    let (mut parser, mut lines) = (Parser::new(), Vec::new());
    parser.push(text, &mut lines);
    lines.extend(parser.rest().cloned());
    page.log = Some(LogView {
        key: "0/0/1".to_owned(),
        job: text.to_owned(),
        step: text.to_owned(),
        status: Sign::Status(status),
        because: text.to_owned(),
        took: None,
        image: Some(ImageView::new("alpine:3.22", Some("alpine@sha256:0123456789abcdef0123"), "sha256:ef")),
        href: "/".to_owned(),
        raw: "/".to_owned(),
        stream: "/".to_owned(),
        attempt: 1,
        attempts: 2,
        bytes: 0,
        lines: (1..)
            .zip(lines)
            .map(|(number, line)| LogLine { number, line, unfinished: false, trouble: false })
            .collect(),
        lines_before: 0,
        earlier: None,
        later: None,
        offset: 0,
        next_line: 1,
        trouble: None,
        total: 0,
        style: String::new(),
        begin: Some(0),
        now: 0,
        live: false,
        usage: UsageView::new(
            &Usage { since: 0, points: vec![UsagePoint { at: 900, cpu: 700, memory: 1 << 20 }] },
            0,
            1000,
        ),
        quiet: "",
    });
    page
}

/// Everything that can be open above the log.
fn panels(text: &str) -> [Panel; 3] {
    let lane = Lane {
        is_job: false,
        name: text.to_owned(),
        href: "/".to_owned(),
        status: Sign::Warning,
        is_awaited: true,
        parts: vec![Part { kind: PartKind::Run, from: 0, to: Some(70_000) }],
        usual: Some(50_000),
        after: Vec::new(),
    };
    let node = |needs: &[usize]| Node {
        name: text.to_owned(),
        href: "/".to_owned(),
        status: Sign::Warning,
        is_service: true,
        needs: needs.to_vec(),
    };
    let details = DetailsView {
        facts: vec![("Commit", text.to_owned())],
        parameters: vec![(text.to_owned(), text.to_owned())],
        changed: Some(vec![text.to_owned()]),
        pushed: vec![PushedView {
            reference: text.to_owned(),
            digest: text.to_owned(),
            place: text.to_owned(),
            href: "/".to_owned(),
        }],
        provenance: "/".to_owned(),
        images: vec![UsedView { reference: text.to_owned(), digest: text.to_owned(), steps: vec![text.to_owned()] }],
        left_out: vec![LeftOutView { what: text.to_owned(), why: text.to_owned() }],
    };
    [
        Panel::Timeline(TimelineView::new(&[lane], 99_000)),
        Panel::Graph(GraphView::new(text, vec![node(&[]), node(&[0]), node(&[0])]).into_iter().collect()),
        Panel::Details(Box::new(details)),
    ]
}

/// The page's tags, with everything between them and every attribute's value taken out.
fn tags(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("every < opens a tag that is closed");
        let names: Vec<&str> = tag.split('"').step_by(2).collect();
        tags.push(names.concat());
    }
    tags
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        Just("<script>alert(1)</script>".to_owned()),
        Just("\" onmouseover=\"alert(1)".to_owned()),
        Just("' autofocus onfocus='alert(1)".to_owned()),
        Just("javascript:alert(1)".to_owned()),
        Just("</pre></section><img src=x onerror=alert(1)>".to_owned()),
        Just("{{ 7 * 7 }}{% endblock %}".to_owned()),
        Just("\x1b[31m<b>\x1b[0m&amp;".to_owned()),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| format!("x{}", pieces.concat()).replace(['\n', '\r'], " "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn hostile_text_adds_no_tag_and_no_attribute(text in hostile()) {
        let shape = |text: &str| {
            let mut page = page(text);
            if let Some(log) = &mut page.log {
                // Colours are spans of their own.
                log.lines.truncate(0);
            }
            tags(&page.render().unwrap())
        };
        prop_assert_eq!(shape(&text), shape("plain"));
    }

    #[test]
    fn hostile_text_adds_nothing_to_what_is_open_above_the_log(text in hostile(), which in 0..3usize) {
        let shape = |text: &str| {
            let mut page = page(text);
            page.log = None;
            page.failures = FailuresView::new(
                1,
                2,
                vec![FailureView { place: text.to_owned(), href: "/".to_owned(), why: text.to_owned() }],
            );
            page.panel.tabs = vec![PanelTab { key: "graph", text: "Graph", href: "/".to_owned(), is_open: true }];
            page.panel.open = panels(text).into_iter().nth(which);
            tags(&page.render().unwrap())
        };
        prop_assert_eq!(shape(&text), shape("plain"));
    }

    #[test]
    fn a_hostile_log_is_lines_and_spans_only(text in hostile()) {
        let html = page(&text).render().unwrap();
        let log = html.split("id=\"log\"").nth(1).unwrap().split("<p class=\"empty\"").next().unwrap();
        let (_, log) = log.split_once('>').unwrap();
        for tag in tags(log) {
            let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default().to_owned();
            prop_assert!(["div", "a", "span", "i", "p"].contains(&name.as_str()), "{}", tag);
            prop_assert!(!tag.contains("on"), "{}", tag);
        }
    }

    #[test]
    fn only_web_addresses_become_links(text in "(javascript|data|vbscript|file|//x|/|https?)(:|://)?[a-z(1)]{0,8}") {
        let html = page(&text).render().unwrap();
        let linked = html.contains("rel=\"noopener noreferrer\"");
        prop_assert_eq!(linked, text.starts_with("http://") || text.starts_with("https://"));
    }
}
