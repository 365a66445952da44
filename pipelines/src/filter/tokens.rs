//! An expression's text -> tokens, and what of the language may be written: nothing that takes or makes more than its text and the
//! values in it, whoever wrote it.

use crate::suggest::did_you_mean;

/// Longest expression, in bytes.
const MOST: usize = 1000;
/// Most tokens: what is parsed and run goes as deep.
const MOST_TOKENS: usize = 200;
/// Deepest brackets.
const MOST_DEEP: usize = 8;

/// Functions that call a predicate for each item of a list.
const FOR_EACH: [&str; 7] = ["any", "all", "none", "one", "filter", "count", "find"];
/// Functions that give no more than they take.
const PLAIN: [&str; 18] = [
    "len",
    "lower",
    "upper",
    "trim",
    "trimPrefix",
    "trimSuffix",
    "hasPrefix",
    "hasSuffix",
    "indexOf",
    "lastIndexOf",
    "split",
    "replace",
    "fromJSON",
    "string",
    "int",
    "float",
    "first",
    "last",
];
const WORDS: [&str; 12] =
    ["and", "or", "not", "in", "contains", "startsWith", "endsWith", "matches", "true", "false", "nil", "in"];
const ON_TEXT: [&str; 4] = ["contains", "startsWith", "endsWith", "matches"];

/// What the expression crate is given, and what was seen on the way.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    pub(super) text: String,
    /// Every variable, as often as it is written.
    pub(super) names: Vec<String>,
    /// The literals after `matches`.
    pub(super) patterns: Vec<String>,
    /// Whether something is run for each item of a list.
    pub(super) loops: bool,
}

/// Why an expression is not taken, and what to write.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

fn refused<T>(message: impl Into<String>, help: &str) -> Result<T, Refused> {
    Err(Refused { message: message.into(), help: (!help.is_empty()).then(|| help.to_owned()) })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Name,
    Number,
    Text,
    Sign,
}

type Token<'t> = (Kind, &'t str);

/// A variable's name in the text: the crate would read the beginning of `nothing` as `not`.
pub(super) fn spelled(name: &str) -> String {
    let taken = ["not", "true", "false", "nil", "if", "let"].iter().any(|word| name.starts_with(word));
    if taken { format!("v_{name}") } else { name.to_owned() }
}

/// Takes an expression apart, checks it and puts it together again.
pub(super) fn guard(text: &str) -> Result<Guarded, Refused> {
    if text.len() > MOST {
        return refused(format!("an expression takes at most {MOST} characters"), "");
    }
    let tokens = tokens(text)?;
    if tokens.len() > MOST_TOKENS {
        return refused(format!("an expression takes at most {MOST_TOKENS} words and signs"), "");
    }
    brackets(&tokens)?;
    rewritten(&tokens)
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Refused> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word_end = |from: usize| {
            rest[from..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).map_or(rest.len(), |at| from + at)
        };
        let (kind, end) = match first {
            'a'..='z' | 'A'..='Z' | '_' => (Kind::Name, word_end(0)),
            '#' => (Kind::Name, word_end(1)),
            '0'..='9' => {
                let end =
                    rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(rest.len());
                (Kind::Number, end)
            }
            '"' | '\'' | '`' => match text_end(rest, first) {
                Some(end) => (Kind::Text, end),
                None => return refused(format!("a text begins with {first} and does not end"), ""),
            },
            '$' if rest.starts_with("${") => {
                return refused(
                    "`${…}` is not replaced in an expression: a value could change its meaning",
                    "write the name alone, such as `CI_COMMIT_BRANCH == \"main\"`",
                );
            }
            '$' => {
                return refused(
                    "`$` has no place in an expression",
                    "write the name alone, such as `CI_COMMIT_BRANCH`",
                );
            }
            _ => {
                let two = ["&&", "||", "==", "!=", ">=", "<=", "??", "?.", "**", "..", "//", "/*"];
                let known = two.iter().find(|two| rest.starts_with(**two));
                (Kind::Sign, known.map_or(first.len_utf8(), |two| two.len()))
            }
        };
        let token = &rest[..end];
        match token {
            ".." => return refused("`..` is not supported", "write the numbers as a list, `[1, 2, 3]`"),
            "//" | "/*" => return refused("an expression has no comments", "write `# …` in the line above"),
            "let" | "if" | "else" => {
                return refused(format!("`{token}` is not supported"), "write it with `&&`, `||` and `? :`");
            }
            ";" => return refused("an expression is one", "write it with `&&` and `||`"),
            "b" | "B" if rest[end..].starts_with(['"', '\'']) => {
                return refused("bytes are not supported", "write text");
            }
            _ if kind == Kind::Number && token.contains("..") => return refused("`..` is not supported", ""),
            _ => tokens.push((kind, token)),
        }
        rest = rest[end..].trim_start();
    }
    Ok(tokens)
}

