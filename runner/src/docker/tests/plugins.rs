use std::collections::BTreeMap;

use slipway_pipelines::{
    compile::compile,
    context::{Build, Context, Repository, SourceFile, System, Trusted},
    plan::Environment,
    trigger::{Cause, Person, Trigger},
};

use super::{
    super::build,
    harness::{Log, bench, end, exited, import, rootfs},
};
use crate::executor::Executor;

fn context() -> Context {
    Context {
        repository: Repository {
            name: "me/thing".parse().unwrap(),
            remote_id: "7".into(),
            url: "http://forge.example/me/thing".into(),
            clone_url: "http://forge.example/me/thing.git".into(),
            clone_ssh_url: "git@forge.example:me/thing.git".into(),
            default_branch: "main".into(),
            private: true,
            forge: "gitea".into(),
            forge_url: "http://forge.example".into(),
            trusted: Trusted::default(),
        },
        trigger: Trigger {
            cause: Cause::Push { branch: "main".into(), before: None },
            reference: "refs/heads/main".into(),
            sha: "0123456789abcdef0123456789abcdef01234567".into(),
            message: "Fix the roof\n\nIt's $HOME; \"rain\" \\n".into(),
            author: Person { name: "Ann".into(), email: "ann@example.com".into() },
            sender: "ann".into(),
            timestamp: 1_700_000_000,
            url: Some("http://forge.example/me/thing/commit/0123".into()),
            changed_files: Some(vec!["roof.txt".into()]),
        },
        build: Build {
            number: 3,
            parent: 2,
            created: 1_700_000_001_500,
            url: "http://ci/repos/me/thing/builds/3".into(),
            reruns: 0,
        },
        previous: None,
        system: System { name: "slipway".into(), url: "http://ci".into(), host: "ci".into(), version: "0.1.0".into() },
        secrets: None,
        included: Default::default(),
        local: false,
    }
}

