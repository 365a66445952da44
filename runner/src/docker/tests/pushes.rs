use std::time::{Duration, Instant};

use bollard::query_parameters::{CreateImageOptionsBuilder, RemoveImageOptions};
use futures_util::TryStreamExt;
use slipway_pipelines::{
    plan::{Environment, Image, ImageBuild},
    state::Reason,
    wire::{PushedImage, RegistryLogin},
};
use tokio::net::TcpListener;

use super::{
    super::{Builder, Docker, build, names},
    adoption::in_a_process_that_dies,
    builds::built,
    harness::{Bench, Log, bench, bench_with, config, end, exited, spec, until},
    registries::{PASSWORD, Registry},
    workspaces::repository,
};
use crate::executor::{Ending, Executor, Failed};

const CONTEXT: &str = "/slipway/src/x";

fn pushes(tag: &str) -> ImageBuild {
    ImageBuild { tags: vec![tag.to_owned()], push: true, ..ImageBuild::new(CONTEXT) }
}

struct Outcome {
    log: String,
    failed: Option<Failed>,
    pushed: Vec<PushedImage>,
}

/// Runs a job of one build with these logins.
async fn push(bench: &Bench, docker: &Docker, build: ImageBuild, logins: Vec<RegistryLogin>) -> Outcome {
    let mut grant = bench.grant(vec![built(bench, "image", build)]);
    let source = bench.data.path().join("source");
    let dockerfile = format!("FROM {}\nRUN echo pushed > /word\n", bench.image);
    grant.source.sha = repository(&source, &[("Dockerfile", dockerfile.as_str()), (".dockerignore", ".git")]);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    grant.registries = logins;
    let job = docker.open(&grant).await.unwrap();
    docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    let log = Log::default();
    let handle = docker.prepare(&job, 0, log.sink()).await.unwrap();
    docker.release(&job, 0, &Environment::new()).await.unwrap();
    let failed = match end(&handle).await {
        Ending::Failed(failed) => Some(failed),
        ending => {
            assert_eq!(ending, exited(0), "{}", log.text());
            None
        }
    };
    let pushed = docker.pushed(&job, 0).await;
    docker.close(&job).await;
    std::fs::remove_dir_all(&source).unwrap();
    Outcome { log: log.text(), failed, pushed }
}

async fn is_here(bench: &Bench, image: &str) -> bool {
    build::id(bench.docker.engine(), image).await.is_some()
}

