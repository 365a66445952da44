//! The triggers that files are checked for.

use slipway_pipelines::{
    parameter::{Parameter, ParameterKind},
    trigger::{Cause, Person, PullRequestAction, Trigger},
};

use crate::project::Project;

/// The usual ones, of a made-up commit: what is wrong with a file must not depend on what is checked out.
pub(super) fn triggers(project: &Project) -> Vec<Trigger> {
    let default = project.head.as_ref().and_then(|head| head.default_branch.clone().or(head.branch.clone()));
    let branch = default.unwrap_or_else(|| "main".to_owned());
    let tag = || "v1.0.0".to_owned();
    let causes = [
        Cause::Push { branch: branch.clone(), before: None },
        Cause::Tag { tag: tag() },
        Cause::Release { tag: tag(), title: tag(), prerelease: false },
        Cause::PullRequest {
            action: PullRequestAction::Updated,
            number: 1,
            title: String::new(),
            source_branch: "feature".to_owned(),
            target_branch: branch.clone(),
            labels: Vec::new(),
            milestone: String::new(),
            draft: false,
            from_fork: false,
        },
        Cause::Deployment { branch: branch.clone(), target: "production".to_owned(), task: String::new() },
        Cause::Cron { name: "nightly".to_owned(), branch },
    ];
    causes.into_iter().map(trigger).collect()
}

/// A manual build, with something for each parameter that has no default.
pub(super) fn manual(parameters: &[Parameter]) -> Trigger {
    let fitting = |parameter: &Parameter| match &parameter.kind {
        ParameterKind::String => "x".to_owned(),
        ParameterKind::Bool => "true".to_owned(),
        ParameterKind::Number => "1".to_owned(),
        ParameterKind::Choice { options } => options.first().cloned().unwrap_or_default(),
    };
    let asked = parameters.iter().filter(|parameter| parameter.default.is_none());
    let parameters = asked.map(|parameter| (parameter.name.clone(), fitting(parameter))).collect();
    trigger(Cause::Manual { branch: "main".to_owned(), parameters })
}

fn trigger(cause: Cause) -> Trigger {
    Trigger {
        cause,
        reference: "refs/heads/main".to_owned(),
        sha: "0".repeat(40),
        message: String::new(),
        author: Person::default(),
        sender: String::new(),
        timestamp: 0,
        url: None,
        changed_files: None,
    }
}
