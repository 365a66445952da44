use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use bollard::query_parameters::{CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder};
use futures_util::TryStreamExt;
use slipway_pipelines::{
    ids::JobId,
    lease::Claim,
    plan::{Action, Container, Environment, Image, Plan, Program, Pull, Step, Workspace},
    wire::{Grant, Source},
};

use super::super::{Builder, Config, Docker, engine::Engine, leftovers::Inventory, names};
use crate::executor::{Ending, Executor, Handle, LogSink};

/// A log that a test can read.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<u8>>>, Arc<OnceLock<Instant>>);

impl Log {
    pub(super) fn sink(&self) -> Box<dyn LogSink> {
        Box::new(self.clone())
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// When the first byte came.
    pub(super) fn began(&self) -> Option<Instant> {
        self.1.get().copied()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl LogSink for Log {
    fn write(&mut self, bytes: &[u8]) {
        self.1.get_or_init(Instant::now);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }
    fn begin_container_output(&mut self) {}
    fn command(&mut self, _number: usize) {}
}

/// An executor with an instance and a base image of its own.
pub(super) struct Bench {
    pub(super) docker: Docker,
    pub(super) data: tempfile::TempDir,
    pub(super) instance: String,
    /// A busybox.
    pub(super) image: String,
    is_clean: bool,
}

/// Files of a system that has busybox only.
pub(super) fn rootfs() -> Option<Vec<u8>> {
    rootfs_without(&[])
}

/// The same with a mark, so that no other is its like.
pub(super) fn rootfs_with(mark: &str) -> Option<Vec<u8>> {
    let mut files = rootfs()?;
    // What ends a tar must come last.
    files.truncate(files.len() - 1024);
    let mut tar = tar::Builder::new(files);
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(mark.len() as u64);
    tar.append_data(&mut header, "mark", mark.as_bytes()).unwrap();
    Some(tar.into_inner().unwrap())
}

/// The same without some of its folders.
pub(super) fn rootfs_without(left_out: &[&str]) -> Option<Vec<u8>> {
    let busybox = ["/usr/bin/busybox", "/bin/busybox"].iter().find_map(|path| std::fs::read(path).ok())?;
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(busybox.len() as u64);
    tar.append_data(&mut header, "bin/busybox", &busybox[..]).unwrap();
    for applet in [
        "sh", "[", "tail", "nc", "cat", "mkdir", "sleep", "wget", "httpd", "head", "tr", "env", "pwd", "ls", "id",
        "touch", "seq", "stat", "printf", "true", "stty", "rm",
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox").unwrap();
    }
    for folder in ["tmp", "etc"].iter().filter(|folder| !left_out.contains(folder)) {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        header.set_mode(0o777);
        tar.append_data(&mut header, folder, std::io::empty()).unwrap();
    }
    Some(tar.into_inner().unwrap())
}

pub(super) async fn import(engine: &Engine, tag: &str, files: Vec<u8>, changes: &[&str]) -> String {
    let changes = changes.iter().map(|&change| change.to_owned()).collect();
    let options = CreateImageOptionsBuilder::new().from_src("-").repo("slipway-test").tag(tag).changes(changes).build();
    let import = engine.api.create_image(Some(options), Some(bollard::body_full(files.into())), None);
    import.try_collect::<Vec<_>>().await.unwrap();
    format!("slipway-test:{tag}")
}

/// Runs the steps one after the other in an empty workspace; gives how they ended and what they said.
pub(super) async fn play(bench: &Bench, steps: Vec<Step>) -> Vec<(Ending, String)> {
    let grant = bench.grant(steps);
    let job = bench.docker.open(&grant).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    let mut played = Vec::new();
    for position in 0..grant.plan.steps.len() {
        let log = Log::default();
        let handle = bench.docker.prepare(&job, position, log.sink()).await.unwrap();
        bench.docker.release(&job, position, &Environment::new()).await.unwrap();
        played.push((end(&handle).await, log.text()));
    }
    bench.docker.close(&job).await;
    played
}

/// The container of a step, to be changed.
pub(super) fn spec(step: &mut Step) -> &mut Container {
    match &mut step.action {
        Action::Run(container) | Action::Detach(container) | Action::Service(container) => container,
        Action::Checkout => unreachable!(),
    }
}

pub(super) async fn bench(pool: usize) -> Option<Bench> {
    bench_with(pool, Builder::Auto).await
}

pub(super) async fn bench_with(pool: usize, builder: Builder) -> Option<Bench> {
    if let Err(failed) = super::super::ping().await {
        eprintln!("SKIPPED: {failed}");
        return None;
    }
    let Some(files) = rootfs() else {
        eprintln!("SKIPPED: no static busybox here; install busybox-static");
        return None;
    };
    let token = names::token();
    let data = tempfile::tempdir().unwrap();
    let instance = format!("test-{token}");
    let config = Config { builder, ..config(&instance, &data, pool) };
    let docker = Docker::connect(config).await.unwrap();
    let image = import(docker.engine(), &token, files, &["ENV PATH=/bin"]).await;
    Some(Bench { docker, data, instance, image, is_clean: false })
}

pub(super) fn config(instance: &str, data: &tempfile::TempDir, pool: usize) -> Config {
    Config {
        instance: instance.to_owned(),
        data: data.path().to_path_buf(),
        server_url: "http://127.0.0.1:1".into(),
        token: "slp_none".into(),
        pool,
        keep: false,
        builder: Builder::Auto,
        pulls: Default::default(),
    }
}

impl Bench {
    /// Stops the executor and asserts that nothing is left.
    pub(super) async fn finish(mut self) {
        self.docker.stop().await;
        let left = Inventory::take(self.docker.engine(), &self.instance).await.unwrap();
        self.is_clean = true;
        let folders: Vec<_> =
            std::fs::read_dir(self.data.path().join("work")).unwrap().map(|entry| entry.unwrap().path()).collect();
        remove_all(&self.docker, &self.instance, &self.image).await;
        assert!(left.containers.is_empty() && left.volumes.is_empty() && left.networks.is_empty(), "{left:?}");
        assert!(folders.is_empty(), "{folders:?}");
    }

    pub(super) fn grant(&self, steps: Vec<Step>) -> Grant {
        let workspace = Workspace { base: "/slipway".into(), path: "/slipway/src/x".into() };
        Grant {
            claim: Claim { job: JobId(uuid::Uuid::now_v7()), attempt: 1, epoch: 1 },
            title: "me/thing #1".into(),
            plan: Plan::new("test", workspace, steps),
            source: Source {
                repository: "me/thing".into(),
                url: "/git/me/thing.git".into(),
                path: None,
                reference: "refs/heads/main".into(),
                sha: "0".repeat(40),
                origin: String::new(),
            },
            masked: vec![],
            registries: vec![],
            inputs: Default::default(),
            kept: None,
        }
    }

    pub(super) fn container(&self, program: Program) -> Container {
        let image = Image::Registry { reference: self.image.clone(), pull: Pull::Missing };
        Container::new(image, program, "/slipway/src/x")
    }

    pub(super) fn entrypoint(&self, name: &str, entrypoint: &[&str]) -> Step {
        let entrypoint = entrypoint.iter().map(|&word| word.to_owned()).collect();
        step(name, Action::Run(self.container(Program::Entrypoint { entrypoint })))
    }

    pub(super) fn service(&self, name: &str, commands: &[&str]) -> Step {
        let Action::Run(container) = self.commands(name, commands).action else { unreachable!() };
        step(name, Action::Service(container))
    }

    pub(super) fn commands(&self, name: &str, commands: &[&str]) -> Step {
        let commands = commands.iter().map(|&command| command.to_owned()).collect();
        step(name, Action::Run(self.container(Program::Commands { commands })))
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if !self.is_clean {
            let (docker, instance, image) = (self.docker.clone(), self.instance.clone(), self.image.clone());
            let cleaned = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    docker.stop().await;
                    let left = Inventory::take(docker.engine(), &instance).await.unwrap();
                    for found in left.containers {
                        let _ = docker.engine().remove_container(&found.name).await;
                    }
                    for found in left.volumes {
                        let _ = docker.engine().remove_volume(&found.name).await;
                    }
                    for found in left.networks {
                        let _ = docker.engine().remove_network(&found.name).await;
                    }
                    remove_all(&docker, &instance, &image).await;
                });
            });
            let _ = cleaned.join();
        }
    }
}

