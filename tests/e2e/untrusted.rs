//! Text that strangers write — branch, message, author — reaches a step as environment and as nothing else.

use serde_json::json;

use crate::harness::{
    git::Repo,
    hook::headers,
    server::{Kind, Setup},
    wait::{PATIENCE, until},
};

const BRANCH: &str = ";touch${IFS}pwned;`touch${IFS}pwned`";
const MESSAGE: &str = "fix: \"double\" 'single' `touch pwned` $(touch pwned) ${CI_COMMIT_SHA} $HOME \\n %s

steps:
  - name: evil
    image: evil/evil
    privileged: true
--- *alias &anchor !!tag % @ | > # {[ ]} : - ? ,
''' ; touch pwned ; exit 0 # \u{1F6A2} ünïcödé\ttab";

const PIPELINE: &str = r#"steps:
  - name: look
    image: slipway/busybox
    environment:
      COPY: ${CI_COMMIT_MESSAGE}
    commands:
      - printf %s "$CI_COMMIT_MESSAGE" | base64 -w 0; echo
      - printf %s "$COPY" | base64 -w 0; echo
      - printf %s "$CI_COMMIT_BRANCH" | base64 -w 0; echo
      - echo "${CI_COMMIT_MESSAGE}" > /tmp/message
      - echo ${CI_COMMIT_BRANCH} > /tmp/branch
      - if [ -e pwned ] || [ -e /pwned ] || [ -e /tmp/pwned ]; then echo "it was executed"; exit 9; fi
      - echo unharmed
"#;

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.as_bytes()
        .chunks(3)
        .map(|chunk| {
            let bits = chunk.iter().enumerate().fold(0u32, |bits, (n, byte)| bits | u32::from(*byte) << (16 - 8 * n));
            (0..4)
                .map(|n| if n <= chunk.len() { DIGITS[(bits >> (18 - 6 * n) & 63) as usize] as char } else { '=' })
                .collect::<String>()
        })
        .collect()
}

#[tokio::test]
async fn a_branch_and_a_message_with_shell_and_yaml_in_them_do_nothing() {
    assert_eq!(base64("light"), "bGlnaHQ=");
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::init().await;
    repo.write(".slipway.yml", PIPELINE);
    repo.commit(MESSAGE).await;
    let pushed = repo.push(&server.remote("me/odd"), &format!("main:refs/heads/{BRANCH}")).await;
    assert!(pushed.status.success(), "{}", pushed.terminal);

    let build = server.api.wait_end("me/odd", 1).await;
    let log = server.api.log("me/odd", &build, "look").await;
    assert_eq!((build.status.as_str(), build.jobs.len()), ("success", 1), "{log}\n{build:?}");
    assert_eq!(build.branch.as_deref(), Some(BRANCH));
    assert!(build.jobs[0].steps.iter().all(|step| step.name != "evil"));
    assert!(log.ends_with("\nunharmed\n"), "{log}");
    let lines: Vec<&str> = log.lines().collect();
    let message = lines.iter().filter(|line| **line == base64(MESSAGE) || **line == base64(&format!("{MESSAGE}\n")));
    assert_eq!(message.count(), 2, "the message byte for byte, twice:\n{log}");
    assert!(lines.contains(&base64(BRANCH).as_str()), "{log}");

    let page = server.api.text("/repos/me/odd/builds/1").await;
    assert!(!page.contains("`touch pwned` $(touch pwned) ${CI_COMMIT_SHA} $HOME \\n %s\n\nsteps:\n  - name: evil<"));
    let list = server.api.text("/repos/me/odd").await;
    assert!(list.contains("pwned"), "the odd branch is shown as text");
    server.finish().await;
}

#[tokio::test]
async fn a_page_shows_markup_as_text() {
    let server = Setup::new(Kind::Dummy).start().await;
    let repo = Repo::init().await;
    repo.write(
        ".slipway.yml",
        "steps: [{name: '<b>a</b>', image: dummy, commands: ['echo <script>alert(1)</script>']}]",
    );
    repo.commit("<script>alert('title')</script>\n\n<img src=x onerror=alert(2)>").await;
    repo.push(&server.remote("me/markup"), "main:refs/heads/<i>main").await;
    for path in ["/", "/repos/me/markup", "/repos/me/markup/builds/1", "/repos/me/markup/builds/1/jobs/0/steps/1"] {
        let page = server.api.get(path).await;
        assert_eq!(page.status().as_u16(), 200, "{path}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{path}: {policy}");
        let html = page.text().await.unwrap();
        for raw in ["<script>alert", "<img src=x", "<i>main"] {
            assert!(!html.contains(raw), "{path} has `{raw}`");
        }
    }
    server.finish().await;
}

#[tokio::test]
async fn a_hook_with_the_name_of_a_ref_that_cannot_be_starts_nothing() {
    let server = Setup::new(Kind::Dummy).start().await;
    let repo = Repo::with_pipeline("steps: [{name: a, image: dummy, commands: [echo]}]").await;
    let bare = repo.bare_copy(&server.scratch().join("odd.git")).await;
    let hooked = server.api.create("me/hooked", "generic", &bare.to_string_lossy()).await;
    let sha = repo.git(["rev-parse", "HEAD"]).await;
    let refs =
        ["refs/heads/; rm -rf /", "refs/heads/../../x", "refs/heads/-x y", "--upload-pack=touch", "refs/heads/a\nb"];
    for (number, reference) in refs.into_iter().enumerate() {
        let body = json!({"ref": reference, "before": "0".repeat(40), "after": sha}).to_string();
        let request = server.api.bare("POST", &hooked.webhook_url);
        let request = headers(request, "generic", "push", &format!("d-{number}"), &hooked.secret, body.as_bytes());
        let status = request.body(body).send().await.unwrap().status().as_u16();
        assert_eq!(status, 400, "`{reference}`");
    }
    let body = json!({"ref": "refs/heads/main", "before": "0".repeat(40), "after": sha}).to_string();
    let request = headers(
        server.api.bare("POST", &hooked.webhook_url),
        "generic",
        "push",
        "d-good",
        &hooked.secret,
        body.as_bytes(),
    );
    assert!(request.body(body).send().await.unwrap().status().is_success());
    until("the one good build", PATIENCE, async || {
        let numbers = server.api.numbers("me/hooked").await;
        if numbers == [1] { Ok(()) } else { Err(format!("{numbers:?}")) }
    })
    .await;
    server.finish().await;
}