fn text_end(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

/// Checks functions and nesting.
fn brackets(tokens: &[Token<'_>]) -> Result<(), Refused> {
    // Each open bracket, and whether it holds a predicate.
    let mut open: Vec<(&str, bool)> = Vec::new();
    for (at, (kind, token)) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map(|(_, next)| *next);
        if *kind == Kind::Name && next == Some("(") && !WORDS.contains(token) {
            let all = || FOR_EACH.into_iter().chain(PLAIN);
            if !all().any(|known| known == *token) {
                let help = did_you_mean(token, all()).unwrap_or_else(|| {
                    "functions are `len`, `lower`, `upper`, `split`, `any`, `all` and their like".to_owned()
                });
                return refused(format!("`{token}` is no function that is supported"), &help);
            }
            if FOR_EACH.contains(token) && open.iter().any(|(_, predicate)| *predicate) {
                return refused(
                    format!("`{token}` inside another of its kind is not supported"),
                    "write one after the other: `filter(list, …) | any(…)`",
                );
            }
        }
        if *kind != Kind::Sign {
            continue;
        }
        match *token {
            "(" => {
                let before = at.checked_sub(1).map(|before| tokens[before].1);
                open.push((")", before.is_some_and(|before| FOR_EACH.contains(&before))));
            }
            "[" => open.push(("]", false)),
            "{" if open.last().is_some_and(|(_, predicate)| *predicate) => open.push(("}", false)),
            "{" => return refused("maps are not supported", "write a list, `[a, b]`"),
            ")" | "]" | "}" if open.pop().is_none_or(|(wanted, _)| wanted != *token) => {
                return refused(format!("`{token}` closes nothing"), "");
            }
            _ => {}
        }
        if open.len() > MOST_DEEP {
            return refused(format!("brackets go more than {MOST_DEEP} deep"), "");
        }
    }
    match open.last() {
        Some((wanted, _)) => refused(format!("a `{wanted}` is missing"), ""),
        None => Ok(()),
    }
}

/// Puts the tokens together again. What is not there is nothing of a text: `X contains "a"` is false without `X`, as in Woodpecker,
/// where the crate would give up. `X not contains "a"` is taken, too.
fn rewritten(tokens: &[Token<'_>]) -> Result<Guarded, Refused> {
    let mut guarded = Guarded::default();
    let token = |at: usize| tokens.get(at).map_or("", |(_, token)| *token);
    let is_variable = |at: usize| {
        let before = at.checked_sub(1).map_or("", token);
        tokens.get(at).is_some_and(|(kind, name)| {
            *kind == Kind::Name
                && !name.starts_with('#')
                && !WORDS.contains(name)
                && token(at + 1) != "("
                && !matches!(before, "." | "?.")
        })
    };
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (kind, text) = tokens[at];
        if FOR_EACH.contains(&text) && token(at + 1) == "(" {
            guarded.loops = true;
        }
        if kind == Kind::Name && text == "matches" {
            match tokens.get(at + 1) {
                Some((Kind::Text, pattern)) if !matches!(token(at + 2), "+" | "[" | "." | "??") => {
                    guarded.patterns.push((*pattern).to_owned());
                }
                _ => {
                    return refused(
                        "`matches` takes a pattern in quotes",
                        "write it out: `CI_COMMIT_TAG matches \"^v[0-9]+$\"`",
                    );
                }
            }
        }
        if !is_variable(at) {
            words.push(text.to_owned());
            at += 1;
            continue;
        }
        guarded.names.push(text.to_owned());
        let name = spelled(text);
        let negated = token(at + 1) == "not" && ON_TEXT.contains(&token(at + 2));
        let operand = tokens.get(at + 3).filter(|(kind, _)| *kind == Kind::Text).filter(|_| negated);
        if let Some((_, operand)) = operand {
            if token(at + 2) == "matches" {
                guarded.patterns.push((*operand).to_owned());
            }
            words.push(format!("(not (({name} ?? \"\") {} {operand}))", token(at + 2)));
            at += 4;
        } else {
            words.push(if ON_TEXT.contains(&token(at + 1)) { format!("({name} ?? \"\")") } else { name });
            at += 1;
        }
    }
    guarded.text = words.join(" ");
    Ok(guarded)
}
