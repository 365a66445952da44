//! Images that builds pushed, in the API.

use serde_json::json;
use slipway_pipelines::{
    compile::Compilation,
    plan::{Action, Container, Image, ImageBuild, Program},
    state::{Finish, Reason},
    wire::{JobNews, PushedImage},
};

use slipway_server::store::model::{BuildContent, NewBuild};

use crate::setup::{World, job, trigger};

fn pushed(reference: &str, digest: &str) -> JobNews {
    JobNews::Pushed { step: 0, image: PushedImage { reference: reference.into(), digest: digest.into() } }
}

#[tokio::test]
async fn images_that_were_pushed_are_told_with_their_digests() {
    let world = World::start().await;
    let repository = world.repository("me/thing").await;
    let wish = ImageBuild { tags: vec!["r.example/a:1".into()], push: true, ..ImageBuild::new("/slipway") };
    let container = Container::new(Image::Build(wish), Program::Nothing, "/slipway");
    let mut job = job(&["image"]);
    std::sync::Arc::make_mut(&mut job.plan.steps[0]).action = Action::Run(container);
    let compilation = Compilation { jobs: vec![job], ..Compilation::default() };
    let content = BuildContent { compilation, diagnostics_text: String::new(), fault: Reason::Config };
    let new = NewBuild { repository: repository.id, trigger: trigger("x"), parent: None, delivery: None };
    world.server.app().store.create_build(new, move |_| content).await.unwrap();
    let runner = world.runner().await;
    let claim = runner.take().await;
    runner.started(claim, 0).await;
    let (first, last) = (format!("sha256:{}", "1".repeat(64)), format!("sha256:{}", "a".repeat(64)));
    for (reference, digest) in [
        ("r.example/a:1", &first),
        ("r.example/a:1", &last),
        ("r.example/other:1", &last),
        ("r.example/a:1", &"no".into()),
    ] {
        runner.news(claim, pushed(reference, digest)).await;
    }
    runner.ended(claim, 0, Finish::exit(0), 0).await;
    runner.finished(claim, Finish::exit(0)).await;
    let told = world.json("/api/v1/repos/me/thing/builds/1").await["jobs"][0]["images"].clone();
    assert_eq!(told, json!([{"reference": "r.example/a:1", "digest": last, "step": "image"}]));
}
