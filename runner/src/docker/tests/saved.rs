use slipway_pipelines::{
    plan::{Action, Environment, Image, ImageBuild, Program},
    state::Reason,
};

use super::{
    super::{build, names},
    harness::{Bench, Log, bench, end, spec, step},
    workspaces::{repository, run},
};
use crate::executor::{Ending, Executor};

const FILE: &str = "/slipway/src/x/out/image.tar";

fn loads(bench: &Bench, name: &str, path: &str, program: Program) -> slipway_pipelines::plan::Step {
    let mut container = bench.container(program);
    container.image = Image::Load { path: path.to_owned() };
    step(name, Action::Run(container))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_saved_to_the_workspace_and_loaded_from_it() {
    let Some(bench) = bench(0).await else { return };
    let engine = bench.docker.engine();
    let dockerfile = format!("FROM {}\nRUN echo kept > /kept\nCMD [\"cat\", \"/kept\"]\n", bench.image);
    let tag = format!("slipway-test-{}:1", names::token());
    let mut made = bench.commands("made", &["true"]);
    spec(&mut made).program = Program::Nothing;
    spec(&mut made).image = Image::Build(ImageBuild {
        tags: vec![tag.clone()],
        save: Some(FILE.into()),
        ..ImageBuild::new("/slipway/src/x")
    });
    let steps = vec![
        made,
        bench.commands("look", &["tar -xOf out/image.tar manifest.json"]),
        loads(&bench, "own", FILE, Program::Image),
        loads(&bench, "shell", FILE, Program::Commands { commands: vec!["cat /kept".into()] }),
    ];
    let logs = run(&bench, &[("Dockerfile", &dockerfile)], steps).await;
    assert!(logs[0].contains("Saved the image to image.tar ("), "{}", logs[0]);
    assert!(logs[1].contains(&tag), "{}", logs[1]);
    assert!(
        logs[2].starts_with("Loaded the image of out/image.tar: sha256:") && logs[2].ends_with("\nkept\n"),
        "{}",
        logs[2]
    );
    assert!(logs[3].ends_with("+ cat /kept\nkept\n"), "{}", logs[3]);
    build::remove(engine, &tag).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_image_fails_its_step_and_takes_no_name() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let before = build::id(docker.engine(), &bench.image).await;
    // An archive that would call itself as the bench's image is called.
    let pretends = format!(
        "mkdir -p evil out && (cd evil && echo '[{{\"Config\":\"c.json\",\"RepoTags\":[\"{}\"],\"Layers\":[]}}]' > manifest.json \
         && echo '{{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[]}}}}' > c.json \
         && tar -cf ../out/image.tar manifest.json c.json)",
        bench.image
    );
    let steps = vec![
        bench.commands("write", &[&pretends, "echo text > out/text.tar", "ln -s image.tar out/link.tar"]),
        loads(&bench, "missing", "/slipway/src/x/none.tar", Program::Image),
        loads(&bench, "text", "/slipway/src/x/out/text.tar", Program::Image),
        loads(&bench, "link", "/slipway/src/x/out/link.tar", Program::Image),
        loads(&bench, "folder", "/slipway/src/x/out", Program::Image),
        loads(&bench, "pretends", FILE, Program::Image),
    ];
    let source = bench.data.path().join("source");
    let mut grant = bench.grant(steps);
    grant.source.sha = repository(&source, &[("a", "1")]);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    let job = docker.open(&grant).await.unwrap();
    docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    let expected = ["", "no such file", "it is no image", "a folder or a link", "a folder or a link", ""];
    for (position, why) in expected.iter().enumerate() {
        let log = Log::default();
        let handle = docker.prepare(&job, position, log.sink()).await.unwrap();
        docker.release(&job, position, &Environment::new()).await.unwrap();
        match end(&handle).await {
            Ending::Failed(failed) if !why.is_empty() => {
                assert_eq!(failed.reason, Reason::ImageBuild, "{failed}");
                assert!(failed.message.contains(why) && log.text().contains(why), "{failed}: {}", log.text());
            }
            // An image without a program: it was loaded, and can't start.
            _ if why.is_empty() => {}
            other => panic!("{position}: {other:?} {}", log.text()),
        }
    }
    docker.close(&job).await;
    assert_eq!(build::id(docker.engine(), &bench.image).await, before);
    bench.finish().await;
}
