//! Why the build would start, from flags and git.

use slipway_pipelines::trigger::{Cause, Event, Person, PullRequestAction, Trigger};
use slipway_runner::desk::Since;

use super::Project;
use crate::cli;

/// The trigger. Its changed paths are what a push or a pull request of this directory would change.
pub(crate) fn trigger(project: &Project, args: &cli::Cause) -> Result<Trigger, String> {
    let event = event(args)?;
    let head = project.head.clone().unwrap_or_default();
    let branch = args.branch.clone();
    let default = || head.default_branch.clone().or(head.branch.clone()).unwrap_or_else(|| "main".to_owned());
    let here = || branch.clone().or(head.branch.clone()).unwrap_or_else(default);
    let changes = |since| match (&args.changed, project.folder.changes(since)) {
        (Some(given), changes) => Ok((Some(given.clone()), changes.ok().and_then(|(_, base)| base))),
        (None, Ok(changes)) => Ok(changes),
        (None, Err(error)) => Err(format!("cannot tell what changed: {error}")),
    };
    let mut changed_files = args.changed.clone();
    let cause = match event {
        Event::Push => {
            let (paths, before) = changes(Since::LastPush)?;
            changed_files = paths;
            Cause::Push { branch: here(), before }
        }
        Event::PullRequest | Event::PullRequestClosed | Event::PullRequestMetadata => {
            let target_branch = branch.clone().unwrap_or_else(default);
            // A directory without git has no branches to compare.
            if project.head.is_some() {
                changed_files = changes(Since::Branch(&target_branch))?.0;
            }
            Cause::PullRequest {
                action: match event {
                    Event::PullRequestClosed => PullRequestAction::Closed,
                    Event::PullRequestMetadata => PullRequestAction::Metadata,
                    _ => PullRequestAction::Updated,
                },
                number: 0,
                title: head.message.lines().next().unwrap_or_default().to_owned(),
                source_branch: head.branch.clone().unwrap_or_default(),
                target_branch,
                labels: Vec::new(),
                milestone: String::new(),
                draft: false,
                from_fork: false,
            }
        }
        Event::Tag => Cause::Tag { tag: tag(args, || tags(project))? },
        Event::Release => {
            let tag = tag(args, || tags(project))?;
            Cause::Release { title: tag.clone(), tag, prerelease: false }
        }
        Event::Deployment => {
            let target = args.deploy_to.clone().ok_or("a deployment has a target: add `--deploy-to TARGET`")?;
            Cause::Deployment { branch: here(), target, task: String::new() }
        }
        Event::Cron => {
            let name = args.cron.clone().ok_or("a schedule has a name: add `--cron NAME`")?;
            Cause::Cron { name, branch: here() }
        }
        Event::Manual => Cause::Manual { branch: here(), parameters: args.param.iter().cloned().collect() },
    };
    Ok(Trigger {
        reference: reference(&cause),
        cause,
        sha: if head.sha.is_empty() { "0".repeat(40) } else { head.sha },
        message: head.message,
        author: head.author.clone(),
        sender: sender(&head.author),
        timestamp: head.timestamp,
        url: None,
        changed_files,
    })
}

fn event(args: &cli::Cause) -> Result<Event, String> {
    match (args.event, args.param.is_empty()) {
        (Some(Event::Manual), _) | (None, false) => Ok(Event::Manual),
        (Some(event), false) => {
            Err(format!("parameters are for manual builds: leave `--event {}` or `--param` out", event.as_str()))
        }
        (Some(event), true) => Ok(event),
        (None, true) if args.tag.is_some() => Ok(Event::Tag),
        (None, true) if args.deploy_to.is_some() => Ok(Event::Deployment),
        (None, true) if args.cron.is_some() => Ok(Event::Cron),
        (None, true) => Ok(Event::Push),
    }
}

fn tag(args: &cli::Cause, here: impl FnOnce() -> Result<Vec<String>, String>) -> Result<String, String> {
    if let Some(tag) = &args.tag {
        return Ok(tag.clone());
    }
    match here()?.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err("the commit has no tag: add `--tag TAG`".to_owned()),
        several => Err(format!("the commit has the tags {}: add `--tag TAG`", several.join(", "))),
    }
}

fn tags(project: &Project) -> Result<Vec<String>, String> {
    project.folder.tags().map_err(|error| format!("cannot read the tags: {error}"))
}

fn reference(cause: &Cause) -> String {
    match cause {
        Cause::Push { branch, .. }
        | Cause::Deployment { branch, .. }
        | Cause::Cron { branch, .. }
        | Cause::Manual { branch, .. } => format!("refs/heads/{branch}"),
        Cause::Tag { tag } | Cause::Release { tag, .. } => format!("refs/tags/{tag}"),
        Cause::PullRequest { number, .. } => format!("refs/pull/{number}/head"),
    }
}

fn sender(author: &Person) -> String {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    user.unwrap_or_else(|| author.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> cli::Cause {
        cli::Cause::default()
    }

    #[test]
    fn flags_imply_their_event() {
        let pair = || vec![("a".to_owned(), "b".to_owned())];
        let tag = Some("v1".to_owned());
        assert_eq!(event(&args()), Ok(Event::Push));
        assert_eq!(event(&cli::Cause { param: pair(), ..args() }), Ok(Event::Manual));
        assert_eq!(event(&cli::Cause { tag: tag.clone(), ..args() }), Ok(Event::Tag));
        assert_eq!(event(&cli::Cause { tag, event: Some(Event::Release), ..args() }), Ok(Event::Release));
        let wrong = event(&cli::Cause { param: pair(), event: Some(Event::Push), ..args() });
        assert!(wrong.unwrap_err().contains("`--event push`"));
    }

    #[test]
    fn the_tag_is_the_commits_unless_there_is_a_choice() {
        let of = |tags: &[&str]| tag(&args(), || Ok(tags.iter().map(|tag| (*tag).to_owned()).collect()));
        assert_eq!(of(&["v1"]).unwrap(), "v1");
        assert!(of(&[]).unwrap_err().contains("--tag"));
        assert!(of(&["a", "b"]).unwrap_err().contains("a, b"));
    }
}
