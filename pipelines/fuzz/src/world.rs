//! Bytes -> files and trigger. The text is that of the cases in `tests/table`: `#=== PATH` begins another file, `#=== include
//! REFERENCE` one that is included, `#: WORD …` says something about the trigger. What is not understood is left alone.

use std::collections::BTreeMap;

use slipway_pipelines::{
    context::{Build, Context, Repository, SecretRule, SourceFile, System, Trusted},
    include::Reference,
    trigger::{Cause, Event, Person, PullRequestAction, Trigger},
};

/// What a compilation takes.
pub struct World {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) context: Context,
}

/// What the cause of a build is made of.
struct Cues {
    event: String,
    name: String,
    parameters: BTreeMap<String, String>,
}

impl World {
    /// One file, for an event.
    pub fn of(path: &str, bytes: &[u8], event: &str) -> Self {
        let file = SourceFile { path: path.to_owned(), bytes: bytes.to_vec() };
        let cues = Cues { event: event.to_owned(), name: "main".to_owned(), parameters: BTreeMap::new() };
        Self { files: vec![file], context: context(&cues) }
    }

    /// Everything as the bytes tell.
    pub fn read(bytes: &[u8]) -> Self {
        let mut cues = Cues { event: "push".to_owned(), name: "main".to_owned(), parameters: BTreeMap::new() };
        let mut given = context(&cues);
        let mut parts = vec![(".slipway.yml".to_owned(), Vec::new())];
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = String::from_utf8_lossy(line);
            let text = text.trim_end();
            if let Some(path) = text.strip_prefix("#=== ") {
                parts.push((path.to_owned(), Vec::new()));
                continue;
            }
            if let Some(said) = text.strip_prefix("#: ") {
                let (word, rest) = said.split_once(' ').unwrap_or((said, ""));
                match word {
                    "path" => rest.clone_into(&mut parts[0].0),
                    "event" => rest.clone_into(&mut cues.event),
                    "branch" | "tag" | "cron" => rest.clone_into(&mut cues.name),
                    "param" => {
                        let (name, value) = rest.split_once('=').unwrap_or((rest, ""));
                        cues.parameters.insert(name.to_owned(), value.to_owned());
                    }
                    _ => tell(&mut given, word, rest),
                }
            }
            if let Some((_, bytes)) = parts.last_mut() {
                bytes.extend_from_slice(line);
            }
        }
        given.trigger.cause = cause(&cues);
        given.trigger.reference = format!("refs/heads/{}", cues.name);
        let mut files = Vec::new();
        for (path, bytes) in parts {
            // No path of a commit has one.
            let path = path.replace('\0', "");
            match path.strip_prefix("include ") {
                Some(name) => drop(given.included.insert(reference(name), Ok(bytes))),
                None => files.push(SourceFile { path, bytes }),
            }
        }
        if files.len() > 1 && files[0].bytes.iter().filter(|byte| **byte == b':').count() < 2 {
            files.remove(0);
        }
        Self { files, context: given }
    }
}

fn tell(context: &mut Context, word: &str, rest: &str) {
    let words = || rest.split_whitespace().map(str::to_owned);
    match word {
        "message" => rest.clone_into(&mut context.trigger.message),
        "author" => rest.clone_into(&mut context.trigger.author.name),
        "url" => rest.clone_into(&mut context.repository.clone_url),
        "host" => rest.clone_into(&mut context.repository.forge_url),
        "changed" => context.trigger.changed_files = Some(words().collect()),
        "local" => context.local = true,
        "trusted" => context.repository.trusted = Trusted { network: true, volumes: true, security: true },
        "secret" => {
            let mut words = words();
            let name = words.next().unwrap_or_default();
            let rule = SecretRule { name, events: vec![Event::Push, Event::Tag], images: words.collect() };
            context.secrets.get_or_insert_default().push(rule);
        }
        "unavailable" => drop(context.included.insert(reference(rest), Err("it is not there".to_owned()))),
        _ => {}
    }
}

fn cause(cues: &Cues) -> Cause {
    let name = || cues.name.clone();
    match cues.event.as_str() {
        "tag" => Cause::Tag { tag: name() },
        "pull_request" => Cause::PullRequest {
            action: PullRequestAction::Updated,
            number: 4,
            title: name(),
            source_branch: name(),
            target_branch: "main".to_owned(),
            labels: vec![name(), "x".to_owned()],
            milestone: name(),
            draft: false,
            from_fork: true,
        },
        "release" => Cause::Release { tag: name(), title: name(), prerelease: true },
        "deployment" => Cause::Deployment { branch: "main".to_owned(), target: name(), task: name() },
        "cron" => Cause::Cron { name: name(), branch: "main".to_owned() },
        "manual" => Cause::Manual { branch: name(), parameters: cues.parameters.clone() },
        _ => Cause::Push { branch: name(), before: None },
    }
}

/// `path` or `owner/name[@revision]:path`.
fn reference(text: &str) -> Reference {
    let own = || Reference { repository: None, revision: None, path: text.to_owned() };
    let Some((repository, path)) = text.split_once(':') else { return own() };
    let (name, revision) = match repository.split_once('@') {
        Some((name, revision)) => (name, Some(revision.to_owned())),
        None => (repository, None),
    };
    match name.parse() {
        Ok(name) => Reference { repository: Some(name), revision, path: path.to_owned() },
        Err(_) => own(),
    }
}

fn context(cues: &Cues) -> Context {
    Context {
        repository: Repository {
            name: "me/thing".parse().expect("a name"),
            remote_id: "7".to_owned(),
            url: "http://forge.example/me/thing".to_owned(),
            clone_url: "http://forge.example/me/thing.git".to_owned(),
            clone_ssh_url: String::new(),
            default_branch: "main".to_owned(),
            private: false,
            forge: "gitea".to_owned(),
            forge_url: "http://forge.example:3000".to_owned(),
            trusted: Trusted::default(),
        },
        trigger: Trigger {
            cause: cause(cues),
            reference: "refs/heads/main".to_owned(),
            sha: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            message: "Fix the roof".to_owned(),
            author: Person { name: "Ann".to_owned(), email: "ann@example.com".to_owned() },
            sender: "ann".to_owned(),
            timestamp: 1_700_000_000,
            url: None,
            changed_files: None,
        },
        build: Build { number: 3, parent: 0, created: 1, url: "http://ci/3".to_owned(), reruns: 0 },
        previous: None,
        system: System {
            name: "slipway".to_owned(),
            url: "http://ci".to_owned(),
            host: "ci".to_owned(),
            version: "0.1.0".to_owned(),
        },
        secrets: None,
        included: BTreeMap::new(),
        local: false,
    }
}
