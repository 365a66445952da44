//! Log files: whatever is sent in whatever pieces, the file has the writer's bytes.

use bytes::Bytes;
use proptest::prelude::*;
use slipway_pipelines::ids::JobId;
use slipway_server::logs::{AppendError, LogAddress, Logs, Tail};
use uuid::Uuid;

use crate::support::soon;

fn address() -> LogAddress {
    LogAddress { job: JobId(Uuid::from_u128(7)), attempt: 1, step: 0 }
}

fn source() -> Vec<u8> {
    (0..4096_u32).flat_map(|n| format!("{n:x} ").into_bytes()).take(4096).collect()
}

async fn drain(mut tail: Tail, from: u64) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some((offset, bytes)) = tail.next().await {
        assert_eq!(offset, from + all.len() as u64, "no gap, no repetition");
        all.extend_from_slice(&bytes);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn pieces_that_overlap_repeat_or_gap_give_the_bytes_that_were_written(
        pieces in prop::collection::vec((0..700usize, 0..900usize, prop::bool::weighted(0.1)), 1..24),
        from in 0..600u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let source = source();
            let mut logs = Logs::new(folder.path());
            let viewer = tokio::spawn(drain(logs.tail(address(), from), from));
            let mut viewed = logs.clone();
            let mut committed = 0_usize;
            for (back, length, restart) in pieces {
                if restart {
                    logs = Logs::new(folder.path());
                    viewed.close(address());
                    viewed = logs.clone();
                }
                // Mostly somewhat before the committed end, sometimes beyond it.
                let start = (committed + 100).saturating_sub(back).min(source.len());
                let end = (start + length).min(source.len());
                let piece = Bytes::copy_from_slice(&source[start..end]);
                match logs.append(address(), start as u64, piece).await {
                    Ok(now) => {
                        assert!(start <= committed);
                        assert_eq!(usize::try_from(now).unwrap(), committed.max(end));
                        committed = committed.max(end);
                    }
                    Err(AppendError::Gap { committed: said }) => {
                        assert!(start > committed, "a gap is refused, and nothing else");
                        assert_eq!(usize::try_from(said).unwrap(), committed);
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            let end = committed as u64;
            assert_eq!(logs.length(address()).await.unwrap(), end);
            assert_eq!(logs.committed(address()).await.unwrap(), end);
            assert_eq!(logs.read(address(), 0..u64::MAX).await.unwrap(), source[..committed]);
            viewed.close(address());
            let seen = soon("the viewer's end", viewer).await.unwrap();
            let first = usize::try_from(from.min(end)).unwrap();
            assert!(source[first..committed].starts_with(&seen), "a viewer sees the same bytes");
            let whole = drain(logs.tail_finished(address(), from).await.unwrap(), from).await;
            assert_eq!(whole, &source[first..committed]);
        });
    }
}

#[tokio::test]
async fn many_viewers_see_bytes_as_they_come_and_end_with_the_step() {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::new(folder.path());
    let viewers: Vec<_> = (0..50).map(|_| tokio::spawn(drain(logs.tail(address(), 0), 0))).collect();
    let mut live = logs.tail(address(), 0);
    for (n, line) in [b"one\n", b"two\n"].iter().enumerate() {
        logs.append(address(), 4 * n as u64, Bytes::from_static(*line)).await.unwrap();
        assert_eq!(live.next().await, Some((4 * n as u64, Bytes::from_static(*line))), "live, before the end");
    }
    logs.close(address());
    assert_eq!(soon("the end", live.next()).await, None);
    for viewer in viewers {
        assert_eq!(soon("a viewer", viewer).await.unwrap(), b"one\ntwo\n");
    }
}

#[tokio::test]
async fn a_log_taken_back_never_gets_bytes_of_the_writer_before() {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::new(folder.path());
    logs.append(address(), 0, Bytes::from_static(b"old")).await.unwrap();
    // The lease ends after the old writer's log was opened, before it writes.
    let other = logs.clone();
    let late = logs.append_if(address(), 3, Bytes::from_static(b"late"), move || {
        other.reset(address().job, 1).unwrap();
        true
    });
    assert!(matches!(late.await, Err(AppendError::Stale)));
    assert_eq!(logs.length(address()).await.unwrap(), 0);
    assert_eq!(logs.append(address(), 0, Bytes::from_static(b"new")).await.unwrap(), 3);
    assert_eq!(logs.read(address(), 0..9).await.unwrap(), "new");
}

#[tokio::test]
async fn a_range_gives_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::new(folder.path());
    assert_eq!(logs.read(address(), 0..9).await.unwrap(), "", "no log yet");
    logs.append(address(), 0, Bytes::from_static(b"0123456789")).await.unwrap();
    for (range, bytes) in [(0..4, "0123"), (8..99, "89"), (10..12, ""), (50..60, "")] {
        assert_eq!(logs.read(address(), range).await.unwrap(), bytes);
    }
}
