//! Volumes: read-only, shared, backed up as an artifact and restored in a later job.

use sha2::{Digest, Sha256};

use super::{copy, log, push};
use crate::harness::{
    git::shell,
    server::{Kind, Setup},
};

#[tokio::test]
async fn a_volume_is_shared_backed_up_and_restored() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = copy("volumes").await;
    let (pushed, build) = push(&server, &repo, "volumes", 1).await;
    assert_eq!(build.status, "success", "{build:?}\n{}", pushed.terminal);
    let said = log(&server, "volumes", &build, "read-only").await;
    assert!(said.contains("Read-only file system"), "{said}");
    assert!(said.ends_with("depth = 12\n"), "{said}");
    let said = log(&server, "volumes", &build, "backup").await;
    assert!(said.contains("./today"), "{said}");
    let said = log(&server, "volumes", &build, "read").await;
    assert!(said.contains("06:12 high water\n12:31 low water\n"), "{said}");

    // The backup is the build's, for whoever wants it.
    let path = "/api/v1/repos/examples/volumes/builds/1/artifacts";
    let list = server.api.json(path).await;
    assert_eq!((list.as_array().map(Vec::len), &list[0]["path"]), (Some(1), &"log-book.tar.gz".into()), "{list}");
    let bytes = server.api.get(&format!("{path}/log-book.tar.gz")).await.bytes().await.unwrap();
    assert_eq!(list[0]["size"], bytes.len(), "{list}");
    assert_eq!(list[0]["sha256"], hex::encode(Sha256::digest(&bytes)), "{list}");
    std::fs::write(server.scratch().join("backup.tar.gz"), bytes).unwrap();
    let (status, said) = shell(server.scratch(), "tar -xzOf backup.tar.gz ./today", &[]).await;
    assert!(status.success() && said == "06:12 high water\n12:31 low water\n", "{said}");
    server.finish().await;
}
