//! `parameters`: what a manual build can be given.

use std::collections::BTreeMap;

use proptest::prelude::*;
use slipway_pipelines::{
    compile::{Compilation, compile},
    context::SourceFile,
    parameter::{self, Definitions, Parameter, ParameterKind},
    trigger::Cause,
};

use crate::common::*;

const STEP: &str = "steps: [{name: a, image: x, commands: ['echo ${TARGET} ${WORDS}']}]";

fn source(path: &str, parameters: &str) -> SourceFile {
    file(path, &format!("parameters: {parameters}\n{STEP}\n"))
}

fn defined(parameters: &str) -> Definitions {
    parameter::definitions(&[source(".slipway.yml", parameters)], &Default::default())
}

/// Definitions without a finding.
fn good(parameters: &str) -> Vec<Parameter> {
    let done = defined(parameters);
    assert_eq!(done.diagnostics, [], "{parameters}");
    done.parameters
}

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn manual(files: &[SourceFile], pairs: &[(&str, &str)]) -> Compilation {
    compile(files, &because(Cause::Manual { branch: "main".into(), parameters: given(pairs) }))
}

fn choice(options: &[&str]) -> ParameterKind {
    ParameterKind::Choice { options: options.iter().map(|option| (*option).to_owned()).collect() }
}

#[test]
fn definitions_are_typed_and_short_where_they_can_be() {
    let parameters = good(
        "{TARGET: {type: choice, options: [staging, live], default: staging, description: Where to.}, \
         FAST: true, SLOW: {type: bool, default: 'no'}, COUNT: 3, RATIO: {type: number}, TEXT: '3', WORD: x, MUST: , \
         EMPTY: '', PICK: {options: [a]}, GUESS: {default: 1.5}, ANY: {description: Anything.}}",
    );
    let seen: Vec<(&str, &ParameterKind, Option<&str>)> =
        parameters.iter().map(|one| (one.name.as_str(), &one.kind, one.default.as_deref())).collect();
    assert_eq!(
        seen,
        [
            ("TARGET", &choice(&["staging", "live"]), Some("staging")),
            ("FAST", &ParameterKind::Bool, Some("true")),
            ("SLOW", &ParameterKind::Bool, Some("false")),
            ("COUNT", &ParameterKind::Number, Some("3")),
            ("RATIO", &ParameterKind::Number, None),
            ("TEXT", &ParameterKind::String, Some("3")),
            ("WORD", &ParameterKind::String, Some("x")),
            ("MUST", &ParameterKind::String, None),
            ("EMPTY", &ParameterKind::String, Some("")),
            ("PICK", &choice(&["a"]), None),
            ("GUESS", &ParameterKind::Number, Some("1.5")),
            ("ANY", &ParameterKind::String, None),
        ]
    );
    assert_eq!(parameters[0].description, "Where to.");
    assert_eq!(compiled(&format!("parameters: {{A: 1}}\n{STEP}")).parameters, good("{A: 1}"));
}

#[test]
fn wrong_definitions_are_said() {
    for (wrong, message) in [
        ("[A]", "`parameters` takes a map of names, this is a list"),
        ("{A: [a, b]}", "the parameter `A` takes a default or a map, this is a list"),
        ("{A-B: 1}", "`A-B` is no name of a parameter"),
        ("{CI_X: 1}", "a parameter cannot be named `CI_X`: steps would get it instead of the real one"),
        ("{A: {type: text}}", "`text` is no type of a parameter"),
        ("{A: {type: [string]}}", "`type` takes text, this is a list"),
        ("{A: {type: choice}}", "the choice `A` has no `options`"),
        ("{A: {options: []}}", "the choice `A` has no options"),
        ("{A: {options: [x, x]}}", "the choice `A` has the option `x` twice"),
        ("{A: {type: bool, options: [x]}}", "the parameter `A` has `options`, and is no choice"),
        ("{A: {options: [x, y], default: z}}", "the default of `A` is none of its values: it takes `x` or `y`"),
        ("{A: {type: bool, default: 2}}", "the default of `A` is none of its values: it takes `true` or `false`"),
        ("{A: {type: number, default: x}}", "the default of `A` is none of its values: it takes a number"),
        ("{A: {require: true}}", "unknown key `require` in the parameter `A`"),
        ("{A: {required: true}}", "`required` is not a key of the parameter `A`"),
        ("{A: '${CI_COMMIT_BRANCH}'}", "`parameters` take no `${…}`: they are known before a build is"),
    ] {
        let done = defined(wrong);
        assert_eq!(done.diagnostics.iter().map(|found| found.message.as_str()).collect::<Vec<_>>(), [message]);
        assert_eq!(done.diagnostics[0].span.unwrap().line, 1);
        assert_eq!(errors(&compiled(&format!("parameters: {wrong}\n{STEP}"))), [message]);
    }
}

