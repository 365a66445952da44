//! Reports: read when a step has ended, masked, and never a reason to fail.

use slipway_pipelines::{
    plan::{Report, ReportKind, RetryOn, Step},
    wire::{MOST_MESSAGE, ReportContent, TestCase},
};

use super::bench::Bench;
use crate::{
    job::Start,
    testing::{
        memory::Heard,
        plans::{checkout, grant, retried, step, with},
    },
};

const SECRET: &str = "sword<fish>&4711";

fn reporting(kind: ReportKind, paths: &[&str], mut step: Step) -> Step {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    step.files.reports.push(Report { kind, paths });
    step
}

/// Runs a step that ends with a code and has left files.
async fn run(step: Step, files: &[(&str, &str)]) -> Heard {
    let mut bench = Bench::new(grant(1, vec![checkout(), with("SLEEP", "10s", step)]));
    bench.grant.masked = vec![SECRET.to_owned()];
    bench.start(Start::Fresh(bench.grant.clone()));
    bench.memory.until(|heard| heard.is_running(1)).await;
    for (path, text) in files {
        bench.dummy.write(bench.grant.claim, &format!("/slipway/src/{path}"), *text);
    }
    bench.finished().await;
    bench.memory.heard()
}

fn cases(heard: &Heard) -> Vec<(&str, TestCase)> {
    let parts = heard.reports.iter().filter_map(|part| match &part.content {
        ReportContent::Tests(cases) => Some(cases.iter().map(|case| (part.path.as_str(), case.clone()))),
        ReportContent::Coverage(_) => None,
    });
    parts.flatten().collect()
}

fn warnings(heard: &Heard) -> Vec<&str> {
    heard.warnings.iter().map(|(_, text)| text.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_failing_step_reports_before_its_end_is_told() {
    let failing = with("STEP_EXIT_CODE", "1", step("test", &[0]));
    let step = reporting(ReportKind::Junit, &["out/*.xml"], failing);
    let step = reporting(ReportKind::Lcov, &["lcov.info"], step);
    let text = "<testsuite><testcase name='a' file='/slipway/src/spec/a.rb'/></testsuite>";
    let files = [
        ("out/a.xml", text),
        ("out/a.txt", "no report"),
        ("out/deep/b.xml", "not meant"),
        ("lcov.info", "SF:/slipway/src/lib/a.rb\nDA:1,1\nend_of_record\n"),
    ];
    let heard = run(step, &files).await;
    assert_eq!(heard.reasons()[1], "exit_code");
    let seen: Vec<_> = cases(&heard).into_iter().map(|(path, case)| (path, case.name, case.file)).collect();
    assert_eq!(seen, [("out/a.xml", "a".to_owned(), Some("spec/a.rb".to_owned()))]);
    let ReportContent::Coverage(files) = &heard.reports[1].content else { panic!("{:?}", heard.reports) };
    assert_eq!((files[0].file.as_str(), files[0].covered), ("lib/a.rb", 1));
    assert_eq!(warnings(&heard), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_a_warning_and_a_line_of_the_log() {
    let step = reporting(ReportKind::Junit, &["a.xml", "no/*.xml"], step("test", &[0]));
    let step = reporting(ReportKind::Cobertura, &["no.xml"], step);
    let heard = run(step, &[("a.xml", "<testsuite><testcase name='a'/>")]).await;
    assert_eq!(heard.reasons()[1], "ok");
    let wanted = [
        "report `a.xml` cannot be read to its end: line 1: it ends in the middle",
        "there is no cobertura report: no file fits `no.xml`",
    ];
    assert_eq!(warnings(&heard), wanted);
    assert_eq!(cases(&heard).len(), 1, "what was read before the break");
    for warning in wanted {
        assert!(heard.log(1).contains(&format!("warning: {warning}\n")), "{}", heard.log(1));
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_a_report_however_it_is_written() {
    let fill = "x".repeat(MOST_MESSAGE - 8);
    let text = format!(
        "<testsuite><testcase name='it is sword&lt;fish&#62;&amp;4711' classname='sword&lt;fish&gt;&amp;4711'>\
         <failure message='a sword&lt;fish>&amp;4711'><![CDATA[sword<fish>&4711]]></failure></testcase>\
         <testcase name='cut'><failure>{fill}sword&lt;fish&gt;&amp;4711</failure></testcase></testsuite>"
    );
    let heard = run(reporting(ReportKind::Junit, &["a.xml"], step("test", &[0])), &[("a.xml", &text)]).await;
    let cases = cases(&heard);
    assert_eq!((cases[0].1.name.as_str(), cases[0].1.suite.as_str()), ("it is ********", "********"));
    assert_eq!(cases[0].1.message, "a ********");
    assert!(!cases[1].1.message.contains("sword"), "half a secret is one, too: {}", &cases[1].1.message[4000..]);
    assert!(!format!("{:?}", heard.reports).contains("fish"));
}

#[tokio::test(start_paused = true)]
async fn each_try_reports_and_a_large_report_comes_in_parts() {
    let flaky = retried(1, &[RetryOn::Failure], 0, with("STEP_EXIT_CODE", "1,0", step("test", &[0])));
    let many: String = (0..1201).map(|number| format!("<testcase name='{number}'/>")).collect();
    let text = format!("<testsuite>{many}</testsuite>");
    let heard = run(reporting(ReportKind::Junit, &["**"], flaky), &[("out/a.xml", &text)]).await;
    let parts: Vec<_> = heard.reports.iter().map(|part| (part.tries, part.part)).collect();
    assert_eq!(parts, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
    assert_eq!(cases(&heard).len(), 2402);
}
