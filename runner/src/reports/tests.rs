//! Reports as tools write them, broken ones, and any bytes at all.

use std::fmt::Write as _;

use proptest::prelude::*;
use slipway_pipelines::wire::{MOST_MESSAGE, MOST_NAME, TestOutcome};

use super::*;

fn all(kind: ReportKind, text: &[u8]) -> (Vec<Item>, Result<(), Unreadable>) {
    let mut items = Vec::new();
    let read = read(kind, text, &mut |item| {
        items.push(item);
        Goes::Continue(())
    });
    (items, read)
}

/// One line a case: outcome, milliseconds, suite, name, file, first line of the message.
fn cases(text: &str) -> String {
    let (items, read) = all(ReportKind::Junit, text.as_bytes());
    assert_eq!(read, Ok(()));
    let mut shown = String::new();
    for item in items {
        let Item::Case(case) = item else { panic!("no case: {item:?}") };
        let outcome = if case.flaked { "flaked" } else { case.outcome.as_str() };
        let time = case.duration_ms.map_or("-".to_owned(), |time| time.to_string());
        let file = case.file.as_deref().unwrap_or("-");
        let message = case.message.lines().next().unwrap_or("-");
        writeln!(shown, "{outcome} {time} | {} | {} | {file} | {message}", case.suite, case.name).unwrap();
    }
    shown
}

fn files(kind: ReportKind, text: &str) -> Vec<(String, u32, u32)> {
    let (items, read) = all(kind, text.as_bytes());
    assert_eq!(read, Ok(()));
    let file = |item| match item {
        Item::File(file) => (file.file, file.covered, file.total),
        Item::Case(case) => panic!("no file: {case:?}"),
    };
    items.into_iter().map(file).collect()
}

fn fault(kind: ReportKind, text: &str) -> String {
    all(kind, text.as_bytes()).1.unwrap_err().to_string()
}

#[test]
fn what_tools_write_is_understood() {
    for (text, wanted) in [
        (
            include_str!("fixtures/pytest.xml"),
            "passed 1 | tests.test_tide.TestTable | test_high_water[north] | - | -\n\
             failed 2 | tests.test_tide | test_low_water | - | AssertionError: assert 3 < 2\n\
             skipped 0 | tests.test_tide | test_moon | - | needs a moon\n\
             error 40 | tests.test_db | test_rows | - | failed on setup with \"ConnectionError: no database\"\n",
        ),
        (
            include_str!("fixtures/rspec.xml"),
            "passed 0 | spec.tide_spec | Tide is high twice a day | ./spec/tide_spec.rb | -\n\
             failed 10 | spec.tide_spec | Tide is low twice a day | ./spec/tide_spec.rb | expected: 2\n\
             skipped 0 | spec.tide_spec | Tide knows the moon | ./spec/tide_spec.rb | -\n",
        ),
        (
            include_str!("fixtures/surefire.xml"),
            "passed 1200500 | example.TideTest | high | - | -\n\
             failed 3700 | example.TideTest | low | - | expected: <2> but was: <1>\n\
             flaked 50 | example.TideTest | spring | - | timed out\n",
        ),
        (
            include_str!("fixtures/go-junit-report.xml"),
            "passed 60 | example.org/tide | TestHigh | - | -\n\
             failed 100 | example.org/tide | TestLow/south | - | Failed\n\
             skipped 0 | example.org/tide | TestMoon | - | tide_test.go:15: no moon\n",
        ),
        (
            include_str!("fixtures/gotestsum.xml"),
            "passed 0 | example.org/tide | TestHigh | - | -\n\
             failed 0 | example.org/tide | TestLow | - | Failed\n",
        ),
        (
            include_str!("fixtures/jest-junit.xml"),
            "passed 2 | Tide is high twice a day | Tide is high twice a day | src/tide.test.js | -\n\
             failed 1 | Tide is low twice a day | Tide is low twice a day | src/tide.test.js | \
             Error: expect(received).toBe(expected) // Object.is equality\n",
        ),
        (
            include_str!("fixtures/nextest.xml"),
            "passed 5 | tide::bin/tide | tests::high | - | -\n\
             failed 6 | tide::bin/tide | tests::low | - | thread 'tests::low' panicked at src/main.rs:9:9:\n\
             flaked 7 | tide::bin/tide | tests::spring | - | thread 'tests::spring' panicked\n",
        ),
        (
            include_str!("fixtures/phpunit.xml"),
            "passed 3 | /src/phpunit.xml / Tide | high | tests/TideTest.php | -\n\
             failed 1 | /src/phpunit.xml / Tide | low | tests/TideTest.php | \
             Failed asserting that 1 is identical to 2.\n",
        ),
        (
            include_str!("fixtures/googletest.xml"),
            "passed 0 | Tide | High | tide_test.cc | -\n\
             failed 1 | Tide | Low | tide_test.cc | tide_test.cc:10\n\
             skipped 0 | Tide | DISABLED_Moon | tide_test.cc | -\n",
        ),
    ] {
        assert_eq!(cases(text), wanted);
    }
}

#[test]
fn a_line_of_coverage_counts_once() {
    let of = |file: &str, covered, total| (file.to_owned(), covered, total);
    assert_eq!(
        files(ReportKind::Cobertura, include_str!("fixtures/cobertura.xml")),
        [of("empty.py", 0, 0), of("moon.py", 1, 2), of("tide.py", 3, 4)]
    );
    assert_eq!(
        files(ReportKind::Lcov, include_str!("fixtures/lcov.info")),
        [of("src/moon.js", 0, 1), of("src/tide.js", 3, 3)]
    );
}