#[test]
fn files_share_their_parameters_and_cannot_contradict_each_other() {
    let two = |first: &str, second: &str| {
        parameter::definitions(
            &[source(".slipway/b.yml", second), source(".slipway/a.yml", first)],
            &Default::default(),
        )
    };
    let done = two("{A: {type: number}, B: x}", "{A: {default: 2, description: Many.}, C: y}");
    assert_eq!(done.diagnostics, []);
    assert_eq!(done.parameters.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["A", "B", "C"]);
    assert_eq!((done.parameters[0].default.as_deref(), done.parameters[0].description.as_str()), (Some("2"), "Many."));
    for (first, second) in [("{A: 1}", "{A: 2}"), ("{A: 1}", "{A: x}"), ("{A: {options: [a]}}", "{A: {options: [b]}}")]
    {
        let done = two(first, second);
        assert_eq!(done.diagnostics.len(), 1);
        let found = &done.diagnostics[0];
        assert_eq!(found.message, "the parameter `A` is defined differently in `.slipway/a.yml`");
        assert_eq!((found.file.as_str(), found.is_error()), (".slipway/b.yml", true));
        assert_eq!(found.help.as_deref(), Some("that is on line 1; write it once, or the same in both"));
    }
}

#[test]
fn given_values_are_checked_in_words() {
    let parameters = good("{TARGET: {options: [staging, live]}, FAST: true, COUNT: 1}");
    let wrong = |pairs: &[(&str, &str)]| parameter::check(&parameters, &given(pairs));
    assert_eq!(wrong(&[("TARGET", "live"), ("FAST", "false"), ("COUNT", "-1.5")]), [""; 0]);
    assert_eq!(wrong(&[]), ["`TARGET` has no default: the build must be given a value"]);
    assert_eq!(
        wrong(&[("TARGET", "prod\u{1b}"), ("FAST", "yes"), ("COUNT", "1e3"), ("TARGE", "x"), ("other", "x")]),
        [
            "`COUNT` takes a number, not `1e3`",
            "`FAST` takes `true` or `false`, not `yes`",
            "the pipeline has no parameter `TARGE`; did you mean `TARGET`?",
            "`TARGET` takes `staging` or `live`, not `prod\\u{1b}`",
            "the pipeline has no parameter `other`; it has `COUNT`, `FAST` and `TARGET`",
        ]
    );
    // Without definitions any name goes that stands for nothing else.
    assert_eq!(parameter::check(&[], &given(&[("anything", "x")])), [""; 0]);
    assert_eq!(
        parameter::check(&[], &given(&[("CI_REPO", "x"), ("a b", "x")])),
        [
            "a parameter cannot be named `CI_REPO`: steps would get it instead of the real one",
            "`a b` is no name of a parameter: use letters, digits and `_`",
        ]
    );
}

#[test]
fn defaults_hold_for_every_build_and_given_values_for_manual_ones() {
    let files =
        [source(".slipway.yml", "{TARGET: {options: [staging, live], default: staging}, WORDS: {type: string}}")];
    let pushed = compile(&files, &push());
    assert_eq!(pushed.diagnostics, []);
    let plan = &pushed.jobs[0].plan;
    assert_eq!(plan.values, given(&[("TARGET", "staging")]));
    assert_eq!(plan.environment_of(1)["TARGET"], "staging");

    let done = manual(&files, &[("TARGET", "live"), ("WORDS", "$(rm -rf /)")]);
    assert_eq!(done.diagnostics, []);
    assert_eq!(done.jobs[0].plan.values, given(&[("TARGET", "live"), ("WORDS", "$(rm -rf /)")]));
    assert_eq!(
        parameter::resolve(&done.parameters, &given(&[("WORDS", "w")])),
        given(&[("TARGET", "staging"), ("WORDS", "w")])
    );

    let wrong = manual(&files, &[("TARGET", "mars")]);
    assert_eq!(
        errors(&wrong),
        ["`TARGET` takes `staging` or `live`, not `mars`", "`WORDS` has no default: the build must be given a value"]
    );
    assert_eq!(wrong.diagnostics[0].span.unwrap().line, 1);
    assert_eq!(errors(&manual(&files, &[("WORDS", "x"), ("MORE", "x")])).len(), 1);
}

#[test]
fn an_axis_hides_a_parameter_and_says_so() {
    let done = compiled(&format!("parameters: {{TARGET: x}}\nmatrix: {{TARGET: [a]}}\n{STEP}"));
    assert_eq!(done.diagnostics[0].message, "the axis `TARGET` hides the parameter of that name");
    assert_eq!(done.jobs[0].plan.values["TARGET"], "a");
}

proptest! {
    /// What is checked is what is seen: values that pass reach the steps as they are, and nothing else does.
    #[test]
    fn what_passes_arrives(values in proptest::collection::btree_map("[A-C]", "[a-z0-9. ]{0,3}|true", 0..4)) {
        let parameters = good("{A: {options: [a, b]}, B: true, C: 1}");
        let resolved = parameter::resolve(&parameters, &values);
        if parameter::check(&parameters, &values).is_empty() {
            prop_assert_eq!(resolved.len(), 3);
            for (name, value) in &values {
                prop_assert_eq!(&resolved[name], value);
            }
        }
    }
}
