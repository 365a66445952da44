//! Log bytes over real HTTP to a server that fails.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use tempfile::TempDir;

use super::ship;
use crate::{
    client::Client,
    remote::Remote,
    reporter::{Fenced, Reporter},
    spool::JobSpool,
    testing::{
        memory::{Memory, Mood},
        plans::{grant, step},
        server::{Server, TOKEN},
    },
};

fn spool(data: &TempDir) -> JobSpool {
    JobSpool::open(data.path(), grant(1, vec![]).claim, &[]).unwrap()
}

/// Writes the pieces while they are shipped to a server of which one in three answers fails; gives what it has in the end.
async fn through_failures(pieces: Vec<Vec<u8>>) -> Vec<u8> {
    let server = Server::start().await;
    let grant = grant(1, vec![step("a", &[])]);
    server.offer(grant.clone());
    server.change(|inside| inside.one_fails_of = Some(3));
    let remote = Remote::new(Client::new(&server.url(), TOKEN).unwrap(), grant.claim);
    let data = TempDir::new().unwrap();
    let log = spool(&data).step(0, 0).unwrap();
    let shipper = tokio::spawn(ship(remote, 0, Arc::clone(&log), 0));
    let mut sink = log.sink(|_| {});
    for piece in &pieces {
        sink.write(piece);
        tokio::task::yield_now().await;
    }
    let length = log.close();
    assert_eq!(shipper.await.unwrap(), Ok(length));
    server.inside().heard[&grant.claim].logs.get(&0).cloned().unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_arrives_once_and_in_order(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..12)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let stored = runtime.block_on(through_failures(pieces.clone()));
        prop_assert!(stored == pieces.concat());
    }
}

#[tokio::test]
async fn a_log_larger_than_one_request_arrives_whole() {
    let piece: Vec<u8> = (0..1_700_000_u32).map(|n| (n % 251) as u8).collect();
    let stored = through_failures(vec![piece.clone(), piece.clone()]).await;
    assert!(stored == [piece.clone(), piece].concat());
}

#[tokio::test]
async fn shipping_begins_where_the_server_is_even_if_that_is_not_where_we_thought() {
    let server = Server::start().await;
    let grant = grant(1, vec![step("a", &[])]);
    server.offer(grant.clone());
    let remote = Remote::new(Client::new(&server.url(), TOKEN).unwrap(), grant.claim);
    let data = TempDir::new().unwrap();
    let log = spool(&data).step(0, 0).unwrap();
    log.sink(|_| {}).write(b"0123456789");
    log.close();
    // The server has nothing, so the offset is beyond its log, and it says 416.
    assert_eq!(ship(remote.clone(), 0, Arc::clone(&log), 4).await, Ok(10));
    assert_eq!(server.inside().heard[&grant.claim].log(0), "0123456789");
    // It has more than we thought: the overlap is trimmed.
    assert_eq!(ship(remote, 0, log, 0).await, Ok(10));
    assert_eq!(server.inside().heard[&grant.claim].log(0), "0123456789");
}

#[tokio::test]
async fn a_stale_lease_ends_the_shipping() {
    let server = Server::start().await;
    let grant = grant(1, vec![step("a", &[])]);
    server.offer(grant.clone());
    server.change(|inside| inside.stale.push(grant.claim));
    let remote = Remote::new(Client::new(&server.url(), TOKEN).unwrap(), grant.claim);
    assert_eq!(remote.append(0, 0, "x".into()).await, Err(Fenced));
}

#[tokio::test(start_paused = true)]
async fn the_first_bytes_go_at_once_and_more_gather_while_a_request_is_under_way() {
    let grant = grant(1, vec![step("a", &[])]);
    let memory = Memory::of(&grant);
    let data = TempDir::new().unwrap();
    let log = spool(&data).step(0, 0).unwrap();
    let shipper = tokio::spawn(ship(memory.clone(), 0, Arc::clone(&log), 0));
    let mut sink = log.sink(|_| {});
    sink.write(b"first");
    memory.until(|heard| heard.log(0) == "first").await;
    memory.logs.send_replace(Mood::Holds);
    for _ in 0..100 {
        sink.write(b".");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut lengths = Vec::new();
    memory.logs.send_replace(Mood::Takes);
    memory
        .until(|heard| {
            lengths.push(heard.log(0).len());
            heard.log(0).len() == 105
        })
        .await;
    assert!(lengths.len() <= 4, "few requests: {lengths:?}");
    log.close();
    assert_eq!(shipper.await.unwrap(), Ok(105));
}
