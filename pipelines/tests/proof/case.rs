//! A case: pipeline files, what they are compiled for, and what must come out, all in one text.
//!
//! Lines that begin with `#: ` are for the test, see [`Case::line`]; `#=== PATH` begins another file of the same pipeline, and
//! `#=== include REFERENCE` one that the pipeline includes. All of it is a comment to YAML, so a case with one file is just that file.

use std::collections::BTreeMap;

use slipway_pipelines::{
    compile::{Compilation, compile},
    context::{Build, Context, Previous, Repository, SecretRule, SourceFile, System, Trusted},
    include::Reference,
    trigger::{Cause, Event, Person, PullRequestAction, Trigger},
};

use crate::expectation::Expectation;

/// What one text says.
pub(crate) struct Case {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) context: Context,
    /// Keys of the README that it proves, where the name of its file does not say it.
    pub(crate) rows: Vec<String>,
    /// Paths of a commit, for discovery.
    pub(crate) paths: Vec<String>,
    pub(crate) expectations: Vec<Expectation>,
}

/// What the lines about the trigger gather.
struct Cues {
    event: String,
    branch: String,
    tag: String,
    cron: String,
    parameters: BTreeMap<String, String>,
}

impl Case {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut case = Self {
            files: Vec::new(),
            context: context(),
            rows: Vec::new(),
            paths: Vec::new(),
            expectations: Vec::new(),
        };
        let mut cues = Cues {
            event: "push".into(),
            branch: "main".into(),
            tag: "v1.2".into(),
            cron: "nightly".into(),
            parameters: BTreeMap::new(),
        };
        let mut path = ".slipway.yml".to_owned();
        let mut parts: Vec<(Option<String>, Vec<u8>)> = vec![(None, Vec::new())];
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = std::str::from_utf8(line).unwrap_or_default().trim_end();
            if let Some(name) = text.strip_prefix("#=== ") {
                parts.push((Some(name.to_owned()), Vec::new()));
                continue;
            }
            if let Some(said) = text.strip_prefix("#: ") {
                match said.strip_prefix("path ") {
                    Some(given) => path = given.to_owned(),
                    None => case.line(said, &mut cues),
                }
            }
            parts.last_mut().unwrap().1.extend_from_slice(line);
        }
        for (name, bytes) in parts {
            match name.as_deref().map(|name| name.strip_prefix("include ").ok_or(name)) {
                Some(Ok(included)) => drop(case.context.included.insert(reference(included), Ok(bytes))),
                Some(Err(name)) => case.files.push(SourceFile { path: name.to_owned(), bytes }),
                None => case.files.push(SourceFile { path: path.clone(), bytes }),
            }
        }
        // A text that begins with another file has none before it but comments.
        let is_comment =
            |file: &SourceFile| file.bytes.split(|b| *b == b'\n').all(|line| line.is_empty() || line[0] == b'#');
        if case.files.len() > 1 && is_comment(&case.files[0]) {
            case.files.remove(0);
        }
        case.context.trigger.cause = cause(&cues);
        case.context.trigger.reference = match case.context.trigger.event() {
            Event::Tag | Event::Release => format!("refs/tags/{}", cues.tag),
            event if event.is_pull_request() => "refs/pull/4/head".to_owned(),
            _ => format!("refs/heads/{}", cues.branch),
        };
        case
    }

    pub(crate) fn compile(&self) -> Compilation {
        compile(&self.files, &self.context)
    }

    /// One line for the test.
    fn line(&mut self, said: &str, cues: &mut Cues) {
        let (word, rest) = said.split_once(' ').unwrap_or((said, ""));
        let words = || rest.split_whitespace().map(str::to_owned);
        match word {
            "row" => self.rows.push(rest.to_owned()),
            "rows" => self.rows.extend(words()),
            "event" => cues.event = rest.to_owned(),
            "branch" => cues.branch = rest.to_owned(),
            "tag" => cues.tag = rest.to_owned(),
            "cron" => cues.cron = rest.to_owned(),
            "param" => {
                let (name, value) = rest.split_once('=').unwrap();
                cues.parameters.insert(name.to_owned(), value.to_owned());
            }
            "message" => self.context.trigger.message = rest.to_owned(),
            "changed" => self.context.trigger.changed_files = Some(words().collect()),
            "paths" => self.paths.extend(words()),
            "local" => self.context.local = true,
            "trusted" => {
                let trusted = &mut self.context.repository.trusted;
                for level in words() {
                    match level.as_str() {
                        "network" => trusted.network = true,
                        "volumes" => trusted.volumes = true,
                        "security" => trusted.security = true,
                        other => panic!("no level of trust: {other}"),
                    }
                }
            }
            "secret" => self.context.secrets.get_or_insert_default().push(secret(rest)),
            "no-secrets" => self.context.secrets = Some(Vec::new()),
            "previous" => self.context.previous = Some(previous(if rest.is_empty() { "pull_request" } else { rest })),
            "unavailable" => {
                let (reference_text, why) = rest.split_once(": ").unwrap();
                self.context.included.insert(reference(reference_text), Err(why.to_owned()));
            }
            _ => self
                .expectations
                .push(Expectation::parse(word, rest).unwrap_or_else(|| panic!("not understood: {said}"))),
        }
    }
}

