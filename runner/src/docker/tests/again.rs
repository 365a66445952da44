use std::sync::Arc;

use slipway_pipelines::plan::{Environment, Image, ImageBuild, Pull};

use super::{
    super::{Docker, names},
    adoption::in_a_process_that_dies,
    harness::{Log, bench, config, end, exited, late, spec},
    workspaces::repository,
};
use crate::executor::{Ending, Executor};

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_tried_until_it_works() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let count = "echo x >> /slipway/tries; [ $(cat /slipway/tries | tr -d '\\n') = xxx ] || exit 75";
    let mut steps = vec![
        bench.commands("shell", &["ls /tmp; touch /tmp/mine", count, "echo done $TRY; echo A=$TRY > $SLIPWAY_OUTPUT"]),
        bench.entrypoint("plugin", &["/bin/sh", "-c", "echo $TRY; [ $TRY = 3 ]"]),
    ];
    steps[0].outputs = vec!["A".into()];
    let job = docker.open(&bench.grant(steps)).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    for (position, code) in [(0, 75), (1, 1)] {
        let mut logs = Vec::new();
        for number in 1..=3 {
            let log = Log::default();
            let handle = docker.prepare(&job, position, log.sink()).await.unwrap();
            docker.release(&job, position, &late("TRY", &number.to_string())).await.unwrap();
            assert_eq!(end(&handle).await, exited(if number == 3 { 0 } else { code }), "{}", log.text());
            logs.push(log.text());
            if number < 3 {
                docker.again(&job, position).await.unwrap();
                let left = docker.engine().status(&names::container(&bench_claim(&job), position)).await;
                assert!(left.unwrap_err().is_missing());
            }
        }
        if position == 0 {
            assert!(logs[2].ends_with("\ndone 3\n"), "{logs:?}");
            assert!(!logs[1].contains("\nmine\n"), "each try has a new container: {logs:?}");
            assert_eq!(docker.outputs(&job, 0).await.unwrap(), b"A=3\n");
        } else {
            assert_eq!(logs, ["1\n", "2\n", "3\n"]);
        }
    }
    docker.close(&job).await;
    bench.finish().await;
}

fn bench_claim(job: &crate::docker::Job) -> slipway_pipelines::lease::Claim {
    job.0.claim
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adopted_try_left_can_be_tried_again() {
    let Some(bench) = bench(0).await else { return };
    let grant = bench.grant(vec![bench.commands("loud", &["while :; do echo on; sleep 0.01; done"])]);
    let (config, its) = (config(&bench.instance, &bench.data, 0), grant.clone());
    in_a_process_that_dies(async move {
        let docker = Docker::connect(config).await.unwrap();
        let job = docker.open(&its).await.unwrap();
        docker.empty_workspace(&job).await.unwrap();
        let handle = docker.prepare(&job, 0, Log::default().sink()).await.unwrap();
        docker.release(&job, 0, &Environment::new()).await.unwrap();
        drop(handle);
    });
    let log = Log::default();
    let sink = Arc::new(log.clone());
    let adopted = bench.docker.adopt(&grant, &move |_| sink.sink()).await.unwrap();
    super::harness::until("it talks", || async { log.text().contains("on\n") }).await;
    bench.docker.again(&adopted.job, 0).await.unwrap();
    let after = log.bytes().len();
    let handle = bench.docker.prepare(&adopted.job, 0, Log::default().sink()).await.unwrap();
    bench.docker.release(&adopted.job, 0, &Environment::new()).await.unwrap();
    assert_eq!(log.bytes().len(), after, "the old log is closed");
    bench.docker.signal(&adopted.job, 0, crate::executor::Signal::Kill).await.unwrap();
    assert_eq!(end(&handle).await, exited(137));
    bench.docker.close(&adopted.job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_its_own_is_built_again() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let dockerfile = format!("FROM {}\nCOPY word /word\n", bench.image);
    let mut own = bench.commands("own", &["cat /word"]);
    spec(&mut own).image = Image::Build(ImageBuild::new("/slipway/src/x"));
    let mut grant = bench.grant(vec![own, bench.commands("fix", &["echo second > word; echo > Dockerfile.ok"])]);
    let source = bench.data.path().join("source");
    grant.source.sha = repository(&source, &[("Dockerfile", dockerfile.as_str()), ("word", "first\n")]);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    let job = docker.open(&grant).await.unwrap();
    docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    let once = async |step: usize| {
        let log = Log::default();
        let handle = docker.prepare(&job, step, log.sink()).await.unwrap();
        docker.release(&job, step, &Environment::new()).await.unwrap();
        assert_eq!(end(&handle).await, exited(0), "{}", log.text());
        log.text()
    };
    assert!(once(0).await.ends_with("\nfirst\n"));
    let image = format!("{}:{}", names::built_repository(&bench.instance), names::built_tag(&grant.claim, 0));
    let first = super::super::build::id(docker.engine(), &image).await.unwrap();
    once(1).await;
    docker.again(&job, 0).await.unwrap();
    assert!(once(0).await.ends_with("\nsecond\n"));
    assert_eq!(super::super::build::id(docker.engine(), &first).await, None, "the first image is nobody's");
    docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_could_not_be_prepared_can_be_tried_again() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let mut step = bench.commands("pulls", &["echo here"]);
    let missing = format!("slipway-test-{}:1", names::token());
    spec(&mut step).image = Image::Registry { reference: missing.clone(), pull: Pull::Missing };
    spec(&mut step).image = Image::Registry { reference: format!("localhost:1/{missing}"), pull: Pull::Missing };
    let job = docker.open(&bench.grant(vec![step])).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    docker.prepare(&job, 0, Log::default().sink()).await.unwrap_err();
    let (name, tag) = missing.split_once(':').unwrap();
    let options =
        bollard::query_parameters::TagImageOptionsBuilder::new().repo(&format!("localhost:1/{name}")).tag(tag).build();
    docker.engine().api.tag_image(&bench.image, Some(options)).await.unwrap();
    docker.again(&job, 0).await.unwrap();
    let handle = docker.prepare(&job, 0, Log::default().sink()).await.unwrap();
    docker.release(&job, 0, &Environment::new()).await.unwrap();
    let ending = end(&handle).await;
    docker.close(&job).await;
    super::super::build::remove(docker.engine(), &format!("localhost:1/{missing}")).await;
    assert_eq!(ending, Ending::Exited { code: 0, oom_killed: false });
    bench.finish().await;
}
