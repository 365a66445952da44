//! Renders every page with sample views into a folder, to be looked at: `cargo run -p slipway-web --example gallery DIR`.
//! Each page comes in light and in dark; open them with a browser.

#![allow(clippy::unwrap_used, reason = "a program for developers")]

use std::{fs, path::Path};

use slipway_pipelines::{
    context::Trusted,
    repository::RepositoryName,
    state::{Finish, Millis, Reason, Status},
    trigger::{Cause, Person, Trigger},
};
use slipway_web::{
    Template, assets,
    sign::Sign,
    time::{Moment, Span},
    views::*,
};

mod around;
mod log;
mod panels;
mod tests;

use log::log;
use panels::{details, graph, timeline};
use tests::{build_tests, cases, test, tests};

const NOW: Millis = 1_795_230_842_007;

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "/tmp/gallery".to_owned());
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).unwrap();
    for asset in assets::all() {
        fs::write(folder.join(&asset.name), &asset.text).unwrap();
    }
    save(folder, "home", home());
    save(
        folder,
        "welcome",
        HomePage {
            running: Vec::new(),
            waiting: Vec::new(),
            more_open: 0,
            more: 0,
            repositories: Vec::new(),
            ..home()
        },
    );
    save(folder, "repository", repository());
    save(folder, "queue", around::queue());
    save(folder, "paused", around::paused());
    save(folder, "deliveries", around::deliveries());
    save(folder, "delivery", around::delivery());
    save(folder, "build", build());
    save(folder, "timeline", opened(Panel::Timeline(timeline(NOW))));
    save(folder, "graph", opened(Panel::Graph(graph())));
    save(folder, "details", opened(Panel::Details(Box::new(details()))));
    save(folder, "pipeline", pipeline());
    save(folder, "broken", broken());
    save(folder, "warned", warned());
    save(folder, "build-tests", build_tests());
    save(folder, "tests", tests());
    save(folder, "test", test());
    save(folder, "settings", settings());
    save(folder, "empty-settings", empty_settings());
    save(folder, "run", run());
    save(folder, "login", LoginPage::new("/".to_owned(), Some("That token is not valid here.")));
    save(
        folder,
        "missing",
        ErrorPage::new(404, "There is no such page", "The address may be wrong, or what it named is gone."),
    );
}

fn save(folder: &Path, name: &str, page: impl Template) {
    let text = page.render().unwrap().replace(&format!("{}/", assets::folder()), "");
    for theme in ["light", "dark"] {
        let text = text.replace("<html ", &format!("<html class=\"{theme}\" "));
        fs::write(folder.join(format!("{name}-{theme}.html")), text).unwrap();
    }
}

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn trigger(message: &str, branch: &str) -> Trigger {
    Trigger {
        cause: Cause::Push { branch: branch.to_owned(), before: None },
        reference: format!("refs/heads/{branch}"),
        sha: "4f2a9c81d07be35562c0d6b1f0a4d3c7a9e8b716".to_owned(),
        message: message.to_owned(),
        author: Person { name: "Ada Larsson".to_owned(), email: String::new() },
        sender: "ada".to_owned(),
        timestamp: 0,
        url: None,
        changed_files: None,
    }
}

fn row(repository: &str, number: u64, status: impl Into<Sign>, message: &str, branch: &str, age: Millis) -> BuildRow {
    let status = status.into();
    let finished = status.is_final().then_some(NOW - age + 74_000);
    let started = (status != Sign::Status(Status::Pending)).then_some(NOW - age);
    BuildRow::new(
        &name(repository),
        number,
        status,
        &trigger(message, branch),
        [Some(NOW - age), started, finished],
        NOW,
    )
}

