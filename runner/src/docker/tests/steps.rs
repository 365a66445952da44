use std::time::Duration;

use slipway_pipelines::{
    plan::{Action, Environment, Image, Program, Pull},
    state::Reason,
};

use super::harness::{Log, bench, end, exited, import, late, step, until};
use crate::executor::{Executor, Signal};

#[tokio::test(flavor = "multi_thread")]
async fn commands_run_at_the_word_in_a_shared_workspace() {
    let Some(bench) = bench(1).await else { return };
    let steps = vec![
        bench.commands("one", &["echo $LATE $FROM_PLAN; echo err >&2; echo out", "pwd; id -u", "echo kept > file"]),
        bench.commands("two", &["cat file", "exit 3", "echo never"]),
        bench.commands("unused", &["touch /slipway/ran"]),
        bench.commands("look", &["ls /slipway"]),
    ];
    let docker = &bench.docker;
    let job = docker.open(&bench.grant(steps)).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let logs: Vec<Log> = (0..4).map(|_| Log::default()).collect();
    let mut handles = Vec::new();
    for (position, log) in logs.iter().enumerate() {
        handles.push(docker.prepare(&job, position, log.sink()).await.unwrap());
    }
    assert!(logs.iter().all(|log| log.bytes().is_empty()));
    docker.release(&job, 0, &late("LATE", "it's late\n2nd")).await.unwrap();
    let mut said = handles[0].said.clone();
    assert_eq!(*said.wait_for(Option::is_some).await.unwrap(), Some(0));
    assert_eq!(end(&handles[0]).await, exited(0));
    assert_eq!(
        logs[0].text(),
        "+ echo $LATE $FROM_PLAN; echo err >&2; echo out\nit's late 2nd plan $x 'y'\nerr\nout\n\
         + pwd; id -u\n/slipway/src/x\n0\n+ echo kept > file\n"
    );
    docker.release(&job, 1, &Environment::new()).await.unwrap();
    assert_eq!(end(&handles[1]).await, exited(3));
    assert_eq!(logs[1].text(), "+ cat file\nkept\n+ exit 3\n");
    docker.release(&job, 3, &Environment::new()).await.unwrap();
    assert_eq!(end(&handles[3]).await, exited(0));
    assert_eq!(logs[3].text(), "+ ls /slipway\nsrc\n", "a step without the word ran");
    docker.close(&job).await;
    assert!(logs[2].bytes().is_empty());
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn much_output_comes_whole_and_in_order() {
    let Some(bench) = bench(0).await else { return };
    let job = bench.docker.open(&bench.grant(vec![bench.commands("much", &["seq 1 800000", "exit 5"])])).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    let log = Log::default();
    let handle = bench.docker.prepare(&job, 0, log.sink()).await.unwrap();
    bench.docker.release(&job, 0, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(5));
    let numbers: String = (1..=800_000).map(|number| format!("{number}\n")).collect();
    assert!(log.text() == format!("+ seq 1 800000\n{numbers}+ exit 5\n"));
    bench.docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_and_services_get_what_is_theirs() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let entrypoint = ["/bin/sh", "-c", "echo $PLUGIN_X $CI_PIPELINE_STATUS $FROM_PLAN; pwd; exit 4"];
    let entrypoint = entrypoint.map(str::to_owned).to_vec();
    let mut plugin = step("plugin", Action::Run(bench.container(Program::Entrypoint { entrypoint })));
    plugin.environment.insert("PLUGIN_X".into(), "x y".into());
    plugin.environment.insert("CI_PIPELINE_STATUS".into(), "early".into());
    let serve = ["mkdir -p /www; echo served > /www/index.html", "httpd -f -p 80 -h /www"];
    let Action::Run(serve) = bench.commands("db", &serve).action else { unreachable!() };
    let client = "n=0; until wget -q -O - http://db/; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done";
    let nothing = bench.container(Program::Entrypoint { entrypoint: vec!["/no/such".into()] });
    let steps = vec![
        step("db", Action::Service(serve)),
        plugin,
        bench.commands("client", &[client]),
        step("broken", Action::Run(nothing)),
    ];
    let job = docker.open(&bench.grant(steps)).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let logs: Vec<Log> = (0..4).map(|_| Log::default()).collect();
    let mut handles = Vec::new();
    for (position, log) in logs.iter().enumerate() {
        handles.push(docker.prepare(&job, position, log.sink()).await.unwrap());
        docker.release(&job, position, &late("CI_PIPELINE_STATUS", "failure")).await.unwrap();
    }
    assert_eq!(end(&handles[1]).await, exited(4));
    assert_eq!(logs[1].text(), "x y failure plan $x 'y'\n/slipway/src/x\n");
    assert_eq!(end(&handles[2]).await, exited(0), "{}", logs[2].text());
    assert!(logs[2].text().ends_with("\nserved\n"), "{}", logs[2].text());
    assert_eq!(end(&handles[3]).await, exited(127));
    assert!(logs[3].text().contains("/no/such"), "{}", logs[3].text());
    assert!(handles[0].ended.borrow().is_none());
    docker.signal(&job, 0, Signal::Term).await.unwrap();
    assert_eq!(end(&handles[0]).await, exited(143));
    docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_reach_every_process_and_kill_what_ignores_them() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let steps = vec![
        bench.commands("polite", &["trap 'echo bye; exit 9' TERM", "echo up", "while :; do sleep 0.1; done"]),
        bench.commands("deaf", &["trap '' TERM", "echo up", "while :; do sleep 0.1; done"]),
        bench.commands("child", &["echo up", "sleep 1000"]),
    ];
    let job = docker.open(&bench.grant(steps)).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let logs: Vec<Log> = (0..3).map(|_| Log::default()).collect();
    let mut handles = Vec::new();
    for (position, log) in logs.iter().enumerate() {
        handles.push(docker.prepare(&job, position, log.sink()).await.unwrap());
        docker.signal(&job, position, Signal::Term).await.unwrap();
        docker.release(&job, position, &Environment::new()).await.unwrap();
        until("it is up", || async { log.text().contains("\nup\n") }).await;
        docker.signal(&job, position, Signal::Term).await.unwrap();
    }
    assert_eq!(end(&handles[0]).await, exited(9));
    assert!(logs[0].text().ends_with("bye\n"));
    assert_eq!(end(&handles[2]).await, exited(143));
    tokio::time::timeout(Duration::from_millis(300), end(&handles[1])).await.unwrap_err();
    docker.signal(&job, 1, Signal::Kill).await.unwrap();
    assert_eq!(end(&handles[1]).await, exited(137));
    docker.signal(&job, 1, Signal::Kill).await.unwrap();
    docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_there_is_said_with_its_name() {
    let Some(bench) = bench(0).await else { return };
    let mut steps = Vec::new();
    for reference in ["localhost:1/none:1", "../containers/json", "not an image"] {
        let mut spec = bench.container(Program::Image);
        spec.image = Image::Registry { reference: reference.into(), pull: Pull::Missing };
        steps.push(step(reference, Action::Run(spec)));
    }
    let mut always = bench.container(Program::Image);
    always.image = Image::Registry { reference: "localhost:1/none:2".into(), pull: Pull::Always };
    steps.push(step("always", Action::Run(always)));
    let job = bench.docker.open(&bench.grant(steps.clone())).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    for (position, step) in steps.iter().enumerate() {
        let failed = bench.docker.prepare(&job, position, Log::default().sink()).await.unwrap_err();
        assert_eq!(failed.reason, Reason::ImagePull);
        let Some(Image::Registry { reference, .. }) = step.container().map(|container| &container.image) else {
            unreachable!()
        };
        assert!(failed.message.contains(reference), "{failed}");
    }
    bench.docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_shell_fails_the_step_and_says_why() {
    let Some(bench) = bench(0).await else { return };
    let token = bench.image.replace("slipway-test:", "empty-");
    let empty = import(bench.docker.engine(), &token, vec![0; 1024], &["ENV A=b"]).await;
    let mut commands = bench.commands("commands", &["echo hello"]);
    let Action::Run(container) = &mut commands.action else { unreachable!() };
    container.image = Image::Registry { reference: empty.clone(), pull: Pull::Missing };
    let job = bench.docker.open(&bench.grant(vec![commands])).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    let log = Log::default();
    let handle = bench.docker.prepare(&job, 0, log.sink()).await.unwrap();
    assert!(handle.ended.borrow().is_none());
    bench.docker.release(&job, 0, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(127));
    assert!(log.text().contains("/bin/sh"), "{}", log.text());
    bench.docker.close(&job).await;
    bench
        .docker
        .engine()
        .api
        .remove_image(&empty, None::<bollard::query_parameters::RemoveImageOptions>, None)
        .await
        .unwrap();
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_cannot_reach_each_other() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let serve = ["echo secret > index.html", "cat /etc/hosts", "httpd -f -p 80"];
    let server = docker.open(&bench.grant(vec![bench.commands("serve", &serve)])).await.unwrap();
    docker.empty_workspace(&server).await.unwrap();
    let log = Log::default();
    let _serving = docker.prepare(&server, 0, log.sink()).await.unwrap();
    docker.release(&server, 0, &Environment::new()).await.unwrap();
    until("it is up", || async { log.text().contains("httpd") }).await;
    let address = log
        .text()
        .lines()
        .find(|line| line.starts_with("172.") || line.starts_with("192."))
        .map(|line| line.split_whitespace().next().unwrap().to_owned());
    let address = address.expect("the server has an address");
    let reach = format!("wget -T 2 -q -O - http://{address}/");
    let client = docker.open(&bench.grant(vec![bench.commands("reach", &[&reach])])).await.unwrap();
    docker.empty_workspace(&client).await.unwrap();
    let log = Log::default();
    let handle = docker.prepare(&client, 0, log.sink()).await.unwrap();
    docker.release(&client, 0, &Environment::new()).await.unwrap();
    assert_ne!(end(&handle).await, exited(0), "{}", log.text());
    assert!(!log.text().contains("secret"));
    docker.close(&client).await;
    docker.close(&server).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_has_few_rights() {
    let Some(bench) = bench(0).await else { return };
    let look = "while read -r name value; do case $name in CapEff:|NoNewPrivs:|Seccomp:) echo $name $value;; esac; done \
                < /proc/self/status; ls /var/run/docker.sock /run/docker.sock || true";
    let job = bench.docker.open(&bench.grant(vec![bench.commands("look", &[look])])).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    let log = Log::default();
    let handle = bench.docker.prepare(&job, 0, log.sink()).await.unwrap();
    bench.docker.release(&job, 0, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(0));
    let log = log.text();
    let value = |name: &str| log.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    let capabilities = u64::from_str_radix(value("CapEff:"), 16).unwrap();
    for (name, bit) in [("NET_RAW", 13), ("SYS_ADMIN", 21), ("MKNOD", 27), ("NET_ADMIN", 12), ("SYS_PTRACE", 19)] {
        assert_eq!(capabilities & (1 << bit), 0, "{name}: {log}");
    }
    assert_eq!((value("NoNewPrivs:"), value("Seccomp:")), ("1", "2"), "{log}");
    assert_eq!(log.matches("No such file").count(), 2, "{log}");
    bench.docker.close(&job).await;
    bench.finish().await;
}
