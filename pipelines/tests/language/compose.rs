//! Services of compose files as projects have them.

use std::collections::BTreeSet;

use slipway_pipelines::{
    compile::{Compilation, compile},
    context::Context,
    include::{Reference, missing},
    plan::{Action, Image, Mount, MountSource, Plan, Program, ReadyCheck},
};

use crate::common::*;

const STEPS: &str = "steps: {test: {image: alpine, commands: [make]}}\n";

/// A push with these files beside the pipeline; what is not among them is not in the commit.
fn with_files(pipeline: &str, files: &[(&str, &str)]) -> (Compilation, Context) {
    let sources = [file(".slipway.yml", pipeline)];
    let mut context = push();
    for round in 0.. {
        let wanted = missing(&sources, &context.included);
        if wanted.is_empty() {
            break;
        }
        assert!(round < 8, "{wanted:?}");
        for reference in wanted {
            let found = files.iter().find(|(path, _)| *path == reference.path);
            let found = found.map(|(_, text)| text.as_bytes().to_vec());
            context.included.insert(reference, found.ok_or_else(|| "there is no such file".to_owned()));
        }
    }
    (compile(&sources, &context), context)
}

fn plan_of(compose: &str) -> Plan {
    let pipeline = format!("services_from: docker-compose.yml\n{STEPS}");
    let (mut done, _) = with_files(&pipeline, &[("docker-compose.yml", compose)]);
    assert_eq!(errors(&done), [""; 0]);
    done.jobs.remove(0).plan
}

#[test]
fn wordpress_and_mysql() {
    let plan = plan_of(
        r#"
version: "3.9"
services:
  db:
    image: mysql:8.4
    volumes:
      - db_data:/var/lib/mysql
    restart: always
    environment:
      MYSQL_ROOT_PASSWORD: somewordpress
      MYSQL_DATABASE: wordpress
    healthcheck:
      test: ["CMD", "mysqladmin", "ping", "-h", "localhost"]
      timeout: 20s
      retries: 10
    expose: [3306, 33060]
  wordpress:
    depends_on: [db]
    image: wordpress:latest
    volumes:
      - wordpress_data:/var/www/html
      - ./uploads.ini:/usr/local/etc/php/conf.d/uploads.ini:ro
    ports: ["8000:80"]
    restart: always
    environment:
      - WORDPRESS_DB_HOST=db
      - WORDPRESS_DB_NAME=wordpress
volumes:
  db_data: {}
  wordpress_data:
"#,
    );
    assert_eq!(graph(&plan), ["clone <-", "db <- clone", "wordpress <- clone db", "test <- clone db wordpress"]);
    let db = container(&plan, "db");
    let ping = ["mysqladmin", "ping", "-h", "localhost"].map(str::to_owned).to_vec();
    let ready = db.ready.clone().unwrap();
    assert_eq!(ready.check, ReadyCheck::Program { program: ping, timeout_seconds: Some(20) });
    assert_eq!(ready.timeout_seconds, 10 * (30 + 20));
    assert_eq!(step(&plan, "wordpress").environment["WORDPRESS_DB_HOST"], "db");
    let wordpress = container(&plan, "wordpress");
    assert_eq!((&wordpress.program, wordpress.directory.as_str()), (&Program::Image, ""));
    let volume = MountSource::Volume { name: "wordpress_data".into(), copy: true };
    let ini = MountSource::Workspace { path: "/slipway/src/forge.example/me/thing/uploads.ini".into(), make: true };
    let wanted = [
        Mount { source: volume, target: "/var/www/html".into(), read_only: false },
        Mount { source: ini, target: "/usr/local/etc/php/conf.d/uploads.ini".into(), read_only: true },
    ];
    assert_eq!(wordpress.mounts, wanted);
}

