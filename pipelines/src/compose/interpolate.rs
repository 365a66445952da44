//! `$NAME` and `${NAME…}` as compose files have them. Unlike in pipelines `$NAME` counts, and `$$` stands for a `$`.

use std::collections::BTreeMap;

use crate::substitute::{TooMuch, Variables, is_harmless};

/// How deep defaults may hold variables themselves.
const MOST_DEEP: usize = 8;

/// Where values come from.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The pipeline's, which win.
    pub(super) variables: &'a Variables<'a>,
    /// Of `.env`, beside the compose file.
    pub(super) file: &'a BTreeMap<String, String>,
}

/// What a text comes to.
#[derive(PartialEq, Eq, Debug, Default)]
pub(super) struct Outcome {
    pub(super) text: String,
    /// Names without a value, which stand for nothing.
    pub(super) unset: Vec<String>,
    /// A name whose value comes from outside and is more than a word: it must not become part of a program.
    pub(super) outside: Option<String>,
}

/// Why a text comes to nothing.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Wrong {
    /// A `$` that begins nothing.
    Form(String),
    /// `${NAME:?why}` without a value.
    Required {
        name: String,
        why: String,
    },
    TooMuch(TooMuch),
}

impl From<TooMuch> for Wrong {
    fn from(error: TooMuch) -> Self {
        Self::TooMuch(error)
    }
}

impl Scope<'_> {
    /// Replaces every variable of a text.
    pub(super) fn text(&self, text: &str) -> Result<Outcome, Wrong> {
        let mut outcome = Outcome::default();
        self.add(text, &mut outcome, 0)?;
        Ok(outcome)
    }

    /// A value, and whether it comes from the repository.
    pub(super) fn get(&self, name: &str) -> Option<(&str, bool)> {
        match self.variables.get(name) {
            Some(variable) => Some((variable.value, variable.trusted)),
            None => self.file.get(name).map(|value| (value.as_str(), true)),
        }
    }

    fn add(&self, text: &str, outcome: &mut Outcome, depth: usize) -> Result<(), Wrong> {
        if depth > MOST_DEEP {
            return Err(TooMuch.into());
        }
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            outcome.text.push_str(&rest[..at]);
            let found = &rest[at..];
            let after = &found[1..];
            if let Some(after) = after.strip_prefix('$') {
                outcome.text.push('$');
                rest = after;
            } else if after.starts_with('{') {
                let end = closing(found).ok_or_else(|| form(found))?;
                self.braced(&found[2..end], outcome, depth).map_err(|wrong| match wrong {
                    // The whole of it, not what is inside.
                    Wrong::Form(_) => form(&found[..=end]),
                    wrong => wrong,
                })?;
                rest = &found[end + 1..];
            } else {
                let (name, after) = after.split_at(name_length(after));
                if name.is_empty() {
                    return Err(form(found));
                }
                self.value(name, outcome)?;
                rest = after;
            }
        }
        outcome.text.push_str(rest);
        self.variables.spend(text.len())?;
        Ok(())
    }

    fn braced(&self, inside: &str, outcome: &mut Outcome, depth: usize) -> Result<(), Wrong> {
        let (name, operator) = inside.split_at(name_length(inside));
        if name.is_empty() {
            return Err(form(inside));
        }
        let value = self.get(name).map(|(value, _)| value);
        let filled = value.filter(|value| !value.is_empty());
        let (is_there, operator) = match operator.strip_prefix(':') {
            Some(operator) => (filled.is_some(), operator),
            None => (value.is_some(), operator),
        };
        match operator.split_at_checked(1) {
            None if inside.len() == name.len() => self.value(name, outcome),
            Some(("-" | "?", _)) if is_there => self.value(name, outcome),
            Some(("-", word)) => self.add(word, outcome, depth + 1),
            Some(("?", why)) => Err(Wrong::Required { name: name.to_owned(), why: why.to_owned() }),
            Some(("+", word)) if is_there => self.add(word, outcome, depth + 1),
            Some(("+", _)) => Ok(()),
            _ => Err(form(inside)),
        }
    }

    fn value(&self, name: &str, outcome: &mut Outcome) -> Result<(), Wrong> {
        let Some((value, is_own)) = self.get(name) else {
            outcome.unset.push(name.to_owned());
            return Ok(());
        };
        self.variables.spend(value.len())?;
        outcome.text.push_str(value);
        if !is_own && !is_harmless(value) {
            outcome.outside.get_or_insert_with(|| name.to_owned());
        }
        Ok(())
    }
}

