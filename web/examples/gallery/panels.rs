//! Samples of what a build's page opens above the log.

use slipway_pipelines::state::{Millis, Status};
use slipway_web::{
    sign::Sign,
    timeline::{Lane, Part, PartKind},
    views::{DetailsView, GraphView, LeftOutView, Node, PushedView, TimelineView, UsedView},
};

type Times = (Millis, Option<Millis>);

pub(super) fn timeline(now: Millis) -> Option<TimelineView> {
    let from = now - 80_000;
    let part = |kind, (began, ended): Times| Part { kind, from: from + began, to: ended.map(|ended| from + ended) };
    let lane = |name: &str, status: Sign, parts: &[(PartKind, Times)], usual, after: &[usize]| Lane {
        is_job: false,
        name: name.to_owned(),
        href: "#".to_owned(),
        status,
        is_awaited: name != "postgres",
        parts: parts.iter().map(|(kind, times)| part(*kind, *times)).collect(),
        usual,
        after: after.to_vec(),
    };
    use PartKind::{Build, Pull, Queue, Run, Wait};
    let (good, bad) = (Sign::Status(Status::Success), Sign::Status(Status::Failure));
    let job = |lane: Lane| Lane { is_job: true, href: String::new(), is_awaited: false, ..lane };
    TimelineView::new(
        &[
            job(lane("test (RUST=1.94)", bad, &[(Queue, (0, Some(4_000))), (Run, (4_100, Some(75_000)))], None, &[])),
            lane("checkout", good, &[(Run, (4_100, Some(4_300)))], Some(200), &[]),
            lane(
                "postgres",
                good,
                &[(Wait, (4_300, Some(11_000))), (Pull, (4_100, Some(10_700))), (Run, (11_000, Some(75_000)))],
                None,
                &[1],
            ),
            lane("image", good, &[(Build, (4_300, Some(31_000)))], Some(14_000), &[1]),
            lane("test", bad, &[(Wait, (31_000, Some(31_300))), (Run, (31_300, Some(73_400)))], Some(39_000), &[3]),
            lane("publish", Sign::Status(Status::Skipped), &[], Some(3_000), &[4]),
            lane("notify", good, &[(Run, (73_500, Some(74_000)))], Some(400), &[4]),
            job(lane("lint", Sign::Warning, &[(Queue, (0, Some(1_000))), (Run, (1_100, Some(14_000)))], None, &[])),
            lane("checkout", good, &[(Run, (1_100, Some(1_200)))], Some(100), &[]),
            lane("clippy", Sign::Warning, &[(Run, (1_300, Some(14_000)))], Some(12_000), &[8]),
        ],
        now,
    )
}

pub(super) fn graph() -> Vec<GraphView> {
    let node = |name: &str, status: Status, needs: &[usize]| Node {
        name: name.to_owned(),
        href: "#".to_owned(),
        status: status.into(),
        is_service: name == "postgres",
        needs: needs.to_vec(),
    };
    let jobs = vec![
        node("lint", Status::Success, &[]),
        node("build", Status::Success, &[]),
        node("test (RUST=1.94, OS=linux)", Status::Failure, &[1]),
        node("test (RUST=1.90)", Status::Success, &[1]),
        node("docs", Status::Running, &[0]),
        node("deploy", Status::Skipped, &[2, 3, 0]),
    ];
    let steps = vec![
        node("checkout", Status::Success, &[]),
        node("postgres", Status::Success, &[0]),
        node("build", Status::Success, &[0]),
        node("test", Status::Failure, &[0, 1, 2]),
        node("publish", Status::Skipped, &[3]),
        node("notify", Status::Success, &[3]),
    ];
    [GraphView::new("Jobs", jobs), GraphView::new("Steps of test (RUST=1.94)", steps)].into_iter().flatten().collect()
}

pub(super) fn details() -> DetailsView {
    let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    DetailsView {
        facts: vec![
            ("Event", "push".to_owned()),
            ("Ref", "refs/heads/main".to_owned()),
            ("Commit", "4f2a9c81d07be35562c0d6b1f0a4d3c7a9e8b716".to_owned()),
            ("Author", "Ada Larsson <ada@example.org>".to_owned()),
            ("Made", "2026-11-21T03:14:02.007Z".to_owned()),
        ],
        parameters: vec![pair("REGION", "south"), pair("REPLICAS", "3")],
        changed: Some((1..=32).map(|number| format!("api/src/tides/table_{number}.rs")).collect()),
        pushed: vec![PushedView {
            reference: "registry.example:5000/harbour/api:118".to_owned(),
            digest: digest.to_owned(),
            place: "test (RUST=1.94) / image".to_owned(),
            href: "#".to_owned(),
        }],
        provenance: "/".to_owned(),
        images: vec![UsedView {
            reference: "postgres:17".to_owned(),
            digest: format!("postgres@{digest}"),
            steps: vec!["postgres".to_owned()],
        }],
        left_out: vec![LeftOutView { what: "deploy".to_owned(), why: "runs on tag only".to_owned() }],
    }
}
