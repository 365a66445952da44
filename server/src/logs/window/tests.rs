use proptest::prelude::*;
use slipway_pipelines::ids::JobId;
use uuid::Uuid;

use super::*;

async fn log(pieces: &[&[u8]]) -> (tempfile::TempDir, Logs, LogAddress) {
    let folder = tempfile::tempdir().unwrap();
    let logs = Logs::new(folder.path());
    let address = LogAddress { job: JobId(Uuid::nil()), attempt: 1, step: 0 };
    let mut at = 0;
    for piece in pieces {
        at = logs.append(address, at, Bytes::copy_from_slice(piece)).await.unwrap();
    }
    (folder, logs, address)
}

/// The lines of a text with their ends.
fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_lines_can_be_asked_for(
        lengths in prop::collection::vec(prop_oneof![9 => 0usize..50, 1 => 10_000usize..40_000], 0..60),
        end: bool,
        wanted in prop::collection::vec((1u64..70, 1u64..30, 1u64..60_000), 8),
    ) {
        let mut text = Vec::new();
        for (at, length) in lengths.iter().enumerate() {
            text.extend(vec![b'a' + (at % 26) as u8; *length]);
            text.push(b'\n');
        }
        if !end && text.ends_with(b"\n") {
            text.pop();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let pieces: Vec<&[u8]> = text.chunks(7_000).collect();
        let (_folder, logs, address) = runtime.block_on(log(&pieces));
        let lines = split(&text);
        for (first, most, bytes) in wanted {
            let window = runtime.block_on(logs.window(address, first, most, bytes)).unwrap();
            prop_assert_eq!(window.index.lines(), lines.len() as u64);
            let all = lines.get(first as usize - 1..).unwrap_or_default();
            let whole = all.iter().take(most as usize).scan(0, |sum, line| {
                *sum += line.len() as u64;
                (*sum <= bytes).then_some(*line)
            });
            let whole: Vec<&[u8]> = whole.collect();
            match (all.first(), whole.is_empty()) {
                (Some(line), true) => {
                    prop_assert!(window.cut);
                    prop_assert_eq!((&window.bytes[..], window.count), (&line[..bytes as usize], 1));
                }
                _ => {
                    prop_assert!(!window.cut);
                    prop_assert_eq!((&window.bytes[..], window.count), (&whole.concat()[..], whole.len() as u64));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_style_goes_on_into_the_window() {
    let (_folder, logs, address) = log(&[b"plain\n\x1b[1;31mred\nstill red\n\x1b[0mplain again\n"]).await;
    let mut seen = Vec::new();
    for line in 1..=5 {
        seen.push(logs.window(address, line, 1, 99).await.unwrap().style.parameters());
    }
    assert_eq!(seen, ["", "", "1;38;5;1", "1;38;5;1", ""]);
}
