//! The Jenkins job: an image from the repository's Dockerfile, the workspace as a volume, `rake spec`, its exit code.

use super::{copy, log, push};
use crate::harness::{
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
    server.finish().await;
}
