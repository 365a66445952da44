use std::{sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use slipway_pipelines::{
    plan::{Environment, Image, Program, Pull, Step},
    state::Reason,
    wire::{Phase, PhaseTime, RegistryLogin, UsedImage},
};
use tokio::sync::Barrier;

use super::{
    super::{Config, Docker, Pulls, build, names},
    fake_registry::{FakeRegistry, Mood},
    harness::{Bench, Log, bench, config, end, exited, spec},
};
use crate::executor::{Ending, Executor, Failed};

/// Long enough for an engine that has much to do, short enough to wait for.
const SILENCE: Duration = Duration::from_secs(3);

async fn impatient(bench: &Bench) -> Docker {
    let pulls = Arc::new(Pulls { silence: SILENCE, ..Pulls::default() });
    Docker::connect(Config { pulls, ..config(&bench.instance, &bench.data, 0) }).await.unwrap()
}

fn uses(bench: &Bench, name: &str, image: &str, pull: Pull) -> Step {
    let mut step = bench.commands(name, &["echo here"]);
    spec(&mut step).image = Image::Registry { reference: image.to_owned(), pull };
    step
}

/// Prepares one step that needs an image and gives the failure.
async fn refused(bench: &Bench, docker: &Docker, image: &str, logins: Vec<RegistryLogin>) -> Failed {
    let mut grant = bench.grant(vec![uses(bench, "uses", image, Pull::Missing)]);
    grant.registries = logins;
    let job = docker.open(&grant).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let failed = docker.prepare(&job, 0, Log::default().sink()).await.unwrap_err();
    docker.close(&job).await;
    assert_eq!(failed.reason, Reason::ImagePull, "{failed}");
    failed
}

#[tokio::test(flavor = "multi_thread")]
async fn all_images_of_a_job_are_pulled_at_the_same_time_and_each_log_says_how() {
    let Some(bench) = bench(0).await else { return };
    // None is given its layer before the other asks for its own.
    let both = Arc::new(Barrier::new(2));
    let (one, two) =
        (FakeRegistry::start(Mood::Meets(Arc::clone(&both))).await, FakeRegistry::start(Mood::Meets(both)).await);
    let registries = [one.unwrap(), two.unwrap()];
    let images = registries.each_ref().map(|registry| registry.image(&names::token()));
    let steps = images.iter().map(|image| uses(&bench, image, image, Pull::Always)).collect();
    let grant = bench.grant(steps);
    let job = bench.docker.open(&grant).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    for (position, (image, registry)) in images.iter().zip(&registries).enumerate() {
        let log = Log::default();
        let handle = bench.docker.prepare(&job, position, log.sink()).await.unwrap();
        bench.docker.release(&job, position, &Environment::new()).await.unwrap();
        assert_eq!(end(&handle).await, exited(0));
        let text = log.text();
        let said = text.lines().find(|line| line.starts_with("Pulled ")).unwrap_or_else(|| panic!("{text}"));
        assert!(said.starts_with(&format!("Pulled {image}: 1 layer, ")), "{said}");
        assert!(said.contains(" MB, ") && said.ends_with(&format!(" s, {}", registry.digest)), "{said}");
        let used = handle.image.borrow().clone().unwrap();
        let name = image.strip_suffix(":1").unwrap();
        assert_eq!(used.digest, Some(format!("{name}@{}", registry.digest)));
        assert_eq!(Some(&used.id), build::id(bench.docker.engine(), image).await.as_ref());
        assert_eq!(used.reference, *image);
        let [PhaseTime { phase: Phase::Pull, began, ended: Some(ended) }] = handle.phases.borrow()[..] else {
            panic!("{:?}", handle.phases.borrow())
        };
        assert!(began <= ended && ended - began < 60_000, "{began} {ended}");
    }
    bench.docker.close(&job).await;
    for image in images {
        build::remove(bench.docker.engine(), &image).await;
    }
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_use_of_an_image_does_not_tell_again_how_it_came() {
    let Some(bench) = bench(0).await else { return };
    let registry = FakeRegistry::start(Mood::Gives).await.unwrap();
    let image = registry.image(&names::token());
    let grant = bench.grant(vec![uses(&bench, "a", &image, Pull::Missing), uses(&bench, "b", &image, Pull::Missing)]);
    let job = bench.docker.open(&grant).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    let logs = [Log::default(), Log::default()];
    for (position, log) in logs.iter().enumerate() {
        bench.docker.prepare(&job, position, log.sink()).await.unwrap();
    }
    assert!(logs[0].text().contains(&format!("Pulled {image}: ")), "{}", logs[0].text());
    assert_eq!(logs[1].text(), "");
    bench.docker.close(&job).await;
    build::remove(bench.docker.engine(), &image).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registries_that_break_or_stall_or_have_no_such_image_are_told_apart() {
    let Some(bench) = bench(0).await else { return };
    let docker = impatient(&bench).await;
    let silent = format!("stalls: nothing came from it for {} s", SILENCE.as_secs());
    for (mood, name, wanted) in [
        (Mood::Breaks, "x", "500 Internal Server Error"),
        (Mood::Stalls, "x", silent.as_str()),
        (Mood::StallsHalfWay, "x", silent.as_str()),
        (Mood::Gives, "missing", "manifest unknown"),
    ] {
        let registry = FakeRegistry::start(mood).await.unwrap();
        let image = registry.image(name);
        let failed = refused(&bench, &docker, &image, vec![]).await;
        assert!(failed.message.starts_with(&format!("can't pull image `{image}`: ")), "{failed}");
        assert!(failed.message.contains(wanted), "{failed}");
    }
    docker.stop().await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_goes_to_its_own_host_and_into_no_container() {
    const PASSWORD: &str = "pass-w0rd-of-a-test";
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let header = format!("Basic {}", STANDARD.encode(format!("me:{PASSWORD}")));
    let (closed, open) =
        (FakeRegistry::start(Mood::Wants(header.clone())).await, FakeRegistry::start(Mood::Gives).await);
    let (closed, open) = (closed.unwrap(), open.unwrap());
    let login = |password: &str| RegistryLogin {
        host: closed.host.clone(),
        username: "me".into(),
        password: password.into(),
        pull_only: false,
    };
    let images = [closed.image(&names::token()), open.image(&names::token())];

    let without = refused(&bench, docker, &images[0], vec![]).await;
    assert!(without.message.contains(&format!("{} wants a login for it", closed.host)), "{without}");
    let wrong = refused(&bench, docker, &images[0], vec![login("wrong-one")]).await;
    assert!(wrong.message.contains("does not let `me` have it") && !wrong.message.contains("wrong-one"), "{wrong}");

    let steps = images.iter().map(|image| uses(&bench, image, image, Pull::Missing)).collect();
    let mut grant = bench.grant(steps);
    grant.registries = vec![login(PASSWORD)];
    let job = docker.open(&grant).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    for (position, image) in images.iter().enumerate() {
        let log = Log::default();
        let handle = docker.prepare(&job, position, log.sink()).await.unwrap();
        let container = docker.engine().api.inspect_container(&names::container(&grant.claim, position), None).await;
        let inspected = serde_json::to_string(&container.unwrap()).unwrap();
        for secret in [PASSWORD, &header] {
            assert!(inspected.contains(image) && !inspected.contains(secret), "{inspected}");
        }
        docker.release(&job, position, &Environment::new()).await.unwrap();
        assert_eq!(end(&handle).await, exited(0));
        assert!(!log.text().contains(PASSWORD), "{}", log.text());
    }
    assert!(closed.seen().iter().any(|seen| seen.authorization.as_ref() == Some(&header)), "{:?}", closed.seen());
    let strays: Vec<_> = open.seen().into_iter().filter(|seen| seen.authorization.is_some()).collect();
    assert!(open.seen().iter().any(|seen| seen.path.contains("/blobs/")) && strays.is_empty(), "{strays:?}");
    docker.close(&job).await;
    for image in images {
        build::remove(docker.engine(), &image).await;
    }
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_must_not_be_pulled_is_there_or_the_step_fails() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let registry = FakeRegistry::start(Mood::Gives).await.unwrap();
    let image = registry.image(&names::token());
    let here = bench.image.clone();
    let mut entry = uses(&bench, "plugin", &here, Pull::Never);
    spec(&mut entry).program = Program::Entrypoint { entrypoint: vec!["true".into()] };
    let steps = [(&image, "a"), (&here, "b")].map(|(image, name)| uses(&bench, name, image, Pull::Never));
    let grant = bench.grant(steps.into_iter().chain([entry]).collect());
    let job = docker.open(&grant).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let failed = docker.prepare(&job, 0, Log::default().sink()).await.unwrap_err();
    assert_eq!(failed.reason, Reason::ImagePull);
    assert!(failed.message.contains(&format!("there is no image `{image}`")), "{failed}");
    assert!(failed.message.contains("`pull: never` keeps its registry from being asked"), "{failed}");
    assert!(registry.seen().is_empty(), "{:?}", registry.seen());
    for position in [1, 2] {
        let handle = docker.prepare(&job, position, Log::default().sink()).await.unwrap();
        docker.release(&job, position, &Environment::new()).await.unwrap();
        assert_eq!(end(&handle).await, Ending::Exited { code: 0, oom_killed: false });
        let id = build::id(docker.engine(), &here).await.unwrap();
        let used = handle.image.borrow().clone();
        assert_eq!(used, Some(UsedImage { reference: here.clone(), id, digest: None }));
    }
    docker.close(&job).await;
    bench.finish().await;
}