#[test]
fn flask_and_redis() {
    let plan = plan_of(
        r#"
services:
  web:
    build: .
    command: flask run --host=0.0.0.0 --port 8000
    ports: ["8000:8000"]
    develop: {watch: [{action: sync, path: ., target: /code}]}
    volumes: [".:/code", "/code/.venv"]
    environment:
      FLASK_DEBUG: "true"
      BUILT: ${CI_COMMIT_SHA:-none}
    depends_on: {redis: {condition: service_healthy}}
  redis:
    image: "redis:alpine"
    healthcheck: {test: "redis-cli ping | grep PONG", interval: 1s, start_period: 500ms}
"#,
    );
    assert_eq!(graph(&plan), ["clone <-", "web <- clone redis", "redis <- clone", "test <- clone web redis"]);
    let web = container(&plan, "web");
    let Image::Build(build) = &web.image else { panic!("{web:?}") };
    assert_eq!(build.context, "/slipway/src/forge.example/me/thing");
    let words = ["flask", "run", "--host=0.0.0.0", "--port", "8000"].map(str::to_owned).to_vec();
    assert_eq!(web.program, Program::Arguments { arguments: words });
    // What is mounted inside the mounted workspace lies in it.
    assert_eq!(web.mounts[1].target, "/slipway/src/forge.example/me/thing/.venv");
    assert_eq!(step(&plan, "web").environment["BUILT"], "0123456789abcdef0123456789abcdef01234567");
    let ready = container(&plan, "redis").ready.clone().unwrap();
    let shell = ["/bin/sh", "-c", "redis-cli ping | grep PONG"].map(str::to_owned).to_vec();
    assert_eq!(ready.check, ReadyCheck::Program { program: shell, timeout_seconds: Some(30) });
}

#[test]
fn kafka_with_a_job_before_and_a_profile() {
    let compose = r#"
x-kafka: &kafka
  image: apache/kafka:${KAFKA_VERSION:-4.1.0}
  networks: [back]
services:
  broker:
    <<: *kafka
    hostname: broker
    container_name: kafka
    environment: &broker
      KAFKA_NODE_ID: 1
      KAFKA_LISTENERS: PLAINTEXT://broker:9092,CONTROLLER://broker:9093
    healthcheck:
      test: ["CMD-SHELL", "/opt/kafka/bin/kafka-topics.sh --bootstrap-server broker:9092 --list || exit 1"]
      interval: 5s
      timeout: 10s
      retries: 20
      start_period: 20s
    ulimits: {nofile: 65536}
    mem_limit: 1g
  topics:
    <<: *kafka
    depends_on: {broker: {condition: service_healthy}}
    entrypoint: ["/bin/sh", "-c"]
    command:
      - |
        /opt/kafka/bin/kafka-topics.sh --create --topic $${TOPIC} --bootstrap-server broker:9092
    environment: {TOPIC: events}
  consumer:
    build: {context: consumer, args: {PYTHON: "3.13"}}
    env_file: config/consumer.env
    depends_on:
      topics: {condition: service_completed_successfully, restart: true}
      broker: {condition: service_started}
    deploy: {resources: {limits: {cpus: "0.50"}}}
  ui:
    image: kafka-ui
    profiles: [debug]
networks: {back: {driver: bridge}}
"#;
    let files = [
        ("ci/compose.yml", compose),
        ("ci/config/consumer.env", "GROUP=ci-${CI_PIPELINE_NUMBER}\nTOPIC='events'\n"),
        ("ci/.env", "KAFKA_VERSION=3.9.1\n"),
    ];
    let (done, context) = with_files(&format!("services_from: ci/compose.yml\n{STEPS}"), &files);
    assert_eq!(errors(&done), [""; 0]);
    let said: Vec<&str> = done.diagnostics.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(said, ["`ulimits` of service `broker` has no effect: the limits are those of the engine"]);
    assert_eq!(done.diagnostics[0].file, "ci/compose.yml");
    let asked: BTreeSet<&str> = context.included.keys().map(|reference| reference.path.as_str()).collect();
    assert_eq!(asked, ["ci/.env", "ci/compose.yml", "ci/config/consumer.env"].into());
    let plan = &done.jobs[0].plan;
    assert_eq!(
        graph(plan),
        [
            "clone <-",
            "broker <- clone",
            "topics <- clone broker",
            "consumer <- clone broker topics",
            "test <- clone broker topics consumer",
        ]
    );
    assert_eq!(done.left_out.len(), 1);
    assert_eq!(done.left_out[0].what, "service `ui` of `slipway`");
    let Image::Registry { reference, .. } = &container(plan, "broker").image else { panic!() };
    assert_eq!(reference, "apache/kafka:3.9.1");
    let broker = container(plan, "broker");
    assert_eq!((broker.hostname.as_deref(), broker.aliases.as_slice()), (Some("broker"), &["kafka".to_owned()][..]));
    assert_eq!(broker.resources.memory_bytes, Some(1 << 30));
    assert!(matches!(step(plan, "topics").action, Action::Run(_)), "it is run to its end");
    let Program::Entrypoint { entrypoint } = &container(plan, "topics").program else { panic!() };
    assert!(entrypoint[2].contains("--topic ${TOPIC} "), "{entrypoint:?}");
    let consumer = step(plan, "consumer");
    assert_eq!((&*consumer.environment["GROUP"], &*consumer.environment["TOPIC"]), ("ci-3", "events"));
    let Image::Build(build) = &container(plan, "consumer").image else { panic!() };
    assert_eq!(build.context, "/slipway/src/forge.example/me/thing/ci/consumer");
    assert_eq!(container(plan, "consumer").resources.cpu_millis, Some(500));
}

