//! `--report DIR`: each step's log as a file, and what the API would say of the build.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use slipway_pipelines::{
    compile::CompiledJob,
    state::{Finish, Millis, StepEvent, StepState},
    trigger::Trigger,
};
use slipway_runner::desk::News;
use time::OffsetDateTime;

use super::board::Place;

/// The files of a run.
pub(super) struct Report {
    folder: PathBuf,
    jobs: Vec<Job>,
    logs: BTreeMap<Place, File>,
    /// The first thing that could not be written.
    fault: Option<io::Error>,
}

struct Job {
    name: String,
    attempt: u32,
    finish: Option<Finish>,
    steps: Vec<Step>,
}

struct Step {
    name: String,
    kind: &'static str,
    path: String,
    state: StepState,
}

impl Report {
    /// Makes the folder. What an earlier report left in it is written over.
    pub(super) fn new(folder: &Path, jobs: &[CompiledJob]) -> io::Result<Self> {
        let mut all = Vec::new();
        for (place, job) in jobs.iter().enumerate() {
            let below = format!("{place}-{}", file_name(&job.name));
            fs::create_dir_all(folder.join(&below))?;
            let steps = job.plan.steps.iter().enumerate().map(|(position, step)| Step {
                name: step.name.clone(),
                kind: step.kind().as_str(),
                path: format!("{below}/{position}-{}.log", file_name(&step.name)),
                state: StepState::Pending,
            });
            all.push(Job { name: job.name.clone(), attempt: 1, finish: None, steps: steps.collect() });
        }
        Ok(Self { folder: folder.to_path_buf(), jobs: all, logs: BTreeMap::new(), fault: None })
    }

    pub(super) fn take(&mut self, news: &News) {
        match news {
            News::Began { job: of, attempt } => {
                self.logs.retain(|(job, _), _| job != of);
                if let Some(job) = self.jobs.get_mut(*of) {
                    job.attempt = *attempt;
                    for step in &mut job.steps {
                        step.state = StepState::Pending;
                    }
                }
            }
            News::Log { job, step, bytes } => {
                let written = self.log((*job, *step)).and_then(|log| log.map_or(Ok(()), |log| log.write_all(bytes)));
                if let Err(error) = written {
                    self.fault.get_or_insert(error);
                }
            }
            News::Step { job, step, event } => {
                if let StepEvent::Finished { .. } = event {
                    self.logs.remove(&(*job, *step));
                }
                let step = self.jobs.get_mut(*job).and_then(|job| job.steps.get_mut(*step));
                if let Some(step) = step
                    && let Ok(state) = step.state.apply(event.clone())
                {
                    step.state = state;
                }
            }
            News::Warning { .. } | News::Report { .. } => {}
            News::Ended { job, finish, .. } => {
                if let Some(job) = self.jobs.get_mut(*job) {
                    job.finish = Some(finish.clone());
                }
            }
        }
    }

    fn log(&mut self, place: Place) -> io::Result<Option<&mut File>> {
        let Some(step) = self.jobs.get(place.0).and_then(|job| job.steps.get(place.1)) else { return Ok(None) };
        if !self.logs.contains_key(&place) {
            self.logs.insert(place, File::create(self.folder.join(&step.path))?);
        }
        Ok(self.logs.get_mut(&place))
    }

    /// Writes `build.json`.
    pub(super) fn end(self, trigger: &Trigger, finish: &Finish) -> io::Result<()> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let jobs: Vec<Value> = self.jobs.iter().map(|job| job.json(&self.folder)).collect();
        let build = json!({
            "status": finish.status(),
            "reason": finish.reason,
            "event": trigger.event(),
            "branch": Some(trigger.branch()).filter(|branch| !branch.is_empty()),
            "sha": trigger.sha,
            "message": trigger.message,
            "jobs": jobs,
        });
        fs::write(self.folder.join("build.json"), format!("{build:#}\n"))
    }
}

impl Job {
    fn json(&self, folder: &Path) -> Value {
        json!({
            "name": self.name,
            "status": self.finish.as_ref().map(Finish::status),
            "reason": self.finish.as_ref().map(|finish| finish.reason),
            "note": self.finish.as_ref().map(|finish| &finish.note),
            "attempt": self.attempt,
            "steps": self.steps.iter().map(|step| step.json(folder)).collect::<Vec<_>>(),
        })
    }
}

impl Step {
    fn json(&self, folder: &Path) -> Value {
        let (finish, started, at) = match &self.state {
            StepState::Pending => (None, None, None),
            StepState::Running { since } => (None, Some(*since), None),
            StepState::Finished { finish, started, at } => (Some(finish), *started, Some(*at)),
        };
        json!({
            "name": self.name,
            "kind": self.kind,
            "status": self.state.status(),
            "reason": finish.map(|finish| finish.reason),
            "exit_code": finish.and_then(|finish| finish.exit_code),
            "note": finish.map(|finish| &finish.note),
            "started_at": started.map(rfc3339),
            "finished_at": at.map(rfc3339),
            "log": folder.join(&self.path).exists().then_some(&self.path),
        })
    }
}

/// Any name as a part of a path.
fn file_name(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '=');
    name.chars().take(80).map(|c| if is_plain(c) { c } else { '_' }).collect()
}

fn rfc3339(millis: Millis) -> String {
    let time =
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, month) = (time.date(), u8::from(time.month()));
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!(
        "{:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        date.year(),
        date.day(),
        time.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::{
        state::Reason,
        trigger::{Cause, Person},
    };

    use super::*;
    use crate::run::board::tests::{ended, job, log, started};

    #[test]
    fn logs_are_files_and_the_build_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut report = Report::new(folder.path(), &[job("a", &["make it/now", "never"])]).unwrap();
        let skipped = Finish::because(Reason::Needs);
        for news in [
            started(0, 0),
            log(0, "one\n"),
            log(0, "two"),
            ended(0, Finish::exit(3), 61_001),
            ended(1, skipped, 61_002),
        ] {
            report.take(&news);
        }
        let trigger = Trigger {
            cause: Cause::Tag { tag: "v1".into() },
            reference: String::new(),
            sha: "ab".into(),
            message: "m".into(),
            author: Person::default(),
            sender: String::new(),
            timestamp: 0,
            url: None,
            changed_files: None,
        };
        report.end(&trigger, &Finish::exit(3)).unwrap();
        assert_eq!(fs::read(folder.path().join("0-a/0-make_it_now.log")).unwrap(), b"one\ntwo");
        let build: Value = serde_json::from_slice(&fs::read(folder.path().join("build.json")).unwrap()).unwrap();
        assert_eq!((&build["status"], &build["branch"]), (&"failure".into(), &Value::Null));
        let steps = &build["jobs"][0]["steps"];
        assert_eq!((&steps[0]["exit_code"], &steps[0]["log"]), (&3.into(), &"0-a/0-make_it_now.log".into()));
        assert_eq!(steps[0]["finished_at"], "1970-01-01T00:01:01.001Z");
        assert_eq!((&steps[1]["status"], &steps[1]["log"]), (&"skipped".into(), &Value::Null));
    }
}
