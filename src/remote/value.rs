//! A value that must not be an argument, since everybody on the machine can read those.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
};

use console::Term;

use super::Failure;
use crate::cli::Value;

/// Longest value that a server takes, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The value from where the flags say: a file, standard input, or a question on the terminal. `what` names it.
pub(crate) fn read(from: &Value, what: &str) -> Result<String, Failure> {
    let bytes = match &from.from_file {
        Some(path) => {
            let failed = |error: io::Error| Failure::usage(format!("cannot read `{}`: {error}", path.display()));
            all(File::open(path).map_err(failed)?).map_err(failed)?
        }
        None if io::stdin().is_terminal() => ask(what)?.into_bytes(),
        None => {
            all(io::stdin().lock()).map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?
        }
    };
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::usage(format!("the {what} is too long: at most 64 KiB are taken")));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("the {what} is not UTF-8 text; encode it, with base64 for example")))?;
    let text = one_line(text);
    if text.is_empty() {
        return Err(Failure::usage(format!("the {what} is empty")));
    }
    Ok(text)
}

/// One byte more than is taken, so that too much is seen as such.
fn all(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LONGEST + 2).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn ask(what: &str) -> Result<String, Failure> {
    let terminal = Term::stderr();
    let failed = |error: io::Error| Failure::usage(format!("cannot ask for the {what}: {error}"));
    terminal.write_str(&format!("{what}: ")).map_err(failed)?;
    terminal.read_secure_line().map_err(failed)
}

/// The end of a single line belongs to `echo`; key files of several lines need theirs.
fn one_line(text: String) -> String {
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    match line {
        Some(line) if !line.contains('\n') => line.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn only_a_single_line_loses_its_end() {
        for (text, value) in [
            ("x\n", "x"),
            ("x\r\n", "x"),
            ("x", "x"),
            ("", ""),
            ("\n", ""),
            ("x\n\n", "x\n\n"),
            ("-----BEGIN\nkey\n-----END\n", "-----BEGIN\nkey\n-----END\n"),
        ] {
            assert_eq!(one_line(text.to_owned()), value);
        }
    }
}
