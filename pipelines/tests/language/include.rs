//! `include`: files of the same and of other repositories.

use std::collections::BTreeMap;

use proptest::prelude::*;
use slipway_pipelines::{
    compile::{Compilation, compile},
    context::SourceFile,
    include::{self, Included, Reference},
    render::render,
};

use crate::common::*;

/// All files there are, by the name that diagnostics give them.
type World<'a> = &'a [(&'a str, &'a str)];

/// Fetches what is missing until nothing is, as server and desk do.
fn fetched(files: &[SourceFile], world: World<'_>) -> Included {
    let mut included = Included::new();
    for _ in 0..6 {
        let missing = include::missing(files, &included);
        if missing.is_empty() {
            return included;
        }
        for reference in missing {
            let name = reference.to_string();
            let found = world.iter().find(|(path, _)| *path == name);
            let bytes = found.map(|(_, text)| text.as_bytes().to_vec());
            let before = included.insert(reference, bytes.ok_or_else(|| "there is no such file".to_owned()));
            assert!(before.is_none(), "{name} is fetched once");
        }
    }
    panic!("still missing: {:?}", include::missing(files, &included));
}

/// `.slipway.yml` in such a world, for a push.
fn within(text: &str, world: World<'_>) -> Compilation {
    all(&[file(".slipway.yml", text)], world)
}

fn all(files: &[SourceFile], world: World<'_>) -> Compilation {
    let mut context = push();
    context.included = fetched(files, world);
    compile(files, &context)
}

#[track_caller]
fn good(text: &str, world: World<'_>) -> Compilation {
    let done = within(text, world);
    assert_eq!(done.diagnostics, []);
    done
}

fn steps(done: &Compilation) -> Vec<&str> {
    done.jobs[0].plan.steps.iter().map(|step| step.name.as_str()).collect()
}

/// `file:line: message` of every finding.
fn found(done: &Compilation) -> Vec<String> {
    let line = |span: Option<slipway_pipelines::diagnostic::Span>| span.map_or(0, |span| span.line);
    done.diagnostics.iter().map(|found| format!("{}:{}: {}", found.file, line(found.span), found.message)).collect()
}

#[test]
fn what_is_included_comes_under_what_includes_it() {
    let common = "
labels: {platform: linux/amd64, gpu: big}
timeout: 5m
when: {event: push}
services: {db: {image: postgres}, web: {image: nginx}}
steps:
  - {name: prepare, image: old, commands: [a]}
  - {name: lint, image: x, commands: [a]}
";
    let done = good(
        "
include: ci/common.yml
labels: {gpu: small}
timeout: 7m
services: {web: {image: caddy}}
steps:
  - {name: test, image: x, commands: [a]}
  - {name: prepare, image: new, commands: [b]}
",
        &[("ci/common.yml", common)],
    );
    assert_eq!(steps(&done), ["clone", "db", "web", "prepare", "lint", "test"]);
    let job = &done.jobs[0];
    let image = |name: &str| format!("{:?}", container(&job.plan, name).image);
    assert!(image("prepare").contains("new") && image("web").contains("caddy"));
    assert_eq!(job.plan.timeout_seconds, 420);
    let labels = [("platform".to_owned(), "linux/amd64".to_owned()), ("gpu".to_owned(), "small".to_owned())];
    assert_eq!(job.labels, BTreeMap::from(labels));
}

#[test]
fn steps_merge_whether_they_are_a_map_or_a_list() {
    let map = "steps: {a: {image: old, name: ignored}, b: {image: x}}";
    let list = "steps: [{name: a, image: old}, {name: b, image: x}]";
    for common in [map, list] {
        for own in ["steps: {c: {image: x}, a: {image: new}}", "steps: [{name: c, image: x}, {name: a, image: new}]"] {
            let done = good(&format!("include: c.yml\n{own}\n"), &[("c.yml", common)]);
            assert_eq!(steps(&done), ["clone", "a", "b", "c"]);
            assert!(format!("{:?}", container(&done.jobs[0].plan, "a").image).contains("new"));
        }
    }
}

#[test]
fn later_files_win_over_earlier_ones_and_files_can_be_in_other_repositories() {
    let done = good(
        "include:\n  - a.yml\n  - {file: b.yml, repo: me/shared, ref: v1}\n",
        &[
            ("a.yml", "timeout: 1m\nsteps: {one: {image: x}}"),
            // A path there is one of that repository and ref.
            ("me/shared@v1:b.yml", "include: sub/c.yml\ntimeout: 2m\nsteps: {two: {image: x}}"),
            ("me/shared@v1:sub/c.yml", "timeout: 3m\nsteps: {three: {image: x}}"),
            ("sub/c.yml", "steps: {wrong: {image: x}}"),
        ],
    );
    assert_eq!(steps(&done), ["clone", "one", "three", "two"]);
    assert_eq!(done.jobs[0].plan.timeout_seconds, 120);
}