async fn an_image_comes_back_by_its_digest(bench: Bench, has_cache: bool) {
    let Some(registry) = Registry::start().await else { return bench.finish().await };
    let (docker, login) = (&bench.docker, vec![registry.login(PASSWORD)]);
    let name = format!("{}/test/{}", registry.host, names::token());
    let (tag, cache) = (format!("{name}:1"), format!("{name}:cache"));
    let wish = ImageBuild { cache_to: vec![cache.clone()], cache_from: vec![cache.clone()], ..pushes(&tag) };
    let Outcome { log, failed, pushed } = push(&bench, docker, wish.clone(), login.clone()).await;
    assert_eq!(failed, None, "{log}");
    let [PushedImage { reference, digest }] = &pushed[..] else { panic!("{pushed:?}") };
    assert_eq!((reference, digest.len()), (&tag, 71));
    assert!(log.contains(&format!("Pushed {tag} {digest}\n")) && log.contains(&format!("Pushed {cache} ")), "{log}");
    assert!(!log.contains(PASSWORD) && !is_here(&bench, &tag).await && !is_here(&bench, &cache).await);

    // The same again: not built, pushed all the same.
    let Outcome { log, failed, pushed } = push(&bench, docker, wish.clone(), login.clone()).await;
    assert_eq!((failed, &pushed[0].digest), (None, digest), "{log}");
    assert!(log.contains("Nothing has changed") && log.contains("Pushed "), "{log}");

    // And as another runner has it.
    let api = &docker.engine().api;
    let by_digest = format!("{name}@{digest}");
    let options = CreateImageOptionsBuilder::new().from_image(&name).tag(digest).build();
    let credentials = bollard::auth::DockerCredentials {
        username: Some("me".into()),
        password: Some(PASSWORD.into()),
        ..Default::default()
    };
    api.create_image(Some(options), None, Some(credentials)).try_collect::<Vec<_>>().await.unwrap();
    let image = api.inspect_image(&by_digest).await.unwrap();
    assert!(image.config.unwrap().labels.unwrap().contains_key(build::LABEL));
    api.remove_image(&by_digest, None::<RemoveImageOptions>, None).await.unwrap();

    // Its cache is read by a build that cannot take the image itself.
    let fresh = ImageBuild { args: [("NEW".to_owned(), "1".to_owned())].into(), ..wish };
    let Outcome { log, failed, .. } = push(&bench, docker, fresh, login).await;
    assert_eq!(failed, None, "{log}");
    let (imports, warns) = ("importing cache manifest from ", "WARNING: `cache_from` is passed over");
    assert_eq!((log.contains(imports), log.contains(warns)), (has_cache, !has_cache), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pushed_with_its_cache_and_comes_back_by_its_digest() {
    let Some(bench) = bench(0).await else { return };
    an_image_comes_back_by_its_digest(bench, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classic_builder_pushes_too() {
    let Some(bench) = bench_with(0, Builder::Classic).await else { return };
    an_image_comes_back_by_its_digest(bench, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_runner_still_knows_what_was_pushed() {
    let Some(bench) = bench(0).await else { return };
    let Some(registry) = Registry::start().await else { return bench.finish().await };
    let tag = format!("{}/test/{}:1", registry.host, names::token());
    let mut step = bench.commands("image", &["echo up; sleep 1000"]);
    spec(&mut step).image = Image::Build(pushes(&tag));
    let mut grant = bench.grant(vec![step]);
    let source = bench.data.path().join("source");
    let dockerfile = format!("FROM {}\n", bench.image);
    grant.source.sha = repository(&source, &[("Dockerfile", dockerfile.as_str())]);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    grant.registries = vec![registry.login(PASSWORD)];
    let (its, config) = (grant.clone(), config(&bench.instance, &bench.data, 0));
    let known = in_a_process_that_dies(async move {
        let docker = Docker::connect(config).await.unwrap();
        let job = docker.open(&its).await.unwrap();
        docker.checkout(&job, &its.source, Log::default().sink()).await.unwrap();
        let log = Log::default();
        let _handle = docker.prepare(&job, 0, log.sink()).await.unwrap();
        docker.release(&job, 0, &Environment::new()).await.unwrap();
        until("it runs", || async { log.text().contains("\nup\n") }).await;
        docker.pushed(&job, 0).await
    });
    assert_eq!(known.len(), 1);
    let adopted = bench.docker.adopt(&grant, &|_| Log::default().sink()).await.unwrap();
    assert_eq!(adopted.released.len(), 1);
    assert_eq!(bench.docker.pushed(&adopted.job, 0).await, known);
    bench.docker.close(&adopted.job).await;
    assert!(!is_here(&bench, &tag).await);
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_an_error_that_does_not_show_it() {
    let Some(bench) = bench(0).await else { return };
    let Some(registry) = Registry::start().await else { return bench.finish().await };
    let tag = format!("{}/test/{}:1", registry.host, names::token());
    let cases = [
        (vec![registry.login("hunter2-wrong")], "does not take the password of `me`"),
        (vec![], "the repository has no login for"),
    ];
    for (logins, wanted) in cases {
        let Outcome { log, failed, pushed } = push(&bench, &bench.docker, pushes(&tag), logins).await;
        let failed = failed.unwrap();
        assert_eq!((failed.reason, pushed), (Reason::ImagePush, vec![]), "{failed}");
        assert!(failed.message.contains(wanted) && failed.message.contains(&registry.host), "{failed}");
        assert!(log.contains(&failed.message) && !log.contains("hunter2"), "{log}");
        assert!(!is_here(&bench, &tag).await, "nothing is left");
    }
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_down_fails_or_stalls_ends_the_step() {
    let Some(bench) = bench(0).await else { return };
    let docker = bench.docker.with_silence(Duration::from_secs(2));
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let fails = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stalls = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hosts =
        [(gone, "refused"), (fails.local_addr().unwrap(), "500"), (stalls.local_addr().unwrap(), "nothing for 2 s")];
    let broken = axum::Router::new().fallback(|| async { axum::http::StatusCode::INTERNAL_SERVER_ERROR });
    let server = tokio::spawn(axum::serve(fails, broken).into_future());
    for (host, wanted) in hosts {
        let tag = format!("{host}/test/{}:1", names::token());
        // The engine itself tries again for most of a minute.
        let started = Instant::now();
        let Outcome { log, failed, .. } = push(&bench, &docker, pushes(&tag), vec![]).await;
        let failed = failed.unwrap();
        assert_eq!(failed.reason, Reason::ImagePush, "{failed}");
        assert!(failed.message.contains(wanted) && log.contains(&failed.message), "{host}: {failed}");
        assert!(started.elapsed() < Duration::from_secs(120), "{host} took {:?}", started.elapsed());
        assert!(!is_here(&bench, &tag).await, "nothing is left");
    }
    server.abort();
    docker.stop().await;
    bench.finish().await;
}
