//! What is going on, from the news. Pure.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use slipway_pipelines::{
    compile::CompiledJob,
    plan::{OnFailure, Step},
    state::{Finish, Millis, Status, StepEvent},
};
use slipway_runner::desk::News;

use super::lines::Lines;

/// A step by the positions of its job and of itself.
pub(super) type Place = (usize, usize);

/// Something to show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Show {
    /// A job runs again.
    Again {
        job: usize,
        attempt: u32,
    },
    Started(Place),
    /// Whole lines of a log, without their ends.
    Lines(Place, Vec<Vec<u8>>),
    Ended {
        place: Place,
        finish: Finish,
        took: Option<Duration>,
    },
    /// A job of which no step ran.
    LeftOut {
        job: usize,
        finish: Finish,
    },
}

/// What is known of each step.
#[derive(Default, Debug)]
struct Seen {
    lines: Lines,
    started: Option<Millis>,
    ended: bool,
}

/// Names and progress of all jobs.
#[derive(Debug)]
pub(super) struct Board {
    jobs: Vec<(String, Vec<Arc<Step>>)>,
    seen: BTreeMap<Place, Seen>,
    first_failed: Option<Place>,
}

impl Board {
    pub(super) fn new(jobs: &[CompiledJob]) -> Self {
        let jobs = jobs.iter().map(|job| (job.name.clone(), job.plan.steps.clone())).collect();
        Self { jobs, seen: BTreeMap::new(), first_failed: None }
    }

    /// `step`, or `job/step` where there are several jobs.
    pub(super) fn name(&self, (job, step): Place) -> String {
        let Some((name, steps)) = self.jobs.get(job) else { return String::new() };
        let step = steps.get(step).map_or("", |step| &step.name);
        if self.jobs.len() > 1 { format!("{name}/{step}") } else { step.to_owned() }
    }

    pub(super) fn job_name(&self, job: usize) -> &str {
        self.jobs.get(job).map_or("", |(name, _)| name)
    }

    fn step(&self, (job, step): Place) -> Option<&Step> {
        self.jobs.get(job)?.1.get(step).map(Arc::as_ref)
    }

    /// Whether somebody waits for the step: not for a service.
    pub(super) fn is_awaited(&self, place: Place) -> bool {
        self.step(place).is_some_and(Step::is_awaited)
    }

    /// Whether its failure does not count.
    pub(super) fn is_ignored(&self, place: Place) -> bool {
        self.step(place).is_some_and(|step| step.on_failure == OnFailure::Ignore)
    }

    /// How many steps that somebody waits for run now.
    pub(super) fn running(&self) -> usize {
        let runs = |(place, seen): &(&Place, &Seen)| seen.started.is_some() && !seen.ended && self.is_awaited(**place);
        self.seen.iter().filter(runs).count()
    }

    /// The first step whose failure counts, and its name.
    pub(super) fn first_failed(&self) -> Option<(Place, String)> {
        self.first_failed.map(|place| (place, self.name(place)))
    }

