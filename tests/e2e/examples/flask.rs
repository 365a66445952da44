//! Flask and Redis: the counter of visits goes from 1 to 2.

use super::{copy, push};
use crate::harness::{
    image::debian,
    server::{Kind, Setup},
};

#[tokio::test]
async fn the_counter_of_visits_goes_from_one_to_two() {
    if !debian(&["python", "redis"]).await {
        return;
    }
    let server = Setup::new(Kind::Docker).start().await;
    let repo = copy("flask").await;
    let (pushed, build) = push(&server, &repo, "flask", 1).await;
    assert_eq!(build.status, "success", "{build:?}\n{}", pushed.terminal);
    let jobs: Vec<&str> = build.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(jobs, ["compose", "services"]);
    for (position, job) in build.jobs.iter().enumerate() {
        let step = |name: &str| job.steps.iter().position(|step| step.name == name).expect("a step");
        let log = async |name: &str| {
            let path = format!("/api/v1/repos/examples/flask/builds/1/jobs/{position}/steps/{}/log", step(name));
            server.api.text(&path).await
        };
        let said = log("visit").await;
        let (first, second) = ("Hello! I have been seen 1 times.\n", "Hello! I have been seen 2 times.\n");
        let first = said.find(first).unwrap_or_else(|| panic!("{}: {said}", job.name));
        let second = said.find(second).unwrap_or_else(|| panic!("{}: {said}", job.name));
        assert!(first < second, "{}: {said}", job.name);
        assert!(log("web").await.contains("\"GET / HTTP/1.1\" 200"), "{}: {}", job.name, log("web").await);
        assert!(log("redis").await.contains("Ready to accept connections"), "{}", job.name);
    }
    server.finish().await;
}
