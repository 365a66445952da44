//! The Jenkins job: an image from the repository's Dockerfile, the workspace as a volume, `rake spec`, its exit code.

use serde_json::json;

use super::{copy, log, push};
use crate::harness::{
    build::Build,
    image::debian,
    server::{Kind, Setup},
};

#[tokio::test]
async fn specs_run_in_the_image_of_the_dockerfile() {
    if !debian(&["ruby"]).await {
        return;
    }
    let server = Setup::new(Kind::Docker).start().await;
    let repo = copy("rspec").await;
    let (pushed, build) = push(&server, &repo, "rspec", 1).await;
    build.assert_ended("success", "ok");
    build.assert_step("spec", "success", "ok", Some(0));
    assert!(pushed.terminal.contains("gives the piece and keeps the rest"), "{}", pushed.terminal);
    let said = log(&server, "rspec", &build, "spec").await;
    assert!(said.contains("5 examples, 0 failures"), "{said}");
    let said = log(&server, "rspec", &build, "package").await;
    assert!(said.contains("Successfully built RubyGem") && said.contains("1.2.0"), "{said}");

    let counts = |build: &Build| {
        let tests = &build.json["tests"];
        json!([tests["passed"], tests["failed"], tests["skipped"], tests["new_failures"]])
    };
    assert_eq!(counts(&build), json!([5, 0, 0, 0]), "{build:?}");
    let artifacts = server.api.json("/api/v1/repos/examples/rspec/builds/1/artifacts").await;
    assert_eq!(artifacts[0]["path"], "rope-1.2.0.gem", "{artifacts}");

    // Somebody breaks it.
    let path = repo.path().join("lib/rope.rb");
    let code = std::fs::read_to_string(&path).unwrap();
    repo.write("lib/rope.rb", code.replace("@fathoms -= length", "@fathoms -= length + 1"));
    repo.commit("Cut faster").await;
    let (pushed, build) = push(&server, &repo, "rspec", 2).await;
    build.assert_ended("failure", "exit_code");
    build.assert_step("spec", "failure", "exit_code", Some(1));
    build.assert_step("package", "skipped", "needs", None);
    let said = log(&server, "rspec", &build, "spec").await;
    for part in ["expected: 15", "got: 14", "5 examples, 1 failure", "rspec ./spec/rope_spec.rb:17"] {
        assert!(said.contains(part), "`{part}` is not in:\n{said}");
        assert!(pushed.terminal.contains(part), "`{part}` is not in:\n{}", pushed.terminal);
    }
    // The report came although the specs failed.
    assert_eq!(counts(&build), json!([4, 1, 0, 1]), "{build:?}");
    let failed = server.api.json("/api/v1/repos/examples/rspec/builds/2/tests?outcome=failed").await;
    let case = &failed["cases"][0];
    assert_eq!(case["name"], "Rope#cut gives the piece and keeps the rest", "{failed}");
    assert_eq!((&case["file"], &case["new"]), (&json!("spec/rope_spec.rb"), &json!(true)), "{failed}");
    assert!(case["message"].as_str().is_some_and(|message| message.contains("expected: 15")), "{failed}");
    let page = server.api.text("/repos/examples/rspec/builds/2").await;
    assert!(page.contains("4 passed") && page.contains("1 failed"), "{page}");
    server.finish().await;
}
