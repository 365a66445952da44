use proptest::prelude::*;

use super::*;

/// A log and its index, as a writer makes them.
struct Written {
    _folder: tempfile::TempDir,
    log: PathBuf,
    text: Vec<u8>,
}

fn written(pieces: &[(Vec<u8>, Millis)]) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("0.log");
    let mut file = File::options().create(true).truncate(true).read(true).write(true).open(&log).unwrap();
    let mut index = IndexFile::open(&log, &file, 0).unwrap();
    let mut text = Vec::new();
    for (bytes, time) in pieces {
        file.write_all(bytes).unwrap();
        index.push(bytes, *time);
        text.extend_from_slice(bytes);
    }
    Written { _folder: folder, log, text }
}

/// What the text itself says.
fn counted(text: &[u8]) -> (u64, u64, bool) {
    (text.len() as u64, count_ends(text), text.last().is_some_and(|byte| *byte != b'\n'))
}

fn count_ends(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn assert_true_of(index: &LineIndex, text: &[u8]) -> Result<(), TestCaseError> {
    prop_assert_eq!((index.length(), index.ended(), index.rest()), counted(text));
    let ends: Vec<u64> = memchr::memchr_iter(b'\n', text).map(|end| end as u64).collect();
    let count_to = |offset: u64| ends.partition_point(|end| *end < offset) as u64;
    for line in 2..=index.lines() {
        let (range, before) = index.around(line);
        prop_assert_eq!(before, count_to(range.start));
        prop_assert!(before < line - 1 && count_to(range.end) >= line - 1, "the end before line {} is in it", line);
    }
    Ok(())
}

fn pieces() -> impl Strategy<Value = Vec<(Vec<u8>, Millis)>> {
    let bytes = prop_oneof![
        3 => prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'x')], 1..40),
        1 => (1usize..50_000).prop_map(|length| vec![b'y'; length]),
        1 => (1usize..300).prop_map(|lines| b"a line of some length\n".repeat(lines * 10)),
    ];
    prop::collection::vec((bytes, 1i64..2_000), 0..8).prop_map(|pieces| {
        let mut now = 1_000_000;
        pieces
            .into_iter()
            .map(|(bytes, pause)| {
                (bytes, {
                    now += pause;
                    now
                })
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_left_of_an_index_the_lines_are_true(pieces in pieces(), keep in 0usize..400, spoil in any::<Option<u8>>()) {
        let written = written(&pieces);
        let whole = read(&written.log).unwrap().unwrap();
        assert_true_of(&whole, &written.text)?;
        // A crash: the index ends early, or ends in something else.
        let path = beside(&written.log);
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(keep);
        bytes.extend(spoil.map(|byte| vec![byte; 50]).unwrap_or_default());
        fs::write(&path, &bytes).unwrap();
        let left = read(&written.log).unwrap().unwrap();
        assert_true_of(&left, &written.text)?;
        // The next writer makes it whole, and goes on.
        let file = File::open(&written.log).unwrap();
        let mut index = IndexFile::open(&written.log, &file, written.text.len() as u64).unwrap();
        let more = b"one more\nand the rest";
        fs::OpenOptions::new().append(true).open(&written.log).unwrap().write_all(more).unwrap();
        index.push(more, 9_000_000_000_000);
        let text = [&written.text[..], more].concat();
        let after = read(&written.log).unwrap().unwrap();
        assert_true_of(&after, &text)?;
        prop_assert_eq!(after.time(written.text.len() as u64), Some(9_000_000_000_000));
        let kept = valid(&path, u64::MAX).unwrap();
        prop_assert!(kept.windows(2).all(|pair| pair[1].offset - pair[0].offset <= super::super::marker::GROUP));
        // The archived form says the same.
        let archived = super::super::decode(&super::super::encode(&after).unwrap()).unwrap();
        prop_assert_eq!(archived, after);
    }
}

#[test]
fn times_are_those_of_the_pieces() {
    let written = written(&[(b"one\n".to_vec(), 5_000), (b"two\n".to_vec(), 6_000)]);
    let index = read(&written.log).unwrap().unwrap();
    assert_eq!(index.times(1, 0, &written.text), [(1, 5_000), (2, 6_000)]);
    fs::remove_file(beside(&written.log)).unwrap();
    let index = read(&written.log).unwrap().unwrap();
    assert!(index.times(1, 0, &written.text).is_empty(), "nobody knows them any more");
}

#[test]
fn no_log_has_no_index() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(&folder.path().join("0.log")).unwrap(), None);
}
