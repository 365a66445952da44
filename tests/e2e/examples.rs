//! `pipelines/examples`: every one runs, and ends as its own first line says. Those that stand for what people use Slipway for
//! have a test of their own, which looks at what they would look at.

mod flask;
mod go_registry;
mod json_logs;
mod nginx;
mod rspec;
mod saved_image;
mod volumes;

use std::{fs, path::Path};

use crate::harness::{
    build::Build,
    git::{Pushed, Repo, shell},
    server::{Kind, Server, Setup},
};

/// Examples with a test of their own below this one.
const OWN: [&str; 7] = ["flask", "go-registry", "json-logs", "nginx", "rspec", "saved-image", "volumes"];

/// A copy of an example as a repository with one commit.
async fn copy(name: &str) -> Repo {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/examples").join(name);
    let repo = Repo::init().await;
    let (status, said) = shell(repo.path(), &format!("cp -r '{}/.' .", from.display()), &[]).await;
    assert!(status.success(), "{said}");
    repo.commit(&format!("Example {name}")).await;
    repo
}

/// Pushes it; what the terminal showed and the build of this number.
async fn push(server: &Server, repo: &Repo, name: &str, number: u64) -> (Pushed, Build) {
    let repository = format!("examples/{name}");
    let pushed = repo.push_main(&server.remote(&repository)).await;
    let build = server.api.wait_end(&repository, number).await;
    (pushed, build)
}

/// The log of a step, which is in the pusher's terminal, too.
async fn log(server: &Server, name: &str, build: &Build, step: &str) -> String {
    server.api.log(&format!("examples/{name}"), build, step).await
}

#[tokio::test]
async fn every_example_runs_green() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/examples");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for own in OWN {
        let there = names.iter().position(|name| name == own).unwrap_or_else(|| panic!("no example {own}"));
        names.remove(there);
    }
    assert!(names.len() >= 4, "{names:?}");
    let server = Setup::new(Kind::Docker).start().await;
    for name in names {
        let repo = copy(&name).await;
        let (pushed, build) = push(&server, &repo, &name, 1).await;
        assert_eq!(build.status, "success", "{name}: {build:?}\n{}", pushed.terminal);
        for job in &build.jobs {
            for step in job.steps.iter().filter(|step| step.kind == "service") {
                assert_eq!(step.status, "success", "{name}: {build:?}");
            }
        }
    }
    server.finish().await;
}