fn home() -> HomePage {
    let samples = [
        ("harbour/api", Status::Running, "Answer 304 to a client that already has the tide table", "main", 42_000),
        (
            "harbour/pilot",
            Status::Failure,
            "Let the pilot choose the channel by draught",
            "channel-by-draught",
            400_000,
        ),
        ("harbour/web", Status::Success, "Draw the berth plan as SVG", "main", 4_000_000),
        ("me/dotfiles", Status::Error, "Try the new image", "main", 90_000_000),
        (
            "tools/soundings",
            Status::Cancelled,
            "Rewrite the importer; the old one read each file twice",
            "import",
            400_000_000,
        ),
        ("tools/weather-station", Status::Lost, "Keep readings of the last hour in memory", "main", 2_000_000_000),
    ];
    let history =
        [Status::Success, Status::Success, Status::Failure, Status::Success, Status::Skipped, Status::Success];
    let mut repositories: Vec<_> = samples
        .iter()
        .map(|(repository, status, message, branch, age)| {
            let last = row(repository, 118, *status, message, branch, *age);
            let mut marks: Vec<_> =
                history.iter().map(|status| row(repository, 117, *status, message, branch, *age).mark()).collect();
            marks.push(last.mark());
            let name = name(repository);
            RepositoryRow {
                owner: name.owner().to_owned(),
                name: name.name().to_owned(),
                href: "repository-light.html".to_owned(),
                last: Some(last),
                branches: [
                    ("main", Status::Success),
                    ("channel-by-draught", *status),
                    ("renovate/all-of-them", Status::Failure),
                ]
                .iter()
                .map(|(branch, status)| BranchMark {
                    branch: (*branch).to_owned(),
                    mark: row(repository, 118, *status, message, branch, *age).mark(),
                })
                .collect(),
                history: marks,
            }
        })
        .collect();
    repositories.push(RepositoryRow {
        owner: "tools".to_owned(),
        name: "new".to_owned(),
        href: String::new(),
        last: None,
        branches: Vec::new(),
        history: Vec::new(),
    });
    let active = |row: BuildRow, note: &str, waits| ActiveRow { row, note: note.to_owned(), waits };
    HomePage {
        frame: Frame::new("Builds"),
        filter: String::new(),
        running: vec![active(
            row("harbour/api", 118, Status::Running, samples[0].2, "main", 42_000),
            "test (RUST=1.94) on quay-1, lint on quay-2",
            false,
        )],
        waiting: vec![
            active(
                row("harbour/web", 119, Status::Pending, "Berth numbers on hover", "hover", 2_000),
                "waits for a runner with gpu=yes",
                true,
            ),
            active(
                row("harbour/web", 118, Status::Pending, "Berth numbers", "hover", 200_000),
                "waits for its turn: one job of `deploy` runs at a time",
                true,
            ),
        ],
        more_open: 3,
        more: 440,
        all: "?all=1".to_owned(),
        repositories,
        push_example: "http://ci:TOKEN@127.0.0.1:8000/git/me/thing.git".to_owned(),
    }
}

fn repository() -> RepositoryPage {
    let statuses =
        [Status::Running, Status::Success, Status::Failure, Status::Success, Status::Blocked, Status::Skipped];
    let messages =
        ["Answer 304 to a client that already has the tide table", "<script>alert(1)</script> & more", "Fix typo"];
    let builds = (0..18usize).map(|at| {
        let age = 42_000 + at as i64 * 7_300_000;
        row("harbour/api", 118 - at as u64, statuses[at % 6], messages[at % 3], ["main", "tide-cache"][at % 2], age)
    });
    RepositoryPage {
        frame: Frame::repository(&name("harbour/api"), Some(Status::Running.into())),
        owner: "harbour".to_owned(),
        name: "api".to_owned(),
        href: "/repos/harbour/api".to_owned(),
        run_action: "/repos/harbour/api/builds".to_owned(),
        run_page: "run-light.html".to_owned(),
        tests: "tests-light.html".to_owned(),
        settings: "settings-light.html".to_owned(),
        default_branch: "main".to_owned(),
        start: Start::Push { url: "http://127.0.0.1:8000/git/harbour/api.git".to_owned() },
        badge: "badge.svg".to_owned(),
        trend: Some(around::trend()),
        hint: Some(around::hint()),
        filter: around::filter(),
        builds: builds.collect(),
        paged: false,
        older: Some("?before=101".to_owned()),
    }
}

fn step(position: usize, name: &str, status: impl Into<Sign>, length: Option<Millis>) -> StepView {
    StepView {
        position,
        name: name.to_owned(),
        href: "#".to_owned(),
        status: status.into(),
        hint: String::new(),
        mark: (name == "postgres").then_some("service"),
        selected: name == "test",
        took: length.map(|length| Span { counting: None, text: slipway_web::time::duration(length) }),
    }
}

