//! What a build's page opens above the log.

use std::collections::BTreeMap;

use serde::Deserialize;
use slipway_pipelines::{
    plan::StepKind,
    state::{JobState, Millis},
    trigger::Cause,
};
use slipway_web::{
    sign::Sign,
    time::rfc3339,
    views::{
        DetailsView, GraphView, LeftOutView, Node, Panel, PanelTab, PanelView, PushedView, TimelineView, UsedView,
        paths,
    },
};

use crate::{
    api::{lanes, times},
    store::{
        UsualTimes,
        model::{BuildDetail, JobDetail},
    },
};

/// What is to be open: `?show=`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Show {
    Timeline,
    Graph,
    Details,
}

impl Show {
    fn key(self) -> &'static str {
        match self {
            Self::Timeline => "timeline",
            Self::Graph => "graph",
            Self::Details => "details",
        }
    }
}

/// The panels of a build. `page` is the address of the page without any.
pub(super) fn panels(
    build: &BuildDetail,
    show: Option<Show>,
    usual: &UsualTimes,
    page: &str,
    now: Millis,
) -> PanelView {
    if build.jobs.is_empty() {
        return PanelView {
            tabs: vec![tab(Show::Details, "Details", show, page)],
            open: open(build, show, usual, now),
        };
    }
    let mut tabs = vec![tab(Show::Timeline, "Timeline", show, page)];
    if !graphs(build).is_empty() {
        tabs.push(tab(Show::Graph, "Graph", show, page));
    }
    tabs.push(tab(Show::Details, "Details", show, page));
    PanelView { tabs, open: open(build, show, usual, now) }
}

fn tab(of: Show, text: &'static str, show: Option<Show>, page: &str) -> PanelTab {
    let is_open = show == Some(of);
    let joint = if page.contains('?') { '&' } else { '?' };
    let href = if is_open { page.to_owned() } else { format!("{page}{joint}show={}", of.key()) };
    PanelTab { key: of.key(), text, href, is_open }
}

fn open(build: &BuildDetail, show: Option<Show>, usual: &UsualTimes, now: Millis) -> Option<Panel> {
    Some(match show? {
        Show::Timeline => Panel::Timeline(TimelineView::new(&lanes(build, usual), now)),
        Show::Graph => Panel::Graph(graphs(build)),
        Show::Details => Panel::Details(Box::new(details(build))),
    })
}

/// The graph of the jobs, and those of the steps of each job, as far as there is something to see.
fn graphs(build: &BuildDetail) -> Vec<GraphView> {
    let jobs = build.jobs.iter().map(|job| Node {
        name: job.name.clone(),
        href: paths::step(&build.repository.name, build.summary.number, job.position, last_of(job), None),
        status: job_sign(job),
        is_service: false,
        needs: job.needs.clone(),
    });
    let jobs = GraphView::new("Jobs", jobs.collect());
    jobs.into_iter().chain(build.jobs.iter().filter_map(|job| steps(build, job))).collect()
}

/// The step whose log tells most of a job: the first that failed, else the last that started.
fn last_of(job: &JobDetail) -> usize {
    super::choose::choose(std::slice::from_ref(job)).map_or(0, |(_, step)| step)
}

fn job_sign(job: &JobDetail) -> Sign {
    let finish = match &job.state {
        JobState::Finished { finish, .. } => Some(finish),
        _ => None,
    };
    Sign::new(job.state.status(), finish)
}

fn steps(build: &BuildDetail, job: &JobDetail) -> Option<GraphView> {
    let nodes = job.steps.iter().map(|step| Node {
        name: step.name.clone(),
        href: paths::step(&build.repository.name, build.summary.number, job.position, step.position, None),
        status: Sign::of_step(step.state.status(), times(&step.state).2, step.ignored),
        is_service: step.kind == StepKind::Service,
        needs: step.needs.clone(),
    });
    let title = if build.jobs.len() == 1 { "Steps".to_owned() } else { format!("Steps of {}", job.name) };
    GraphView::new(&title, nodes.collect())
}

fn details(build: &BuildDetail) -> DetailsView {
    let (summary, trigger) = (&build.summary, &build.summary.trigger);
    let mut facts = vec![("Event", trigger.event().as_str().to_owned()), ("Ref", trigger.reference.clone())];
    facts.push(("Commit", trigger.sha.clone()));
    if let Cause::Push { before: Some(before), .. } = &trigger.cause {
        facts.push(("Before", before.clone()));
    }
    facts.push(("Author", person(&trigger.author.name, &trigger.author.email)));
    if !trigger.sender.is_empty() && trigger.sender != trigger.author.name {
        facts.push(("Started by", trigger.sender.clone()));
    }
    facts.extend(summary.parent.map(|parent| ("Repeats", format!("#{parent}"))));
    facts.push(("Made", rfc3339(summary.created)));
    facts.extend(summary.started.map(|at| ("Started", rfc3339(at))));
    facts.extend(summary.finished.map(|at| ("Finished", rfc3339(at))));
    let given = trigger.given().into_iter().flatten();
    DetailsView {
        facts,
        parameters: given.map(|(name, value)| (name.clone(), value.clone())).collect(),
        changed: trigger.changed_files.clone(),
        pushed: build.jobs.iter().flat_map(|job| pushed(build, job)).collect(),
        provenance: paths::provenance(&build.repository.name, summary.number),
        images: images(build),
        left_out: build
            .left_out
            .iter()
            .map(|left| LeftOutView { what: left.what.clone(), why: left.why.clone() })
            .collect(),
    }
}

fn person(name: &str, email: &str) -> String {
    if email.is_empty() { name.to_owned() } else { format!("{name} <{email}>") }
}

fn pushed<'a>(build: &'a BuildDetail, job: &'a JobDetail) -> impl Iterator<Item = PushedView> + 'a {
    job.pushed.iter().filter_map(|pushed| {
        let step = job.steps.get(pushed.step)?;
        Some(PushedView {
            reference: pushed.image.reference.clone(),
            digest: pushed.image.digest.clone(),
            place: format!("{} / {}", job.name, step.name),
            href: paths::step(&build.repository.name, build.summary.number, job.position, step.position, None),
        })
    })
}

/// Each image once, with the steps that ran in it.
fn images(build: &BuildDetail) -> Vec<UsedView> {
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (job, step) in build.jobs.iter().flat_map(|job| job.steps.iter().map(move |step| (job, step))) {
        let Some(image) = &step.image else { continue };
        let digest = image.digest.as_ref().unwrap_or(&image.id).clone();
        let name = if build.jobs.len() == 1 { step.name.clone() } else { format!("{} / {}", job.name, step.name) };
        found.entry((image.reference.clone(), digest)).or_default().push(name);
    }
    found.into_iter().map(|((reference, digest), steps)| UsedView { reference, digest, steps }).collect()
}