#[test]
fn missing_names_each_file_once_and_nothing_that_is_there() {
    let files = [
        file(".slipway/a.yml", "include: [./c.yml, c.yml, d//e.yml]"),
        file(".slipway/b.yml", "include: [c.yml, {file: x.yml, repo: me/x}]"),
        file(".slipway/broken.yml", "include: [c.yml"),
    ];
    let names = |included: &Included| -> Vec<String> {
        include::missing(&files, included).iter().map(ToString::to_string).collect()
    };
    assert_eq!(names(&Included::new()), ["c.yml", "d/e.yml", "me/x:x.yml"]);
    let c = Reference { repository: None, revision: None, path: "c.yml".into() };
    let included = Included::from([(c, Ok(b"include: f.yml".to_vec()))]);
    assert_eq!(names(&included), ["d/e.yml", "f.yml", "me/x:x.yml"]);
}

#[test]
fn findings_name_the_included_file_and_show_its_text() {
    let files = [file(".slipway.yml", "include: {file: ci/a.yml, repo: me/x, ref: v1}\nsteps: {own: {imag: x}}\n")];
    let world = [("me/x@v1:ci/a.yml", "# Häuser\nsteps:\n  built: {image: x, comands: [a]}\n")];
    let done = all(&files, &world);
    let unknown = |what: &str| format!("unknown key `{what}` in step");
    assert_eq!(
        found(&done),
        [
            ".slipway.yml:2: step `own` has no `image`".to_owned(),
            format!(".slipway.yml:2: {} `own`", unknown("imag")),
            format!("me/x@v1:ci/a.yml:3: {} `built`", unknown("comands")),
        ]
    );
    let text = render(&done.diagnostics, &include::sources(&files, &fetched(&files, &world)), false);
    assert!(text.contains("--> me/x@v1:ci/a.yml:3:21\n"), "{text}");
    assert!(text.contains("3 |   built: {image: x, comands: [a]}\n"), "{text}");
    // Whoever stores and shows it sees the same.
    let json = serde_json::to_string(&done.diagnostics).unwrap();
    let back: Vec<slipway_pipelines::diagnostic::Diagnostic> = serde_json::from_str(&json).unwrap();
    assert_eq!(back, done.diagnostics);
}

#[test]
fn what_several_files_include_is_said_to_be_wrong_once() {
    let files = [file(".slipway/a.yml", "include: c.yml"), file(".slipway/b.yml", "include: c.yml")];
    let done = all(&files, &[("c.yml", "steps: {x: {image: x, foo: 1}}")]);
    assert_eq!(found(&done), ["c.yml:1: unknown key `foo` in step `x`"]);
}

#[test]
fn an_included_file_is_read_by_the_rules_of_the_one_that_includes_it() {
    let world = [("c.yml", "steps: {x: {image: x, foo: 1}}")];
    let lenient = all(&[file(".woodpecker.yml", "include: c.yml")], &world);
    assert!(!lenient.has_errors() && lenient.diagnostics.len() == 1);
    assert!(within("include: c.yml", &world).has_errors());
}

#[test]
fn files_that_cannot_be_had_are_errors_at_their_line() {
    let of = |text: &str, world: World<'_>| found(&within(&format!("steps: {{x: {{image: x}}}}\n{text}\n"), world));
    assert_eq!(of("include: no.yml", &[]), [".slipway.yml:2: `no.yml` cannot be included: there is no such file"]);
    assert_eq!(
        of("include: a.yml", &[("a.yml", "- a")]),
        ["a.yml:1: an included file is a map of the keys of a workflow, this is a list"]
    );
    assert_eq!(of("include: a.yml", &[("a.yml", "# nothing")]), ["a.yml:1: the file is empty"]);
    let broken = of("include: a.yml", &[("a.yml", "\n\na: [b")]);
    assert!(broken.len() == 1 && broken[0].starts_with("a.yml:"), "{broken:?}");
    let nobody = compile(&[file(".slipway.yml", "include: a.yml")], &push());
    assert_eq!(found(&nobody)[0], ".slipway.yml:1: `a.yml` cannot be included here: nobody fetched it");
}

#[test]
fn paths_and_names_are_checked() {
    for (wrong, message) in [
        ("/etc/x.yml", "`/etc/x.yml` cannot be included: it is absolute"),
        ("a/../../x.yml", "`a/../../x.yml` cannot be included: it leaves its folder with `..`"),
        ("ci/", "`ci/` cannot be included: it names no file"),
        ("''", "`` cannot be included: it names no file"),
        ("'a\\b'", "`a\\\\b` cannot be included: it is no path of a repository"),
        ("[[a]]", "`include` takes paths and maps of `file`, `repo` and `ref`, this is a list"),
        ("{repo: a/b}", "an item of `include` has no `file`"),
        ("{file: a, paht: b}", "unknown key `paht` in `include`"),
        ("{file: a, path: b}", "`path` is not a key of `include`"),
        ("{file: [a]}", "`file` takes text, this is a list"),
        ("{file: a, ref: v1}", "`ref` has no `repo` beside it: a file of this repository is taken at the same commit"),
        ("{file: a, repo: a/b, ref: 'v1:x'}", "`v1:x` is no name of a branch, tag or commit"),
        ("{file: a, repo: a/b, ref: --all}", "`--all` is no name of a branch, tag or commit"),
        ("'${CI_REPO}.yml'", "`include` takes no `${…}`: files are put together before anything is replaced"),
    ] {
        let text = format!("steps: {{x: {{image: x}}}}\ninclude: {wrong}\n");
        let done = within(&text, &[("a", "timeout: 1m")]);
        assert_eq!(errors(&done), [message], "{wrong}");
        assert_eq!(done.diagnostics[0].span.unwrap().line, 2);
    }
    let bad = within("include: {file: a, repo: '../x'}\nsteps: {x: {image: x}}", &[]);
    assert!(errors(&bad)[0].contains("is not a repository name"));
}

