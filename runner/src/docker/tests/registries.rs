use std::{
    io::Write,
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use bollard::{
    auth::DockerCredentials,
    query_parameters::{ListImagesOptionsBuilder, PushImageOptionsBuilder, TagImageOptionsBuilder},
};
use futures_util::TryStreamExt;
use slipway_pipelines::{
    plan::{Action, Environment, Image, ImageBuild, Plan, Program, Pull, Step},
    state::Reason,
    wire::RegistryLogin,
};

use super::{
    super::{Builder, Config, Docker, Pulls, build, names},
    harness::{Bench, Log, bench, config, end, exited, spec, step, until},
    workspaces::repository,
};
use crate::executor::{Ending, Executor};

/// Its base64 is another one in a header than for URLs.
pub(super) const PASSWORD: &str = "a~~?>~?>?~>>ÿÿÿ~~~ þ";

/// Debian's docker-registry on a port of its own; it takes `me` with [`PASSWORD`] only.
pub(super) struct Registry {
    process: Child,
    pub(super) host: String,
    _place: tempfile::TempDir,
}

impl Registry {
    pub(super) async fn start() -> Option<Self> {
        let has = |program: &str| Command::new(program).arg("--help").output().is_ok();
        if !has("docker-registry") || !has("htpasswd") {
            eprintln!("SKIPPED: no registry here; install docker-registry and apache2-utils");
            return None;
        }
        let place = tempfile::tempdir().unwrap();
        let mut hash = Command::new("htpasswd")
            .args(["-n", "-i", "-B", "-C", "4", "me"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        hash.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
        std::fs::write(place.path().join("htpasswd"), hash.wait_with_output().unwrap().stdout).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = place.path().display();
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {at}/data}}}}\n\
             http: {{addr: \"127.0.0.1:{port}\"}}\nauth: {{htpasswd: {{realm: test, path: {at}/htpasswd}}}}\n"
        );
        std::fs::write(place.path().join("config.yml"), config).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(place.path().join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Self { process, host: format!("127.0.0.1:{port}"), _place: place };
        until("the registry is up", || async { std::net::TcpStream::connect(&registry.host).is_ok() }).await;
        Some(registry)
    }

    pub(super) fn login(&self, password: &str) -> RegistryLogin {
        let host = format!("http://{}", self.host);
        RegistryLogin { host, username: "me".into(), password: password.into(), pull_only: false }
    }

    /// Puts the bench's image into it and takes the local name away.
    async fn fill(&self, bench: &Bench) -> String {
        self.fill_as(bench, &format!("test/{}", names::token())).await
    }

    async fn fill_as(&self, bench: &Bench, path: &str) -> String {
        let api = &bench.docker.engine().api;
        let repository = format!("{}/{path}", self.host);
        let options = TagImageOptionsBuilder::new().repo(&repository).tag("1").build();
        api.tag_image(&bench.image, Some(options)).await.unwrap();
        let login =
            DockerCredentials { username: Some("me".into()), password: Some(PASSWORD.into()), ..Default::default() };
        let options = PushImageOptionsBuilder::new().tag("1").build();
        let pushed = api.push_image(&repository, Some(options), Some(login));
        pushed.try_collect::<Vec<_>>().await.unwrap();
        let image = format!("{repository}:1");
        build::remove(bench.docker.engine(), &image).await;
        image
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn built(bench: &Bench) -> Step {
    let mut spec = bench.container(Program::Nothing);
    spec.image = Image::Build(ImageBuild::new("/slipway/src/x"));
    step("built", Action::Run(spec))
}

#[tokio::test(flavor = "multi_thread")]
async fn private_images_come_with_the_login_of_their_registry() {
    let Some(bench) = bench(0).await else { return };
    let Some(registry) = Registry::start().await else { return bench.finish().await };
    let docker = &bench.docker;
    let image = registry.fill(&bench).await;
    let mut uses = bench.commands("uses", &["echo here"]);
    spec(&mut uses).image = Image::Registry { reference: image.clone(), pull: Pull::Always };
    let dockerfile = format!("FROM {image}\nRUN echo built\n");
    let source = bench.data.path().join("source");
    let sha = repository(&source, &[("Dockerfile", dockerfile.as_str())]);
    let other = RegistryLogin { host: "ghcr.io".into(), ..registry.login(PASSWORD) };
    let cases = [vec![], vec![registry.login("wrong")], vec![other.clone()], vec![other, registry.login(PASSWORD)]];
    for (case, logins) in cases.into_iter().enumerate() {
        let is_right = case == 3;
        let mut grant = bench.grant(vec![built(&bench), uses.clone()]);
        grant.source.sha.clone_from(&sha);
        grant.source.path = Some(source.to_str().unwrap().to_owned());
        grant.registries = logins;
        let job = docker.open(&grant).await.unwrap();
        docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
        let log = Log::default();
        let pulled = docker.prepare(&job, 1, log.sink()).await;
        if is_right {
            let handle = pulled.unwrap();
            docker.release(&job, 1, &Environment::new()).await.unwrap();
            assert_eq!(end(&handle).await, exited(0), "{}", log.text());
            let text = log.text();
            assert!(text.starts_with(&format!("Pulling {image}\nPulled {image}: nothing to download, ")), "{text}");
            assert!(text.ends_with("\n+ echo here\nhere\n") && text.lines().count() == 4, "{text}");
            docker.again(&job, 1).await.unwrap();
            // The build must ask the registry itself.
            build::remove(docker.engine(), &image).await;
        } else {
            let failed = pulled.unwrap_err();
            assert_eq!(failed.reason, Reason::ImagePull, "{case}: {failed}");
            assert!(!failed.message.contains("~~?"), "{failed}");
        }
        let log = Log::default();
        let handle = docker.prepare(&job, 0, log.sink()).await.unwrap();
        docker.release(&job, 0, &Environment::new()).await.unwrap();
        match end(&handle).await {
            Ending::Exited { code: 0, .. } if is_right => {}
            Ending::Failed(failed) if !is_right => assert_eq!(failed.reason, Reason::ImageBuild, "{failed}"),
            other => panic!("{case}: {other:?} {}", log.text()),
        }
        docker.close(&job).await;
        build::remove(docker.engine(), &image).await;
    }
    std::fs::remove_dir_all(&source).unwrap();
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_asked_for_images_of_the_hub_first() {
    let Some(bench) = bench(0).await else { return };
    let Some(registry) = Registry::start().await else { return bench.finish().await };
    let name = format!("slipway-test-{}", names::token());
    let there = registry.fill_as(&bench, &format!("library/{name}")).await;
    let elsewhere = format!("{}/x", registry.host);
    let pulls = Arc::new(Pulls { mirror: Some(registry.host.parse().unwrap()), silence: Duration::from_secs(5) });
    let docker = Docker::connect(Config { pulls, ..config(&bench.instance, &bench.data, 0) }).await.unwrap();
    let engine = docker.engine();
    let image = |reference: String| Image::Registry { reference, pull: Pull::Missing };
    let mut first = bench.commands("first", &["echo here"]);
    spec(&mut first).image = image(format!("{name}:1"));
    let mut grant = bench.grant(vec![first.clone()]);
    grant.registries = vec![registry.login(PASSWORD)];
    let job = docker.open(&grant).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let log = Log::default();
    let handle = docker.prepare(&job, 0, log.sink()).await.unwrap();
    docker.release(&job, 0, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(0));
    assert!(log.text().contains(&format!("Pulled {name}:1 from {}: ", registry.host)), "{}", log.text());
    let used = handle.image.borrow().clone().unwrap();
    let digest = used.digest.unwrap();
    assert!(digest.starts_with(&format!("{}/library/{name}@sha256:", registry.host)), "{digest}");
    assert!(log.text().contains(digest.split_once('@').unwrap().1), "{}", log.text());
    assert_eq!(used.reference, format!("{name}:1"));
    let known = engine.api.inspect_image(&used.id).await.unwrap().repo_tags.unwrap();
    assert!(known.contains(&format!("{name}:1")) && !known.contains(&there), "{known:?}");
    docker.close(&job).await;

    // By digest; and what the mirror does not have, and what is not of the hub.
    let (_, digest) = digest.split_once('@').unwrap();
    let steps = [format!("{name}@{digest}"), format!("{name}-none:1"), format!("{elsewhere}:1")].map(|reference| {
        let mut step = first.clone();
        spec(&mut step).image = image(reference);
        step
    });
    grant.plan = Plan::new("test", grant.plan.workspace.clone(), steps);
    let job = docker.open(&grant).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let handle = docker.prepare(&job, 0, Log::default().sink()).await.unwrap();
    docker.release(&job, 0, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(0));
    let none = docker.prepare(&job, 1, Log::default().sink()).await.unwrap_err();
    let refused = format!(". The mirror {} does not give {name}-none:1: ", registry.host);
    assert!(none.message.contains(&refused) && !none.message.contains(PASSWORD), "{none}");
    let other = docker.prepare(&job, 2, Log::default().sink()).await.unwrap_err();
    assert!(!other.message.contains("mirror"), "{other}");
    docker.close(&job).await;
    build::remove(engine, &format!("{name}:1")).await;
    build::remove(engine, &format!("{}/library/{name}@{digest}", registry.host)).await;
    docker.stop().await;
    bench.finish().await;
}

async fn base_images_come_from_the_mirror(builder: Builder) {
    let Some(bench) = bench(0).await else { return };
    let Some(registry) = Registry::start().await else { return bench.finish().await };
    let name = format!("slipway-test-{}", names::token());
    let there = registry.fill_as(&bench, &format!("library/{name}")).await;
    let pulls = Arc::new(Pulls { mirror: Some(registry.host.parse().unwrap()), silence: Duration::from_secs(5) });
    let docker = Docker::connect(Config { pulls, builder, ..config(&bench.instance, &bench.data, 0) }).await.unwrap();
    let engine = docker.engine();
    let source = bench.data.path().join("source");
    let files = [
        ("has/Dockerfile", format!("FROM {name}:1\nRUN echo built\n")),
        ("lacks/Dockerfile", format!("FROM {name}-none:1\nRUN echo built\n")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, content)| (*path, content.as_str())).collect();
    let build = |folder: &str, pull: bool| {
        let mut spec = bench.container(Program::Nothing);
        spec.image = Image::Build(ImageBuild { pull, ..ImageBuild::new(format!("/slipway/src/x/{folder}")) });
        step(&format!("{folder}-{pull}"), Action::Run(spec))
    };
    let mut grant = bench.grant(vec![build("has", false), build("has", true), build("lacks", false)]);
    grant.source.sha = repository(&source, &files);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    grant.registries = vec![registry.login(PASSWORD)];
    let job = docker.open(&grant).await.unwrap();
    docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    let came = format!("Pulled {name}:1 from {}: ", registry.host);
    // The second asks although the image is there now, and the engine, which cannot reach the hub, does not have to.
    for step in [0, 1] {
        let log = Log::default();
        let handle = docker.prepare(&job, step, log.sink()).await.unwrap();
        docker.release(&job, step, &Environment::new()).await.unwrap();
        assert_eq!(end(&handle).await, exited(0), "{}", log.text());
        assert_eq!(log.text().matches(&came).count(), 1, "{}", log.text());
    }
    let log = Log::default();
    let handle = docker.prepare(&job, 2, log.sink()).await.unwrap();
    docker.release(&job, 2, &Environment::new()).await.unwrap();
    let Ending::Failed(failed) = end(&handle).await else { panic!("{}", log.text()) };
    assert_eq!(failed.reason, Reason::ImageBuild, "{failed}");
    let refused = format!("The mirror {} does not give {name}-none:1: ", registry.host);
    assert!(log.text().contains(&refused) && !log.text().contains(PASSWORD), "{}", log.text());
    docker.close(&job).await;
    build::remove(engine, &format!("{name}:1")).await;
    let left = there.trim_end_matches(":1");
    let known = engine.api.list_images(Some(ListImagesOptionsBuilder::new().digests(true).build())).await.unwrap();
    for digest in known.iter().flat_map(|image| &image.repo_digests).filter(|digest| digest.starts_with(left)) {
        build::remove(engine, digest).await;
    }
    docker.stop().await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn base_images_of_a_build_come_from_the_mirror() {
    base_images_come_from_the_mirror(Builder::Auto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_of_a_classic_build_too() {
    base_images_come_from_the_mirror(Builder::Classic).await;
}
