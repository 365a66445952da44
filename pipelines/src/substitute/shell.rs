//! `${VAR}` inside a shell's text.
//!
//! A harmless value is put into the text. One that a shell could read as syntax is not: the text keeps a reference,
//! and the shell reads the value from the environment, where nothing is parsed.

use super::{
    evaluate::evaluate,
    operator::Operator,
    template::{Part, parse},
    variables::{TooMuch, Variables},
};
use crate::plan::Environment;

/// A command, and what its environment must have for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShellText {
    pub(crate) text: String,
    /// Values that could not be put into the text.
    pub(crate) late: Environment,
}

/// Replaces every `${…}` of a command. Names that are not known are left to the shell, which may know them: variables of the script
/// and of `environment:`. `told` says whether the step will have a value under a name; `taken` counts the names made so far.
pub(crate) fn in_shell(
    text: &str,
    variables: &Variables<'_>,
    told: &dyn Fn(&str, &str) -> bool,
    taken: &mut usize,
) -> Result<ShellText, TooMuch> {
    let mut result = ShellText { text: String::new(), late: Environment::new() };
    for part in parse(text) {
        let expression = match part {
            Part::Text(text) => {
                result.text.push_str(text);
                continue;
            }
            Part::Expression(expression) => expression,
        };
        let known = variables.get(expression.name).is_some();
        if !known && expression.operator.is_posix() {
            result.text.push_str(expression.raw);
            continue;
        }
        let value = evaluate(&expression, variables, 0)?;
        if value.trusted || is_harmless(&value.text) {
            result.text.push_str(&value.text);
        } else if expression.operator == Operator::None && told(expression.name, &value.text) {
            result.text.push_str(expression.raw);
        } else {
            *taken += 1;
            let name = format!("SLIPWAY_TEXT_{taken}");
            result.text.push_str(&format!("${{{name}}}"));
            result.late.insert(name, value.text);
        }
    }
    variables.spend(result.text.len())?;
    Ok(result)
}

/// Whether no shell sees anything but a word, or a part of one, in a value.
pub(crate) fn is_harmless(value: &str) -> bool {
    value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b':' | b'@' | b'%' | b'+' | b','))
}
