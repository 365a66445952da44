//! Steps, services, checkout and their order.

use slipway_pipelines::plan::{Action, Image, ImageBuild, OnFailure, Program, Pull, RunsOn, StepKind};

use crate::common::*;

const ONE: &str = "steps: [{name: a, image: x, commands: [true]}]\n";

#[test]
fn without_depends_on_steps_follow_each_other() {
    let job = job("
services: {db: {image: postgres}, cache: {image: redis}}
steps:
  b: {image: x, commands: echo b}
  a: {image: x, commands: echo a}
");
    assert_eq!(graph(&job.plan), ["clone <-", "db <- clone", "cache <- clone", "b <- clone db cache", "a <- b"]);
    assert_eq!((job.name.as_str(), job.workflow.as_str()), ("slipway", "slipway"));
    assert_eq!(job.plan.timeout_seconds, 3600);
}

#[test]
fn depends_on_makes_a_true_graph() {
    let job = job("
skip_clone: true
services: [{name: db, image: postgres}]
steps:
  - {name: a, image: x, commands: [true]}
  - {name: b, image: x, commands: [true], depends_on: a}
  - {name: c, image: x, commands: [true], depends_on: []}
  - {name: d, image: x, commands: [true], depends_on: [b, c, {name: ghost, optional: true}, b]}
");
    assert_eq!(graph(&job.plan), ["db <-", "a <- db", "b <- a", "c <- db", "d <- b c"]);
}

#[test]
fn a_filtered_step_is_said_and_its_place_closes() {
    let text = "
steps:
  - {name: a, image: x, commands: [true]}
  - {name: b, image: x, commands: [true], when: {event: tag}}
  - {name: c, image: x, commands: [true]}
";
    let done = compiled(text);
    assert_eq!(graph(&done.jobs[0].plan), ["clone <-", "a <- clone", "c <- a"]);
    assert_eq!(done.left_out[0].what, "step `b` of `slipway`");
    assert_eq!(done.left_out[0].why, "its `when` takes event `tag`, this is `push`");
    assert_eq!(graph(&job_for(text, &tag("v1")).plan)[3], "c <- b");
}

#[test]
fn depending_on_a_filtered_step_is_an_error_unless_optional() {
    let text = |need: &str| {
        format!(
            "
steps:
  - {{name: a, image: x, commands: [true], when: {{event: tag}}}}
  - {{name: b, image: x, commands: [true], depends_on: [{need}]}}
"
        )
    };
    let wrong = compiled(&text("a"));
    assert_eq!(errors(&wrong), ["step `b` depends on `a`, which its `when` leaves out here"]);
    assert_eq!(graph(&job_of(&text("{name: a, optional: true}")).plan), ["clone <-", "b <- clone"]);
}

fn job_of(text: &str) -> slipway_pipelines::compile::CompiledJob {
    let done = compiled(text);
    assert_eq!(errors(&done), [""; 0]);
    done.jobs.into_iter().next().unwrap()
}

#[test]
fn what_a_step_runs_follows_from_its_keys() {
    let plan = job("
services:
  db: {image: 'postgres:17'}
steps:
  list: {image: x, commands: [echo 1, \"echo 2\\necho 3\"], pull: true}
  text: {image: x, commands: echo 1, directory: sub/../other}
  plugin: {image: ghcr.io/a/plugin:1, settings: {user: me}}
  entry: {image: x, entrypoint: [/bin/sh, -c, exit 1], directory: /etc}
  both: {image: x, entrypoint: /run, commands: [echo 1]}
  side: {image: x, detach: true, commands: [sleep 9]}
")
    .plan;
    let commands = |name: &str| match &container(&plan, name).program {
        Program::Commands { commands } => commands.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(commands("list"), ["echo 1", "echo 2\necho 3"]);
    assert_eq!(commands("text"), ["echo 1"]);
    assert_eq!(container(&plan, "list").image, Image::Registry { reference: "x".into(), pull: Pull::Always });
    assert_eq!(container(&plan, "text").directory, "/slipway/src/forge.example/me/thing/other");
    assert_eq!(container(&plan, "entry").directory, "/etc");
    assert_eq!(
        container(&plan, "entry").program,
        Program::Entrypoint { entrypoint: vec!["/bin/sh".into(), "-c".into(), "exit 1".into()] }
    );
    assert!(step(&plan, "both").environment.contains_key("CI_SCRIPT"));
    assert!(!step(&plan, "entry").environment.contains_key("CI_SCRIPT"));
    let kinds: Vec<StepKind> = plan.steps.iter().map(|step| step.kind()).collect();
    use StepKind::{Clone, Commands, Plugin, Service};
    assert_eq!(kinds, [Clone, Service, Commands, Commands, Plugin, Commands, Commands, Commands]);
    assert!(matches!(step(&plan, "side").action, Action::Detach(_)));
    assert!(matches!(step(&plan, "db").action, Action::Service(_)));
}

#[test]
fn build_makes_an_image_from_the_workspace() {
    let plan = job("
steps:
  short: {build: docker}
  long:
    build: {context: ., dockerfile: ci/Dockerfile, target: test, args: {A: 1, B: [x, y]}, tags: ['me/thing:dev']}
    commands: [make test]
  served: {build: .., detach: true}
")
    .plan;
    let path = "/slipway/src/forge.example/me/thing";
    let Image::Build(short) = &container(&plan, "short").image else { panic!() };
    assert_eq!(*short, ImageBuild::new(format!("{path}/docker")));
    assert_eq!(container(&plan, "short").program, Program::Nothing);
    assert_eq!(step(&plan, "short").kind(), StepKind::Build);
    let Image::Build(long) = &container(&plan, "long").image else { panic!() };
    assert_eq!((long.context.as_str(), long.dockerfile.as_str()), (path, "ci/Dockerfile"));
    assert_eq!(
        (long.target.as_deref(), long.args["B"].as_str(), long.tags[0].as_str()),
        (Some("test"), "x,y", "me/thing:dev")
    );
    assert_eq!(step(&plan, "long").kind(), StepKind::Commands);
    assert_eq!(container(&plan, "served").program, Program::Image);
}

#[test]
fn failure_says_what_it_means() {
    let plan = job("
services: {db: {image: x}, strict: {image: x, failure: fail}}
steps:
  a: {image: x, commands: [true]}
  b: {image: x, commands: [true], failure: ignore}
  c: {image: x, commands: [true], failure: cancel}
  d: {image: x, commands: [true], detach: true}
")
    .plan;
    let wanted = [
        ("a", OnFailure::Fail),
        ("b", OnFailure::Ignore),
        ("c", OnFailure::Cancel),
        ("d", OnFailure::Start),
        ("db", OnFailure::Start),
        ("strict", OnFailure::Fail),
    ];
    for (name, on_failure) in wanted {
        assert_eq!(step(&plan, name).on_failure, on_failure, "{name}");
    }
}

#[test]
fn status_says_on_which_outcome_a_step_runs() {
    let plan = job("
steps:
  a: {image: x, commands: [true]}
  b: {image: x, commands: [true], when: {status: failure}}
  c: {image: x, commands: [true], when: [{status: [success, failure]}]}
  d: {image: x, commands: [true], when: [{event: tag, status: failure}, {event: push}]}
")
    .plan;
    let of = |name| step(&plan, name).runs_on;
    assert_eq!(of("a"), RunsOn { success: true, failure: false });
    assert_eq!(of("b"), RunsOn { success: false, failure: true });
    assert_eq!(of("c"), RunsOn { success: true, failure: true });
    assert_eq!(of("d"), RunsOn { success: true, failure: false });
}

#[test]
fn the_checkout_can_be_set_replaced_and_left_out() {
    assert_eq!(graph(&job(&format!("skip_clone: true\n{ONE}")).plan), ["a <-"]);
    let set = job(&format!(
        "clone: {{git: {{image: 'woodpeckerci/plugin-git:2.1', settings: {{depth: 5, lfs: false}}}}}}\n{ONE}"
    ));
    assert_eq!(graph(&set.plan), ["git <-", "a <- git"]);
    assert_eq!(set.plan.steps[0].action, Action::Checkout);
    let more = job(&format!("clone: {{git: {{image: woodpeckerci/plugin-git, settings: {{lfs: true}}}}}}\n{ONE}"));
    assert_eq!(more.plan.steps[0].kind(), StepKind::Plugin);
    assert_eq!(more.plan.steps[0].environment["PLUGIN_LFS"], "true");
    let own = job(&format!(
        "clone: [{{name: one, image: my/git, settings: {{depth: 1}}}}, {{name: two, image: y, commands: [z]}}]\nservices: {{db: {{image: q}}}}\n{ONE}"
    ));
    assert_eq!(graph(&own.plan), ["one <-", "two <- one", "db <- two", "a <- two db"]);
    assert_eq!(own.plan.steps[0].environment["PLUGIN_DEPTH"], "1");
}

#[test]
fn the_workspace_can_be_moved() {
    let plan = job(&format!("workspace: {{base: /go, path: src/x/}}\n{ONE}")).plan;
    assert_eq!((plan.workspace.base.as_str(), plan.workspace.path.as_str()), ("/go", "/go/src/x"));
    assert_eq!(told(&plan, "a")["CI_WORKSPACE"], "/go/src/x");
    let done = slipway_pipelines::compile::compile(&[file(".woodpecker.yml", ONE)], &push());
    assert_eq!(done.jobs[0].plan.workspace.path, "/woodpecker/src/forge.example/me/thing");
}

#[test]
fn timeouts_are_taken() {
    let plan = job("timeout: 1h30m\nsteps: [{name: a, image: x, commands: [y], timeout: 90s}]").plan;
    assert_eq!((plan.timeout_seconds, step(&plan, "a").timeout_seconds), (5400, Some(90)));
}

#[test]
fn anchors_and_merged_lists_work() {
    let plan = job("
variables:
  - &base {image: x, environment: {A: 1}}
  - &more [{name: b, image: y, commands: [c]}]
steps:
  - {<<: *base, name: a, commands: [d]}
  - <<: *more
")
    .plan;
    assert_eq!(graph(&plan), ["clone <-", "a <- clone", "b <- a"]);
    assert_eq!(step(&plan, "a").environment["A"], "1");
}
