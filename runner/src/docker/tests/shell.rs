use std::time::Duration;

use slipway_pipelines::plan::Environment;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::watch,
};

use super::harness::{Log, bench, end, exited, late, spec, until};
use crate::{
    docker::{Size, Terminal},
    executor::Executor,
};

/// Reads until the text was seen.
async fn read_until(screen: &mut DuplexStream, seen: &mut String, wanted: &str) {
    let mut bytes = [0; 4096];
    while !seen.contains(wanted) {
        let read = tokio::time::timeout(Duration::from_secs(30), screen.read(&mut bytes)).await;
        let count = read.unwrap_or_else(|_| panic!("no {wanted:?} in {seen:?}")).unwrap();
        assert_ne!(count, 0, "no {wanted:?} in {seen:?}");
        seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_stands_where_the_step_failed() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let serve = bench.service("db", &["echo served > index.html; httpd -f -p 80"]);
    let mut failed = bench.commands("failed", &["echo wrong > result; exit 4"]);
    failed.environment.insert("OWN".into(), "its own".into());
    spec(&mut failed).access.user = Some("1000".into());
    let job = docker.open(&bench.grant(vec![serve, failed])).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let _service = docker.prepare(&job, 0, Log::default().sink()).await.unwrap();
    docker.release(&job, 0, &Environment::new()).await.unwrap();
    let handle = docker.prepare(&job, 1, Log::default().sink()).await.unwrap();
    docker.release(&job, 1, &late("LATE", "later")).await.unwrap();
    assert_eq!(end(&handle).await, exited(4));

    let (mut keyboard, input) = duplex(1 << 16);
    let (output, mut screen) = duplex(1 << 16);
    let (size, sizes) = watch::channel(Some(Size { columns: 123, rows: 45 }));
    let terminal = Terminal { input: Box::pin(input), output: Box::pin(output), size: sizes, kind: "dumb".into() };
    let (executor, its) = (docker.clone(), job.clone());
    let shell = tokio::spawn(async move { executor.shell(&its, 1, terminal).await });
    let mut seen = String::new();
    // What is typed is echoed: the answers are what the words of the questions are not.
    keyboard.write_all(b"echo \"<$(id -u) $(pwd) $(cat result) $OWN $LATE $TERM $CI_STEP_NAME>\"\n").await.unwrap();
    read_until(&mut screen, &mut seen, "<1000 /slipway/src/x wrong its own later dumb failed>").await;
    keyboard.write_all(b"[ -t 0 ] && [ -t 1 ] && echo a'' terminal\n").await.unwrap();
    read_until(&mut screen, &mut seen, "a terminal").await;
    keyboard.write_all(b"until wget -q -O - http://db/; do sleep 0.1; done\n").await.unwrap();
    read_until(&mut screen, &mut seen, "served").await;
    keyboard.write_all(b"stty size\n").await.unwrap();
    read_until(&mut screen, &mut seen, "45 123").await;
    size.send_replace(Some(Size { columns: 80, rows: 24 }));
    keyboard.write_all(b"until [ \"$(stty size)\" = '24 80' ]; do sleep 0.1; done; echo re''sized\n").await.unwrap();
    read_until(&mut screen, &mut seen, "resized").await;
    keyboard.write_all(b"exit 9\n").await.unwrap();
    let code = tokio::time::timeout(Duration::from_secs(30), shell).await.unwrap().unwrap();
    assert_eq!(code, Ok(9));
    docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_is_closed_ends_its_shell() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let job = docker.open(&bench.grant(vec![bench.commands("failed", &["exit 4"])])).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let handle = docker.prepare(&job, 0, Log::default().sink()).await.unwrap();
    docker.release(&job, 0, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(4));
    let (keyboard, input) = duplex(64);
    let (output, mut screen) = duplex(1 << 16);
    let (_size, sizes) = watch::channel(None);
    let terminal = Terminal { input: Box::pin(input), output: Box::pin(output), size: sizes, kind: "dumb".into() };
    let (executor, its) = (docker.clone(), job.clone());
    let shell = tokio::spawn(async move { executor.shell(&its, 0, terminal).await });
    read_until(&mut screen, &mut String::new(), "#").await;
    drop(keyboard);
    until("the shell ends", || async { shell.is_finished() }).await;
    shell.await.unwrap().unwrap();
    docker.close(&job).await;
    bench.finish().await;
}