/// Removes the images of a test.
async fn remove_all(docker: &Docker, instance: &str, image: &str) {
    let repository = names::built_repository(instance);
    let filters = std::collections::HashMap::from([("reference", vec![repository.as_str()])]);
    let options = ListImagesOptionsBuilder::new().filters(&filters).build();
    let built = docker.engine().api.list_images(Some(options)).await.unwrap();
    let built = built.into_iter().flat_map(|image| image.repo_tags);
    for name in built.chain([image.to_owned()]) {
        let options = RemoveImageOptionsBuilder::new().force(true).build();
        let _ = docker.engine().api.remove_image(&name, Some(options), None).await;
    }
}

pub(super) fn step(name: &str, action: Action) -> Step {
    let environment = Environment::from([("FROM_PLAN".into(), "plan $x 'y'".into())]);
    Step { environment, sees_values: true, ..Step::new(name, action) }
}

pub(super) fn late(name: &str, value: &str) -> Environment {
    BTreeMap::from([(name.to_owned(), value.to_owned())])
}

/// The end of a step, within a time that only a broken one takes.
pub(super) async fn end(handle: &Handle) -> Ending {
    let mut ended = handle.ended.clone();
    let ended = tokio::time::timeout(Duration::from_secs(60), ended.wait_for(Option::is_some)).await;
    ended.expect("the step ends").unwrap().clone().unwrap()
}

pub(super) fn exited(code: i32) -> Ending {
    Ending::Exited { code, oom_killed: false }
}

/// Waits until something is so.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let started = tokio::time::Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