#[test]
fn cells_and_included_pipelines_have_the_services_too() {
    let pipeline = "include: ci/common.yml\nmatrix: {PG: ['16', '17']}\n";
    let files = [
        ("ci/common.yml", "services_from: docker-compose.yml\nsteps: {test: {image: alpine, commands: [make]}}\n"),
        ("docker-compose.yml", "services: {db: {image: 'postgres:${PG}'}}\n"),
    ];
    let (done, _) = with_files(pipeline, &files);
    assert_eq!(done.diagnostics, []);
    let images = done.jobs.iter().map(|job| match &container(&job.plan, "db").image {
        Image::Registry { reference, .. } => reference.as_str(),
        Image::Build(_) | Image::Load { .. } => "",
    });
    assert_eq!(images.collect::<Vec<_>>(), ["postgres:16", "postgres:17"]);
}

#[test]
fn the_services_are_of_the_pipelines_own_repository() {
    let pipeline = "include: {repo: me/shared, file: common.yml}\n";
    let shared =
        Reference { repository: Some("me/shared".parse().unwrap()), revision: None, path: "common.yml".into() };
    let mut context = push();
    let text = format!("services_from: compose.yml\n{STEPS}");
    context.included.insert(shared, Ok(text.into_bytes()));
    let wanted = missing(&[file(".slipway.yml", pipeline)], &context.included);
    assert_eq!(wanted, [Reference { repository: None, revision: None, path: "compose.yml".into() }]);
}

#[test]
fn too_much_is_said() {
    let refuses = |files: &[(&str, &str)], message: &str| {
        let (done, _) = with_files(&format!("services_from: c.yml\n{STEPS}"), files);
        assert_eq!(errors(&done), [message]);
    };
    let many: String = (0..1500).map(|number| format!("  s{number}: {{image: x, depends_on: [s0]}}\n")).collect();
    let many = format!("services:\n{}", many.replace("s0: {image: x, depends_on: [s0]}", "s0: {image: x}"));
    refuses(&[("c.yml", &many)], "1500 services of the compose file would start, and 100 is the most");
    let large = format!("A={}\n", "a".repeat(300 << 10));
    let compose = "services: {a: {image: x, env_file: large.env}}\n";
    refuses(&[("c.yml", compose), ("large.env", &large)], "`large.env` has more than 256 KiB");
    refuses(&[("c.yml", "services: {a: {image: x}}\n"), (".env", &large)], "`.env` has more than 256 KiB");
    let grows = format!("services: {{a: {{image: x, environment: {{A: '{}'}}}}}}\n", "${B:-$C$C}".repeat(4000));
    let env = format!("C={}\n", "c".repeat(200 << 10));
    let (done, _) = with_files(&format!("services_from: c.yml\n{STEPS}"), &[("c.yml", &grows), (".env", &env)]);
    assert!(errors(&done)[0].contains("write more than 64 MiB"), "{:?}", done.diagnostics);
}

#[test]
fn what_comes_from_outside_never_becomes_a_program() {
    let compose = "services: {a: {image: x, command: 'run $CI_COMMIT_BRANCH'}}\n";
    let mut context = push();
    for (branch, is_taken) in
        [("main", true), ("feat/x-1", true), ("a;reboot", false), ("a b", false), ("$(id)", false)]
    {
        context.trigger.cause = slipway_pipelines::trigger::Cause::Push { branch: branch.into(), before: None };
        let reference = Reference { repository: None, revision: None, path: "c.yml".into() };
        context.included.insert(reference, Ok(compose.as_bytes().to_vec()));
        let done = compile(&[file(".slipway.yml", &format!("services_from: c.yml\n{STEPS}"))], &context);
        assert_eq!(!done.has_errors(), is_taken, "{branch}: {:?}", done.diagnostics);
    }
}
