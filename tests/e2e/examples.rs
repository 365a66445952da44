//! `pipelines/examples`: every one runs, and ends as its own first line says.

use std::{fs, path::Path};

use crate::harness::{
    git::{Repo, shell},
    server::{Kind, Setup},
};

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
    assert!(names.len() >= 4, "{names:?}");
    let server = Setup::new(Kind::Docker).start().await;
    for name in names {
        let repo = Repo::init().await;
        let from = folder.join(&name);
        let (status, said) = shell(repo.path(), &format!("cp -r '{}/.' .", from.display()), &[]).await;
        assert!(status.success(), "{said}");
        repo.commit(&format!("Example {name}")).await;
        let pushed = repo.push_main(&server.remote(&format!("examples/{name}"))).await;
        let build = server.api.build(&format!("examples/{name}"), 1).await;
        assert_eq!(build.status, "success", "{name}: {build:?}\n{}", pushed.terminal);
        for job in &build.jobs {
            for step in job.steps.iter().filter(|step| step.kind == "service") {
                assert_eq!(step.status, "success", "{name}: {build:?}");
            }
        }
    }
    server.finish().await;
}
