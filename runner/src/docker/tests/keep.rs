use slipway_pipelines::plan::Environment;

use super::{
    super::{Docker, archive::Door, context, names},
    harness::{Log, bench, config, end, exited},
    workspaces::repository,
};
use crate::{docker::Config, executor::Executor};

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_is_kept_outlives_its_job_and_every_sweep() {
    let Some(bench) = bench(0).await else { return };
    let keeping = Config { keep: true, ..config(&bench.instance, &bench.data, 0) };
    let docker = Docker::connect(keeping).await.unwrap();
    let mut grant = bench.grant(vec![bench.commands("make", &["cat made", "echo changed > made"])]);
    let source = bench.data.path().join("source");
    grant.source.sha = repository(&source, &[("made", "committed\n")]);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    let job = docker.open(&grant).await.unwrap();
    docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    let handle = docker.prepare(&job, 0, Log::default().sink()).await.unwrap();
    docker.release(&job, 0, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(0));
    let volume = docker.workspace(&job);
    docker.close(&job).await;
    assert_eq!(bench.docker.survey().await.unwrap(), [], "it is no job any more");
    bench.docker.sweep(&[]).await.unwrap();
    // Neither of the job's nor of the cache's folders is needed to read it.
    std::fs::remove_dir_all(bench.data.path().join("trees")).unwrap();
    let door = Door::open(docker.engine(), &volume, "/volume", names::helper_labels(&bench.instance)).await.unwrap();
    let file = door.get("/volume/src/x/made").await.unwrap().unwrap();
    let text = tokio::task::spawn_blocking(move || context::only_file(file)).await.unwrap().unwrap();
    door.close().await;
    docker.engine().remove_volume(&volume).await.unwrap();
    docker.stop().await;
    assert_eq!(text, "changed\n");
    bench.finish().await;
}
