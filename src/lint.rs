//! `slipway lint`: what the compiler says about pipeline files, without a server.

use std::{
    fs,
    io::IsTerminal,
    path::{Path, PathBuf},
};

use slipway_pipelines::{
    compile,
    context::{Build, Context, Repository, SourceFile, System, Trusted},
    diagnostic::{Diagnostic, Severity},
    discovery, render,
    repository::RepositoryName,
    trigger::{Cause, Person, PullRequestAction, Trigger},
};

use crate::{Exit, cli::Lint};

/// Checks the files and prints what is found on standard error.
pub(crate) fn lint(args: &Lint) -> Exit {
    let files = match files(args) {
        Ok(files) => files,
        Err(message) => {
            eprintln!("error: {message}");
            return Exit::Usage;
        }
    };
    let diagnostics = check(&files);
    eprint!("{}", render::render(&diagnostics, &files, std::io::stderr().is_terminal()));
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let warnings = diagnostics.len() - errors;
    println!("{} checked: {}, {}", count(files.len(), "file"), count(errors, "error"), count(warnings, "warning"));
    if errors == 0 { Exit::Success } else { Exit::Usage }
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// What the compiler says for any of the usual triggers: a file that `when` leaves out for one is looked at for another.
fn check(files: &[SourceFile]) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = Vec::new();
    for cause in causes() {
        for diagnostic in compile::compile(files, &context(cause)).diagnostics {
            if !all.contains(&diagnostic) {
                all.push(diagnostic);
            }
        }
    }
    all
}

fn files(args: &Lint) -> Result<Vec<SourceFile>, String> {
    if args.files.is_empty() {
        return discover(Path::new("."));
    }
    args.files.iter().map(|path| read(path, &path.to_string_lossy())).collect()
}

/// The pipeline of a directory, as a commit of it would have it.
fn discover(root: &Path) -> Result<Vec<SourceFile>, String> {
    let mut paths = Vec::new();
    for folder in ["", ".slipway", ".woodpecker"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else { continue };
        for entry in entries.flatten().filter(|entry| entry.path().is_file()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            paths.push(if folder.is_empty() { name } else { format!("{folder}/{name}") });
        }
    }
    let chosen = discovery::choose(paths.iter().map(String::as_str));
    if chosen.is_empty() {
        return Err(
            "no pipeline here: looked for .slipway.yml, .slipway/*.yml, .woodpecker/*.yml and .woodpecker.yml".into()
        );
    }
    chosen.into_iter().map(|path| read(&root.join(path), path)).collect()
}

fn read(path: &PathBuf, shown: &str) -> Result<SourceFile, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    Ok(SourceFile { path: shown.to_owned(), bytes })
}

fn causes() -> [Cause; 4] {
    let branch = || "main".to_owned();
    [
        Cause::Push { branch: branch(), before: None },
        Cause::Tag { tag: "v1.0.0".to_owned() },
        Cause::PullRequest {
            action: PullRequestAction::Updated,
            number: 1,
            title: String::new(),
            source_branch: "feature".to_owned(),
            target_branch: branch(),
            labels: Vec::new(),
            milestone: String::new(),
            draft: false,
            from_fork: false,
        },
        Cause::Manual { branch: branch(), parameters: Default::default() },
    ]
}

/// A made-up build: lint looks at the files, not at a repository.
fn context(cause: Cause) -> Context {
    let url = "https://slipway.invalid".to_owned();
    Context {
        repository: Repository {
            name: RepositoryName::new("owner", "name").unwrap_or_else(|_| unreachable!("a valid name")),
            remote_id: "0".to_owned(),
            url: url.clone(),
            clone_url: format!("{url}/git/owner/name.git"),
            clone_ssh_url: String::new(),
            default_branch: "main".to_owned(),
            private: true,
            forge: "slipway".to_owned(),
            forge_url: url.clone(),
            trusted: Trusted::default(),
        },
        trigger: Trigger {
            cause,
            reference: "refs/heads/main".to_owned(),
            sha: "0".repeat(40),
            message: String::new(),
            author: Person::default(),
            sender: String::new(),
            timestamp: 0,
            url: None,
            changed_files: None,
        },
        build: Build { number: 1, parent: 0, created: 0, url: url.clone(), reruns: 0 },
        previous: None,
        system: System {
            name: "slipway".to_owned(),
            url,
            host: "slipway.invalid".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        secrets: None,
        included: Default::default(),
        local: false,
    }
}