fn build() -> BuildPage {
    let finish = Finish::exit(101);
    let message = "Answer 304 to a client that already has the tide table\n\nThe table changes twice a day.";
    let mut page = BuildPage::new(
        &name("harbour/api"),
        118,
        (Status::Failure, Some(&finish)),
        &trigger(message, "main"),
        (NOW - 80_000, Some(NOW - 79_000), Some(NOW - 5_000)),
        NOW,
    );
    let retry = |text, what| RetryView { text, action: format!("retry?what={what}") };
    page.retries = vec![retry("Retry failed", "failed"), retry("Retry all", "all")];
    page.failures = FailuresView::new(
        1,
        2,
        vec![FailureView {
            place: "test (RUST=1.94) / test".to_owned(),
            href: "#".to_owned(),
            why: "exit code 101".to_owned(),
        }],
    );
    let tab = |key, text| PanelTab { key, text, href: format!("{key}-light.html"), is_open: false };
    page.panel.tabs = vec![tab("timeline", "Timeline"), tab("graph", "Graph"), tab("details", "Details")];
    page.left_out = vec![LeftOutView { what: "deploy".to_owned(), why: "runs on tag only".to_owned() }];
    let job = |position, name: &str, status: Sign, steps| JobView {
        position,
        name: name.to_owned(),
        status,
        hint: "on runner quay-1".to_owned(),
        attempt: 1,
        note: String::new(),
        took: Some(Span { counting: None, text: "1 m 14 s".to_owned() }),
        retry: format!("retry?what=job&job={position}"),
        go_on: String::new(),
        outputs: if position == 0 { Vec::new() } else { vec![("VERSION".to_owned(), "0.9.4-rc.1".to_owned())] },
        steps,
    };
    page.jobs = vec![
        job(
            0,
            "test (RUST=1.94)",
            Status::Failure.into(),
            vec![
                step(0, "checkout", Status::Success, Some(84)),
                step(1, "postgres", Status::Success, Some(74_000)),
                step(2, "build", Status::Success, Some(31_200)),
                step(3, "test", Status::Failure, Some(42_100)),
                step(4, "publish", Status::Skipped, None),
                step(5, "notify", Status::Success, Some(420)),
            ],
        ),
        job(
            1,
            "lint",
            Sign::Warning,
            vec![step(0, "checkout", Status::Success, Some(71)), step(1, "clippy", Sign::Warning, Some(12_300))],
        ),
    ];
    page.tests = Some(TestsView {
        has_tests: true,
        passed: 407,
        failed: 12,
        skipped: 3,
        new_failures: 1,
        compared_with: Some((117, "#".to_owned())),
        took: took(Some(74_200)),
        href: "build-tests-light.html".to_owned(),
        failures: cases()[..2].to_vec(),
        slowest: cases()[2..].to_vec(),
        coverage: Some(CoverageView::new(8_123, 9_321)),
    });
    page.log = Some(log());
    page
}

/// The same with something open above the log.
fn opened(open: Panel) -> BuildPage {
    let mut page = build();
    let at = match open {
        Panel::Timeline(_) => 0,
        Panel::Graph(_) => 1,
        Panel::Details(_) => 2,
    };
    page.panel.tabs[at].is_open = true;
    page.panel.open = Some(open);
    page
}

fn pipeline() -> PipelinePage {
    let mut page = PipelinePage::new(&name("harbour/api"), 118, Status::Failure.into(), "4f2a9c81d07be35562c0d6b1f0");
    let text =
        "when:\n  event: [push, tag]\n\nsteps:\n  test:\n    image: rust:1.94\n    commands:\n      - cargo test\n";
    page.files = vec![PipelineFile::new(".slipway/test.yml", text.as_bytes())];
    page
}

/// A build with waits, attempts and warnings.
fn warned() -> BuildPage {
    let finish = Finish::with_note(Reason::OkWithWarnings, "lint: clippy");
    let mut page = build();
    page.status = Sign::Warning;
    page.because = slipway_web::words::because(&finish);
    page.jobs[0].status = Status::Pending.into();
    page.jobs[0].note = "waits for its turn: one job of `deploy` runs at a time".to_owned();
    page.jobs[0].attempt = 2;
    page.jobs[0].name = "deploy (REGION=north, CHANNEL=stable, RUST=1.94)".to_owned();
    page.jobs[1].note = slipway_web::words::because(&finish);
    page.warnings = vec![WarningView {
        place: "test (RUST=1.94) / test".to_owned(),
        href: "#".to_owned(),
        texts: vec![
            "report `target/junit.xml` cannot be read: line 812: the document ends inside of `testcase`".to_owned(),
            "cache `target` was not saved: it has more than 2.7 GB, which is the most".to_owned(),
        ],
    }];
    page.left_out.push(LeftOutView {
        what: "step `publish` of `build`".to_owned(),
        why: "its `when` takes event `tag`, this is `push`".to_owned(),
    });
    page
}

