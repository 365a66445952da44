//! Builds by hand: the page that asks for parameters, and the form that starts one.

use std::collections::BTreeMap;

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use slipway_pipelines::parameter::{Parameter, ParameterKind};
use slipway_web::views::{Field, RunPage, paths};

use super::{
    PageError, Visitor,
    fields::{Fields, escape, one, text},
    render,
};
use crate::{
    api::{UrlPath, UrlQuery, find_repository},
    app::App,
    error::ApiError,
    intake::{self, IntakeError, Target},
    store::model::Repository,
};

/// Query of the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Of {
    branch: Option<String>,
}

/// `GET /repos/O/R/run`.
pub(crate) async fn run(
    _: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    UrlQuery(Of { branch }): UrlQuery<Of>,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let branch = branch.as_deref().map(str::trim).filter(|branch| !branch.is_empty());
    let mut page = RunPage::new(&repository.name, branch.unwrap_or(&repository.default_branch));
    match known(&app, &repository, &page.branch).await {
        Ok(parameters) => {
            page.fields = parameters.iter().map(|parameter| Field::new(parameter, None)).collect();
            render(StatusCode::OK, &page)
        }
        Err(error) => {
            page.ready = matches!(error, IntakeError::Pipeline { .. });
            refuse(page, error)
        }
    }
}

/// `POST /repos/O/R/builds`: starts a build. From the short form, which shows no parameters, it leads to the page that does
/// when the pipeline has some.
pub(crate) async fn start(
    who: Visitor,
    State(app): State<App>,
    UrlPath((owner, name)): UrlPath<(String, String)>,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let repository = find_repository(&app, &owner, &name).await?;
    let branch = one(&fields, "branch").trim();
    if branch.is_empty() {
        return Err(ApiError::bad_request("no branch is given").into());
    }
    // A pipeline with errors makes a build that shows them.
    let parameters = match known(&app, &repository, branch).await {
        Err(IntakeError::Pipeline { .. }) => Vec::new(),
        known => known?,
    };
    if one(&fields, "shown").is_empty() && !parameters.is_empty() {
        let page = format!("{}?branch={}", paths::run(&repository.name), escape(branch));
        return Ok(Redirect::to(&page).into_response());
    }
    let mut page = RunPage::new(&repository.name, branch);
    page.free = text(one(&fields, "variables"));
    let given = match given(&parameters, &fields) {
        Ok(given) => given,
        Err(problem) => {
            page.problems = vec![problem];
            return render(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let target = Target::Branch(branch.to_owned());
    match intake::manual(&app, &repository, target, given.clone(), &who.name).await {
        Ok(build) => Ok(Redirect::to(&paths::build(&repository.name, build.number)).into_response()),
        Err(error @ IntakeError::Parameters { .. }) => {
            let field = |parameter: &Parameter| {
                Field::new(parameter, Some(given.get(&parameter.name).map_or("", String::as_str)))
            };
            page.fields = parameters.iter().map(field).collect();
            refuse(page, error)
        }
        Err(error) => Err(error.into()),
    }
}

async fn known(app: &App, repository: &Repository, branch: &str) -> Result<Vec<Parameter>, IntakeError> {
    intake::parameters(app, repository, Target::Branch(branch.to_owned())).await
}

/// The page with what is wrong; an error of ours is a page of its own.
fn refuse(mut page: RunPage, error: IntakeError) -> Result<Response, PageError> {
    page.problems = match &error {
        IntakeError::Parameters { problems, .. } => problems.clone(),
        IntakeError::Pipeline { .. } => vec![format!("{error}: it is not known what it can be given.")],
        _ => vec![error.to_string()],
    };
    let error = ApiError::from(error);
    if error.status() == StatusCode::INTERNAL_SERVER_ERROR {
        return Err(error.into());
    }
    render(error.status(), &page)
}

/// What the form says: a field for each parameter, or lines `NAME=value` for a pipeline that defines none.
fn given(parameters: &[Parameter], fields: &[(String, String)]) -> Result<BTreeMap<String, String>, String> {
    if parameters.is_empty() {
        return free(&text(one(fields, "variables")));
    }
    let mut given = BTreeMap::new();
    for parameter in parameters {
        let field = format!("p.{}", parameter.name);
        let sent = one(fields, &field);
        let value = match &parameter.kind {
            // A box that is not ticked is not sent.
            ParameterKind::Bool => Some(if sent == "true" { "true" } else { "false" }),
            ParameterKind::String if parameter.default.is_some() => Some(sent),
            ParameterKind::String | ParameterKind::Number | ParameterKind::Choice { .. } => {
                Some(sent).filter(|sent| !sent.is_empty())
            }
        };
        if let Some(value) = value {
            given.insert(parameter.name.clone(), value.to_owned());
        }
    }
    Ok(given)
}

fn free(lines: &str) -> Result<BTreeMap<String, String>, String> {
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| match line.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
            _ => Err(format!("`{line}` is not of the form NAME=value")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, kind: ParameterKind, default: Option<&str>) -> Parameter {
        Parameter { name: name.to_owned(), kind, default: default.map(str::to_owned), description: String::new() }
    }

    fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_parameter_is_read_as_its_kind() {
        let choice = ParameterKind::Choice { options: vec!["a".to_owned()] };
        let parameters = [
            parameter("LOUD", ParameterKind::Bool, Some("true")),
            parameter("NOTE", ParameterKind::String, Some("x")),
            parameter("NAME", ParameterKind::String, None),
            parameter("COUNT", ParameterKind::Number, Some("1")),
            parameter("PLACE", choice, Some("a")),
        ];
        let sent = fields(&[("p.NOTE", ""), ("p.NAME", ""), ("p.COUNT", "7"), ("p.PLACE", ""), ("p.OTHER", "no")]);
        let given = given(&parameters, &sent).unwrap();
        let pairs: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("COUNT", "7"), ("LOUD", "false"), ("NOTE", "")]);
    }

    #[test]
    fn without_definitions_lines_are_variables() {
        let read = |text: &str| given(&[], &fields(&[("variables", text)]));
        let pairs = read("A=1\r\n\r\n B =x=y\r\n").unwrap();
        assert_eq!(pairs.into_iter().collect::<Vec<_>>(), [("A".into(), "1".into()), ("B".into(), "x=y".into())]);
        assert_eq!(read("A=1\nwhat").unwrap_err(), "`what` is not of the form NAME=value");
        assert!(read("").unwrap().is_empty());
    }
}
