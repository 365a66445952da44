use proptest::prelude::*;

use super::*;
use crate::plan::Environment;

fn with(values: &[(&str, &str)], test: impl FnOnce(&Variables<'_>)) {
    let budget = Budget::default();
    let mut variables = Variables::new(&budget);
    variables.add(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    test(&variables);
}

#[test]
fn every_operator_does_what_its_table_says() {
    with(&[("P", "Straße/der/Straße"), ("E", ""), ("N", "old")], |variables| {
        for (template, wanted) in [
            ("a ${P} b", "a Straße/der/Straße b"),
            ("$P $$P", "$P $$P"),
            ("$${P} ${P}", "${P} Straße/der/Straße"),
            ("$${P}", "${P}"),
            ("${X}", ""),
            ("${P,}", "straße/der/Straße"),
            ("${P,,}", "straße/der/straße"),
            ("${N^}", "Old"),
            ("${N^^}", "OLD"),
            ("${#P}", "17"),
            ("${P:4}", "ße/der/Straße"),
            ("${P:4:2}", "ße"),
            ("${P: -2}", "ße"),
            ("${P:99}", ""),
            ("${P:0:-7}", "Straße/der"),
            ("${E=a ${N}}", "a old"),
            ("${E:-d}${X:=d}${E-d}${N:-d}", "dddold"),
            ("${N:+yes}${E:+yes}", "yes"),
            ("${P#*/}", "der/Straße"),
            ("${P##*/}", "Straße"),
            ("${P%/*}", "Straße/der"),
            ("${P%%/*}", "Straße"),
            ("${P#Stra?e}", "/der/Straße"),
            ("${P#nope}", "Straße/der/Straße"),
            ("${P/Straße/Weg}", "Weg/der/Straße"),
            ("${P//Straße/Weg}", "Weg/der/Weg"),
            ("${P/#Straße/Weg}", "Weg/der/Straße"),
            ("${P/%Straße/Weg}", "Straße/der/Weg"),
            ("${P//Straße}", "/der/"),
            ("${", "${"),
            ("${1} ${} ${a b} ${P", "${1} ${} ${a b} ${P"),
            ("${P!}", "${P!}"),
        ] {
            assert_eq!(in_text(template, variables).as_deref(), Ok(wanted), "{template}");
        }
    });
}

#[test]
fn growth_is_bounded() {
    with(&[("A", &"a".repeat(60_000))], |variables| {
        let grows = format!("${{A//a/{}}}", "b".repeat(8000));
        assert_eq!(in_text(&grows, variables), Err(TooMuch));
    });
    with(&[("A", &"a".repeat(60_000))], |variables| {
        assert_eq!(in_text(&"${A}".repeat(2000), variables), Err(TooMuch));
    });
    with(&[("A", &"a".repeat(60_000))], |variables| {
        assert_eq!(in_text(&format!("${{A#{}b}}", "*a".repeat(1000)), variables), Err(TooMuch));
    });
    with(&[], |variables| {
        let deep = (0..20).fold("x".to_owned(), |inner, _| format!("${{A:-{inner}}}"));
        assert_eq!(in_text(&deep, variables), Err(TooMuch));
    });
}

fn shell(text: &str, values: &[(&str, &str)]) -> ShellText {
    let mut found = None;
    with(values, |variables| {
        let environment: Environment =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let told = |name: &str, value: &str| environment.get(name).is_some_and(|told| told == value);
        found = in_shell(text, variables, &told, &mut 0).ok();
    });
    found.unwrap()
}

#[test]
fn a_shell_reads_dangerous_values_from_its_environment() {
    let values = [("CI_COMMIT_BRANCH", "; rm -rf /"), ("CI_COMMIT_SHA", "abc123"), ("CI_COMMIT_TAG", "")];
    let of = |text| shell(text, &values);
    assert_eq!(of("git co ${CI_COMMIT_BRANCH}").text, "git co ${CI_COMMIT_BRANCH}");
    assert!(of("git co ${CI_COMMIT_BRANCH}").late.is_empty());
    assert_eq!(of("echo ${CI_COMMIT_SHA:0:3}").text, "echo abc");
    assert_eq!(of("echo [${CI_COMMIT_TAG}]").text, "echo []");
    let upper = of("echo \"${CI_COMMIT_BRANCH^^}\" ${CI_COMMIT_BRANCH:1}");
    assert_eq!(upper.text, "echo \"${SLIPWAY_TEXT_1}\" ${SLIPWAY_TEXT_2}");
    assert_eq!(upper.late["SLIPWAY_TEXT_1"], "; RM -RF /");
    assert_eq!(upper.late["SLIPWAY_TEXT_2"], " rm -rf /");
}

#[test]
fn a_shell_keeps_what_only_it_knows() {
    assert_eq!(
        shell("for i in 1 2; do echo ${i} $${i} ${j:-x}; done", &[]).text,
        "for i in 1 2; do echo ${i} ${i} ${j:-x}; done"
    );
    assert_eq!(shell("echo [${nope,,}]", &[]).text, "echo []");
}

#[test]
fn what_the_file_itself_says_becomes_text() {
    let budget = Budget::default();
    let mut variables = Variables::new(&budget);
    let cells = [[("GO".to_owned(), "1.24 -race; echo".to_owned())].into(), [("OS".to_owned(), "x".to_owned())].into()];
    variables.set_axes(&cells);
    variables.set_cell(&cells[0]);
    let of = |text: &str| in_shell(text, &variables, &|_, _| false, &mut 0).unwrap().text;
    assert_eq!(of("go test $$GO ${CI}"), "go test $$GO ${CI}");
    assert_eq!(variables.asked(), 0);
    assert_eq!(of("go test ${GO}"), "go test 1.24 -race; echo");
    // Which cell has an axis depends on the cell, too.
    let asked = variables.asked();
    assert_eq!(of("${OS,,}"), "");
    assert!(variables.asked() > asked);
}

proptest! {
    #[test]
    fn any_template_is_taken(text in "[$Pp{}#%/:,^=+* \\-a0-9é]{0,60}", value in any::<String>()) {
        with(&[("P", &value)], |variables| {
            let _ = in_text(&text, variables);
            let _ = in_shell(&text, variables, &|_, _| false, &mut 0);
        });
    }

    #[test]
    fn no_untrusted_value_enters_a_command(value in "[`$();|&<>\\\\\"'\n *?~=!#a-z-]{1,30}", operator in "(|,,|\\^\\^|:0|:0:99|/zzz/|#zzz|:-x)") {
        let text = shell(&format!("echo ${{V{operator}}} end"), &[("V", &value)]);
        let middle = text.text.strip_prefix("echo ").and_then(|rest| rest.strip_suffix(" end")).unwrap();
        if middle.starts_with("${") {
            let name = &middle[2..middle.len() - 1];
            let got = if name == "V" { &value } else { &text.late[name] };
            prop_assert_eq!(got.to_lowercase(), value.to_lowercase());
        } else {
            prop_assert!(middle.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{}", middle);
        }
    }

    #[test]
    fn a_value_comes_out_as_it_went_in(value in any::<String>()) {
        with(&[("V", &value)], |variables| {
            assert_eq!(in_text("<${V}>", variables).unwrap(), format!("<{value}>"));
        });
    }
}
