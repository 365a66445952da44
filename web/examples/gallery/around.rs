//! The pages around the build.

use slipway_pipelines::state::{Millis, Status};
use slipway_web::{
    time::{Moment, Span},
    trend::{Past, Trend},
    views::*,
};

use super::{NOW, name};

fn ago(age: Millis) -> Moment {
    Moment::new(NOW - age, NOW)
}

/// Queue and runners.
pub(crate) fn queue() -> QueuePage {
    let mut page = QueuePage::new();
    let job = |number, job: &str, age: Option<Millis>| RunningJob {
        repository: "harbour/api".to_owned(),
        number,
        job: job.to_owned(),
        href: "build-light.html".to_owned(),
        took: Span::new(age.map(|age| NOW - age), None, NOW),
        stops: number == 117,
    };
    let runner = |name: &str, state, slots, jobs, labels: &[&str], age| RunnerRow {
        name: name.to_owned(),
        path: format!("/runners/{name}"),
        state,
        drained: (state == RunnerState::Drained).then(|| ("ada".to_owned(), ago(7_200_000))),
        slots,
        jobs,
        version: "0.1.0".to_owned(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        disk: Some(DiskView::new(if slots == 1 { 1 << 30 } else { 73 << 30 }, 252 << 30)),
        seen: ago(age),
    };
    let usual = ["backend=docker", "platform=linux/amd64"];
    page.runners = vec![
        runner("crane", RunnerState::Drained, 2, vec![job(117, "lint", Some(300_000))], &usual, 2_000),
        runner("lighter", RunnerState::Away, 1, vec![], &["backend=docker", "platform=linux/arm64"], 90_000_000),
        runner(
            "quay-1",
            RunnerState::Busy,
            4,
            vec![job(118, "test (RUST=1.94)", Some(74_000)), job(118, "docs", None)],
            &["backend=docker", "gpu=yes", "platform=linux/amd64", "zone=north-harbour"],
            2_000,
        ),
        runner("quay-2", RunnerState::Idle, 4, vec![], &usual, 9_000),
    ];
    let wait = |number, job: &str, why: &str, age| WaitRow {
        repository: "harbour/web".to_owned(),
        number,
        job: job.to_owned(),
        href: "build-light.html".to_owned(),
        why: why.to_owned(),
        since: ago(age),
    };
    page.waiting = vec![
        wait(119, "deploy", "waits for its turn: one job of `deploy` runs at a time", 600_000),
        wait(120, "render (SIZE=large)", "no runner has gpu=big, platform=linux/amd64", 200_000),
        wait(121, "test", "waits for build, lint", 4_000),
    ];
    page
}

/// The same while nothing is given out.
pub(crate) fn paused() -> QueuePage {
    QueuePage { paused: Some(("ada".to_owned(), ago(120_000))), waiting: Vec::new(), runners: Vec::new(), ..queue() }
}

/// Fifty builds.
pub(crate) fn trend() -> Trend {
    let past = |number: u64| Past {
        number,
        href: "build-light.html".to_owned(),
        status: match number % 17 {
            3 => Status::Failure.into(),
            7 => Status::Error.into(),
            11 => slipway_web::sign::Sign::Warning,
            13 => Status::Cancelled.into(),
            _ => Status::Success.into(),
        },
        took: (number % 17 != 7).then_some(40_000 + (number * 7919 % 23_000).cast_signed()),
    };
    Trend::new(&(69..=118).map(past).collect::<Vec<_>>())
}

/// Tests that want to be looked at.
pub(crate) fn hint() -> TestsHint {
    let test = |name: &str, figure: &str| (name.to_owned(), "test-light.html".to_owned(), figure.to_owned());
    TestsHint {
        slowest: vec![
            test("tide::table_of_a_year", "14 s"),
            test("berth::every_ship_fits_somewhere_or_waits_outside", "9.2 s"),
        ],
        flaky: vec![test("pilot::answers_in_time", "3 commits")],
        all_flaky: "tests-light.html".to_owned(),
    }
}

/// The form over the builds.
pub(crate) fn filter() -> FilterForm {
    FilterForm {
        branch: "main".to_owned(),
        events: vec!["push", "tag", "manual"],
        statuses: vec!["success", "failure"],
        ..FilterForm::default()
    }
}

fn delivery_row(at: usize) -> DeliveryRow {
    let states = [
        ("built", "s-success", "", Some(118)),
        ("ignored", "s-skipped", "`refs/notes/commits` is neither a branch nor a tag", None),
        ("failed", "s-failure", "the commit could not be fetched: git.example does not answer", None),
        ("received", "s-running", "", None),
    ];
    let (state, class, why, build) = states[at % 4];
    DeliveryRow {
        href: "delivery-light.html".to_owned(),
        event: ["push", "create", "Merge Request Hook"][at % 3].to_owned(),
        forge_id: "f6266f16-1bf3-46a5-9ea4-602e06ead473".to_owned(),
        replayed: at == 2,
        state,
        class,
        why: why.to_owned(),
        build: build.map(|number| (number, "build-light.html".to_owned())),
        size: "7 KiB".to_owned(),
        received: ago(300_000 * at as Millis),
    }
}

/// What came in.
pub(crate) fn deliveries() -> DeliveriesPage {
    let mut page = DeliveriesPage::new(&name("harbour/api"));
    page.rows = (0..9).map(delivery_row).collect();
    page.older = Some("?before=x".to_owned());
    page
}

/// One of them.
pub(crate) fn delivery() -> DeliveryPage {
    let headers = [("user-agent", "GitHub-Hookshot/044aadd"), ("x-github-event", "push")];
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let body =
        "{\n  \"ref\": \"refs/heads/main\",\n  \"after\": \"4f2a9c81\",\n  \"note\": \"<script>alert(1)</script>\"\n}";
    DeliveryPage::new(&name("harbour/api"), delivery_row(2), headers, body.to_owned())
}
