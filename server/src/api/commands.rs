//! The commands of a step: where each begins in its log, how long it took, how it ended.

use std::{io::ErrorKind, sync::Arc};

use axum::{Json, extract::State};
use serde::Serialize;
use slipway_pipelines::state::{Millis, StepState};
use slipway_web::time::rfc3339;

use super::{UrlQuery, find_build, find_step, log::LogQuery, log::StepPath, times};
use crate::{app::App, auth::Admin, error::ApiError, logs::unreadable, store::model::CommandBegan};

/// A command that began.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct CommandJson {
    /// Position in the step's commands.
    number: usize,
    command: String,
    /// Where its output begins, in bytes of the log.
    offset: u64,
    /// Number of its first line; `null` when that has not come yet, and when the log was removed.
    line: Option<u64>,
    started_at: String,
    finished_at: Option<String>,
    /// `null` while it runs, and when nobody knows: it was killed, or the step was tried again after it.
    exit_code: Option<i32>,
}

/// `GET …/steps/S/commands`: those that began, in the order of the log.
pub(crate) async fn list_commands(
    _: Admin,
    State(app): State<App>,
    super::UrlPath((owner, name, number, job, step)): StepPath,
    UrlQuery(query): UrlQuery<LogQuery>,
) -> Result<Json<Vec<CommandJson>>, ApiError> {
    let build = find_build(&app, &owner, &name, &number).await?;
    let log = find_step(&app, &build, &job, &step, query.attempt).await?;
    let state = log.job.steps.get(log.step).map(|step| step.state.clone());
    let began = app.store.commands(log.address).await?;
    let ends = ends(&began, &state.unwrap_or(StepState::Pending));
    let index = match app.logs.lines(log.address).await {
        // The log was removed after its time: what ran, and for how long, is still known.
        Err(error) if error.kind() == ErrorKind::NotFound => Arc::default(),
        read => read.map_err(|error| unreadable(&error))?,
    };
    let mut json = Vec::with_capacity(began.len());
    for (began, end) in began.into_iter().zip(ends) {
        let line = if began.offset < index.length() {
            Some(app.logs.line_at(log.address, &index, began.offset).await.map_err(|error| unreadable(&error))?)
        } else {
            None
        };
        json.push(CommandJson {
            number: began.number,
            command: began.text,
            offset: began.offset,
            line,
            started_at: rfc3339(began.at),
            finished_at: end.at.map(rfc3339),
            exit_code: end.code,
        });
    }
    Ok(Json(json))
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct CommandEnd {
    pub(crate) at: Option<Millis>,
    pub(crate) code: Option<i32>,
}

/// The shell stops at the first command that fails: who has one after it ended well, and the last has the step's code.
pub(crate) fn ends(began: &[CommandBegan], step: &StepState) -> Vec<CommandEnd> {
    let (_, finished, finish) = times(step);
    let last = CommandEnd { at: finished, code: finish.and_then(|finish| finish.exit_code) };
    let next = began.iter().skip(1).map(Some).chain([None]);
    let end = |(this, next): (&CommandBegan, Option<&CommandBegan>)| match next {
        Some(next) => CommandEnd { at: Some(next.at), code: (next.number > this.number).then_some(0) },
        None => last,
    };
    began.iter().zip(next).map(end).collect()
}

#[cfg(test)]
mod tests {
    use slipway_pipelines::state::Finish;

    use super::*;

    #[test]
    fn a_command_ends_where_the_next_begins() {
        let began = |number, at| CommandBegan { number, text: String::new(), offset: 0, at };
        let all = [began(0, 10), began(1, 20), began(0, 50), began(1, 60)];
        let codes = |state| ends(&all, &state).into_iter().map(|end| (end.at, end.code)).collect::<Vec<_>>();
        let before = [(Some(20), Some(0)), (Some(50), None), (Some(60), Some(0))];
        assert_eq!(codes(StepState::Running { since: 5 }), [&before[..], &[(None, None)]].concat());
        let done = StepState::Finished { finish: Finish::exit(3), started: Some(5), at: 90 };
        assert_eq!(codes(done), [&before[..], &[(Some(90), Some(3))]].concat());
        assert_eq!(ends(&[], &StepState::Pending), []);
    }
}