/// What a plugin must see, by the reference.
const WANTED: [(&str, &str); 44] = [
    ("CI", "true"),
    ("CI_COMMIT_AUTHOR", "Ann"),
    ("CI_COMMIT_AUTHOR_EMAIL", "ann@example.com"),
    ("CI_COMMIT_BRANCH", "main"),
    ("CI_COMMIT_MESSAGE", "Fix the roof\n\nIt's $HOME; \"rain\" \\n"),
    ("CI_COMMIT_REF", "refs/heads/main"),
    ("CI_COMMIT_SHA", "0123456789abcdef0123456789abcdef01234567"),
    ("CI_FORGE_TYPE", "gitea"),
    ("CI_MACHINE", "box"),
    ("CI_PIPELINE_EVENT", "push"),
    ("CI_PIPELINE_FILES", "[\"roof.txt\"]"),
    ("CI_PIPELINE_NUMBER", "3"),
    ("CI_PIPELINE_STATUS", "success"),
    ("CI_REPO", "me/thing"),
    ("CI_REPO_DEFAULT_BRANCH", "main"),
    ("CI_REPO_PRIVATE", "true"),
    ("CI_STEP_NAME", "notify"),
    ("CI_STEP_TYPE", "plugin"),
    ("CI_WORKFLOW_NAME", "slipway"),
    ("CI_WORKSPACE", "/slipway/src/forge.example/me/thing"),
    ("DRONE", "true"),
    ("DRONE_BRANCH", "main"),
    ("DRONE_BUILD_CREATED", "1700000001"),
    ("DRONE_BUILD_EVENT", "push"),
    ("DRONE_BUILD_LINK", "http://ci/repos/me/thing/builds/3"),
    ("DRONE_BUILD_NUMBER", "3"),
    ("DRONE_COMMIT", "0123456789abcdef0123456789abcdef01234567"),
    ("DRONE_COMMIT_AUTHOR", "Ann"),
    ("DRONE_COMMIT_AUTHOR_EMAIL", "ann@example.com"),
    ("DRONE_COMMIT_BRANCH", "main"),
    ("DRONE_COMMIT_MESSAGE", "Fix the roof\n\nIt's $HOME; \"rain\" \\n"),
    ("DRONE_COMMIT_REF", "refs/heads/main"),
    ("DRONE_COMMIT_SHA", "0123456789abcdef0123456789abcdef01234567"),
    ("DRONE_REPO", "me/thing"),
    ("DRONE_REPO_NAME", "thing"),
    ("DRONE_REPO_OWNER", "me"),
    ("DRONE_STEP_NUMBER", "2"),
    ("DRONE_SYSTEM_HOST", "ci"),
    ("PLUGIN_DEEP", "{\"list\":[1,{\"y\":\"z\"}],\"token\":\"s3cr\\\"et\"}"),
    ("PLUGIN_DRY_RUN", "true"),
    ("PLUGIN_LIST", "a,b"),
    ("PLUGIN_SOME_KEY_X", "one\ntwo\n"),
    ("PLUGIN_TOKEN", "s3cr\"et"),
    ("PLUGIN_VERSION", "0123456"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_sees_exactly_what_the_language_says() {
    let Some(bench) = bench(0).await else { return };
    let docker = &bench.docker;
    let token = bench.image.replace("slipway-test:", "prints-");
    let changes = ["ENV PATH=/bin", "ENTRYPOINT [\"/bin/env\", \"-0\"]"];
    let image = import(docker.engine(), &token, rootfs().unwrap(), &changes).await;
    let text = format!(
        "matrix: {{AXIS: [one]}}\nsteps:\n  notify:\n    image: {image}\n    settings:\n      dry_run: true\n      list: [a, b]\n      \
         some.key-x: |\n        one\n        two\n      version: ${{CI_COMMIT_SHA:0:7}}\n      \
         token: {{from_secret: TOKEN}}\n      deep: {{token: {{from_secret: token}}, list: [1, {{y: z}}]}}\n"
    );
    let file = SourceFile { path: ".slipway.yml".into(), bytes: text.into_bytes() };
    let compiled = compile(&[file], &context());
    assert_eq!(compiled.diagnostics, []);
    let mut grant = bench.grant(vec![]);
    grant.plan = compiled.jobs.into_iter().next().unwrap().plan;
    grant.plan.reveal(&BTreeMap::from([("token".to_owned(), "s3cr\"et".to_owned())])).unwrap();
    let position = grant.plan.steps.iter().position(|step| step.name == "notify").unwrap();
    let late: Environment =
        [("CI_MACHINE", "box"), ("CI_PIPELINE_STATUS", "success"), ("CI_STEP_STARTED", "1700000002")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();

    let job = docker.open(&grant).await.unwrap();
    docker.empty_workspace(&job).await.unwrap();
    let log = Log::default();
    let handle = docker.prepare(&job, position, log.sink()).await.unwrap();
    docker.release(&job, position, &late).await.unwrap();
    assert_eq!(end(&handle).await, exited(0));
    docker.close(&job).await;
    build::remove(docker.engine(), &image).await;

    let log = log.text();
    let printed: BTreeMap<&str, &str> = log.split_terminator('\0').map(|line| line.split_once('=').unwrap()).collect();
    for (name, value) in WANTED {
        assert_eq!(printed.get(name), Some(&value), "{name}: {printed:#?}");
    }
    assert!(!printed.contains_key("AXIS"), "a plugin gets no axes");
    // Nothing is lost, nothing is added on the way, except what the engine gives every container.
    let mut told = grant.plan.environment_of(position);
    told.extend(late);
    let told: BTreeMap<&str, &str> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let ours =
        printed.into_iter().filter(|(name, _)| told.contains_key(name) || !["PATH", "HOSTNAME", "HOME"].contains(name));
    assert_eq!(ours.collect::<BTreeMap<_, _>>(), told);
    bench.finish().await;
}