/// A push to `me/thing`.
fn context() -> Context {
    Context {
        repository: Repository {
            name: "me/thing".parse().unwrap(),
            remote_id: "7".into(),
            url: "http://forge.example/me/thing".into(),
            clone_url: "http://forge.example/me/thing.git".into(),
            clone_ssh_url: "ssh://git@forge.example/me/thing.git".into(),
            default_branch: "main".into(),
            private: false,
            forge: "gitea".into(),
            forge_url: "http://forge.example:3000".into(),
            trusted: Trusted::default(),
        },
        trigger: trigger("0123456789abcdef0123456789abcdef01234567", "Fix the roof"),
        build: Build {
            number: 3,
            parent: 2,
            created: 1_700_000_001_500,
            url: "http://ci/repos/me/thing/builds/3".into(),
            reruns: 1,
        },
        previous: None,
        system: System { name: "slipway".into(), url: "http://ci".into(), host: "ci".into(), version: "0.1.0".into() },
        secrets: None,
        included: Default::default(),
        local: false,
    }
}

fn trigger(sha: &str, message: &str) -> Trigger {
    Trigger {
        cause: Cause::Push { branch: "main".into(), before: Some("89".repeat(20)) },
        reference: "refs/heads/main".into(),
        sha: sha.into(),
        message: message.into(),
        author: Person { name: "Ann".into(), email: "ann@example.com".into() },
        sender: "ann".into(),
        timestamp: 1_700_000_000,
        url: Some("http://forge.example/me/thing/commit/0123".into()),
        changed_files: None,
    }
}

fn previous(event: &str) -> Previous {
    let cues = Cues {
        event: event.into(),
        branch: "main".into(),
        tag: String::new(),
        cron: String::new(),
        parameters: BTreeMap::new(),
    };
    let mut trigger = trigger(&"ab".repeat(20), "Mend the roof");
    trigger.cause = cause(&cues);
    trigger.reference = "refs/pull/4/head".into();
    Previous {
        number: 2,
        parent: 1,
        url: "http://ci/repos/me/thing/builds/2".into(),
        status: "failure".into(),
        created: 1_600_000_000_000,
        started: 1_600_000_001_000,
        finished: 1_600_000_002_000,
        trigger,
    }
}

fn cause(cues: &Cues) -> Cause {
    let branch = cues.branch.clone();
    let pull_request = |action| Cause::PullRequest {
        action,
        number: 4,
        title: "Mend the roof".into(),
        source_branch: "fix/roof".into(),
        target_branch: branch.clone(),
        labels: vec!["bug".into(), "roof".into()],
        milestone: "autumn".into(),
        draft: true,
        from_fork: false,
    };
    match cues.event.as_str() {
        "push" => Cause::Push { branch, before: Some("89".repeat(20)) },
        "tag" => Cause::Tag { tag: cues.tag.clone() },
        "pull_request" => pull_request(PullRequestAction::Updated),
        "pull_request_closed" => pull_request(PullRequestAction::Closed),
        "pull_request_metadata" => pull_request(PullRequestAction::Metadata),
        "release" => Cause::Release { tag: cues.tag.clone(), title: "Autumn".into(), prerelease: true },
        "deployment" => Cause::Deployment { branch, target: "production".into(), task: "deploy".into() },
        "cron" => Cause::Cron { name: cues.cron.clone(), branch },
        "manual" => Cause::Manual { branch, parameters: cues.parameters.clone() },
        other => panic!("no event: {other}"),
    }
}

/// `NAME events=push,tag images=a,b`; all events but those of pull requests without any.
fn secret(text: &str) -> SecretRule {
    let mut words = text.split_whitespace();
    let name = words.next().unwrap().to_owned();
    let usual = Event::ALL.into_iter().filter(|event| !event.is_pull_request()).collect();
    let mut rule = SecretRule { name, events: usual, images: Vec::new() };
    for word in words {
        match word.split_once('=').unwrap() {
            ("events", list) => rule.events = list.split(',').map(|event| Event::parse(event).unwrap()).collect(),
            ("images", list) => rule.images = list.split(',').map(str::to_owned).collect(),
            other => panic!("no rule of a secret: {other:?}"),
        }
    }
    rule
}

/// `path` or `owner/name[@revision]:path`.
fn reference(text: &str) -> Reference {
    let Some((repository, path)) = text.split_once(':') else {
        return Reference { repository: None, revision: None, path: text.to_owned() };
    };
    let (name, revision) = match repository.split_once('@') {
        Some((name, revision)) => (name, Some(revision.to_owned())),
        None => (repository, None),
    };
    Reference { repository: Some(name.parse().unwrap()), revision, path: path.to_owned() }
}
