//! Masker and spool: no cut of the stream, no kill of the process changes what comes out.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use slipway_pipelines::{ids::JobId, lease::Claim};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

fn claim() -> Claim {
    Claim { job: JobId(Uuid::from_u128(7)), attempt: 1, epoch: 1 }
}

fn spool(data: &TempDir, secrets: &[&str]) -> JobSpool {
    let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    JobSpool::open(data.path(), claim(), &secrets).unwrap()
}

fn whole(log: &StepLog) -> Vec<u8> {
    log.read(0, 1 << 20).unwrap().to_vec()
}

fn mask<'a>(needles: &Arc<Needles>, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut masker = Masker::new(Arc::clone(needles));
    let mut out = Vec::new();
    for piece in pieces {
        masker.push(piece, &mut out);
    }
    masker.flush(&mut out);
    out
}

fn masked(secrets: &[&str], text: &str) -> String {
    String::from_utf8(mask(&Arc::new(Needles::of(secrets)), [text.as_bytes()])).unwrap()
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn a_secret_is_replaced_and_the_rest_stays() {
    assert_eq!(masked(&["hunter2"], "a hunter2 b hunter2\n"), "a ******** b ********\n");
    assert_eq!(masked(&[], "nothing\n"), "nothing\n");
}

#[test]
fn values_under_four_characters_are_left_alone() {
    assert_eq!(masked(&["a", "abc", "", "****"], "a abc ****\n"), "a abc ****\n");
}

#[test]
fn overlapping_secrets_leave_no_rest() {
    assert_eq!(masked(&["abcd", "bcdefghijk"], "x abcdefghijk y"), "x ******** y");
}

#[test]
fn each_line_of_a_secret_is_masked() {
    assert_eq!(masked(&["first line\nsecond line\n}"], "> first line\n> second line\n}"), "> ********\n> ********\n}");
}

#[test]
fn encoded_secrets_are_masked_at_every_alignment() {
    let secret = "correct horse/battery?staple";
    let out = masked(&[secret], "correct%20horse%2Fbattery%3Fstaple");
    assert_eq!(out, "********");
    for before in ["", "a", "ab", "abc"] {
        let text = STANDARD.encode(format!("{before}{secret}zz"));
        let out = masked(&[secret], &text);
        assert!(out.contains("********"), "{text} -> {out}");
        assert!(out.len() < 8 + 10, "{out}");
    }
    assert_eq!(masked(&["say \"hello\""], r#"{"a":"say \"hello\""}"#), r#"{"a":"********"}"#);
}

#[test]
fn only_what_may_begin_a_secret_is_held_back() {
    let mut masker = Masker::new(Arc::new(Needles::of(["secret"])));
    let mut out = Vec::new();
    masker.push(b"a prompt se", &mut out);
    assert_eq!(out, b"a prompt ");
    masker.push(b"t", &mut out);
    assert_eq!(out, b"a prompt set");
}

#[test]
fn a_limit_ends_the_log_with_a_line_and_counts_on() {
    let data = TempDir::new().unwrap();
    let log = spool(&data, &[]).limited(10).step(0, 0).unwrap();
    let mut sink = log.sink(|_| {});
    sink.write(b"0123456");
    sink.write(b"789abc");
    sink.write(b"def");
    assert_eq!(log.close(), whole(&log).len() as u64);
    assert_eq!(
        String::from_utf8(whole(&log)).unwrap(),
        "0123456789\nslipway: the log is cut here, at 10 bytes; the step goes on\nslipway: 6 more bytes were left out\n"
    );
}

#[test]
fn a_restart_rewinds_to_the_container_and_reads_on() {
    let data = TempDir::new().unwrap();
    let log = spool(&data, &["hunter2"]).step(3, 0).unwrap();
    let mut sink = log.sink(|_| {});
    sink.write(b"pulling hun");
    sink.begin_container_output();
    sink.write(b"password hunter2, hun");
    drop((sink, log));

    let log = spool(&data, &["hunter2"]).step(3, 0).unwrap();
    log.rewind();
    assert_eq!(whole(&log), b"pulling hun");
    let mut sink = log.sink(|_| {});
    sink.write(b"password hunter2, hunting\n");
    assert_eq!(log.close(), whole(&log).len() as u64);
    assert_eq!(whole(&log), b"pulling hunpassword ********, hunting\n");
    sink.write(b"too late");
    assert!(!contains(&whole(&log), b"late"));
}

#[test]
fn a_log_goes_on_after_what_the_server_has() {
    let data = TempDir::new().unwrap();
    let log = spool(&data, &[]).step(0, 5).unwrap();
    log.sink(|_| {}).write(b"more");
    assert_eq!(&log.read(5, 100).unwrap()[..], b"more");
    assert_eq!(log.close(), 9);
}

#[test]
fn marks_and_folders_outlive_the_process_until_removed() {
    let data = TempDir::new().unwrap();
    let first = spool(&data, &[]);
    let (goes, pauses) = (Mark::Goes { retries: 1, at: 17 }, Mark::Pauses { retries: 2, until: 99 });
    first.mark(2, goes).unwrap();
    first.mark(3, goes).unwrap();
    first.mark(3, pauses).unwrap();
    first.step(1, 0).unwrap();
    let second = spool(&data, &[]);
    assert_eq!(second.marks(4), [(2, goes), (3, pauses)].into());
    assert!(second.has(1) && !second.has(0));
    keep_only(data.path(), &[claim()]).unwrap();
    assert!(second.has(1));
    keep_only(data.path(), &[]).unwrap();
    assert!(!second.has(1));
    assert_eq!(std::fs::read_dir(data.path().join("spool")).unwrap().count(), 0);
}

/// Few letters, so that needles overlap each other and themselves.
fn texts() -> impl Strategy<Value = (Vec<String>, Vec<u8>, Vec<prop::sample::Index>)> {
    let secrets = prop::collection::vec("[ab]{4,7}|[a-c]{4,12}|[abc]{4}\n[abc]{5}", 0..4);
    let plain = prop::collection::vec(prop::sample::select(b"abcx\n".to_vec()), 0..80);
    let cuts = prop::collection::vec(any::<prop::sample::Index>(), 0..12);
    (secrets, plain, prop::collection::vec(any::<prop::sample::Index>(), 0..6), cuts).prop_map(
        |(secrets, mut text, places, cuts)| {
            for (at, secret) in places.iter().zip(secrets.iter().cycle()) {
                let at = at.index(text.len() + 1);
                text.splice(at..at, secret.bytes());
            }
            (secrets, text, cuts)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_cut_changes_the_output_and_no_secret_is_in_it((secrets, text, cuts) in texts()) {
        let needles = Arc::new(Needles::of(&secrets));
        let once = mask(&needles, [&text[..]]);
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        at.extend([0, text.len()]);
        at.sort_unstable();
        prop_assert_eq!(&mask(&needles, at.windows(2).map(|pair| &text[pair[0]..pair[1]])), &once);
        prop_assert_eq!(&mask(&needles, text.chunks(1)), &once);
        for line in secrets.iter().flat_map(|secret| secret.lines()) {
            prop_assert!(!contains(&once, line.as_bytes()), "{:?}", String::from_utf8_lossy(&once));
        }
    }

    #[test]
    fn what_is_no_secret_comes_through_whole(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let needles = Arc::new(Needles::of(["correct horse battery staple"]));
        prop_assert_eq!(mask(&needles, text.chunks(3)), text);
    }
}

#[test]
fn what_a_program_tells_is_told_once_masked_and_not_without_end() {
    let data = TempDir::new().unwrap();
    let log = spool(&data, &["hunter2"]).step(0, 0).unwrap();
    let (said, hears) = std::sync::mpsc::channel();
    let mut sink = log.sink(move |what| said.send(what).unwrap());
    sink.write(b"::warning file=a.rs::it is hunt");
    sink.write(b"er2\n::error::last");
    sink.command(3);
    sink.write(b"\n");
    log.settle();
    let mut heard: Vec<Said> = hears.try_iter().collect();
    heard.extend(log.notes().into_iter().map(Said::Note));
    let note = |text: &str| Said::Note(text.to_owned());
    let command = heard.iter().position(|said| matches!(said, Said::Command { number: 3, .. }));
    heard.remove(command.unwrap());
    assert_eq!(heard, [note("warning: a.rs: it is ********"), note("error: last")]);
    sink.write("::notice::again\n".repeat(200).as_bytes());
    log.settle();
    let rest = hears.try_iter().count() + log.notes().len();
    assert_eq!(rest, 48, "fifty in all");
}