#[test]
fn cycles_depth_and_number_have_an_end() {
    let cycle = [("a.yml", "include: b.yml"), ("b.yml", "include: [.slipway.yml, a.yml]")];
    let done = within("include: a.yml\nsteps: {x: {image: x}}", &cycle);
    assert_eq!(
        found(&done),
        [
            "b.yml:1: `.slipway.yml` includes itself: `.slipway.yml` -> `a.yml` -> `b.yml` -> `.slipway.yml`",
            "b.yml:1: `a.yml` includes itself: `a.yml` -> `b.yml` -> `a.yml`",
        ]
    );
    let chain =
        [("1", "include: '2'"), ("2", "include: '3'"), ("3", "include: '4'"), ("4", "steps: {deep: {image: x}}")];
    assert_eq!(steps(&good("include: '1'", &chain)), ["clone", "deep"]);
    let deeper = within("include: '0'", &[&[("0", "include: '1'")], chain.as_slice()].concat());
    assert_eq!(found(&deeper)[0], "3:1: files are included more than 4 deep here");

    let names: Vec<String> = (0..51).map(|n| format!("f{n}")).collect();
    let world: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "timeout: 1m")).collect();
    let of =
        |count: usize| within(&format!("include: [{}]\nsteps: {{x: {{image: x}}}}", names[..count].join(", ")), &world);
    assert_eq!(found(&of(50)), [""; 0]);
    assert_eq!(found(&of(51)), [".slipway.yml:1: this is the file's include number 51, and 50 is the most"]);

    // Every file includes every other: no explosion, and few errors.
    let every = format!("include: [{}]\n", names[..40].join(", "));
    let crowd: Vec<(&str, &str)> = names[..40].iter().map(|name| (name.as_str(), every.as_str())).collect();
    assert!(within(&format!("{every}steps: {{x: {{image: x}}}}"), &crowd).has_errors());
}

#[test]
fn files_together_have_a_budget() {
    let big = format!("variables: [{}]", "x,".repeat(9_000));
    let done = within("include: [a, b, c]\nsteps: {x: {image: x}}", &[("a", &big), ("b", &big), ("c", &big)]);
    assert_eq!(
        found(&done),
        [".slipway.yml:1: the file and what it includes hold too many values or too much text together"]
    );
}

#[test]
fn matrix_and_parameters_can_come_from_elsewhere() {
    let world = [("c.yml", "matrix: {A: [1, 2]}\nparameters: {P: x, Q: y}\nsteps: {x: {image: x}}")];
    let done = good("include: c.yml\nparameters: {Q: z}", &world);
    assert_eq!(done.jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["slipway (A=1)", "slipway (A=2)"]);
    assert_eq!(done.parameters.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["P", "Q"]);
    assert_eq!((&*done.jobs[0].plan.values["P"], &*done.jobs[0].plan.values["Q"]), ("x", "z"));
}

/// A small file of arbitrary keys, some of which mean something.
fn any_file() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("".to_owned()),
        Just("x".to_owned()),
        Just("[a, {name: b, image: x}, [c], {name: }]".to_owned()),
        Just("{a: {image: x}, c: 1, d: }".to_owned()),
        Just("[]".to_owned()),
        "[a-z{}\\[\\], :&*<-]{0,12}",
    ];
    let key = prop_oneof![
        Just("steps"),
        Just("services"),
        Just("labels"),
        Just("variables"),
        Just("when"),
        Just("matrix"),
        Just("timeout"),
        Just("x"),
        Just("include")
    ];
    let entries = proptest::collection::btree_map(key, value, 0..5);
    entries.prop_map(|entries| entries.iter().map(|(key, value)| format!("{key}: {value}\n")).collect())
}

proptest! {
    /// Whatever is included, nothing panics, and findings have a file that there is.
    #[test]
    fn any_files_are_merged(own in any_file(), a in any_file(), b in any_file()) {
        let own = format!("{own}\n# \ninclude: [a, b]\n");
        let files = [file(".slipway.yml", &own)];
        let world = [("a", a.as_str()), ("b", b.as_str())];
        let mut context = push();
        context.included = fetched(&files, &world);
        for found in compile(&files, &context).diagnostics {
            prop_assert!([".slipway.yml", "a", "b"].contains(&found.file.as_str()), "{found:?}");
        }
        render(&compile(&files, &context).diagnostics, &include::sources(&files, &context.included), false);
    }
}
