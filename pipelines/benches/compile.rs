//! How long a large pipeline takes to compile: 100 steps in 256 cells. `cargo bench -p slipway-pipelines`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use slipway_pipelines::{
    compile::compile,
    context::{Build, Context, Repository, SourceFile, System, Trusted},
    trigger::{Cause, Person, Trigger},
};

fn context() -> Context {
    Context {
        repository: Repository {
            name: "me/thing".parse().unwrap(),
            remote_id: "7".into(),
            url: "http://forge.example/me/thing".into(),
            clone_url: "http://forge.example/me/thing.git".into(),
            clone_ssh_url: "ssh://git@forge.example/me/thing.git".into(),
            default_branch: "main".into(),
            private: false,
            forge: "gitea".into(),
            forge_url: "http://forge.example:3000".into(),
            trusted: Trusted::default(),
        },
        trigger: Trigger {
            cause: Cause::Push { branch: "main".into(), before: Some("f".repeat(40)) },
            reference: "refs/heads/main".into(),
            sha: "0123456789abcdef0123456789abcdef01234567".into(),
            message: "Fix the roof\n\nIt leaked where the chimney meets the tiles.".into(),
            author: Person { name: "Ann".into(), email: "ann@example.com".into() },
            sender: "ann".into(),
            timestamp: 1_700_000_000,
            url: Some("http://forge.example/me/thing/compare/a...b".into()),
            changed_files: Some((0..40).map(|n| format!("src/module_{n}/lib.rs")).collect()),
        },
        build: Build {
            number: 3,
            parent: 0,
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

/// 99 steps and the checkout, in 16 × 16 cells. Every `nth` step uses an axis, or both.
fn pipeline(nth: usize, both: bool) -> SourceFile {
    let axis = |name: &str| (0..16).map(|n| format!("'{name}{n}'")).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "matrix:\n  GO: [{}]\n  OS: [{}]\n\nlabels: {{platform: linux/amd64}}\ntimeout: 30m\n\nservices:\n  db: {{image: 'postgres:17', environment: {{POSTGRES_PASSWORD: x}}}}\n\nsteps:\n",
        axis("1."),
        axis("os")
    );
    for n in 0..98 {
        let varies = nth > 0 && n % nth == 0;
        let (image, command) = match (varies, both) {
            (true, true) => ("golang:${GO}", "go test -tags ${OS} ./..."),
            (true, false) => ("golang:${GO}", "go test ./..."),
            (false, _) => ("golang:1.24", "go vet ./..."),
        };
        text += &format!("  step-{n}:\n    image: '{image}'\n    commands:\n      - echo ${{CI_COMMIT_BRANCH}} {n}\n");
        text += &format!(
            "      - cd module-{n}\n      - '{command}'\n    environment:\n      LEVEL: '{n}'\n      CGO_ENABLED: '0'\n"
        );
        if n > 2 {
            text += &format!("    depends_on: [step-{}]\n", n - 3);
        }
        match n % 20 {
            4 => text += "    when: {event: tag}\n",
            9 => text += "    when: {branch: [main, release/*], path: 'src/**'}\n",
            14 => text += "    failure: ignore\n    timeout: 5m\n",
            _ => {}
        }
    }
    // What a left-out step is needed for would be an error.
    let text = text.replace("    when: {event: tag}\n", "    when: [{event: tag}, {event: push, repo: me/*}]\n");
    SourceFile { path: ".slipway.yml".into(), bytes: text.into_bytes() }
}

fn bench(c: &mut Criterion) {
    let context = context();
    let cases = [
        ("100 steps, 256 cells, every 20th step uses both axes", 20, true),
        ("100 steps, 256 cells, every step uses both axes", 1, true),
        ("100 steps, 256 cells, every step uses one axis", 1, false),
        ("100 steps, 256 cells, no step uses an axis", 0, false),
    ];
    for (name, nth, both) in cases {
        let files = [pipeline(nth, both)];
        let done = compile(&files, &context);
        assert_eq!(done.diagnostics, []);
        assert_eq!(done.jobs.len(), 256);
        assert!(done.jobs.iter().all(|job| job.plan.steps.len() == 100));
        // Giving the memory back is not compiling.
        c.bench_function(name, |b| b.iter_with_large_drop(|| compile(black_box(&files), black_box(&context))));
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
