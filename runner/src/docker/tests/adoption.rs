use std::sync::Arc;

use bollard::models::{ContainerCreateBody, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::CreateContainerOptionsBuilder;
use slipway_pipelines::plan::{Action, Environment, Program};

use super::{
    super::{Docker, gate, names},
    harness::{Log, bench, config, end, exited, step, until},
};
use crate::executor::Executor;

/// Runs something in a runtime of its own, and kills all that it has begun.
pub(super) fn in_a_process_that_dies<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let process = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let result = runtime.block_on(work);
        runtime.shutdown_background();
        result
    });
    process.join().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_runner_takes_its_containers_over() {
    let Some(bench) = bench(0).await else { return };
    // No text, no line end at the end of the middle part, and more to come after the restart.
    let talk = "printf 'a\\377\\000\\nb'; seq 1 5000; until [ -e on ]; do sleep 0.05; done; echo end; exit 6";
    let entrypoint = vec!["/bin/sh".into(), "-c".into(), "echo plugged; exit 2".into()];
    let grant = bench.grant(vec![
        bench.commands("running", &[talk]),
        bench.commands("done", &["echo done"]),
        bench.commands("waiting", &["echo never"]),
        step("plugin", Action::Run(bench.container(Program::Entrypoint { entrypoint }))),
        bench.commands("later", &["touch on"]),
    ]);
    let (docker, its) = (bench.docker.clone(), grant.clone());
    let config = config(&bench.instance, &bench.data, 0);
    let before = in_a_process_that_dies(async move {
        let docker_of_it = Docker::connect(config).await.unwrap();
        let job = docker_of_it.open(&its).await.unwrap();
        docker_of_it.empty_workspace(&job).await.unwrap();
        let log = Log::default();
        let logs: Vec<Log> = (0..4).map(|position| if position == 0 { log.clone() } else { Log::default() }).collect();
        let mut handles = Vec::new();
        for (position, log) in logs.iter().enumerate() {
            handles.push(docker_of_it.prepare(&job, position, log.sink()).await.unwrap());
        }
        for position in [0, 1, 3] {
            docker_of_it.release(&job, position, &Environment::new()).await.unwrap();
        }
        end(&handles[1]).await;
        end(&handles[3]).await;
        until("it talks", || async { log.text().contains("\n5000\n") }).await;
        log.bytes()
    });
    let waiting = names::container(&grant.claim, 2);
    until("a gate without a runner ends by itself", || async { !docker.engine().is_running(&waiting).await }).await;
    assert_eq!(docker.engine().status(&waiting).await.unwrap().code, gate::NEVER_RELEASED);

    assert_eq!(docker.survey().await.unwrap(), [grant.claim]);
    docker.sweep(&[grant.claim]).await.unwrap();
    let logs: Arc<Vec<Log>> = Arc::new((0..5).map(|_| Log::default()).collect());
    let sinks = Arc::clone(&logs);
    let adopted = docker.adopt(&grant, &move |step| sinks[step].sink()).await.unwrap();
    assert!(adopted.has_workspace);
    assert_eq!(adopted.released.keys().copied().collect::<Vec<_>>(), [0, 1, 3]);
    assert_eq!(end(&adopted.released[&1]).await, exited(0));
    assert_eq!(logs[1].text(), "+ echo done\ndone\n");
    assert_eq!(end(&adopted.released[&3]).await, exited(2));
    assert_eq!(logs[3].text(), "plugged\n");
    assert!(adopted.released[&0].ended.borrow().is_none());

    let handle = docker.prepare(&adopted.job, 4, logs[4].sink()).await.unwrap();
    docker.release(&adopted.job, 4, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(0), "{}", logs[4].text());
    assert_eq!(end(&adopted.released[&0]).await, exited(6));
    assert_eq!(*adopted.released[&0].said.borrow(), Some(6));
    let again = logs[0].bytes();
    assert!(again.starts_with(&before), "the engine gives the same bytes again");
    assert!(again.ends_with(b"\n5000\nend\n") && before.len() + 4 == again.len(), "{}", logs[0].text());
    docker.close(&adopted.job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_takes_what_is_nobodys_and_leaves_what_is_others() {
    let Some(bench) = bench(1).await else { return };
    let docker = &bench.docker;
    let api = &docker.engine().api;
    let other = format!("other-{}", names::token());
    let decoys = [names::fresh("decoy"), format!("decoy-{}", names::token())];
    let labels = [names::sandbox_labels(&other), names::sandbox_labels(&bench.instance)];
    // One of another instance; one that has our label, as a container of an image with labels may, but no name of ours.
    for (name, labels) in decoys.iter().zip(&labels) {
        let body = ContainerCreateBody {
            image: Some(bench.image.clone()),
            labels: Some(labels.clone()),
            cmd: Some(vec!["sh".into()]),
            ..Default::default()
        };
        let options = CreateContainerOptionsBuilder::new().name(name).build();
        api.create_container(Some(options), body).await.unwrap();
        let request =
            VolumeCreateRequest { name: Some(name.clone()), labels: Some(labels.clone()), ..Default::default() };
        api.create_volume(request).await.unwrap();
        api.create_network(NetworkCreateRequest {
            name: name.clone(),
            labels: Some(labels.clone()),
            ..Default::default()
        })
        .await
        .unwrap();
    }
    let config = config(&bench.instance, &bench.data, 2);
    let (lost, grant) = (
        bench.grant(vec![bench.commands("lost", &["sleep 1000"])]),
        bench.grant(vec![bench.commands("open", &["echo here"])]),
    );
    let its = lost.clone();
    in_a_process_that_dies(async move {
        let docker = Docker::connect(config).await.unwrap();
        let job = docker.open(&its).await.unwrap();
        docker.empty_workspace(&job).await.unwrap();
        let handle = docker.prepare(&job, 0, Log::default().sink()).await.unwrap();
        docker.release(&job, 0, &Environment::new()).await.unwrap();
        drop(handle);
    });
    let job = docker.open(&grant).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    docker.sweep(&[]).await.unwrap();
    assert_eq!(docker.survey().await.unwrap(), [grant.claim]);
    let log = Log::default();
    let handle = docker.prepare(&job, 0, log.sink()).await.unwrap();
    docker.release(&job, 0, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(0));
    docker.close(&job).await;
    for name in &decoys {
        docker.engine().status(name).await.unwrap();
        docker.engine().remove_container(name).await.unwrap();
        api.inspect_volume(name).await.unwrap();
        docker.engine().remove_volume(name).await.unwrap();
        api.inspect_network(name, None).await.unwrap();
        docker.engine().remove_network(name).await.unwrap();
    }
    bench.finish().await;
}
