//! What a step hands to later ones: the file `$SLIPWAY_OUTPUT`, read.

use slipway_pipelines::plan::Environment;

use crate::executor::MOST_OUTPUT_BYTES;

/// A file of outputs, read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Outputs {
    /// By name; of a name that is written twice the last.
    pub(super) values: Environment,
    /// A line for the step's log about each one that is dropped, without values.
    pub(super) remarks: Vec<String>,
}

/// Most lines about dropped outputs.
const MOST_REMARKS: usize = 20;

/// Reads `NAME=value` lines. Only declared names are taken, and no value in which `has_secret` finds one.
pub(super) fn read(bytes: &[u8], declared: &[String], has_secret: impl Fn(&str) -> bool) -> Outputs {
    let mut outputs = Outputs::default();
    let bytes = cut(bytes, &mut outputs.remarks);
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match pair(line) {
            None => outputs.remarks.push(format!("line {number} of the outputs is no `NAME=value` and was dropped")),
            Some((name, _)) if !declared.iter().any(|declared| declared == name) => {
                outputs.remarks.push(format!("output `{name}` was dropped: it is not among the step's `outputs`"));
            }
            Some((name, value)) if has_secret(value) => {
                outputs.values.remove(name);
                outputs.remarks.push(format!("output `{name}` was dropped: there is a secret in it"));
            }
            Some((name, value)) => drop(outputs.values.insert(name.to_owned(), value.to_owned())),
        }
    }
    if outputs.remarks.len() > MOST_REMARKS {
        let more = outputs.remarks.len() - MOST_REMARKS;
        outputs.remarks.truncate(MOST_REMARKS);
        outputs.remarks.push(format!("{more} more outputs were dropped"));
    }
    outputs
}

/// The whole lines that fit.
fn cut<'a>(bytes: &'a [u8], remarks: &mut Vec<String>) -> &'a [u8] {
    if bytes.len() <= MOST_OUTPUT_BYTES {
        return bytes;
    }
    remarks.push(format!("the outputs are longer than {MOST_OUTPUT_BYTES} bytes: the rest was dropped"));
    let kept = &bytes[..MOST_OUTPUT_BYTES];
    &kept[..kept.iter().rposition(|byte| *byte == b'\n').unwrap_or(0)]
}

fn pair(line: &[u8]) -> Option<(&str, &str)> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once('=')?;
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && !value.contains('\0')).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Outputs {
        let declared = ["VERSION", "DIGEST"].map(str::to_owned);
        read(text.as_bytes(), &declared, |value| value.contains("hunter2"))
    }

    fn values(outputs: &Outputs) -> Vec<(&str, &str)> {
        outputs.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    #[test]
    fn the_last_value_of_a_declared_name_holds() {
        let outputs = read_text("VERSION=1\r\n\nDIGEST=sha256:a=b \nVERSION=2");
        assert_eq!(values(&outputs), [("DIGEST", "sha256:a=b "), ("VERSION", "2")]);
        assert!(outputs.remarks.is_empty());
        assert_eq!(values(&read_text("VERSION=")), [("VERSION", "")]);
        assert_eq!(read_text(""), Outputs::default());
    }

    #[test]
    fn what_is_dropped_is_said_without_its_value() {
        let outputs = read_text("PATH=/evil\nno pair\n1X=2\nVERSION=1\nVERSION=my hunter2\nDIGEST=a\0b\n");
        assert!(outputs.values.is_empty(), "a secret does not leave the value before it: {outputs:?}");
        assert_eq!(
            outputs.remarks,
            [
                "output `PATH` was dropped: it is not among the step's `outputs`",
                "line 2 of the outputs is no `NAME=value` and was dropped",
                "line 3 of the outputs is no `NAME=value` and was dropped",
                "output `VERSION` was dropped: there is a secret in it",
                "line 6 of the outputs is no `NAME=value` and was dropped",
            ]
        );
        let outputs = read(b"VERSION=\xff", &["VERSION".to_owned()], |_| false);
        assert!(outputs.values.is_empty() && outputs.remarks.len() == 1);
    }

    #[test]
    fn a_file_that_is_too_long_keeps_its_whole_lines() {
        let text = format!("VERSION=1\nDIGEST={}", "x".repeat(MOST_OUTPUT_BYTES));
        let outputs = read_text(&text);
        assert_eq!(values(&outputs), [("VERSION", "1")]);
        assert_eq!(outputs.remarks, ["the outputs are longer than 65536 bytes: the rest was dropped"]);
    }
}