    /// Takes news; says what is to be shown, in order.
    pub(super) fn take(&mut self, news: &News) -> Vec<Show> {
        match news {
            News::Began { attempt: 1, .. } => Vec::new(),
            News::Began { job, attempt } => {
                self.seen.retain(|(of, _), _| of != job);
                vec![Show::Again { job: *job, attempt: *attempt }]
            }
            News::Log { job, step, bytes } => {
                let lines = self.seen.entry((*job, *step)).or_default().lines.push(bytes);
                if lines.is_empty() { Vec::new() } else { vec![Show::Lines((*job, *step), lines)] }
            }
            News::Step { job, step, event: StepEvent::Started { at } } => {
                self.seen.entry((*job, *step)).or_default().started = Some(*at);
                vec![Show::Started((*job, *step))]
            }
            News::Step { job, step, event: StepEvent::Finished { finish, at } } => {
                let place = (*job, *step);
                if finish.status().is_bad() && finish.status() != Status::Cancelled && !self.is_ignored(place) {
                    self.first_failed.get_or_insert(place);
                }
                let seen = self.seen.entry(place).or_default();
                seen.ended = true;
                let took = seen.started.map(|since| Duration::from_millis(u64::try_from(at - since).unwrap_or(0)));
                let rest = seen.lines.rest().map(|rest| Show::Lines(place, vec![rest]));
                let ended = Show::Ended { place, finish: finish.clone(), took };
                rest.into_iter().chain([ended]).collect()
            }
            News::Warning { .. } | News::Report { .. } => Vec::new(),
            News::Ended { job, finish, .. } => {
                let is_of = |(of, _): &Place| of == job;
                let has_run = self.seen.keys().any(is_of);
                if has_run { Vec::new() } else { vec![Show::LeftOut { job: *job, finish: finish.clone() }] }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use slipway_pipelines::{
        plan::{Action, Container, Image, Plan, Program, Pull, RunsOn, Workspace},
        state::Reason,
    };

    use super::*;

    pub(in crate::run) fn job(name: &str, steps: &[&str]) -> CompiledJob {
        let workspace = Workspace { base: "/w".into(), path: "/w/x".into() };
        let step = |name: &&str| {
            let image = Image::Registry { reference: "x".into(), pull: Pull::Missing };
            Step::new(*name, Action::Run(Container::new(image, Program::Image, "/w")))
        };
        CompiledJob {
            name: name.into(),
            workflow: name.into(),
            needs: Vec::new(),
            runs_on: RunsOn::default(),
            labels: BTreeMap::new(),
            retry: None,
            concurrency: None,
            plan: Plan::new(name, workspace, steps.iter().map(step)),
        }
    }

    pub(in crate::run) fn log(step: usize, text: &str) -> News {
        News::Log { job: 0, step, bytes: text.as_bytes().to_vec().into() }
    }

    pub(in crate::run) fn started(step: usize, at: Millis) -> News {
        News::Step { job: 0, step, event: StepEvent::Started { at } }
    }

    pub(in crate::run) fn ended(step: usize, finish: Finish, at: Millis) -> News {
        News::Step { job: 0, step, event: StepEvent::Finished { finish, at } }
    }

    #[test]
    fn lines_come_whole_and_the_last_one_before_the_end() {
        let mut board = Board::new(&[job("a", &["make", "test"])]);
        assert_eq!(board.take(&started(0, 1000)), [Show::Started((0, 0))]);
        assert_eq!(board.running(), 1);
        assert_eq!(board.take(&log(0, "on")), []);
        assert_eq!(board.take(&log(0, "e\ntw")), [Show::Lines((0, 0), vec![b"one".to_vec()])]);
        let finish = Finish::exit(3);
        let took = Some(Duration::from_millis(500));
        assert_eq!(
            board.take(&ended(0, finish.clone(), 1500)),
            [Show::Lines((0, 0), vec![b"tw".to_vec()]), Show::Ended { place: (0, 0), finish, took }]
        );
        assert_eq!(board.running(), 0);
        assert_eq!(board.first_failed(), Some(((0, 0), "make".into())));
        assert_eq!(board.take(&News::Ended { job: 0, finish: Finish::exit(0), at: 0 }), []);
    }

    #[test]
    fn names_tell_the_job_where_there_are_several_and_an_attempt_begins_anew() {
        let mut board = Board::new(&[job("a", &["x"]), job("b", &["x"])]);
        assert_eq!(board.name((1, 0)), "b/x");
        board.take(&started(0, 1));
        assert_eq!(board.take(&News::Began { job: 0, attempt: 2 }), [Show::Again { job: 0, attempt: 2 }]);
        assert_eq!(board.running(), 0);
        let finish = Finish::because(Reason::Needs);
        let left = News::Ended { job: 1, finish: finish.clone(), at: 0 };
        assert_eq!(board.take(&left), [Show::LeftOut { job: 1, finish }]);
    }
}