fn settings() -> SettingsPage {
    let mut page = SettingsPage::new(&name("harbour/api"));
    let row = |name: &str, events: &str, images: &str| SecretRow {
        name: name.to_owned(),
        events: events.to_owned(),
        images: images.to_owned(),
        updated: Moment::new(NOW - 4_000_000, NOW),
        replace: "?secret=x".to_owned(),
    };
    page.secrets = vec![
        row("deploy_key", "all but pull requests", ""),
        row("npm_token", "tag, release", "plugins/npm, registry.example:5000/harbour/publish:2"),
        row("tide-station.password", "push, pull_request, pull_request_closed, manual", ""),
    ];
    page.secret = SecretForm {
        name: "npm_token".to_owned(),
        replaces: true,
        events: EventBox::all(|event| event.as_str() == "tag"),
        images: "plugins/npm".to_owned(),
        open: true,
    };
    page.problem = Some(Problem {
        at: Section::Secrets,
        text: "the value is empty".to_owned(),
        help: "a value has at least one byte".to_owned(),
    });
    page.registries = vec![RegistryRow {
        host: "registry.example:5000".to_owned(),
        username: "robot$harbour".to_owned(),
        updated: Moment::new(NOW - 90_000_000, NOW),
        replace: "?registry=x".to_owned(),
    }];
    let cron = |name: &str, schedule: &str, branch: &str, problem: &str| CronRow {
        name: name.to_owned(),
        schedule: schedule.to_owned(),
        words: "At 04:00.".to_owned(),
        branch: branch.to_owned(),
        next: if problem.is_empty() { "2026-12-01 04:00".to_owned() } else { String::new() },
        last: Some(Moment::new(NOW - 9_000_000, NOW)),
        build: problem.is_empty().then(|| (1204, "build-light.html".to_owned())),
        problem: problem.to_owned(),
        replace: "?cron=x".to_owned(),
    };
    page.crons = vec![
        cron("nightly", "0 4 * * 1-5", "", ""),
        cron("weekly-audit.of-everything", "@weekly", "release/2026.11", "there is no branch `release/2026.11`"),
    ];
    let cache = |key: &str, size| CacheRow {
        id: "0".to_owned(),
        key: key.to_owned(),
        scope: "main".to_owned(),
        size,
        used: Moment::new(NOW - 3_600_000, NOW),
    };
    page.caches = vec![
        cache("gems-5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", Ok("12.3 MB".to_owned())),
        cache("node", Err("the last build could not save it: it has more than 2.7 GB, which is the most".to_owned())),
    ];
    page.trust = TrustSwitch::all(Trusted { network: true, ..Trusted::default() });
    page
}

fn empty_settings() -> SettingsPage {
    let mut page = SettingsPage::new(&name("harbour/api"));
    page.secret.events = EventBox::all(|event| !event.is_pull_request());
    page.trust = TrustSwitch::all(Trusted::default());
    page
}

fn run() -> RunPage {
    let mut page = RunPage::new(&name("harbour/api"), "main");
    let field = |name: &str, description: &str, kind, value: &str, required| Field {
        name: name.to_owned(),
        description: description.to_owned(),
        kind,
        value: value.to_owned(),
        required,
    };
    let places = ["north", "south"].map(str::to_owned).to_vec();
    page.fields = vec![
        field("REGION", "Where it goes.", FieldKind::Choice(places), "south", false),
        field("NOTIFY", "Tell the harbour master when it is done.", FieldKind::Bool, "true", false),
        field("REPLICAS", "", FieldKind::Number, "3", false),
        field("VERSION", "What is deployed, as the tag spells it.", FieldKind::Text, "", true),
    ];
    page.problems = vec!["`VERSION` has no default: the build must be given a value".to_owned()];
    page
}

fn broken() -> BuildPage {
    let finish = Finish::because(Reason::Config);
    let mut page = BuildPage::new(
        &name("harbour/api"),
        119,
        (Status::Error, Some(&finish)),
        &trigger("Split the pipeline", "pipeline"),
        (NOW - 9_000, None, Some(NOW - 9_000)),
        NOW,
    );
    page.frame.crumbs[1].text = Moment::new(NOW, NOW).ago;
    page.broken = true;
    page.diagnostics = "error: unknown key `comands`\n  --> .slipway.yml:4:5\n   |\n 4 |     comands:\n   |     ^^^^^^^ not a key of a step\n   |\n   = help: did you mean `commands`?\n".to_owned();
    page
}
