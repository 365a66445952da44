use std::os::unix::fs::symlink;

use slipway_pipelines::plan::{Action, Environment, Mount, MountSource, Program, Resources, Step};

use super::{
    super::{Docker, names},
    adoption::in_a_process_that_dies,
    harness::{Bench, Log, bench, config, end, exited, import, play, rootfs, spec, step, until},
    workspaces::repository,
};
use crate::executor::Executor;

fn mounted(mut step: Step, mounts: Vec<Mount>) -> Step {
    spec(&mut step).mounts = mounts;
    step
}

fn volume(name: &str, target: &str, read_only: bool) -> Mount {
    Mount { source: MountSource::Volume { name: name.into(), copy: true }, target: target.into(), read_only }
}

fn part(path: &str, target: &str, read_only: bool) -> Mount {
    Mount { source: MountSource::Workspace { path: path.into(), make: false }, target: target.into(), read_only }
}

async fn volumes_of(bench: &Bench) -> Vec<String> {
    let inventory = super::super::leftovers::Inventory::take(bench.docker.engine(), &bench.instance).await.unwrap();
    let mut names: Vec<String> = inventory.volumes.into_iter().map(|found| found.name).collect();
    names.sort_unstable();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_of_the_job_is_shared_and_goes_with_it() {
    let Some(bench) = bench(0).await else { return };
    let own = Mount { source: MountSource::Own, target: "/own".into(), read_only: false };
    let steps = vec![
        mounted(
            bench.commands("fill", &["echo kept > /data/file", "echo mine > /own/file"]),
            vec![volume("data", "/data", false), own.clone()],
        ),
        mounted(
            bench.commands("read", &["cat /backup/file", "ls /own; echo x > /backup/x || ls /backup"]),
            vec![volume("data", "/backup", true), own],
        ),
        mounted(bench.commands("other", &["ls /data"]), vec![volume("other", "/data", false)]),
    ];
    let played = play(&bench, steps).await;
    assert!(played.iter().all(|(ending, _)| *ending == exited(0)), "{played:?}");
    let text = &played[1].1;
    assert!(text.starts_with("+ cat /backup/file\nkept\n"), "{text}");
    assert!(text.contains("Read-only file system") && text.ends_with("\nfile\n"), "{text}");
    assert_eq!(played[2].1, "+ ls /data\n");
    assert_eq!(volumes_of(&bench).await, [""; 0]);
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_volume_is_filled_from_the_image_unless_it_is_not_to_be() {
    let Some(bench) = bench(0).await else { return };
    let copied = mounted(bench.commands("copied", &["ls /etc/busybox"]), vec![volume("a", "/etc", false)]);
    let mut fresh = mounted(bench.commands("fresh", &["ls /at"]), vec![volume("b", "/at", false)]);
    spec(&mut fresh).mounts[0].source = MountSource::Volume { name: "b".into(), copy: false };
    let token = bench.image.replace("slipway-test:", "filled-");
    let image =
        import(bench.docker.engine(), &token, with_files(&["etc/busybox", "at/busybox"]), &["ENV PATH=/bin"]).await;
    let mut steps = vec![copied, fresh];
    for step in &mut steps {
        spec(step).image =
            slipway_pipelines::plan::Image::Registry { reference: image.clone(), pull: Default::default() };
    }
    let played = play(&bench, steps).await;
    assert_eq!(played[0], (exited(0), "+ ls /etc/busybox\n/etc/busybox\n".into()));
    assert_eq!(played[1], (exited(0), "+ ls /at\n".into()));
    super::super::build::remove(bench.docker.engine(), &image).await;
    bench.finish().await;
}

/// The busybox system with more files.
fn with_files(paths: &[&str]) -> Vec<u8> {
    let mut bytes = rootfs().unwrap();
    // A tar ends with two empty blocks.
    bytes.truncate(bytes.len() - 1024);
    let mut tar = tar::Builder::new(Vec::new());
    for path in paths {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(4);
        tar.append_data(&mut header, path, &b"real"[..]).unwrap();
    }
    bytes.extend(tar.into_inner().unwrap());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_a_folder_of_its_own_and_no_larger_than_the_containers() {
    let Some(bench) = bench(0).await else { return };
    let mut small = bench.commands(
        "small",
        &["stat -f -c '%T %b %S' /scratch", "head -c 2000000 /dev/zero > /scratch/x || stat -c %s /scratch/x; false"],
    );
    spec(&mut small).access.tmpfs = vec!["/scratch:size=1m".into()];
    let mut limited = bench.commands("limited", &["stat -f -c '%T %b %S' /scratch"]);
    spec(&mut limited).access.tmpfs = vec!["/scratch".into()];
    spec(&mut limited).resources = Resources { memory_bytes: Some(32 << 20), ..Resources::default() };
    let played = play(&bench, vec![small, limited]).await;
    assert_eq!(played[0].0, exited(1), "{}", played[0].1);
    assert!(played[0].1.contains("\ntmpfs 256 4096\n") && played[0].1.ends_with("\n1048576\n"), "{}", played[0].1);
    assert_eq!(played[1].0, exited(0), "{}", played[1].1);
    assert!(played[1].1.ends_with("\ntmpfs 8192 4096\n"), "{}", played[1].1);
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_the_workspace_lie_elsewhere_and_no_link_leads_to_the_machine() {
    let Some(bench) = bench(0).await else { return };
    let copied = bench.docker.without_overlay();
    for docker in [&bench.docker, &copied] {
        let secret = bench.data.path().join("secret");
        std::fs::write(&secret, "of the machine").unwrap();
        let source = bench.data.path().join(format!("source-{}", names::token()));
        let mut grant = bench.grant(vec![
            // Up before the files that it shows: a gate, and a service that is no gate.
            mounted(
                bench.service("web", &["httpd -f -p 80 -h /bin/../usr/share/site"]),
                vec![part("/slipway/src/x/site", "/usr/share/site", true)],
            ),
            bench.commands("make", &["echo made > site/made; mkdir later; echo late > later/file"]),
            mounted(
                bench.commands(
                    "read",
                    &[
                        "cat /usr/share/site/index.html /usr/share/site/made /conf /new/deep/place/file",
                        "echo x > /usr/share/site/made || echo refused",
                        "echo x > /conf && cat /slipway/src/x/conf",
                        "ls /etc/over",
                        "until wget -q -O - http://web/made; do sleep 0.05; done",
                    ],
                ),
                vec![
                    part("/slipway/src/x/site", "/usr/share/site", true),
                    part("/slipway/src/x/conf", "/conf", false),
                    part("/slipway/src/x/later", "/new/deep/place", true),
                    part("/slipway/src/x/site", "/etc/over", true),
                ],
            ),
            mounted(
                bench.commands(
                    "hostile",
                    &[
                        "for at in /up /abs /away; do cat $at/secret $at 2>/dev/null && exit 9; ls $at || :; done",
                        "ls /root-of",
                        "cat /dir-of/secret && exit 9; true",
                    ],
                ),
                vec![
                    part("/slipway/src/x/up", "/up", false),
                    part("/slipway/src/x/abs", "/abs", true),
                    part("/slipway/src/x/away/secret", "/away", true),
                    part("/slipway/src/x/root", "/root-of", true),
                    part("/slipway/src/x/away", "/dir-of", false),
                ],
            ),
        ]);
        let links = [
            ("abs", secret.to_str().unwrap().to_owned()),
            ("up", format!("{}{}", "../".repeat(20), secret.to_str().unwrap().trim_start_matches('/'))),
            ("away", bench.data.path().to_str().unwrap().to_owned()),
            ("root", "/".to_owned()),
        ];
        std::fs::create_dir_all(&source).unwrap();
        // The engine itself refuses to unpack one that climbs: then the step finds nothing there.
        for (name, to) in links.into_iter().filter(|(name, _)| *name != "up" || docker.has_overlay()) {
            symlink(to, source.join(name)).unwrap();
        }
        grant.source.sha = repository(&source, &[("site/index.html", "hello\n"), ("conf", "as committed\n")]);
        grant.source.path = Some(source.to_str().unwrap().to_owned());
        let job = docker.open(&grant).await.unwrap();
        docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
        let logs: Vec<Log> = (0..4).map(|_| Log::default()).collect();
        let mut handles = Vec::new();
        for (position, log) in logs.iter().enumerate() {
            handles.push(docker.prepare(&job, position, log.sink()).await.unwrap());
        }
        for (position, log) in logs.iter().enumerate() {
            docker.release(&job, position, &Environment::new()).await.unwrap();
            if position > 0 {
                assert_eq!(end(&handles[position]).await, exited(0), "{}", log.text());
            }
        }
        let text = logs[2].text();
        assert!(text.contains("\nhello\nmade\nas committed\nlate\n"), "{text}");
        assert!(text.contains("Read-only file system\nrefused\n"), "{text}");
        assert!(
            text.contains("conf\nx\n") && text.contains("\nindex.html\nmade\n") && text.ends_with("\nmade\n"),
            "{text}"
        );
        let text = logs[3].text();
        assert!(!text.contains("of the machine"), "{text}");
        // A link to the root shows that of the container.
        assert!(text.contains("\nbin\n") && text.contains("\nslipway\n"), "{text}");
        docker.close(&job).await;
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), "of the machine");
    }
    copied.stop().await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_with_a_volume_there_is_refused_in_words() {
    let Some(bench) = bench(0).await else { return };
    let token = bench.image.replace("slipway-test:", "volume-");
    let files = rootfs().unwrap();
    let image = import(bench.docker.engine(), &token, files, &["ENV PATH=/bin", "VOLUME /var/www/html"]).await;
    let mut steps = vec![
        mounted(bench.commands("at", &["true"]), vec![part("/slipway/src/x", "/var/www/html", true)]),
        mounted(bench.commands("above", &["true"]), vec![part("/slipway/src/x", "/var/www", false)]),
    ];
    for step in &mut steps {
        spec(step).image =
            slipway_pipelines::plan::Image::Registry { reference: image.clone(), pull: Default::default() };
    }
    let job = bench.docker.open(&bench.grant(steps)).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    for position in 0..2 {
        let failed = bench.docker.prepare(&job, position, Log::default().sink()).await.unwrap_err();
        assert_eq!(failed.reason, slipway_pipelines::state::Reason::Config, "{failed}");
        assert!(failed.message.contains("VOLUME") && failed.message.contains("/var/www/html"), "{failed}");
    }
    bench.docker.close(&job).await;
    super::super::build::remove(bench.docker.engine(), &image).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_runner_finds_the_volumes_and_the_mounts_again() {
    let Some(bench) = bench(0).await else { return };
    let grant = bench.grant(vec![
        mounted(bench.commands("fill", &["echo kept > /data/file"]), vec![volume("data", "/data", false)]),
        mounted(
            bench.commands("runs", &["until [ -e /part/on ]; do sleep 0.05; done; cat /part/on"]),
            vec![part("/slipway/src/x", "/part", true)],
        ),
        mounted(
            bench.commands("read", &["cat /data/file; echo on > /part/on"]),
            vec![volume("data", "/data", true), part("/slipway/src/x", "/part", false)],
        ),
    ]);
    let its = grant.clone();
    let settings = config(&bench.instance, &bench.data, 0);
    in_a_process_that_dies(async move {
        let docker = Docker::connect(settings).await.unwrap();
        let job = docker.open(&its).await.unwrap();
        docker.empty_workspace(&job).await.unwrap();
        for position in 0..2 {
            let handle = docker.prepare(&job, position, Log::default().sink()).await.unwrap();
            docker.release(&job, position, &Environment::new()).await.unwrap();
            if position == 0 {
                assert_eq!(end(&handle).await, exited(0));
            }
        }
    });
    let docker = &bench.docker;
    docker.sweep(&[grant.claim]).await.unwrap();
    assert_eq!(volumes_of(&bench).await.len(), 2);
    let logs: std::sync::Arc<Vec<Log>> = std::sync::Arc::new((0..3).map(|_| Log::default()).collect());
    let sinks = std::sync::Arc::clone(&logs);
    let adopted = docker.adopt(&grant, &move |step| sinks[step].sink()).await.unwrap();
    let handle = docker.prepare(&adopted.job, 2, logs[2].sink()).await.unwrap();
    docker.release(&adopted.job, 2, &Environment::new()).await.unwrap();
    assert_eq!(end(&handle).await, exited(0), "{}", logs[2].text());
    assert!(logs[2].text().ends_with("\nkept\n"), "{}", logs[2].text());
    assert_eq!(end(&adopted.released[&1]).await, exited(0));
    assert!(logs[1].text().ends_with("\non\n"), "{}", logs[1].text());
    docker.close(&adopted.job).await;
    assert_eq!(volumes_of(&bench).await, [""; 0]);

    let its = grant.clone();
    let settings = config(&bench.instance, &bench.data, 0);
    in_a_process_that_dies(async move {
        let docker = Docker::connect(settings).await.unwrap();
        let job = docker.open(&its).await.unwrap();
        docker.empty_workspace(&job).await.unwrap();
        docker.prepare(&job, 0, Log::default().sink()).await.unwrap();
    });
    assert_eq!(volumes_of(&bench).await.len(), 2);
    docker.sweep(&[]).await.unwrap();
    assert_eq!(volumes_of(&bench).await, [""; 0], "a job that nobody goes on with leaves no volume");
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_go_to_the_images_own_entrypoint_in_its_own_directory_under_all_names() {
    let Some(bench) = bench(0).await else { return };
    let token = bench.image.replace("slipway-test:", "own-");
    let changes = ["ENV PATH=/bin", "WORKDIR /etc", "ENTRYPOINT [\"/bin/sh\", \"-c\"]", "CMD [\"echo never\"]"];
    let image = import(bench.docker.engine(), &token, rootfs().unwrap(), &changes).await;
    let reference = slipway_pipelines::plan::Image::Registry { reference: image.clone(), pull: Default::default() };
    let arguments = vec!["pwd; cat /etc/hostname; exec httpd -f -p 80 -h /etc".to_owned()];
    let mut web = step("web", Action::Service(bench.container(Program::Arguments { arguments })));
    spec(&mut web).image = reference.clone();
    spec(&mut web).directory = String::new();
    spec(&mut web).hostname = Some("www-1".into());
    spec(&mut web).aliases = vec!["www".into(), "www.example".into()];
    let fetch = "for n in web www www.example; do until wget -q -O - http://$n/hostname; do sleep 0.05; done; done";
    let steps = vec![web, bench.commands("client", &[fetch])];
    let job = bench.docker.open(&bench.grant(steps)).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    let logs = [Log::default(), Log::default()];
    let mut handles = Vec::new();
    for (position, log) in logs.iter().enumerate() {
        handles.push(bench.docker.prepare(&job, position, log.sink()).await.unwrap());
        bench.docker.release(&job, position, &Environment::new()).await.unwrap();
    }
    assert_eq!(end(&handles[1]).await, exited(0), "{}", logs[1].text());
    assert!(logs[1].text().ends_with("\nwww-1\nwww-1\nwww-1\n"), "{}", logs[1].text());
    until("the service has spoken", || async { logs[0].text() == "/etc\nwww-1\n" }).await;
    bench.docker.close(&job).await;
    super::super::build::remove(bench.docker.engine(), &image).await;
    bench.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_folder_is_made_if_asked_for_and_a_file_is_left_alone() {
    let Some(bench) = bench(0).await else { return };
    let wanted = |path: &str, target: &str| Mount {
        source: MountSource::Workspace { path: path.into(), make: true },
        target: target.into(),
        read_only: false,
    };
    let steps = vec![
        bench.commands("before", &["echo kept > file"]),
        mounted(
            bench.commands("with", &["cat /file; touch /made/x; ls /slipway/src/x/a/b"]),
            vec![wanted("/slipway/src/x/file", "/file"), wanted("/slipway/src/x/a/b", "/made")],
        ),
    ];
    let job = bench.docker.open(&bench.grant(steps)).await.unwrap();
    bench.docker.empty_workspace(&job).await.unwrap();
    for (position, said) in
        ["+ echo kept > file\n", "+ cat /file; touch /made/x; ls /slipway/src/x/a/b\nkept\nx\n"].iter().enumerate()
    {
        let log = Log::default();
        let handle = bench.docker.prepare(&job, position, log.sink()).await.unwrap();
        bench.docker.release(&job, position, &Environment::new()).await.unwrap();
        assert_eq!((end(&handle).await, log.text().as_str()), (exited(0), *said));
    }
    bench.docker.close(&job).await;
    bench.finish().await;
}
