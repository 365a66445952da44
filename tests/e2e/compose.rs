//! `services_from`: the services of a compose file beside a pipeline.

use crate::harness::{
    git::Repo,
    server::{Kind, Setup},
};

const PIPELINE: &str = "services_from: docker-compose.yml
steps:
  - name: ask
    image: slipway/busybox
    volumes: ['state:/state:ro']
    commands:
      - until wget -qO- http://web/index.html; do sleep 0.1; done
      - wget -qO- http://web/greeting
      - wget -qO- http://store:6379/ping
      - echo first $(cat /state/first)
      - echo x > /state/first || echo refused
      - cat made/by-web
";

/// A web service of the repository, and a store that is up late.
const COMPOSE: &str = "services:
  web:
    build: {context: web, args: {GREETING: 'hello ${CI_COMMIT_BRANCH}'}}
    restart: unless-stopped
    ports: ['8000:80']
    depends_on: {redis: {condition: service_healthy}}
    volumes: ['./site:/www:ro', './made:/made', 'state:/state']
  redis:
    image: slipway/busybox
    container_name: store
    command: sh -c 'sleep 1; mkdir /store; echo PONG > /store/ping; touch /tmp/up; exec httpd -f -p 6379 -h /store'
    healthcheck: {test: '[ -e /tmp/up ]', interval: 1s, retries: 30}
  never:
    image: slipway/no-such-image
    profiles: [debug]
volumes: {state: }
";

/// It asks the store once, when it starts: it must be up by then.
const DOCKERFILE: &str = "FROM slipway/busybox
ARG GREETING
RUN mkdir -p /srv/out && echo \"$GREETING\" > /srv/out/greeting
WORKDIR /srv/out
ENTRYPOINT [\"sh\", \"-c\", \"wget -qO- http://redis:6379/ping > /state/first || exit 3; touch /made/by-web; echo by $0 in $PWD > /made/by-web; cp greeting /tmp; mkdir /tmp/all; ln -s /www/index.html /tmp/all; cp greeting /tmp/all; exec httpd -f -p 80 -h /tmp/all\"]
CMD [\"its-own-command\"]
";

#[tokio::test]
async fn the_services_of_a_compose_file_start_in_order_and_are_reached() {
    let server = Setup::new(Kind::Docker).start().await;
    let repo = Repo::with(&[
        (".slipway.yml", PIPELINE),
        ("docker-compose.yml", COMPOSE),
        ("web/Dockerfile", DOCKERFILE),
        ("site/index.html", "served from the repository\n"),
    ])
    .await;
    let pushed = repo.push_main(&server.remote("me/composed")).await;
    let build = server.api.wait_end("me/composed", 1).await;
    assert_eq!(build.status, "success", "{build:?}\n{}", pushed.terminal);
    let log = server.api.log("me/composed", &build, "ask").await;
    for said in [
        "served from the repository\n",
        "\nhello main\n",
        "\nPONG\n",
        "\nfirst PONG\n",
        "Read-only file system\nrefused\n",
        "\nby its-own-command in /srv/out\n",
    ] {
        assert!(log.contains(said), "no {said:?} in {log}");
    }
    for service in ["web", "redis"] {
        assert_eq!(build.step(service).kind, "service");
        build.assert_step(service, "success", "stopped", None);
    }
    let page = server.api.text("/repos/me/composed/builds/1").await;
    assert!(page.contains("docker-compose.yml:4:5") && page.contains("nothing is restarted in a job"), "{page}");
    assert!(page.contains("never") && page.contains("profiles"), "what does not start is listed: {page}");
    server.finish().await;
}

#[tokio::test]
async fn what_a_compose_file_may_not_have_is_shown_at_its_line() {
    let server = Setup::new(Kind::Dummy).start().await;
    let pipeline = "services_from: ci/compose.yml\nsteps: {a: {image: dummy, commands: [echo]}}\n";
    let compose = "services:\n  docker:\n    image: docker:dind\n    privileged: true\n    volumes: ['/:/machine']\n";
    let repo = Repo::with(&[(".slipway.yml", pipeline), ("ci/compose.yml", compose)]).await;
    let pushed = repo.push_main(&server.remote("bad/compose")).await;
    let build = server.api.build("bad/compose", 1).await;
    build.assert_ended("error", "config");
    let page = server.api.text("/repos/bad/compose/builds/1").await;
    for said in
        ["ci/compose.yml:4:5", "`privileged` takes a repository that is trusted with security", "ci/compose.yml:5:15"]
    {
        assert!(pushed.terminal.contains(said), "no {said} in {}", pushed.terminal);
        assert!(page.contains(said), "no {said} in {page}");
    }

    repo.write(".slipway.yml", "services_from: gone.yml\nsteps: {a: {image: dummy, commands: [echo]}}\n");
    repo.commit("Name a file that is not there").await;
    let pushed = repo.push_main(&server.remote("bad/compose")).await;
    assert!(pushed.terminal.contains("`gone.yml` cannot be read"), "{}", pushed.terminal);

    // Trust is for the services of a compose file, too.
    repo.write(".slipway.yml", pipeline);
    repo.commit("Name it again").await;
    let trusted = serde_json::json!({"trusted": {"network": false, "volumes": true, "security": true}});
    let answer = server.api.request("PATCH", "/api/v1/repos/bad/compose").json(&trusted).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    repo.push_main(&server.remote("bad/compose")).await;
    let build = server.api.wait_end("bad/compose", 3).await;
    assert_eq!(build.status, "success", "{build:?}");
    server.finish().await;
}
