//! Pipelines that cannot run: said on the build's page, by the API and in the push terminal, and never a panic or a hang.

use std::time::{Duration, Instant};

use crate::harness::{
    build::Build,
    git::Repo,
    server::{Kind, Server, Setup},
};

/// Pushes a pipeline that must be refused; gives the build and what the terminal said.
async fn refused(server: &Server, repository: &str, yaml: &str) -> (Build, String) {
    let start = Instant::now();
    let repo = Repo::with_pipeline(yaml).await;
    let pushed = repo.push_main(&server.remote(repository)).await;
    assert!(start.elapsed() < Duration::from_secs(20), "{repository} took {:?}", start.elapsed());
    let build = server.api.build(repository, 1).await;
    build.assert_ended("error", "config");
    assert!(build.jobs.is_empty(), "nothing of it runs: {build:?}");
    (build, pushed.terminal)
}

#[tokio::test]
async fn broken_yaml_is_shown_with_its_place_everywhere() {
    let server = Setup::new(Kind::Dummy).start().await;
    let yaml =
        "steps:\n  - name: a\n    image: busybox\n    comands:\n      - echo a\n  - name: b\n    commands: [echo b]\n";
    let (build, terminal) = refused(&server, "bad/keys", yaml).await;
    for said in [".slipway.yml:4:5", "comands", "did you mean `commands`", "^", "image"] {
        assert!(terminal.contains(said), "`{said}` is not in the push terminal:\n{terminal}");
    }
    let json = build.json.to_string();
    assert!(json.contains("comands") && json.contains(".slipway.yml"), "{json}");
    let page = server.api.text("/repos/bad/keys/builds/1").await;
    assert!(page.contains("comands") && page.contains(".slipway.yml:4:5"), "{page}");

    let (_, terminal) = refused(&server, "bad/syntax", "steps:\n  - name: [a\n  image: }\n").await;
    assert!(terminal.contains(".slipway.yml:"), "{terminal}");
    let (_, terminal) = refused(&server, "bad/list", "- just\n- a list\n").await;
    assert!(terminal.contains("steps"), "{terminal}");
    let (_, terminal) = refused(&server, "bad/empty", "").await;
    assert!(terminal.contains("steps"), "{terminal}");
    let (_, terminal) = refused(&server, "bad/tabs", "steps:\n\t- name: a\n").await;
    assert!(terminal.contains(".slipway.yml:2"), "{terminal}");
    server.finish().await;
}

#[tokio::test]
async fn a_cycle_a_bomb_a_huge_file_and_a_spaced_image_are_refused() {
    let server = Setup::new(Kind::Dummy).start().await;
    let step = |name: &str, needs: &str| {
        format!("  - {{name: {name}, image: dummy, commands: [echo], depends_on: [{needs}]}}\n")
    };
    let cycle = format!("steps:\n{}{}{}", step("a", "c"), step("b", "a"), step("c", "b"));
    let (_, terminal) = refused(&server, "bad/cycle", &cycle).await;
    assert!(terminal.contains("depend") && terminal.contains("`a`"), "{terminal}");
    let (_, terminal) = refused(&server, "bad/self", &format!("steps:\n{}", step("a", "a"))).await;
    assert!(terminal.contains("`a`"), "{terminal}");
    let (_, terminal) = refused(&server, "bad/ghost", &format!("steps:\n{}", step("a", "ghost"))).await;
    assert!(terminal.contains("ghost"), "{terminal}");

    let mut bomb = "variables:\n  - &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("  - &a{level} [{alias}]\n"));
    }
    bomb.push_str("steps: [{name: a, image: dummy, commands: *a11}]\n");
    let (_, terminal) = refused(&server, "bad/bomb", &bomb).await;
    assert!(terminal.contains("alias") || terminal.contains("expand"), "{terminal}");

    let huge = format!("steps: [{{name: a, image: dummy, commands: [echo]}}]\n{}", "# padding\n".repeat(30_720));
    assert!(huge.len() > 300 * 1024);
    let (_, terminal) = refused(&server, "bad/huge", &huge).await;
    assert!(terminal.contains("256 KiB"), "{terminal}");

    let spaced = "steps: [{name: a, image: 'busy box', commands: [echo]}]";
    let (_, terminal) = refused(&server, "bad/image", spaced).await;
    assert!(terminal.contains("busy box"), "{terminal}");
    let deep = format!("steps: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    refused(&server, "bad/deep", &deep).await;
    let many: String = (0..101).map(|n| format!("  - {{name: s{n}, image: dummy, commands: [echo]}}\n")).collect();
    let (_, terminal) = refused(&server, "bad/many", &format!("steps:\n{many}")).await;
    assert!(terminal.contains("100"), "{terminal}");

    // After all that it works as before.
    let repo = Repo::with_pipeline("steps: [{name: a, image: dummy, commands: [echo]}]").await;
    repo.push_main(&server.remote("good/one")).await;
    server.api.build("good/one", 1).await.assert_ended("success", "ok");
    server.finish().await;
}