fn form(text: &str) -> Wrong {
    Wrong::Form(text.chars().take(40).collect())
}

/// Where the `${…}` ends that a text begins with.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0usize;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => open += 1,
            b'}' if open == 1 => return Some(at),
            b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn name_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::substitute::Budget;

    fn with<T>(test: impl FnOnce(Scope<'_>) -> T) -> T {
        let budget = Budget::default();
        let mut variables = Variables::new(&budget);
        let values = [("BRANCH", "a; b"), ("SHA", "0123"), ("EMPTY", ""), ("BOTH", "pipeline")];
        variables.add(values.map(|(name, value)| (name.to_owned(), value.to_owned())));
        variables.add_own([("AXIS".to_owned(), "x y".to_owned())]);
        let file = [("TAG", "7"), ("BOTH", "file")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        test(Scope { variables: &variables, file: &file })
    }

    #[test]
    fn all_forms_of_the_specification() {
        for (text, wanted) in [
            ("a$TAG-${TAG}.", "a7-7."),
            ("$$TAG $${TAG} 5$$", "$TAG ${TAG} 5$"),
            ("${NONE:-d}${NONE-d}${EMPTY:-d}[${EMPTY-d}]${TAG:-d}", "ddd[]7"),
            ("${NONE:+r}${NONE+r}${EMPTY:+r}${EMPTY+r}${TAG:+r}", "rr"),
            ("${TAG:?no}${EMPTY?no}", "7"),
            ("${NONE:-${TAG:-x}-${NONE:-{y}}", "7-{y"),
            ("${NONE:-a:b/c?}", "a:b/c?"),
            ("$BOTH", "pipeline"),
            ("${AXIS}", "x y"),
            ("${NONE:-}", ""),
        ] {
            let outcome = with(|scope| scope.text(text)).unwrap();
            assert_eq!((outcome.text.as_str(), outcome.unset.as_slice()), (wanted, &[][..]), "{text}");
        }
    }

    #[test]
    fn what_is_not_set_wrong_or_from_outside_is_told() {
        let outcome = with(|scope| scope.text("${NONE}/$OTHER")).unwrap();
        assert_eq!((outcome.text.as_str(), outcome.unset), ("/", vec!["NONE".to_owned(), "OTHER".to_owned()]));
        let outcome = with(|scope| scope.text("${SHA} ${AXIS} ${NONE:-$BRANCH}")).unwrap();
        assert_eq!(outcome.outside.as_deref(), Some("BRANCH"));
        assert_eq!(with(|scope| scope.text("${SHA} ${AXIS}")).unwrap().outside, None);
        let why = Wrong::Required { name: "NONE".into(), why: "set it".into() };
        assert_eq!(with(|scope| scope.text("${NONE:?set it}")), Err(why));
        for (text, shown) in
            [("a $ b", "$ b"), ("$1", "$1"), ("${", "${"), ("${A B}", "${A B}"), ("${TAG!}", "${TAG!}")]
        {
            assert_eq!(with(|scope| scope.text(text)), Err(Wrong::Form(shown.into())), "{text}");
        }
    }

    #[test]
    fn growth_and_depth_are_bounded() {
        let deep = (0..20).fold("x".to_owned(), |inner, _| format!("${{NONE:-{inner}}}"));
        assert_eq!(with(|scope| scope.text(&deep)), Err(Wrong::TooMuch(TooMuch)));
        let budget = Budget::default();
        let mut variables = Variables::new(&budget);
        variables.add([("A".to_owned(), "a".repeat(60_000))]);
        let scope = Scope { variables: &variables, file: &BTreeMap::new() };
        assert_eq!(scope.text(&"$A".repeat(2000)), Err(Wrong::TooMuch(TooMuch)));
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in r"[${}:?+\-A-Zé ]{0,40}") {
            let _ = with(|scope| scope.text(&text));
        }
    }
}
