use slipway_pipelines::plan::Resources;

use super::harness::{bench, exited, play, spec};
use crate::executor::Ending;

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_too_much_memory_is_killed_and_it_is_said() {
    let Some(bench) = bench(0).await else { return };
    // The first process itself, a child of the shell, and a child whose end the script hides behind another code.
    let mut steps = vec![
        bench.entrypoint("plugin", &["/bin/tail", "/dev/zero"]),
        bench.commands("child", &["echo up", "tail /dev/zero"]),
        bench.commands("hidden", &["tail /dev/zero || exit 2"]),
        bench.commands("survived", &["tail /dev/zero || true"]),
    ];
    for step in &mut steps {
        spec(step).resources = Resources { memory_bytes: Some(24 << 20), ..Resources::default() };
    }
    steps.push(bench.commands("own fault", &["sh -c 'kill -9 $$'"]));
    let ends: Vec<Ending> = play(&bench, steps).await.into_iter().map(|(ending, _)| ending).collect();
    let killed = |code| Ending::Exited { code, oom_killed: true };
    assert_eq!(ends, [killed(137), killed(137), killed(2), exited(0), exited(137)]);
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processors_and_processes_are_limited() {
    let Some(bench) = bench(0).await else { return };
    // The engine's own start takes some of them for a moment.
    let mut limited = bench.commands("limited", &["for i in $(seq 60); do sleep 5 & done"]);
    spec(&mut limited).resources = Resources { pids: Some(40), cpu_millis: Some(64_000), memory_bytes: None };
    let (ending, log) = play(&bench, vec![limited]).await.remove(0);
    assert_ne!(ending, exited(0), "{log}");
    assert!(log.contains("can't fork"), "{log}");
    bench.finish().await;
}
