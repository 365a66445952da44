//! `from_secret`.

use slipway_pipelines::{
    compile::compile,
    context::{Context, SecretRule},
    plan::{BuildSecret, Plan, Program, SecretPart},
    trigger::{Cause, Event, PullRequestAction},
};

use crate::common::*;

fn rule(name: &str, events: &[Event], images: &[&str]) -> SecretRule {
    let images = images.iter().map(|image| (*image).to_owned()).collect();
    SecretRule { name: name.into(), events: events.to_vec(), images }
}

fn knowing(rules: &[SecretRule]) -> Context {
    Context { secrets: Some(rules.to_vec()), ..push() }
}

fn secret(name: &str) -> SecretPart {
    SecretPart::Secret(name.into())
}

fn text(text: &str) -> SecretPart {
    SecretPart::Text(text.into())
}

#[test]
fn secrets_are_named_in_the_plan_and_put_in_when_it_runs() {
    let plan = job(r#"
steps:
  a:
    image: x
    commands: ['deploy $TOKEN']
    environment:
      TOKEN: {from_secret: Deploy.Token_1}
      LIST: [one, {from_secret: b}, "${CI_REPO_NAME}"]
      DEEP: {z: 1, a: [{from_secret: b}, true], q: "say \"${CI_REPO_NAME}\""}
      PLAIN: x
  p:
    image: plugin
    settings: {user: me, password: {from_secret: b}, deep: {inner: [{from_secret: b}]}}
"#)
    .plan;
    let a = step(&plan, "a");
    assert_eq!(a.secrets["TOKEN"], [secret("deploy.token_1")]);
    assert_eq!(a.secrets["LIST"], [text("one,"), secret("b"), text(",thing")]);
    let deep = [text(r#"{"a":["#), SecretPart::Json("b".into()), text(r#",true],"q":"say \"thing\"","z":1}"#)];
    assert_eq!(a.secrets["DEEP"], deep);
    assert_eq!((a.secrets.len(), a.environment["PLAIN"].as_str()), (3, "x"));
    assert_eq!(plan.secret_names().into_iter().collect::<Vec<_>>(), ["b", "deploy.token_1"]);
    assert!(!told(&plan, "a").contains_key("TOKEN"));

    let mut open = plan.clone();
    let values = [("b".to_owned(), "x\"y".to_owned()), ("deploy.token_1".to_owned(), "t".to_owned())];
    open.reveal(&values.into()).unwrap();
    let a = told(&open, "a");
    assert_eq!((a["TOKEN"].as_str(), a["LIST"].as_str()), ("t", "one,x\"y,thing"));
    assert_eq!(a["DEEP"], r#"{"a":["x\"y",true],"q":"say \"thing\"","z":1}"#);
    let p = told(&open, "p");
    assert_eq!((p["PLUGIN_PASSWORD"].as_str(), p["PLUGIN_USER"].as_str()), ("x\"y", "me"));
    assert_eq!(p["PLUGIN_DEEP"], r#"{"inner":["x\"y"]}"#);
}

#[test]
fn a_secret_of_a_build_is_named_until_it_is_revealed() {
    let plan = job("steps: {a: {build: {secrets: {npm: {from_secret: Token}, b: {from_secret: other}}}}}").plan;
    assert_eq!(plan.secret_names().into_iter().collect::<Vec<_>>(), ["other", "token"]);
    let build = |plan: &Plan| step(plan, "a").build().unwrap().secrets.clone();
    assert_eq!(build(&plan)["npm"], BuildSecret::Secret("token".into()));
    assert!(!serde_json::to_string(&plan).unwrap().contains("hunter2"));
    let mut open = plan.clone();
    let missing = open.reveal(&[("token".to_owned(), "hunter2".to_owned())].into()).unwrap_err();
    assert_eq!((missing.name.as_str(), missing.step.as_str()), ("other", "a"));
    let mut open = plan.clone();
    open.reveal(&[("token", "hunter2"), ("other", "x")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()).unwrap();
    assert_eq!(build(&open)["npm"], BuildSecret::Value("hunter2".into()));
    assert!(open.secret_names().is_empty() && open.environment_of(1).values().all(|value| value != "hunter2"));
}

#[test]
fn a_value_of_the_same_name_as_a_secret_goes_by_another() {
    let manual = because(Cause::Manual { branch: "main".into(), parameters: [("T".into(), "a b".into())].into() });
    let text = "steps: {a: {image: x, commands: ['${T} ${CI_COMMIT_MESSAGE}'], environment: {T: {from_secret: t}}}}";
    let plan = job_for(text, &manual).plan;
    let Program::Commands { commands } = &container(&plan, "a").program else { panic!() };
    assert_eq!(commands[0], "${SLIPWAY_TEXT_1} ${CI_COMMIT_MESSAGE}");
    assert_eq!(step(&plan, "a").environment["SLIPWAY_TEXT_1"], "a b");
}

#[test]
fn a_secret_must_be_there_where_somebody_knows_them() {
    let text = with("environment: {A: {from_secret: tokn}}");
    let message = "the repository has no secret `tokn`";
    refused(&text, &knowing(&[rule("token", &[Event::Push], &[])]), message, (3, 38), "did you mean `token`?");
    refused(&text, &knowing(&[]), message, (3, 38), "slipway secrets set OWNER/REPO tokn");
    job_for(&with("environment: {A: {from_secret: TOKEN}}"), &knowing(&[rule("token", &[Event::Push], &[])]));
    job_for(&text, &push());
    let step = "steps: {a: {image: x, commands: [y]}}\n";
    for head in [
        "clone: {git: {image: my/git, settings: {key: {from_secret: k}}}}\n",
        "services: {db: {image: x, environment: {P: {from_secret: k}}}}\n",
    ] {
        let done = compile(&[file(".slipway.yml", &format!("{head}{step}"))], &knowing(&[]));
        assert_eq!(errors(&done), ["the repository has no secret `k`"]);
    }
}

#[test]
fn a_secret_is_for_its_events() {
    let text = with("environment: {A: {from_secret: token}}");
    let tags = knowing(&[rule("token", &[Event::Tag, Event::Release], &[])]);
    let message = "the secret `token` is not for builds by `push`";
    let help = "it is for `tag` and `release`; leave the step out otherwise: `when: {event: [tag, release]}`";
    refused(&text, &tags, message, (3, 38), help);
    refused(&text, &knowing(&[rule("token", &[], &[])]), message, (3, 38), "no event may have it");
    job_for(&text, &Context { secrets: tags.secrets.clone(), ..tag("v1") });
    // A step that does not run asks for nothing.
    let left = with("environment: {A: {from_secret: token}}, when: {event: tag}");
    assert_eq!(job_for(&format!("{left}  b: {{image: x, commands: [y]}}\n"), &tags).plan.steps.len(), 2);
    let text = format!("{text}when: {{event: [pull_request, pull_request_closed, pull_request_metadata]}}\n");
    for (action, event) in [
        (PullRequestAction::Updated, "pull_request"),
        (PullRequestAction::Closed, "pull_request_closed"),
        (PullRequestAction::Metadata, "pull_request_metadata"),
    ] {
        let mut context = because(Cause::PullRequest {
            action,
            number: 1,
            title: String::new(),
            source_branch: "b".into(),
            target_branch: "main".into(),
            labels: vec![],
            milestone: String::new(),
            draft: false,
            from_fork: true,
        });
        context.secrets = tags.secrets.clone();
        refused(&text, &context, &format!("the secret `token` is not for builds by `{event}`"), (3, 38), "tag");
        context.secrets = Some(vec![rule("token", &[Event::PullRequest], &[])]);
        job_for(&text, &context);
    }
}

#[test]
fn a_secret_with_images_is_for_those_plugins() {
    let context = knowing(&[rule("token", &[Event::Push], &["plugins/s3", "plugins/docker:20"])]);
    let plugin =
        |image: &str| format!("steps:\n  p: {{image: '{image}',\n    settings: {{t: {{from_secret: token}}}}}}\n");
    for good in ["plugins/s3", "plugins/s3:1", "docker.io/plugins/s3:2", "plugins/docker:20"] {
        job_for(&plugin(good), &context);
    }
    for bad in ["plugins/docker", "plugins/docker:21", "evil/plugins/s3", "plugins/s3-evil"] {
        let message = format!("the secret `token` is not for the image `{bad}`");
        refused(&plugin(bad), &context, &message, (3, 33), "it is for `plugins/s3` and `plugins/docker:20`");
    }
    let text = "steps:\n  a: {image: plugins/s3, commands: [y],\n    environment: {T: {from_secret: token}}}\n";
    refused(text, &context, "the secret `token` is for plugins, and `a` is none", (3, 36), "without `commands`");
}

#[test]
fn wrong_ways_to_write_a_secret_are_told() {
    let known = knowing(&[rule("t", &[Event::Push], &[])]);
    for (key, message, column, help) in [
        ("environment: {A: {from_secret: 't k'}}", "`t k` is not a name of a secret", 38, "use letters"),
        ("environment: {A: {from_secret: '${CI_REPO}'}}", "`${CI_REPO}` is not a name of a secret", 38, "write it out"),
        ("environment: {A: {from_secret: [t]}}", "`from_secret` takes text, this is a list", 38, ""),
        ("environment: {A: {from_secret: t, b: c}}", "`b` has no place beside `from_secret`", 41, "one variable more"),
    ] {
        refused(&with(key), &known, message, (3, column), help);
    }
    let args = "steps:\n  a:\n    build: {context: ., args: {T: {from_secret: t}}}\n";
    let message = "`args` cannot have secrets: build arguments are stored in the image";
    refused(args, &known, message, (3, 49), "`environment` or `settings`");
    let labels = "labels: {a: {from_secret: t}}\nsteps: {a: {image: x, commands: [y]}}\n";
    refused(
        labels,
        &known,
        "`labels` cannot have secrets: everybody sees them",
        (1, 27),
        "`environment` or `settings`",
    );
}
