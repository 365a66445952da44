//! Whatever comes in: no panic, and no value that changes what runs.

use proptest::prelude::*;
use slipway_pipelines::{
    compile::{Compilation, compile},
    context::SourceFile,
    plan::Program,
    render::render,
    trigger::Cause,
};

use crate::common::*;

const SYNTAX: &[u8] = b" \n:-[]{}&*'\"#,|>!%@`$\\~";
const WHOLE: &str = include_str!("whole.yml");

/// All positions are in range, nothing needs what comes after its own needs in a circle.
fn check(done: &Compilation) {
    for (at, job) in done.jobs.iter().enumerate() {
        assert!(job.needs.iter().all(|need| *need < done.jobs.len() && *need != at));
        assert!(is_acyclic(&job.plan.steps.iter().map(|step| step.needs.clone()).collect::<Vec<_>>()));
        assert!(job.plan.steps.len() <= 100);
        for at in 0..job.plan.steps.len() {
            assert!(
                job.plan
                    .environment_of(at)
                    .iter()
                    .all(|(name, value)| !name.contains(['=', '\0']) && !value.contains('\0'))
            );
        }
    }
    assert!(is_acyclic(&done.jobs.iter().map(|job| job.needs.clone()).collect::<Vec<_>>()));
    assert!(!done.has_errors() || done.jobs.is_empty());
}

fn is_acyclic(needs: &[Vec<usize>]) -> bool {
    let mut done = vec![false; needs.len()];
    loop {
        let next: Vec<usize> =
            (0..needs.len()).filter(|at| !done[*at] && needs[*at].iter().all(|need| done[*need])).collect();
        if next.is_empty() {
            return done.iter().all(|done| *done);
        }
        next.into_iter().for_each(|at| done[at] = true);
    }
}

fn take(path: &str, bytes: Vec<u8>) {
    let files = [SourceFile { path: path.into(), bytes }];
    let done = compile(&files, &push());
    check(&done);
    let plain = render(&done.diagnostics, &files, false);
    assert!(plain.chars().all(|c| c == '\n' || !c.is_control()), "{plain:?}");
    render(&done.diagnostics, &files, true);
}

#[test]
fn the_whole_file_compiles() {
    let done = compile(&[file(".slipway.yml", WHOLE)], &push());
    assert_eq!(done.diagnostics, []);
    assert_eq!(done.jobs.len(), 2);
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        take(".slipway.yml", bytes);
    }

    #[test]
    fn mutated_files_are_taken(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..12),
        woodpecker in any::<bool>(),
    ) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, SYNTAX[usize::from(byte) % SYNTAX.len()]),
                2 => drop(bytes.remove(at)),
                _ => {
                    let to = (at + usize::from(byte)).min(bytes.len());
                    let piece = bytes[at..to].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        take(if woodpecker { ".woodpecker.yml" } else { ".slipway.yml" }, bytes);
    }

    #[test]
    fn lines_in_any_order_are_taken(order in prop::collection::vec(any::<prop::sample::Index>(), 1..60)) {
        let lines: Vec<&str> = WHOLE.lines().collect();
        let text: String = order.iter().map(|at| format!("{}\n", lines[at.index(lines.len())])).collect();
        take(".slipway.yml", text.into_bytes());
    }

    #[test]
    fn random_graphs_end_in_a_plan_or_an_error(edges in prop::collection::vec(prop::collection::vec(0..8usize, 0..3), 1..8)) {
        let mut text = String::from("steps:\n");
        for (at, needs) in edges.iter().enumerate() {
            text += &format!("  s{at}: {{image: x, commands: [y], depends_on: {:?}}}\n", needs.iter().map(|n| format!("s{n}")).collect::<Vec<_>>());
        }
        let done = compiled(&text);
        check(&done);
        let known = edges.iter().flatten().all(|need| *need < edges.len());
        prop_assert_eq!(done.jobs.len(), usize::from(known && is_acyclic(&edges)));
    }

    #[test]
    fn hostile_texts_arrive_byte_for_byte_and_change_nothing(
        text in "[`$(){};|&<>\\\\\"'\n\t:#*!%@\\[\\]{}, a-z=~é\u{1b}-]{0,60}",
    ) {
        let mut context = because(Cause::Push { branch: text.clone(), before: None });
        context.trigger.message = text.clone();
        context.trigger.author.name = text.clone();
        let template = "
steps:
  a:
    image: x
    commands:
      - git checkout ${CI_COMMIT_BRANCH}
      - echo \"${CI_COMMIT_MESSAGE}\" ${CI_COMMIT_AUTHOR^^} ${CI_COMMIT_MESSAGE/a/b}
    environment: {M: '${CI_COMMIT_MESSAGE}', N: 'x'}
  b: {image: y, settings: {m: '${CI_COMMIT_MESSAGE}', l: ['${CI_COMMIT_BRANCH}']}}
";
        let done = compile(&[file(".slipway.yml", template)], &context);
        prop_assert_eq!(&done.diagnostics, &[]);
        let plan = &done.jobs[0].plan;
        prop_assert_eq!(graph(plan), ["clone <-", "a <- clone", "b <- a"]);
        let a = told(plan, "a");
        prop_assert_eq!(&a["M"], &text);
        prop_assert_eq!(&a["N"], "x");
        prop_assert_eq!(a.get("CI_COMMIT_MESSAGE").map_or("", String::as_str), &text);
        prop_assert_eq!(&step(plan, "b").environment["PLUGIN_M"], &text);
        prop_assert_eq!(&step(plan, "b").environment["PLUGIN_L"], &text);
        let Program::Commands { commands } = &container(plan, "a").program else { panic!() };
        prop_assert_eq!(commands.len(), 2);
        // What was put into the commands are words; all else is a reference.
        for command in commands {
            let without: String = command.replace("git checkout ", "").replace("echo ", "").replace(['"', ' '], "");
            let mut rest = without.as_str();
            while let Some((word, after)) = rest.split_once("${") {
                prop_assert!(is_word(word), "{}", command);
                rest = after.split_once('}').unwrap().1;
            }
            prop_assert!(is_word(rest), "{}", command);
        }
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:@%+,".contains(&b))
}
