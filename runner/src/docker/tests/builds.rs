use slipway_pipelines::{
    plan::{Action, Environment, Image, ImageBuild, Program, Pull},
    state::Reason,
};

use super::{
    super::names,
    harness::{Log, bench, end, exited, step},
    workspaces::{repository, run},
};
use crate::executor::{Ending, Executor, Signal};

fn build(context: &str, tags: &[&str]) -> Image {
    Image::Build(ImageBuild {
        target: Some("last".into()),
        args: [("WORD".to_owned(), "from args".to_owned())].into(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        ..ImageBuild::new(context)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_built_from_the_workspace_and_used_by_its_tag() {
    let Some(bench) = bench(0).await else { return };
    let dockerfile = format!(
        "FROM {} AS last\nARG WORD\nCOPY . /built/\nRUN echo \"$WORD\" > /built/word\nCMD [\"cat\", \"/built/word\"]\nFROM scratch\n",
        bench.image
    );
    let tag = format!("slipway-test-{}:1", names::token());
    let mut own = bench.commands("own", &["ls /built"]);
    let Action::Run(container) = &mut own.action else { unreachable!() };
    container.image = build("/slipway/src/x/image", &[]);
    let mut only = bench.container(Program::Nothing);
    only.image = build("/slipway/src/x/image", &[&tag]);
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
    assert!(logs[0].contains("Step 1/5") && logs[0].ends_with("+ ls /built\nDockerfile\nkept\nword\n"), "{}", logs[0]);
    assert!(logs[1].ends_with(&format!("Tagged {tag}\n")) && logs[1].contains("Using cache"), "{}", logs[1]);
    assert_eq!(logs[2], "from args\n");
    let own = names::built_repository(&bench.instance);
    let images =
        bench.docker.engine().api.list_images(None::<bollard::query_parameters::ListImagesOptions>).await.unwrap();
    let tags = images.into_iter().flat_map(|image| image.repo_tags).filter(|name| name.starts_with(&own));
    assert!(tags.into_iter().all(|name| name.contains(":cache-")), "the job's own names are gone");
    bench
        .docker
        .engine()
        .api
        .remove_image(&tag, None::<bollard::query_parameters::RemoveImageOptions>, None)
        .await
        .unwrap();
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_or_is_stopped_ends_its_step() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let context = |context: &str| {
        let mut spec = bench.container(Program::Nothing);
        spec.image = build(context, &[]);
        step(context, Action::Run(spec))
    };
    let base = &bench.image;
    let files = [
        ("bad/Dockerfile", format!("FROM {base} AS last\nRUN echo before; exit 7\n")),
        ("wrong/Dockerfile", "NONSENSE\n".to_owned()),
        ("none/other", String::new()),
        ("long/Dockerfile", format!("FROM {base} AS last\nRUN echo up; sleep 1000\n")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, content)| (*path, content.as_str())).collect();
    let folders = ["bad", "wrong", "none", "missing", "long"];
    let mut grant = bench.grant(folders.iter().map(|name| context(&format!("/slipway/src/x/{name}"))).collect());
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
            super::harness::until("it builds", || async { log.text().contains("\nup\n") }).await;
            docker.signal(&job, position, Signal::Term).await.unwrap();
            assert_eq!(end(&handle).await, exited(143));
            continue;
        }
        let ending = end(&handle).await;
        let Ending::Failed(failed) = &ending else { panic!("{folder}: {ending:?}") };
        assert_eq!(failed.reason, Reason::ImageBuild, "{folder}: {failed}");
        assert!(log.text().contains(&failed.message), "{folder}: {}", log.text());
    }
    docker.close(&job).await;
    bench.finish().await;
}
