use std::{
    io::Write,
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use bollard::{
    auth::DockerCredentials,
    query_parameters::{PushImageOptionsBuilder, TagImageOptionsBuilder},
};
use futures_util::TryStreamExt;
use slipway_pipelines::{
    plan::{Action, Environment, Image, ImageBuild, Program, Pull, Step},
    state::Reason,
    wire::RegistryLogin,
};

use super::{
    super::{build, names},
    harness::{Bench, Log, bench, end, exited, spec, step, until},
    workspaces::repository,
};
use crate::executor::{Ending, Executor};

/// Its base64 is another one in a header than for URLs.
const PASSWORD: &str = "a~~?>~?>?~>>ÿÿÿ~~~ þ";

/// Debian's docker-registry on a port of its own; it takes `me` with [`PASSWORD`] only.
struct Registry {
    process: Child,
    host: String,
    _place: tempfile::TempDir,
}

impl Registry {
    async fn start() -> Option<Self> {
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

    fn login(&self, password: &str) -> RegistryLogin {
        RegistryLogin { host: format!("http://{}", self.host), username: "me".into(), password: password.into() }
    }

    /// Puts the bench's image into it and takes the local name away.
    async fn fill(&self, bench: &Bench) -> String {
        let api = &bench.docker.engine().api;
        let repository = format!("{}/test/{}", self.host, names::token());
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
    spec.image = Image::Build(ImageBuild {
        context: "/slipway/src/x".into(),
        dockerfile: "Dockerfile".into(),
        target: None,
        args: Default::default(),
        tags: vec![],
    });
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
            assert_eq!(log.text(), format!("Pulling {image}\nPulled {image}\n+ echo here\nhere\n"));
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