#[test]
fn broken_files_name_the_line() {
    use ReportKind::{Cobertura, Junit, Lcov};
    for (kind, text, wanted) in [
        (Junit, "", "line 1: there is no XML in it"),
        (Junit, "<html><body/></html>", "line 1: it begins with `<html>`, JUnit XML with `<testsuites>`"),
        (Junit, "<testsuite>\n<testcase name='a'>\n", "line 3: it ends in the middle"),
        (Junit, "<testsuite>\n</testsuites>", "line 2: "),
        (Junit, "<testsuite>\n<testcase name='a", "line 2: "),
        (Cobertura, "<testsuites/>", "line 1: it begins with `<testsuites>`, Cobertura with `<coverage>`"),
        (Lcov, "<coverage/>", "line 1: it is no LCOV, which begins with `TN:` or `SF:`"),
        (Lcov, "\n\n", "line 3: there is no record of LCOV in it"),
        (Lcov, "TN:\nDA:1,1\n", "line 2: a line of no file: `DA:` before `SF:`"),
        (Lcov, "SF:a\nDA:x,1\n", "line 2: a record of LCOV that cannot be read: "),
    ] {
        let fault = fault(kind, text);
        assert!(fault.starts_with(wanted), "{text:?}: {fault}");
    }
    let (items, read) = all(Junit, b"<testsuite><testcase name='a'/><testcase");
    assert_eq!(items.len(), 1, "what was read before the break is good");
    assert!(read.is_err());
}

#[test]
fn entities_are_not_expanded() {
    let bomb = r#"<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY lol "lol">
 <!ENTITY lol1 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
 <!ENTITY lol2 "&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;">
]>
<testsuites><testcase name="&lol2;"><failure>&lol2;</failure></testcase></testsuites>"#;
    assert_eq!(
        fault(ReportKind::Junit, bomb),
        "line 6: it defines entities of its own, which reports have no need for"
    );
    let unknown =
        "<testsuite><testcase name='&up; &amp; &#65;'><failure>&up;&lt;&#x42;</failure></testcase></testsuite>";
    assert_eq!(cases(unknown), "failed - |  | &up; &amp; &#65; | - | &up;<B\n");
}

#[test]
fn what_grows_without_end_is_stopped() {
    let deep = format!("<testsuites>{}", "<testsuite>".repeat(1_000_000));
    assert_eq!(fault(ReportKind::Junit, &deep), "line 1: elements are nested deeper than 64");
    let long = format!("<testsuite><testcase name='a'><system-out>{}", "x".repeat(20 << 20));
    assert_eq!(fault(ReportKind::Junit, &long), "line 1: one piece of text is longer than 8 MiB");
    let many = format!("<testsuite>{}</testsuite>", "<testcase name='a'/>\n".repeat(MOST_ITEMS + 1));
    let (items, read) = all(ReportKind::Junit, many.as_bytes());
    assert_eq!(items.len(), MOST_ITEMS);
    assert_eq!(read.unwrap_err().to_string(), "line 200001: it has more than 200000 entries; the rest is left out");
    let large = std::io::Read::chain(&b"<testsuite>"[..], std::io::repeat(b'\n'));
    let error = super::read(ReportKind::Junit, Pieces(large), &mut |_| Goes::Continue(())).unwrap_err();
    assert_eq!(error.what, "it is larger than 64 MiB; the rest is left out");
}

/// A comment every so often, so that no piece is long.
struct Pieces<R>(R);

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(to)?;
        if let Some(end) = count.checked_sub(7).filter(|_| to[..count].iter().all(|byte| *byte == b'\n')) {
            to[end..count].copy_from_slice(b"<!---->");
        }
        Ok(count)
    }
}

#[test]
fn a_long_message_is_cut_and_the_first_failure_stays() {
    let text = format!(
        "<testsuite><testcase name='{}'><failure message='one'>{}</failure><error message='two'/></testcase></testsuite>",
        "n".repeat(5000),
        "é".repeat(10_000)
    );
    let (items, _) = all(ReportKind::Junit, text.as_bytes());
    let [Item::Case(case)] = &items[..] else { panic!("{items:?}") };
    assert!(case.message.starts_with("one\né") && case.message.len() <= MOST_MESSAGE);
    assert_eq!((case.name.len(), case.outcome), (MOST_NAME, TestOutcome::Failed));
}

proptest! {
    #[test]
    fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for kind in ReportKind::ALL {
            let (items, _) = all(kind, &bytes);
            prop_assert!(items.len() <= bytes.len());
        }
    }

    #[test]
    fn a_damaged_report_comes_to_an_end(
        which in 0..4usize,
        place in any::<prop::sample::Index>(),
        junk in "[<>&;/\"'a-c \\[\\]!-]{0,12}",
        cut in any::<bool>(),
    ) {
        let text = [
            include_str!("fixtures/surefire.xml"),
            include_str!("fixtures/pytest.xml"),
            include_str!("fixtures/cobertura.xml"),
            include_str!("fixtures/lcov.info"),
        ][which];
        let at = text.floor_char_boundary(place.index(text.len()));
        let damaged = format!("{}{junk}{}", &text[..at], if cut { "" } else { &text[at..] });
        for kind in ReportKind::ALL {
            let (items, _) = all(kind, damaged.as_bytes());
            for item in items {
                if let Item::Case(case) = item {
                    prop_assert!(case.message.len() <= MOST_MESSAGE && case.name.len() <= MOST_NAME);
                }
            }
        }
    }
}
