//! What every storage keeps.

use std::{future, io, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use super::{body, content};
use crate::storage::{Expected, Storage, StorageError};

/// More than one part, and not a whole number of them.
const LARGE: usize = 17 * 1024 * 1024 + 3;

/// All of them.
pub(super) async fn keep(storage: &Storage) {
    storage.check().await.unwrap();
    objects_come_back(storage).await;
    a_list_has_whole_names_only(storage).await;
    nothing_stays_of_what_fails(storage).await;
    what_is_replaced_is_never_half(storage).await;
}

async fn objects_come_back(storage: &Storage) {
    for length in [0, 1, 8 * 1024 * 1024, LARGE] {
        let key = format!("back/{length}");
        let stored = storage.put(&key, body(length, 7), Expected::default()).await.unwrap();
        let bytes = content(length, 7);
        assert_eq!(stored.size, length as u64);
        assert_eq!(stored.sha256_hex(), hex::encode(Sha256::digest(&bytes)));
        assert_eq!(storage.size(&key).await.unwrap(), Some(length as u64));
        assert!(storage.get_bytes(&key, None).await.unwrap() == bytes, "{length} bytes come back");
        // Known beforehand, and right.
        let expected = Expected { most: Some(stored.size), size: Some(stored.size), sha256: Some(stored.sha256) };
        storage.put(&key, body(length, 7), expected).await.unwrap();
    }
    let key = format!("back/{LARGE}");
    for range in [0..1, 5..100, 8_388_600..8_388_700, LARGE as u64 - 1..LARGE as u64, LARGE as u64 - 2..u64::MAX / 2] {
        let object = storage.get(&key, Some(range.clone())).await.unwrap();
        assert_eq!(object.size, LARGE as u64);
        assert_eq!(object.range, range.start..range.end.min(LARGE as u64));
        let bytes: Vec<Bytes> = object.bytes.try_collect().await.unwrap();
        let want = &content(LARGE, 7)[object.range.start as usize..object.range.end as usize];
        assert!(bytes.concat() == want, "the range {range:?}");
    }
    storage.delete(&key).await.unwrap();
    storage.delete(&key).await.unwrap();
    assert_eq!(storage.size(&key).await.unwrap(), None);
    assert!(matches!(storage.get(&key, None).await, Err(StorageError::NotFound(_))));
}

async fn keys(storage: &Storage, prefix: &str) -> Vec<(String, u64)> {
    let entries: Vec<_> = storage.list(prefix).unwrap().try_collect().await.unwrap();
    let mut keys: Vec<_> = entries.into_iter().map(|entry| (entry.key, entry.size)).collect();
    keys.sort();
    keys
}

async fn a_list_has_whole_names_only(storage: &Storage) {
    for key in ["list/a/1", "list/a/2/3", "list/ab/1"] {
        storage.put_bytes(key, Bytes::from_static(b"four")).await.unwrap();
    }
    assert_eq!(keys(storage, "list/a").await, [("list/a/1".to_owned(), 4), ("list/a/2/3".to_owned(), 4)]);
    storage.delete_all("list/a").await.unwrap();
    assert_eq!(keys(storage, "list").await, [("list/ab/1".to_owned(), 4)]);
    assert_eq!(keys(storage, "nothing/here").await, []);
    for key in ["", "a//b", "../b", "a/../b", "/a", "a#1"] {
        let put = storage.put_bytes(key, Bytes::new()).await;
        assert!(matches!(put, Err(StorageError::Key(_))), "`{key}`: {put:?}");
    }
}

async fn nothing_stays_of_what_fails(storage: &Storage) {
    for length in [1000, LARGE] {
        let size = length as u64;
        let broken = || body(length, 1).chain(stream::iter([Err(io::Error::other("the line is cut"))]));
        let failed = storage.put("fails/a", broken(), Expected::default()).await;
        assert!(
            matches!(&failed, Err(StorageError::Body(cause)) if cause.to_string() == "the line is cut"),
            "{failed:?}"
        );
        let most = Expected { most: Some(size - 1), ..Expected::default() };
        assert!(matches!(storage.put("fails/b", body(length, 1), most).await, Err(StorageError::TooLarge { .. })));
        for wrong in [size - 1, size + 1] {
            let expected = Expected { size: Some(wrong), ..Expected::default() };
            let failed = storage.put("fails/c", body(length, 1), expected).await;
            assert!(matches!(failed, Err(StorageError::Mismatch { what: "size" })), "{failed:?}");
        }
        let expected = Expected { sha256: Some([0; 32]), ..Expected::default() };
        let failed = storage.put("fails/d", body(length, 1), expected).await;
        assert!(matches!(failed, Err(StorageError::Mismatch { what: "SHA-256" })), "{failed:?}");
        // Whoever sends hangs up.
        let stalls = body(length, 1).chain(stream::once(future::pending()));
        let mut put = Box::pin(storage.put("fails/e", stalls, Expected::default()));
        let ended = tokio::time::timeout(Duration::from_millis(500), &mut put).await;
        assert!(ended.is_err());
        assert!(put.now_or_never().is_none());
    }
    assert_eq!(keys(storage, "fails").await, []);
}

async fn what_is_replaced_is_never_half(storage: &Storage) {
    let (old, new) = (content(LARGE, 1), content(LARGE / 2, 2));
    storage.put("replaced", body(old.len(), 1), Expected::default()).await.unwrap();
    let put = storage.put("replaced", body(new.len(), 2), Expected::default());
    let reads = async {
        for _ in 0..4 {
            let seen = storage.get_bytes("replaced", None).await.unwrap();
            assert!(seen == old || seen == new, "half of something");
        }
    };
    let (put, ()) = tokio::join!(put, reads);
    put.unwrap();
    assert!(storage.get_bytes("replaced", None).await.unwrap() == new);
}
