use std::io::Read;

use super::{
    super::direct,
    harness::{Log, bench, end, exited},
    workspaces::repository,
};
use crate::executor::{Executor, Tar};

fn archive(entries: &[(&str, tar::EntryType, &str)]) -> Tar {
    let mut tar = tar::Builder::new(Vec::new());
    for &(path, kind, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        if kind == tar::EntryType::Symlink {
            header.set_size(0);
            tar.append_link(&mut header, path, content).unwrap();
        } else {
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
    }
    Box::new(std::io::Cursor::new(tar.into_inner().unwrap()))
}

fn files(tar: Tar) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(tar);
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        files.push((name, text));
    }
    files.sort();
    files
}

/// A link in the workspace leads to the root of whatever opens it: that of a container, never the engine's machine.
#[tokio::test(flavor = "multi_thread")]
async fn files_go_in_and_out_and_links_lead_nowhere_else() {
    use tar::EntryType::{Regular, Symlink};
    let Some(bench) = bench(0).await else { return };
    let look = "cat sub/deep/a /slipway/b; ! ls -d evil/outside 2>/dev/null; echo more >> sub/deep/a";
    let mut grant = bench.grant(vec![bench.commands("look", &[look])]);
    let source = bench.data.path().join("source");
    grant.source.sha = repository(&source, &[("README", "hello\n")]);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    let job = bench.docker.open(&grant).await.unwrap();
    bench.docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    let path = &grant.plan.workspace.path;
    bench.docker.unpack(&job, &format!("{path}/sub/deep"), archive(&[("a", Regular, "one\n")])).await.unwrap();
    bench.docker.unpack(&job, "/slipway", archive(&[("b", Regular, "two\n")])).await.unwrap();
    let outside = bench.data.path().join("outside");
    let link = archive(&[("evil", Symlink, bench.data.path().to_str().unwrap())]);
    bench.docker.unpack(&job, path, link).await.unwrap();
    let _ = bench.docker.unpack(&job, path, archive(&[("evil/outside", Regular, "no")])).await;
    assert!(!outside.exists(), "a link led out of the workspace");

    let log = Log::default();
    let handle = bench.docker.prepare(&job, 0, log.sink()).await.unwrap();
    bench.docker.release(&job, 0, &Default::default()).await.unwrap();
    assert_eq!(end(&handle).await, exited(0), "{}", log.text());
    assert!(log.text().ends_with("one\ntwo\n"), "{}", log.text());

    let tar = bench.docker.pack(&job, &format!("{path}/sub")).await.unwrap().unwrap();
    let packed = tokio::task::spawn_blocking(move || files(tar)).await.unwrap();
    assert!(packed.contains(&("sub/deep/a".into(), "one\nmore\n".into())), "{packed:?}");
    assert!(bench.docker.pack(&job, &format!("{path}/nothing")).await.unwrap().is_none());
    bench.docker.close(&job).await;
    bench.finish().await;
}

/// While a step waits for its word the workspace is mounted here, and files need no detour through the engine.
#[tokio::test(flavor = "multi_thread")]
async fn files_go_straight_into_a_workspace_of_this_machine() {
    use tar::EntryType::{Regular, Symlink};
    let Some(bench) = bench(0).await else { return };
    if !bench.docker.has_overlay() {
        eprintln!("SKIPPED: the engine does not see this machine's disk");
        bench.finish().await;
        return;
    }
    let look = "cat sub/a; stat -c '%a %u' sub; ls -d evil/outside 2>/dev/null || echo nothing";
    let mut grant = bench.grant(vec![bench.commands("look", &[look])]);
    let source = bench.data.path().join("source");
    grant.source.sha = repository(&source, &[("README", "hello\n")]);
    grant.source.path = Some(source.to_str().unwrap().to_owned());
    let job = bench.docker.open(&grant).await.unwrap();
    bench.docker.checkout(&job, &grant.source, Log::default().sink()).await.unwrap();
    assert!(direct::root(&job.0.folder()).is_none(), "nobody has it mounted");
    let log = Log::default();
    let handle = bench.docker.prepare(&job, 0, log.sink()).await.unwrap();
    assert!(direct::root(&job.0.folder()).is_some(), "the container that waits has it mounted");

    let path = &grant.plan.workspace.path;
    bench.docker.unpack(&job, path, archive(&[("sub/a", Regular, "one\n")])).await.unwrap();
    let link = archive(&[("evil", Symlink, bench.data.path().to_str().unwrap())]);
    bench.docker.unpack(&job, path, link).await.unwrap();
    let failed = bench.docker.unpack(&job, path, archive(&[("evil/outside", Regular, "no")])).await.unwrap_err();
    assert!(failed.message.contains("leads out of the workspace"), "{failed}");
    assert!(!bench.data.path().join("outside").exists());

    bench.docker.release(&job, 0, &Default::default()).await.unwrap();
    assert_eq!(end(&handle).await, exited(0), "{}", log.text());
    assert!(log.text().ends_with("one\n777 0\nnothing\n"), "{}", log.text());
    bench.docker.close(&job).await;
    bench.finish().await;
}
