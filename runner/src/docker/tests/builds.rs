use bollard::query_parameters::{ListImagesOptions, RemoveImageOptions, TagImageOptions};
use slipway_pipelines::{
    lease::Claim,
    plan::{Action, Environment, Image, ImageBuild, Program, Pull, Step},
    state::{Finish, Reason},
    wire::{Grant, Kept},
};

use super::{
    super::{Job, build, names},
    harness::{Bench, Log, bench, bench_with, end, exited, spec, step},
    workspaces::{repository, run},
};
use crate::{
    docker::Builder,
    executor::{Ending, Executor, Signal},
};

const CONTEXT: &str = "/slipway/src/x";

fn wanted(context: &str, tags: &[&str]) -> Image {
    Image::Build(ImageBuild {
        target: Some("last".into()),
        args: [("WORD".to_owned(), "from args".to_owned())].into(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        ..ImageBuild::new(context)
    })
}

/// A step that builds and does nothing more.
pub(super) fn built(bench: &Bench, name: &str, build: ImageBuild) -> Step {
    let mut container = bench.container(Program::Nothing);
    container.image = Image::Build(build);
    step(name, Action::Run(container))
}

/// Images of an instance that are not caches, and all that have no name.
async fn left(bench: &Bench) -> Vec<String> {
    let own = names::built_repository(&bench.instance);
    let options = ListImagesOptions { all: true, ..Default::default() };
    let images = bench.docker.engine().api.list_images(Some(options)).await.unwrap();
    images
        .into_iter()
        .flat_map(|image| image.repo_tags)
        .filter(|name| name.starts_with(&own) && !name.contains(":cache-"))
        .collect()
}

async fn an_image_is_used_by_its_tag(bench: Bench, first: &str, cached: &str) {
    let dockerfile = format!(
        "FROM {} AS last\nARG WORD\nCOPY . /built/\nRUN echo \"$WORD\" > /built/word\nCMD [\"cat\", \"/built/word\"]\nFROM scratch\n",
        bench.image
    );
    let tag = format!("slipway-test-{}:1", names::token());
    let mut own = bench.commands("own", &["ls /built"]);
    spec(&mut own).image = wanted("/slipway/src/x/image", &[]);
    let mut only = bench.container(Program::Nothing);
    only.image = wanted("/slipway/src/x/image", &[&tag]);
    let mut user = bench.container(Program::Image);
    user.image = Image::Registry { reference: tag.clone(), pull: Pull::Missing };
    let files = [
        ("image/Dockerfile", dockerfile.as_str()),
        ("image/.dockerignore", "*.md\n"),
        ("image/kept", "1"),
        ("image/left.md", "1"),
        ("outside", "1"),
    ];
    let steps = vec![own, step("only", Action::Run(only)), step("user", Action::Run(user))];
    let logs = run(&bench, &files, steps).await;
    assert!(logs[0].contains(first) && logs[0].ends_with("+ ls /built\nDockerfile\nkept\nword\n"), "{}", logs[0]);
    assert!(logs[1].ends_with(&format!("Tagged {tag}\n")) && logs[1].contains(cached), "{}", logs[1]);
    assert_eq!(logs[2], "from args\n");
    assert_eq!(left(&bench).await, [""; 0], "the job's own names are gone");
    bench.docker.engine().api.remove_image(&tag, None::<RemoveImageOptions>, None).await.unwrap();
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_built_from_the_workspace_and_used_by_its_tag() {
    let Some(bench) = bench(0).await else { return };
    assert!(bench.docker.engine().buildkit.is_some(), "this engine has BuildKit");
    an_image_is_used_by_its_tag(bench, "RUN echo \"from args\" > /built/word\n#", " CACHED\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classic_builder_does_the_same() {
    let Some(bench) = bench_with(0, Builder::Classic).await else { return };
    an_image_is_used_by_its_tag(bench, "Step 1/6", "Using cache").await;
}

async fn a_build_that_fails_ends_its_step(bench: Bench, code: &str, running: &str) {
    let docker = &bench.docker;
    let context = |context: &str| {
        let mut spec = bench.container(Program::Nothing);
        spec.image = wanted(&format!("{CONTEXT}/{context}"), &[]);
        step(context, Action::Run(spec))
    };
    let base = &bench.image;
    let files = [
        ("bad/Dockerfile", format!("FROM {base} AS last\nRUN echo made\nRUN echo before; exit 7\n")),
        ("wrong/Dockerfile", "NONSENSE\n".to_owned()),
        ("base/Dockerfile", "FROM 127.0.0.1:1/no/such:1 AS last\nRUN true\n".to_owned()),
        ("none/other", String::new()),
        ("long/Dockerfile", format!("FROM {base} AS last\nRUN echo up; sleep 1000\n")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, content)| (*path, content.as_str())).collect();
    let folders = ["bad", "wrong", "base", "none", "missing", "long"];
    let mut grant = bench.grant(folders.iter().map(|name| context(name)).collect());
    let source = bench.data.path().join("source");
    grant.source.sha = repository(&source, &files);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    let job = docker.open(&grant).await.unwrap();
    docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    for (position, folder) in folders.iter().enumerate() {
        let log = Log::default();
        let handle = docker.prepare(&job, position, log.sink()).await.unwrap();
        docker.release(&job, position, &Environment::new()).await.unwrap();
        if *folder == "long" {
            super::harness::until("it builds", || async { log.text().contains(running) }).await;
            docker.signal(&job, position, Signal::Term).await.unwrap();
            assert_eq!(end(&handle).await, exited(143));
            continue;
        }
        let ending = end(&handle).await;
        let Ending::Failed(failed) = &ending else { panic!("{folder}: {ending:?}") };
        assert_eq!(failed.reason, Reason::ImageBuild, "{folder}: {failed}");
        let text = log.text();
        assert!(text.contains(&failed.message), "{folder}: {text}");
        match *folder {
            "bad" => assert!(text.contains("before\n") && failed.message.contains(code), "{text}"),
            "base" => assert!(failed.message.contains("127.0.0.1:1"), "{text}"),
            _ => {}
        }
    }
    docker.close(&job).await;
    let filters = std::collections::HashMap::from([("dangling".to_owned(), vec!["true".to_owned()])]);
    let options = ListImagesOptions { filters: Some(filters), ..Default::default() };
    for image in docker.engine().api.list_images(Some(options)).await.unwrap() {
        let history = docker.engine().api.image_history(&image.id).await.unwrap();
        let made: Vec<_> = history.into_iter().map(|layer| layer.created_by).collect();
        assert!(!made.iter().any(|by| by.contains("echo made")), "a failed build left {made:?}");
    }
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_or_is_stopped_ends_its_step() {
    let Some(bench) = bench(0).await else { return };
    a_build_that_fails_ends_its_step(bench, "`RUN echo before; exit 7` (line 3) ended with exit code 7", " up\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classic_build_that_fails_or_is_stopped_ends_its_step() {
    let Some(bench) = bench_with(0, Builder::Classic).await else { return };
    a_build_that_fails_ends_its_step(bench, "returned a non-zero code: 7", "\nup\n").await;
}

/// Runs a job of one build and gives its log.
async fn one(bench: &Bench, files: &[(&str, &str)], change: impl Fn(&mut ImageBuild)) -> String {
    let mut build = ImageBuild::new(CONTEXT);
    change(&mut build);
    run(bench, files, vec![built(bench, "image", build)]).await.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_from_the_same_is_skipped() {
    let Some(bench) = bench(0).await else { return };
    // The engine's layers outlive a run of the tests.
    let new = names::token();
    let dockerfile =
        format!("FROM {}\nRUN : {new}\nARG WORD\nCOPY . /x/\nRUN cat /x/a; echo \"made $WORD\"\n", bench.image);
    let files = |a: &'static str| {
        [
            ("Dockerfile", dockerfile.clone()),
            ("a", a.to_owned()),
            (".dockerignore", "no\n.git".into()),
            ("no", a.to_owned()),
        ]
    };
    let log = async |a: &'static str, change: &dyn Fn(&mut ImageBuild)| {
        let files = files(a);
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        one(&bench, &files, change).await
    };
    let skipped = "Nothing has changed: taking image sha256:";
    let plain = |_: &mut ImageBuild| {};
    let first = log("1\n", &plain).await;
    assert!(first.contains(" made \n") && !first.contains(skipped), "{first}");
    let second = log("1\n", &plain).await;
    assert!(second.starts_with(skipped) && second.contains("Same context (3 files)"), "{second}");
    assert!(second.contains(&format!("base images {}", bench.image)), "{second}");
    let args = |build: &mut ImageBuild| drop(build.args.insert("WORD".into(), "other".into()));
    assert!(log("1\n", &args).await.contains(" made other\n"), "arguments");
    assert!(log("2\n", &args).await.contains(" 2\n"), "context");
    assert!(log("2\n", &args).await.starts_with(skipped));
    let fresh = |build: &mut ImageBuild| {
        args(build);
        build.no_cache = true;
    };
    assert!(log("2\n", &fresh).await.contains(" made other\n"), "no_cache");
    let old = build::id(bench.docker.engine(), &bench.image).await.unwrap();
    let base = super::harness::import(
        bench.docker.engine(),
        bench.image.split_once(':').unwrap().1,
        super::harness::rootfs_without(&["tmp"]).unwrap(),
        &["ENV PATH=/bin"],
    );
    base.await;
    assert!(!log("2\n", &args).await.contains(skipped), "base image");
    build::remove(bench.docker.engine(), &old).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_and_cache_mounts_work_and_stay_out_of_the_image() {
    let Some(bench) = bench(0).await else { return };
    let new = names::token();
    let dockerfile = format!(
        "FROM {}\nRUN : {new}\nRUN --mount=type=secret,id=npm wc=$(cat /run/secrets/npm | head -c 3); echo \"begins $wc\"; ls /run/secrets\n\
         RUN --mount=type=cache,target=/cache ls /cache; echo 1 > /cache/kept\nCOPY a /a\n\
         RUN --mount=type=cache,target=/cache echo \"second $(ls /cache)\"\n",
        bench.image
    );
    let value = format!("hunter-{}", names::token());
    let image = format!("slipway-test-{}:1", names::token());
    let secret = slipway_pipelines::plan::BuildSecret::Value(value.clone());
    let wish = |build: &mut ImageBuild| {
        build.secrets.insert("npm".into(), secret.clone());
        build.tags = vec![image.clone()];
    };
    let log = one(&bench, &[("Dockerfile", &dockerfile), ("a", "1")], wish).await;
    assert!(log.contains(" begins hun\n") && log.contains(" npm\n"), "{log}");
    assert!(log.contains(" second kept\n"), "{log}");
    let log = one(&bench, &[("Dockerfile", &dockerfile), ("a", "2")], wish).await;
    assert!(log.contains(" CACHED\n") && log.contains(" second kept\n"), "{log}");
    let inspect = bench.docker.engine().api.inspect_image(&image).await.unwrap();
    assert!(!format!("{inspect:?}").contains(&value));
    let history = bench.docker.engine().api.image_history(&image);
    assert!(!format!("{:?}", history.await.unwrap()).contains(&value));
    bench.docker.engine().api.remove_image(&image, None::<RemoveImageOptions>, None).await.unwrap();
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_classic_builder_says_what_it_cannot() {
    let Some(bench) = bench_with(0, Builder::Classic).await else { return };
    let mount = format!("FROM {}\nRUN --mount=type=cache,target=/c true\n", bench.image);
    let plain = format!("FROM {}\n", bench.image);
    let secret = slipway_pipelines::plan::BuildSecret::Value("hunter2".into());
    let cases = [
        (&mount, ImageBuild::new(CONTEXT), "`RUN --mount` (line 2 of Dockerfile) needs BuildKit"),
        (
            &plain,
            ImageBuild { secrets: [("a".to_owned(), secret)].into(), ..ImageBuild::new(CONTEXT) },
            "`secrets` of a build need BuildKit",
        ),
    ];
    for (dockerfile, build, wanted) in cases {
        let mut grant = bench.grant(vec![built(&bench, "image", build)]);
        let source = bench.data.path().join("source");
        grant.source.sha = repository(&source, &[("Dockerfile", dockerfile.as_str())]);
        grant.source.path = Some(source.to_str().unwrap().to_owned());
        let job = bench.docker.open(&grant).await.unwrap();
        bench.docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
        let log = Log::default();
        let handle = bench.docker.prepare(&job, 0, log.sink()).await.unwrap();
        bench.docker.release(&job, 0, &Environment::new()).await.unwrap();
        let Ending::Failed(failed) = end(&handle).await else { panic!("{}", log.text()) };
        assert!(failed.message.contains(wanted) && log.text().contains(wanted), "{failed}");
        bench.docker.close(&job).await;
        std::fs::remove_dir_all(&source).unwrap();
    }
    let cached = ImageBuild { cache_from: vec!["127.0.0.1:1/x:cache".into()], ..ImageBuild::new(CONTEXT) };
    let logs = run(&bench, &[("Dockerfile", plain.as_str())], vec![built(&bench, "image", cached)]).await;
    assert!(logs[0].contains("WARNING: `cache_from` is passed over"), "{}", logs[0]);
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_attempt_uses_the_image_that_the_first_one_built() {
    let Some(bench) = bench(0).await else { return };
    let tag = format!("slipway-test-{}:1", names::token());
    let dockerfile = format!("FROM {}\nRUN echo {tag} > /made\n", bench.image);
    let mut user = bench.commands("user", &["cat /made"]);
    spec(&mut user).image = Image::Registry { reference: tag.clone(), pull: Pull::Never };
    let build = ImageBuild { tags: vec![tag.clone()], ..ImageBuild::new(CONTEXT) };
    let mut grant = bench.grant(vec![built(&bench, "image", build), user]);
    let source = bench.data.path().join("source");
    grant.source.sha = repository(&source, &[("Dockerfile", &dockerfile)]);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    let docker = bench.docker.clone();
    let run = async |job: &Job, position: usize| {
        let log = Log::default();
        let handle = docker.prepare(job, position, log.sink()).await.unwrap();
        docker.release(job, position, &Environment::new()).await.unwrap();
        assert_eq!(end(&handle).await, exited(0), "{}", log.text());
        log.text()
    };
    let job = docker.open(&grant).await.unwrap();
    docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    run(&job, 0).await;
    docker.keep(&job).await;

    // Another job gives its name to another image.
    let options = TagImageOptions { repo: tag.strip_suffix(":1").map(str::to_owned), tag: Some("1".to_owned()) };
    docker.engine().api.tag_image(&bench.image, Some(options)).await.unwrap();
    let steps = [(0, Finish::exit(0))].into();
    let kept = Kept { workspace: grant.claim, steps, outputs: Default::default() };
    let again = Grant { claim: Claim { attempt: 2, epoch: 2, ..grant.claim }, kept: Some(kept), ..grant };
    let job = docker.open(&again).await.unwrap();
    assert_eq!(run(&job, 1).await, format!("+ cat /made\n{tag}\n"));
    docker.close(&job).await;
    assert!(left(&bench).await.is_empty(), "{:?}", left(&bench).await);
    docker.engine().api.remove_image(&tag, None::<RemoveImageOptions>, None).await.unwrap();
    std::fs::remove_dir_all(&source).unwrap();
    bench.finish().await;
}
