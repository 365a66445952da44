use bollard::models::VolumeCreateRequest;

use super::{
    super::names,
    harness::{Log, bench, end, exited, late, play, spec},
};
use crate::executor::Executor;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_trusted_step_asks_for_it_gets() {
    let Some(bench) = bench(0).await else { return };
    let api = &bench.docker.engine().api;
    let volume = format!("mine-{}", names::token());
    api.create_volume(VolumeCreateRequest { name: Some(volume.clone()), ..Default::default() }).await.unwrap();
    let host = tempfile::tempdir().unwrap();
    std::fs::write(host.path().join("file"), "from the host\n").unwrap();
    let mut volumes =
        bench.commands("volumes", &["cat /host/file; echo kept > /mine/kept", "echo x > /host/x || echo refused"]);
    spec(&mut volumes).access.volumes = vec![format!("{}:/host:ro", host.path().display()), format!("{volume}:/mine")];
    let mut again = bench.commands("again", &["cat /mine/kept"]);
    spec(&mut again).access.volumes = vec![format!("{volume}:/mine")];
    let mut devices = bench.commands("devices", &["ls /dev/here; echo x > /fast/x; stat -f -c %T /fast"]);
    spec(&mut devices).access.devices = vec!["/dev/null:/dev/here:rw".into()];
    spec(&mut devices).access.tmpfs = vec!["/fast:size=1m".into()];
    let played = play(&bench, vec![volumes, again, devices]).await;
    assert!(played.iter().all(|(ending, _)| *ending == exited(0)), "{played:?}");
    assert!(played[0].1.contains("from the host\n") && played[0].1.ends_with("refused\n"), "{}", played[0].1);
    assert!(played[1].1.ends_with("kept\n"), "{}", played[1].1);
    assert!(played[2].1.contains("\n/dev/here\n") && played[2].1.ends_with("tmpfs\n"), "{}", played[2].1);
    let left = api.inspect_volume(&volume).await.unwrap();
    assert!(left.labels.keys().all(|label| !label.starts_with("slipway.")), "{left:?}");
    bench.docker.engine().remove_volume(&volume).await.unwrap();
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_privileged_step_has_all_rights() {
    let Some(bench) = bench(0).await else { return };
    let look = "while read -r n v; do [ $n != CapEff: ] || echo $v; done < /proc/self/status";
    let mut privileged = bench.commands("privileged", &[look]);
    spec(&mut privileged).access.privileged = true;
    let job = bench.docker.open(&bench.grant(vec![privileged])).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    let log = Log::default();
    match bench.docker.prepare(&job, 0, log.sink()).await {
        Ok(handle) => {
            bench.docker.release(&job, 0, &late("A", "b")).await.unwrap();
            assert_eq!(end(&handle).await, exited(0));
            let capabilities = u64::from_str_radix(log.text().lines().last().unwrap().trim(), 16).unwrap();
            assert_ne!(capabilities & (1 << 21), 0, "SYS_ADMIN");
        }
        // The engine itself has not all rights here. That it was asked for them shows.
        Err(failed) if failed.message.contains("unable to apply caps") => eprintln!("SKIPPED: {failed}"),
        Err(failed) => panic!("{failed}"),
    }
    bench.docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_and_name_servers_of_its_own_leave_a_step_on_the_jobs_network() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let served = bench.service("db", &["echo served > index.html", "echo up; httpd -f -p 80"]);
    let fetch = "n=0; until wget -q -O - http://db/; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done";
    let mut step = bench.commands("client", &["cat /etc/hosts /etc/resolv.conf", fetch]);
    spec(&mut step).access.extra_hosts = vec!["elsewhere:10.9.8.7".into()];
    spec(&mut step).access.dns_search = vec!["inside.example".into()];
    spec(&mut step).access.dns = vec!["10.9.8.6".into()];
    let mut alone = bench.commands("alone", &["ls /sys/class/net", "wget -T 3 -q -O - http://db/ || echo unreachable"]);
    spec(&mut alone).access.network_mode = Some("none".into());
    let job = docker.open(&bench.grant(vec![served, step, alone])).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let logs: Vec<Log> = (0..3).map(|_| Log::default()).collect();
    let mut handles = Vec::new();
    for (position, log) in logs.iter().enumerate() {
        handles.push(docker.prepare(&job, position, log.sink()).await.unwrap());
        docker.release(&job, position, &late("A", "b")).await.unwrap();
    }
    assert_eq!(end(&handles[1]).await, exited(0), "{}", logs[1].text());
    let text = logs[1].text();
    assert!(text.contains("10.9.8.7\telsewhere\n") && text.contains("search inside.example\n"), "{text}");
    assert!(text.ends_with("\nserved\n"), "{text}");
    assert_eq!(end(&handles[2]).await, exited(0), "{}", logs[2].text());
    assert!(logs[2].text().starts_with("+ ls /sys/class/net\nlo\n"), "{}", logs[2].text());
    assert!(logs[2].text().ends_with("unreachable\n"), "{}", logs[2].text());
    docker.close(&job).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_works_for_any_user() {
    let Some(bench) = bench(0).await else { return };
    let mut own = bench.commands("own", &["id -u; id -g", "echo mine > file; exit 3"]);
    spec(&mut own).access.user = Some("1000:1001".into());
    own.outputs = vec!["A".into()];
    let (ending, log) = play(&bench, vec![own]).await.remove(0);
    assert_eq!(ending, exited(3), "{log}");
    assert_eq!(log, "+ id -u; id -g\n1000\n1001\n+ echo mine > file; exit 3\n");
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_does_not_take_is_the_pipelines_fault() {
    let Some(bench) = bench(0).await else { return };
    let mut wrong = bench.commands("wrong", &["true"]);
    spec(&mut wrong).access.volumes = vec!["relative/path:/x".into()];
    let job = bench.docker.open(&bench.grant(vec![wrong])).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    let failed = bench.docker.prepare(&job, 0, Log::default().sink()).await.unwrap_err();
    assert_eq!(failed.reason, slipway_pipelines::state::Reason::Config);
    assert!(failed.message.contains("`wrong`") && failed.message.contains("relative/path"), "{failed}");
    bench.docker.close(&job).await;
    bench.finish().await;
}
