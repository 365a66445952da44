use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use proptest::prelude::*;

use super::{
    super::marks::{Marks, Piece},
    *,
};

const SHELLS: [&[&str]; 3] = [&["dash"], &["bash"], &["busybox", "sh"]];

/// The shells that this machine has; `sh` if none of those that we name.
fn shells() -> Vec<Vec<&'static str>> {
    let found: Vec<_> = SHELLS
        .iter()
        .filter(|shell| Command::new(shell[0]).args(&shell[1..]).args(["-c", ":"]).output().is_ok())
        .map(|shell| shell.to_vec())
        .collect();
    if found.is_empty() { vec![vec!["sh"]] } else { found }
}

fn run(shell: &[&str], commands: &[&str], input: &[u8]) -> Output {
    let commands: Vec<String> = commands.iter().map(|&command| command.to_owned()).collect();
    let mut child = Command::new(shell[0])
        .args(&shell[1..])
        .arg("-c")
        .args(Script { commands: &commands, directory: "/tmp", has_outputs: false }.arguments("N0NCE"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    // Where the tests run themselves, something may have been killed.
    let stderr = text(&output.stderr).replace("N0NCE oom\n", "").into_bytes();
    Output { stdout: unmarked(&output.stdout, commands.len()), stderr, ..output }
}

/// The output without its marks. Each of them must stand before the echo of its command, and none twice.
fn unmarked(output: &[u8], most: usize) -> Vec<u8> {
    let (mut marks, mut text, mut next) = (Marks::new("N0NCE"), Vec::new(), 0);
    let mut is_echo = false;
    marks.feed(output, |piece| match piece {
        Piece::Text(bytes) => {
            assert!(!is_echo || bytes.starts_with(b"+ "), "{output:?}");
            is_echo = false;
            text.extend_from_slice(bytes);
        }
        Piece::Command(number) => {
            assert_eq!(number, next);
            (next, is_echo) = (next + 1, true);
        }
    });
    assert!(next <= most);
    text.extend(marks.finish());
    text
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn commands_are_echoed_and_run_in_one_shell_with_their_errors_in_place() {
    for shell in shells() {
        let output =
            run(&shell, &["x=1", "echo out $x; echo err >&2", "cd /\npwd", "echo 'a\\nb' \"$#\" | cat"], b"go\n");
        let log = text(&output.stdout);
        let end = if shell[0] == "dash" { "a\nb 0\n" } else { "a\\nb 0\n" };
        assert_eq!(
            log,
            format!(
                "+ x=1\n+ echo out $x; echo err >&2\nout 1\nerr\n+ cd /\npwd\n/\n+ echo 'a\\nb' \"$#\" | cat\n{end}"
            ),
            "{shell:?}"
        );
        assert_eq!(text(&output.stderr), "N0NCE go\nN0NCE exit 0\n");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn input_that_ends_before_the_word_runs_nothing() {
    for shell in shells() {
        for input in [&b""[..], b"A=1; export A\n", b"go"] {
            let output = run(&shell, &["echo hello"], input);
            assert_eq!(output.status.code(), Some(NEVER_RELEASED), "{shell:?}");
            assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{shell:?} {output:?}");
        }
    }
}

#[test]
fn the_first_command_that_fails_ends_the_script_with_its_code() {
    for shell in shells() {
        let output = run(&shell, &["(exit 7)", "echo never"], b"go\n");
        assert_eq!((text(&output.stdout), output.status.code()), ("+ (exit 7)\n".to_owned(), Some(7)), "{shell:?}");
        assert_eq!(text(&output.stderr), "N0NCE go\nN0NCE exit 7\n");
    }
}

#[test]
fn traps_exec_and_syntax_errors_of_the_script_do_not_disturb_the_gate() {
    for shell in shells() {
        let traps = run(&shell, &["trap 'echo bye' EXIT", "exit 3"], b"go\n");
        assert!(text(&traps.stdout).ends_with("bye\n"), "{shell:?} {traps:?}");
        assert_eq!(text(&traps.stderr), "N0NCE go\nN0NCE exit 3\n");
        let exec = run(&shell, &["exec sh -c 'exit 4'"], b"go\n");
        assert_eq!(text(&exec.stderr), "N0NCE go\nN0NCE exit 4\n", "{shell:?}");
        for broken in ["echo \"", ")", "if", "cat <<X"] {
            let syntax = run(&shell, &["echo first", broken], b"go\n");
            assert!(text(&syntax.stdout).contains("first\n"), "{shell:?} {syntax:?}");
            let code = syntax.status.code().unwrap();
            assert_eq!(text(&syntax.stderr), format!("N0NCE go\nN0NCE exit {code}\n"), "{shell:?}");
        }
        let control = run(&shell, &["echo stolen >&7"], b"go\n");
        assert!(!text(&control.stderr).contains("stolen") && control.status.code() != Some(0), "{shell:?} {control:?}");
    }
}

#[test]
fn standard_input_of_the_commands_is_empty() {
    for shell in shells() {
        let output = run(&shell, &["cat", "read -r x || echo none"], b"go\nleft over\n");
        assert_eq!(text(&output.stdout), "+ cat\n+ read -r x || echo none\nnone\n", "{shell:?}");
    }
}

#[test]
fn a_script_longer_than_an_argument_may_be_runs_whole() {
    let long = format!("x='{}'", "ä".repeat(150_000));
    for shell in shells() {
        let output = run(&shell, &[&long, "echo ${#x} $#"], b"go\n");
        let log = text(&output.stdout);
        assert!(log.ends_with(" 0\n") && output.status.success(), "{shell:?} {:?}", text(&output.stderr));
        let counted: usize = log.lines().last().unwrap().trim_end_matches(" 0").parse().unwrap();
        assert!(counted == 150_000 || counted == 300_000, "{shell:?} {counted}");
    }
}

#[test]
fn the_directory_is_made_and_entered() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("it's new/$HOME");
    let output = Command::new("sh")
        .arg("-c")
        .args(
            Script { commands: &["pwd".to_owned()], directory: directory.to_str().unwrap(), has_outputs: false }
                .arguments("N"),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .and_then(|mut child| {
            child.stdin.take().unwrap().write_all(b"go\n")?;
            child.wait_with_output()
        })
        .unwrap();
    assert!(text(&output.stdout).ends_with(&format!("+ pwd\n{}\n", directory.display())), "{output:?}");
}

#[test]
fn names_that_no_shell_can_export_are_left_out() {
    let late = Environment::from([("a-b".into(), "1".into()), ("9".into(), "1".into()), ("OK".into(), "1".into())]);
    assert_eq!(text(&word(&late)), "OK='1'; export OK\ngo\n");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_value_reaches_the_script_unchanged(values in prop::collection::vec("[^\0]{0,40}", 1..4)) {
        let late: Environment =
            values.iter().enumerate().map(|(position, value)| (format!("V{position}"), value.clone())).collect();
        let print: String = (0..values.len()).map(|position| format!("printf '%s|' \"$V{position}\"; ")).collect();
        for shell in shells() {
            let output = run(&shell, &[&print], &word(&late));
            let wanted: Vec<u8> = values.iter().flat_map(|value| [value.as_bytes(), b"|"].concat()).collect();
            let start = output.stdout.len().saturating_sub(wanted.len());
            prop_assert_eq!(&output.stdout[start..], &wanted[..], "{:?}", shell);
        }
    }

    #[test]
    fn any_command_is_echoed_as_it_is_written(tail in "[^\0]{0,60}") {
        let command = format!(": # {}", tail.replace('\n', " "));
        for shell in shells() {
            let output = run(&shell, &[&command], b"go\n");
            prop_assert_eq!(text(&output.stdout), format!("+ {}\n", command), "{:?}", shell);
        }
    }

    #[test]
    fn quoting_makes_one_word(value in "[^\0]{0,60}") {
        let output = Command::new("sh").arg("-c").arg(format!("printf %s {}", quote(&value))).output().unwrap();
        prop_assert_eq!(output.stdout, value.into_bytes());
    }

    #[test]
    fn pieces_are_short_and_make_the_whole(text in "[aä\n€]{0,400}", times in 1..600usize) {
        let whole = text.repeat(times);
        let parts = pieces(&whole);
        prop_assert!(parts.iter().all(|part| part.len() <= MAX_ARGUMENT));
        prop_assert_eq!(parts.concat(), whole);
    }
}
