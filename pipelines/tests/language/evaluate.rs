//! `when.evaluate` and `when.local`.

use proptest::prelude::*;
use slipway_pipelines::{compile::compile, context::Context, trigger::Cause};

use crate::common::*;

/// The expression is at column 55 of line 3.
fn text(expression: &str) -> String {
    let quoted = serde_json::Value::from(expression);
    format!("matrix: {{AXIS: [one]}}\nsteps:\n- {{name: a, image: x, commands: [b], when: {{evaluate: {quoted}}}}}\n")
}

#[track_caller]
fn holds(expression: &str, context: &Context) -> bool {
    let done = compile(&[file(".slipway.yml", &text(expression))], context);
    assert_eq!(done.diagnostics, [], "{expression}");
    !done.jobs.is_empty()
}

fn context() -> Context {
    let parameters = [("TARGET", "prod"), ("nothing", "n"), ("trueish", "t")];
    let parameters = parameters.map(|(name, value)| (name.into(), value.into())).into();
    let mut context = because(Cause::Manual { branch: "feature/x".into(), parameters });
    context.trigger.changed_files = Some(vec!["docs/a.md".into(), "src/b.rs".into()]);
    context
}

#[test]
fn the_operators_of_the_documentation_work() {
    for yes in [
        "true",
        "CI_COMMIT_BRANCH == \"feature/x\"",
        "CI_COMMIT_BRANCH != 'main' && CI_REPO_OWNER == 'me'",
        "not (CI_COMMIT_MESSAGE contains \"please ignore me\")",
        "!(CI_COMMIT_MESSAGE contains 'zzz') and true or false",
        "CI_COMMIT_MESSAGE contains 'roof'",
        "CI_COMMIT_BRANCH startsWith 'feature/' and CI_COMMIT_BRANCH endsWith 'x'",
        "CI_COMMIT_BRANCH matches '^feature/[a-z]$'",
        "CI_COMMIT_BRANCH matches \"^\\\\w+/x$\"",
        "CI_PIPELINE_EVENT in ['push', 'manual']",
        "CI_PIPELINE_EVENT not in ['push', 'tag']",
        "CI_COMMIT_MESSAGE not contains 'cellar'",
        "TARGET == 'prod' && AXIS == 'one'",
        "SKIP != \"true\"",
        "SKIP == nil",
        "(SKIP ?? 'no') == 'no'",
        "!(CI_COMMIT_TAG contains 'rc')",
        "!(CI_COMMIT_TAG startsWith 'v') && !(CI_COMMIT_TAG matches '^v[0-9]')",
        "nothing == 'n' && trueish == 't'",
        "lower(CI_REPO) == 'me/thing' ? true : false",
        "len(CI_COMMIT_SHA) == 40",
        "any(fromJSON(CI_PIPELINE_FILES), {# startsWith 'src/'})",
        "len(filter(fromJSON(CI_PIPELINE_FILES), # matches '[.]md$')) == 1",
        "all(split(CI_REPO, '/'), {len(#) > 1})",
        "replace(CI_REPO, '/', '-') == 'me-thing'",
        "CI_PIPELINE_NUMBER == '3' && int(CI_PIPELINE_NUMBER) >= 3 && 1 + 2 * 3 == 7",
        "split(CI_COMMIT_BRANCH, '/')[0] == 'feature'",
    ] {
        assert!(holds(yes, &context()), "{yes}");
    }
    for no in ["false", "CI_COMMIT_BRANCH == 'main'", "NOPE contains 'x'", "CI_REPO_NAME in ['x']"] {
        assert!(!holds(no, &context()), "{no}");
    }
}

#[test]
fn the_reason_is_the_expression() {
    let done = compiled(&text("CI_REPO ==\n  'x'"));
    assert_eq!(done.left_out[0].why, "its `when` takes `CI_REPO == 'x'`, which is false here");
    let more = with("when: [{evaluate: 'false'}, {event: tag, evaluate: 'true'}]");
    let done = compiled(&format!("{more}  b: {{image: x, commands: [b]}}\n"));
    let why = "its `when` takes `false`, which is false here; or event `tag`, this is `push`";
    assert_eq!(done.left_out[0].why, why);
    let workflow = compiled("when: {evaluate: 'CI_PIPELINE_EVENT == \"tag\"'}\nsteps: {a: {image: x, commands: [y]}}");
    assert_eq!(workflow.left_out[0].what, "workflow `slipway`");
}

