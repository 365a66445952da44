//! Values with operators applied.

use super::{
    operator::{Operator, Which},
    pattern::fitting_starts,
    template::{Expression, Part, parse},
    variables::{TooMuch, Variables},
};

/// How deep words may hold `${…}` themselves.
const MOST_DEEP: usize = 8;

/// What a text or expression comes to.
pub(super) struct Outcome {
    pub(super) text: String,
    /// Every variable in it is trusted.
    pub(super) trusted: bool,
}

/// Replaces every `${…}` of a text; an unknown name is empty, `$${` stands for `${`.
pub(crate) fn in_text(text: &str, variables: &Variables<'_>) -> Result<String, TooMuch> {
    if !text.contains("${") {
        return Ok(text.to_owned());
    }
    whole(text, variables, 0).map(|outcome| outcome.text)
}

fn whole(text: &str, variables: &Variables<'_>, depth: usize) -> Result<Outcome, TooMuch> {
    if depth > MOST_DEEP {
        return Err(TooMuch);
    }
    let mut outcome = Outcome { text: String::new(), trusted: true };
    for part in parse(text) {
        match part {
            Part::Text(text) => outcome.text.push_str(text),
            Part::Expression(expression) => {
                let value = evaluate(&expression, variables, depth)?;
                outcome.text.push_str(&value.text);
                outcome.trusted &= value.trusted;
            }
        }
    }
    variables.spend(outcome.text.len())?;
    Ok(outcome)
}

/// The value of one expression.
pub(super) fn evaluate(
    expression: &Expression<'_>,
    variables: &Variables<'_>,
    depth: usize,
) -> Result<Outcome, TooMuch> {
    let variable = variables.get(expression.name);
    let value = variable.map_or("", |variable| variable.value);
    let trusted = variable.is_none_or(|variable| variable.trusted);
    let word = |word: &str| whole(word, variables, depth + 1);
    variables.spend(value.len())?;
    let text = match &expression.operator {
        Operator::None => value.to_owned(),
        Operator::Length => value.chars().count().to_string(),
        Operator::LowerFirst => first(value, |c| c.to_lowercase().collect()),
        Operator::Lower => value.to_lowercase(),
        Operator::UpperFirst => first(value, |c| c.to_uppercase().collect()),
        Operator::Upper => value.to_uppercase(),
        Operator::Substring(from, length) => substring(value, *from, *length),
        Operator::Default(default) if value.is_empty() => return word(default),
        Operator::Alternative(alternative) if !value.is_empty() => return word(alternative),
        Operator::Default(_) => value.to_owned(),
        Operator::Alternative(_) => String::new(),
        Operator::TrimStart { pattern, longest } => {
            let pattern = word(pattern)?;
            let (pattern, characters) = prepare(&pattern.text, value, variables, false)?;
            let cut = pick(&fitting_starts(&pattern, &characters), *longest);
            characters[cut..].iter().collect()
        }
        Operator::TrimEnd { pattern, longest } => {
            let pattern = word(pattern)?;
            let (pattern, characters) = prepare(&pattern.text, value, variables, true)?;
            let cut = pick(&fitting_starts(&pattern, &characters), *longest);
            characters[cut..].iter().rev().collect()
        }
        Operator::Replace { which, old, new } => {
            let (old, new) = (word(old)?, word(new)?);
            let text = replace(value, *which, &old.text, &new.text, variables)?;
            return Ok(Outcome { text, trusted: trusted && old.trusted && new.trusted });
        }
    };
    Ok(Outcome { text, trusted })
}

fn first(text: &str, change: impl Fn(char) -> String) -> String {
    let mut characters = text.chars();
    characters.next().map(change).unwrap_or_default() + characters.as_str()
}

fn substring(text: &str, from: i64, length: Option<i64>) -> String {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let place = |at: i64| if at < 0 { count.saturating_add(at).max(0) } else { at.min(count) };
    let start = place(from);
    let end = match length {
        None => count,
        Some(length) if length < 0 => place(length),
        Some(length) => start.saturating_add(length).min(count),
    };
    let (start, kept) = (usize::try_from(start).unwrap_or(0), usize::try_from(end - start).unwrap_or(0));
    text.chars().skip(start).take(kept).collect()
}

fn prepare(
    pattern: &str,
    value: &str,
    variables: &Variables<'_>,
    backwards: bool,
) -> Result<(Vec<char>, Vec<char>), TooMuch> {
    variables.spend(pattern.len().saturating_mul(value.len()))?;
    let characters =
        |text: &str| -> Vec<char> { if backwards { text.chars().rev().collect() } else { text.chars().collect() } };
    Ok((characters(pattern), characters(value)))
}

fn pick(lengths: &[usize], longest: bool) -> usize {
    if longest { lengths.last() } else { lengths.first() }.copied().unwrap_or(0)
}

fn replace(value: &str, which: Which, old: &str, new: &str, variables: &Variables<'_>) -> Result<String, TooMuch> {
    if old.is_empty() {
        return Ok(value.to_owned());
    }
    Ok(match which {
        Which::First => value.replacen(old, new, 1),
        Which::All => {
            variables.spend(value.matches(old).count().saturating_mul(new.len()))?;
            value.replace(old, new)
        }
        Which::Start => value.strip_prefix(old).map_or_else(|| value.to_owned(), |rest| format!("{new}{rest}")),
        Which::End => value.strip_suffix(old).map_or_else(|| value.to_owned(), |rest| format!("{rest}{new}")),
    })
}
