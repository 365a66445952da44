//! A warm restore of a large cache beside `tar -x` of the same files.

use std::{path::Path, time::Instant};

use crate::{
    harness::{
        docker::BUSYBOX,
        git::shell,
        server::Server,
        wait::{PATIENCE, until},
    },
    measure::run,
};

/// 2048 files of 512 KiB in 32 folders: 1 GiB, of which about a half can be compressed away.
const FILES: &str = "for d in $(seq 32); do mkdir -p big/$d; for f in $(seq 64); do \
    head -c 262144 /dev/urandom > big/$d/$f; cat big/$d/$f > part; cat part >> big/$d/$f; done; done; rm part";

/// Where the plain `tar` works.
pub(crate) struct Plain(tempfile::TempDir);

impl Plain {
    /// An archive of such files.
    pub(crate) async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (status, said) = shell(folder.path(), &format!("{FILES} && tar -cf big.tar big && rm -r big"), &[]).await;
        assert!(status.success(), "{said}");
        Self(folder)
    }

    /// `tar -x` of it, in milliseconds.
    pub(crate) async fn unpack(&self) -> f64 {
        settle(self.0.path()).await;
        let start = Instant::now();
        let (status, said) = shell(self.0.path(), "tar -xf big.tar", &[]).await;
        let took = start.elapsed().as_secs_f64() * 1000.0;
        assert!(status.success(), "{said}");
        took
    }
}

/// What others have still to write must be nobody's delay.
async fn settle(folder: &Path) {
    let (status, said) = shell(folder, "rm -rf big; sync", &[]).await;
    assert!(status.success(), "{said}");
}

/// Saves a cache of such files.
pub(crate) async fn fill(server: &Server, repository: &str) {
    let pipeline = format!(
        "steps: [{{name: fill, image: {BUSYBOX}, cache: {{key: big, paths: [big]}}, commands: [\"{FILES}\"]}}]"
    );
    run(server, repository, &pipeline).await;
    until("the cache to be saved", PATIENCE * 10, async || {
        let list = server.api.json(&format!("/api/v1/repos/{repository}/caches")).await;
        if list[0]["size"].as_u64() > Some(0) { Ok(()) } else { Err(list.to_string()) }
    })
    .await;
}

/// What the log says a restore took, in milliseconds.
pub(crate) async fn restore(server: &Server, repository: &str) -> f64 {
    settle(server.scratch()).await;
    let pipeline = format!(
        "steps: [{{name: use, image: {BUSYBOX}, cache: {{key: big, paths: [big]}}, commands: ['test -s big/32/64']}}]"
    );
    let build = run(server, repository, &pipeline).await;
    let log = server.api.log(repository, &build, "use").await;
    let seconds = log.lines().find_map(|line| {
        let said = line.strip_prefix("slipway: restored cache big (")?;
        said.split(" in ").nth(1)?.strip_suffix(" s)")?.parse::<f64>().ok()
    });
    seconds.unwrap_or_else(|| panic!("nothing was restored: {log}")) * 1000.0
}
