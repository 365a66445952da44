//! A run ends with what its steps reported.

use super::bench::Desk;
use crate::harness::git::Repo;

const PIPELINE: &str = "steps:
  - name: spec
    image: slipway/busybox
    commands: [exit 1]
    reports: {junit: report.xml, lcov: lcov.info, cobertura: none.xml}
";

const REPORT: &str = "<testsuite name='rspec'>
<testcase classname='Tide' name='is high'/>
<testcase classname='Tide' name='is low'><failure>no</failure></testcase>
</testsuite>";

#[tokio::test]
async fn a_run_ends_with_its_tests_and_coverage() {
    let desk = Desk::docker().await;
    let files = [
        (".slipway.yml", PIPELINE),
        ("report.xml", REPORT),
        ("lcov.info", "SF:tide.rb\nDA:1,1\nDA:2,0\nend_of_record\n"),
    ];
    let repo = Repo::with(&files).await;
    let ended = desk.run(repo.path(), &[]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    let wanted = "warning: there is no cobertura report: no file fits `none.xml`\ntests: 1 passed, 1 failed\n  \
                  failed: Tide / is low\ncoverage: 50.0 % (1 of 2 lines)\nfailure";
    assert!(ended.stdout.contains(wanted), "{ended:?}");
    desk.finish().await;
}
