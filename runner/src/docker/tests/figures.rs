use std::time::{Duration, Instant};

use slipway_pipelines::plan::Environment;

use super::harness::{Log, bench, end, until};
use crate::executor::Executor;

/// Prints figures, asserts none. `cargo test -p slipway-runner figures -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, on a machine that does nothing else"]
async fn figures() {
    const ROUNDS: usize = 15;
    let Some(bench) = bench(1).await else { return };
    let docker = &bench.docker;
    let (mut opens, mut prepares, mut words, mut says, mut ends, mut gaps, mut closes) =
        (vec![], vec![], vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        until("the pool is full", || async { docker.ready_sandboxes() == 1 }).await;
        let grant = bench.grant(vec![bench.commands("a", &["echo a"]), bench.commands("b", &["echo b"])]);
        let at = Instant::now();
        let job = docker.open(&grant).await.unwrap();
        opens.push(at.elapsed());
        docker.empty_workspace(&job).await.unwrap();
        let logs = [Log::default(), Log::default()];
        let at = Instant::now();
        let first = docker.prepare(&job, 0, logs[0].sink()).await.unwrap();
        prepares.push(at.elapsed());
        let second = docker.prepare(&job, 1, logs[1].sink()).await.unwrap();
        let word = Instant::now();
        docker.release(&job, 0, &Environment::new()).await.unwrap();
        first.said.clone().wait_for(Option::is_some).await.unwrap();
        let said = Instant::now();
        docker.release(&job, 1, &Environment::new()).await.unwrap();
        end(&first).await;
        ends.push(word.elapsed());
        end(&second).await;
        words.push(logs[0].began().unwrap() - word);
        says.push(said - word);
        gaps.push(logs[1].began().unwrap() - said);
        let at = Instant::now();
        docker.close(&job).await;
        closes.push(at.elapsed());
    }
    let figures = [
        ("open with a pool hit", opens),
        ("prepare: create, attach, start", prepares),
        ("word to first byte", words),
        ("word to exit said", says),
        ("word to end", ends),
        ("exit said to first byte of the next step", gaps),
        ("close", closes),
    ];
    for (what, mut times) in figures {
        times.sort_unstable();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        eprintln!("{what}: median {:.1} ms, worst {:.1} ms", ms(times[ROUNDS / 2]), ms(times[ROUNDS - 1]));
    }
    let much = bench.commands("much", &["head -c 100000000 /dev/zero | tr '\\0' x"]);
    let job = docker.open(&bench.grant(vec![much])).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let log = Log::default();
    let handle = docker.prepare(&job, 0, log.sink()).await.unwrap();
    let word = Instant::now();
    docker.release(&job, 0, &Environment::new()).await.unwrap();
    end(&handle).await;
    assert!(log.bytes().len() > 100_000_000);
    eprintln!("100 MB of log: {:.0} MB/s", 100.0 / word.elapsed().as_secs_f64());
    docker.close(&job).await;
    bench.finish().await;
}