#[test]
fn wrong_expressions_are_told_at_their_line() {
    let mut different = Vec::new();
    for (expression, message, help) in [
        ("CI_REPO", "it is to be true or false, and this is text", "compare it"),
        ("NOPE", "it is to be true or false, and this is nothing", "compare it"),
        ("1", "it is to be true or false, and this is a number", "compare it"),
        ("CI_REPO =", "it is not an expression", "`==`"),
        ("CI_REPO == main ==", "it is not an expression", "`==`"),
        ("", "it is not an expression", "`==`"),
        ("CI_REPO == 'x", "a text begins with ' and does not end", ""),
        ("(CI_REPO == 'x'", "a `)` is missing", ""),
        ("CI_REPO == 'x')", "`)` closes nothing", ""),
        (
            "${CI_REPO} == 'x'",
            "`${…}` is not replaced in an expression: a value could change its meaning",
            "write the name alone",
        ),
        ("$CI_REPO == 'x'", "`$` has no place in an expression", "write the name alone"),
        ("lenn(CI_REPO) == 1", "`lenn` is no function that is supported", "did you mean `len`?"),
        ("repeat('x', 99999999) == ''", "`repeat` is no function that is supported", ""),
        ("len(1..99999999) > 1", "`..` is not supported", ""),
        ("let a = 1; a == 1", "`let` is not supported", "`&&`"),
        ("CI_REPO matches '['", "'[' is not a pattern: unclosed character class", ""),
        ("CI_REPO matches '(a{1000}){1000}'", "'(a{1000}){1000}' is not a pattern: it is too large", ""),
        ("CI_REPO matches CI_COMMIT_MESSAGE", "`matches` takes a pattern in quotes", "write it out"),
        ("any([1], {any([2], {true})})", "`any` inside another of its kind is not supported", "one after the other"),
        ("CI_REPO > 1", "invalid operands for operator >", "`nil`"),
        ("CI_REPO && true", "invalid operands for operator and", "`nil`"),
        ("fromJSON(CI_REPO) == 1", "fromJSON() takes a text that is JSON", "`nil`"),
    ] {
        let done = compiled(&text(expression));
        let [found] = done.diagnostics.as_slice() else { panic!("{expression}: {:?}", done.diagnostics) };
        let place = found.span.map(|span| (span.line, span.column));
        let said = found.help.as_deref().unwrap_or_default();
        if found.message != format!("`evaluate`: {message}") || place != Some((3, 55)) || !said.contains(help) {
            different.push(format!("{expression}: {found:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    for (expression, message) in [
        (format!("'{}' == ''", "x".repeat(1000)), "an expression takes at most 1000 characters"),
        (vec!["1"; 150].join("+"), "an expression takes at most 200 words and signs"),
        (format!("{}1{}", "(".repeat(9), ")".repeat(9)), "brackets go more than 8 deep"),
    ] {
        assert_eq!(errors(&compiled(&text(&expression))), [format!("`evaluate`: {message}")]);
    }
    refused(&with("when: {evaluate: [a]}"), &push(), "`evaluate` takes text, this is a list", (3, 24), "");
}

#[test]
fn expressions_are_bounded() {
    let parameters = [("M".into(), "a,".repeat(30_000))].into();
    let mut large = because(Cause::Manual { branch: "main".into(), parameters });
    large.trigger.message = "m".repeat(60_000);
    for (expression, message) in [
        ("any(split(M, ','), {# == 'b'})", "a list has at most 2000 items"),
        ("replace(M, ',', M) == ''", "replace() makes too long a text"),
    ] {
        let done = compile(&[file(".slipway.yml", &text(expression))], &large);
        assert_eq!(errors(&done), [format!("`evaluate`: {message}")]);
    }
    let step = |n: usize, when: &str| format!("- {{name: s{n}, image: x, commands: [y], when: {when}}}\n");
    let sum = vec!["CI_COMMIT_MESSAGE"; 50].join("+");
    let many: String = (0..99).map(|n| step(n, &format!("{{evaluate: '{sum} == \"{n}\"'}}"))).collect();
    let done = compile(&[file(".slipway.yml", &format!("steps:\n{many}"))], &large);
    assert!(errors(&done)[0].contains("write more than 64 MiB"), "{:?}", errors(&done));
    let three = |n: usize| format!("[{{evaluate: '{n}==0'}}, {{evaluate: '{n}==1'}}, {{evaluate: '{n}==2'}}]");
    let different: String = (0..99).map(|n| step(n, &three(n))).collect();
    let done = compiled(&format!("steps:\n{different}"));
    assert!(errors(&done)[0].ends_with("the pipeline has more than 200 different expressions"));
}

#[test]
fn local_keeps_steps_from_the_desk() {
    let of = |key: &str, local: bool| {
        let text = format!("{}  b: {{image: x, commands: [y]}}\n", with(key));
        let done = compile(&[file(".slipway.yml", &text)], &Context { local, ..push() });
        assert_eq!(done.diagnostics, []);
        done.left_out.first().map(|left| left.why.clone())
    };
    let why = "its `when` takes builds of a server, this is `slipway run`";
    assert_eq!(of("when: {local: false}", true).as_deref(), Some(why));
    assert_eq!(of("when: {local: false}", false), None);
    assert_eq!(of("when: {local: true}", true), None);
    assert_eq!(of("when: {local: true}", false), None);
    refused(&with("when: {local: never}"), &push(), "`local` takes `true` or `false`, this is text", (3, 21), "");
}

const WORDS: [&str; 54] = [
    "CI_REPO",
    "NOPE",
    "'a'",
    "1",
    "2.5",
    "nil",
    "true",
    "not",
    "!",
    "-",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "not in",
    "contains",
    "startsWith",
    "matches",
    "and",
    "or",
    "&&",
    "||",
    "?",
    ":",
    "??",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "any(",
    "filter(",
    "len(",
    "split(",
    "fromJSON(",
    "#",
    ",",
    "|",
    ".",
    "?.",
    "+",
    "*",
    "/",
    "%",
    "**",
    "^",
    "9223372036854775807",
    "int(",
    "first(",
    "last(",
    "count(",
    "trim(",
];

proptest! {
    #[test]
    fn any_expression_is_taken(expression in "[ CI_REPO#'\"a-c0-9()\\[\\]{}.,?:=!<>&|+*/%^-]{0,40}") {
        compiled(&text(&expression));
    }

    #[test]
    fn any_words_are_taken(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..14)) {
        compiled(&text(&words.join(" ")));
    }
}
