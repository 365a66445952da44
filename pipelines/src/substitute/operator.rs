//! What stands after the name in `${name…}`.

/// An operation on a value. Words are templates themselves.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Operator<'t> {
    /// `${p}`
    None,
    /// `${#p}`: characters.
    Length,
    /// `${p,}`
    LowerFirst,
    /// `${p,,}`
    Lower,
    /// `${p^}`
    UpperFirst,
    /// `${p^^}`
    Upper,
    /// `${p:from}`, `${p:from:length}`: characters; negative counts from the end.
    Substring(i64, Option<i64>),
    /// `${p=w}`, `${p:=w}`, `${p-w}`, `${p:-w}`: the word where the value is empty.
    Default(&'t str),
    /// `${p+w}`, `${p:+w}`: the word where the value is not empty.
    Alternative(&'t str),
    /// `${p#w}`, `${p##w}`: without the shortest or longest beginning.
    TrimStart { pattern: &'t str, longest: bool },
    /// `${p%w}`, `${p%%w}`: without the shortest or longest end.
    TrimEnd { pattern: &'t str, longest: bool },
    /// `${p/old/new}` and its kinds.
    Replace { which: Which, old: &'t str, new: &'t str },
}

/// What a replacement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// `/`
    First,
    /// `//`
    All,
    /// `/#`
    Start,
    /// `/%`
    End,
}

impl<'t> Operator<'t> {
    /// Understands what stands after the name. `None` when it is nothing that we know.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let operator = match text {
            "" => Self::None,
            "," => Self::LowerFirst,
            ",," => Self::Lower,
            "^" => Self::UpperFirst,
            "^^" => Self::Upper,
            _ => {
                let begins = |prefix| text.strip_prefix(prefix);
                if let Some(word) =
                    begins(":=").or_else(|| begins(":-")).or_else(|| begins("=")).or_else(|| begins("-"))
                {
                    Self::Default(word)
                } else if let Some(word) = begins(":+").or_else(|| begins("+")) {
                    Self::Alternative(word)
                } else if let Some(numbers) = begins(":") {
                    substring(numbers)?
                } else if let Some(pattern) = begins("##") {
                    Self::TrimStart { pattern, longest: true }
                } else if let Some(pattern) = begins("#") {
                    Self::TrimStart { pattern, longest: false }
                } else if let Some(pattern) = begins("%%") {
                    Self::TrimEnd { pattern, longest: true }
                } else if let Some(pattern) = begins("%") {
                    Self::TrimEnd { pattern, longest: false }
                } else {
                    replacement(begins("/")?)
                }
            }
        };
        Some(operator)
    }

    /// Whether every POSIX shell understands it, too.
    pub(super) fn is_posix(&self) -> bool {
        match self {
            Self::None
            | Self::Length
            | Self::Default(_)
            | Self::Alternative(_)
            | Self::TrimStart { .. }
            | Self::TrimEnd { .. } => true,
            Self::LowerFirst
            | Self::Lower
            | Self::UpperFirst
            | Self::Upper
            | Self::Substring(..)
            | Self::Replace { .. } => false,
        }
    }
}

fn substring<'t>(numbers: &str) -> Option<Operator<'t>> {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    Some(match numbers.split_once(':') {
        None => Operator::Substring(number(numbers)?, None),
        Some((from, length)) => Operator::Substring(number(from)?, Some(number(length)?)),
    })
}

fn replacement(text: &str) -> Operator<'_> {
    let (which, words) = match text.as_bytes().first() {
        Some(b'/') => (Which::All, &text[1..]),
        Some(b'#') => (Which::Start, &text[1..]),
        Some(b'%') => (Which::End, &text[1..]),
        _ => (Which::First, text),
    };
    let (old, new) = words.split_once('/').unwrap_or((words, ""));
    Operator::Replace { which, old, new }
}
