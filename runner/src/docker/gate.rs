//! The gate: a shell that is up before its step's turn and waits on standard input for the word.
//!
//! What goes in, one line each: shell commands that set late environment, then `go`. End of input before `go` ends the
//! container with [`NEVER_RELEASED`] and none of the user's instructions run, so the containers of a runner that died
//! end by themselves. What comes out: the log on standard output, with standard error folded into it so that the order
//! is true, and [control lines](super::control) on the stream that standard error was.
//!
//! The script runs in a subshell, so its own traps, `exec` and file descriptors disturb nothing, and it has no way to
//! the control stream. It travels as arguments of the outer shell: a syntax error in it stays its own.

use slipway_pipelines::plan::Environment;

use super::{marks, memory, outputs};

/// Exit code of a gate whose input ended before the word.
pub(super) const NEVER_RELEASED: i32 = 125;

/// Longest argument, in bytes. The kernel takes 128 KiB with the terminating zero.
const MAX_ARGUMENT: usize = 96 * 1024;

/// Quotes a text as one word of POSIX shell.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The script of a step: each command is [marked](marks) and echoed before it runs.
fn script(commands: &[String], nonce: &str) -> String {
    let mut script = String::new();
    for (number, command) in commands.iter().enumerate() {
        let command = command.trim_end_matches('\n');
        script.push_str(&format!("printf '{}%s\\n' ", marks::format(nonce, number)));
        script.push_str(&quote(&format!("+ {command}")));
        script.push('\n');
        script.push_str(command);
        script.push('\n');
    }
    script
}

/// Splits a text into pieces that are short enough for an argument. Always at least one.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > MAX_ARGUMENT {
        let mut end = MAX_ARGUMENT;
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece.to_owned());
        rest = after;
    }
    pieces.push(rest.to_owned());
    pieces
}

/// What a gate runs.
pub(super) struct Script<'a> {
    pub(super) commands: &'a [String],
    pub(super) directory: &'a str,
    /// Whether the file of outputs is made before the commands and told after them.
    pub(super) has_outputs: bool,
}

impl Script<'_> {
    /// Arguments for `/bin/sh -c` that make a gate before the commands. Control lines begin with `nonce`.
    pub(super) fn arguments(&self, nonce: &str) -> Vec<String> {
        let pieces = pieces(&script(self.commands, nonce));
        let whole: String = (1..=pieces.len()).map(|position| format!("${{{position}}}")).collect();
        let directory = quote(self.directory);
        let (before, after) =
            if self.has_outputs { (outputs::before(), outputs::after(nonce)) } else { Default::default() };
        let killed = memory::after(nonce);
        // `set --` in front of the script takes its own text away from `$1`.
        let outer = format!(
            r#"exec 7>&2 2>&1
while :; do
IFS= read -r slipway_line || exit {NEVER_RELEASED}
case $slipway_line in go) break;; esac
eval "$slipway_line"
done
unset slipway_line
printf '%s\n' '{nonce} go' >&7
{before}(
exec 7>&- </dev/null
set -e
[ -d {directory} ] || mkdir -p {directory}
cd {directory}
eval "set --
{whole}"
)
slipway_code=$?
{killed}{after}printf '%s\n' "{nonce} exit $slipway_code" >&7
exit $slipway_code
"#
        );
        let mut arguments = vec![outer, "sh".to_owned()];
        arguments.extend(pieces);
        arguments
    }
}

/// What is written to a gate to let it go.
pub(super) fn word(late: &Environment) -> Vec<u8> {
    let mut word = String::new();
    for (name, value) in late {
        if !is_shell_name(name) {
            continue;
        }
        // The gate reads lines: a newline travels as what printf makes of it, its own trailing ones kept by the dot.
        let value = if value.contains('\n') {
            let escaped = value.replace('\\', r"\\").replace('\n', r"\n");
            // Not as the format: one that begins with a dash would be an option.
            format!("$(printf %b. {}); {name}=${{{name}%.}}", quote(&escaped))
        } else {
            quote(value)
        };
        word.push_str(&format!("{name}={value}; export {name}\n"));
    }
    word.push_str("go\n");
    word.into_bytes()
}

/// Whether a shell can export it.
fn is_shell_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
