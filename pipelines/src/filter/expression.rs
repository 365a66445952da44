//! `when.evaluate`: expressions of expr-lang over the variables of the build.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::LazyLock};

use expr::{Context, Environment, Program, Value};

use super::tokens::{Refused, guard, spelled};
use crate::substitute::{TooMuch, Variables};

/// Most different expressions of a build.
const MOST_EXPRESSIONS: usize = 200;
/// Largest regular expression, compiled.
const MOST_PATTERN: usize = 256 * 1024;
/// Most regular expressions in one.
const MOST_PATTERNS: usize = 4;
/// Most items of a list that is made from text.
const MOST_ITEMS: usize = 2000;
/// Longest text that `replace` makes.
const MOST_TEXT: usize = 1 << 20;

/// What a value costs when something is run for each item of a list, or when it is searched for a pattern.
const LOOP_COST: usize = 64;
const PATTERN_COST: usize = 256;

/// The expressions of a build, each compiled once.
#[derive(Debug, Default)]
pub(crate) struct Expressions(RefCell<HashMap<String, Result<Expression, Wrong>>>);

/// One that can be run.
#[derive(Clone, Debug)]
pub(crate) struct Expression(Rc<Compiled>);

#[derive(Debug)]
struct Compiled {
    /// As written.
    text: String,
    program: Program,
    names: Vec<String>,
    /// What a byte of a value costs.
    cost: usize,
}

/// What is wrong with an expression, and what to write.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Wrong {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl From<Refused> for Wrong {
    fn from(refused: Refused) -> Self {
        Self { message: refused.message, help: refused.help }
    }
}

impl From<TooMuch> for Wrong {
    fn from(error: TooMuch) -> Self {
        Self { message: error.to_string(), help: None }
    }
}

impl Expressions {
    /// The expression of a text.
    pub(crate) fn get(&self, text: &str) -> Result<Expression, Wrong> {
        let mut known = self.0.borrow_mut();
        if let Some(expression) = known.get(text) {
            return expression.clone();
        }
        if known.len() >= MOST_EXPRESSIONS {
            let message = format!("the pipeline has more than {MOST_EXPRESSIONS} different expressions");
            return Err(Wrong { message, help: None });
        }
        let compiled = compile(text);
        known.insert(text.to_owned(), compiled.clone());
        compiled
    }
}

fn compile(text: &str) -> Result<Expression, Wrong> {
    let guarded = guard(text)?;
    for pattern in &guarded.patterns {
        check_pattern(pattern)?;
    }
    if guarded.patterns.len() > MOST_PATTERNS {
        let message = format!("an expression has at most {MOST_PATTERNS} patterns");
        return Err(Wrong { message, help: Some("put them into one: `matches \"^(a|b)$\"`".to_owned()) });
    }
    let program = expr::compile(&guarded.text).map_err(|_| Wrong {
        message: "it is not an expression".to_owned(),
        help: Some(
            "compare with `==` and `!=`, test text with `contains`, `startsWith`, `endsWith`, `matches` and `in`, join with `&&`, `||` and `!`"
                .to_owned(),
        ),
    })?;
    let loops = if guarded.loops { LOOP_COST } else { 1 };
    let patterns = if guarded.patterns.is_empty() { 1 } else { PATTERN_COST };
    let compiled = Compiled { text: text.to_owned(), program, names: guarded.names, cost: loops.max(patterns) };
    Ok(Expression(Rc::new(compiled)))
}

/// Whether a quoted regular expression is one, and of a size that is searched in no time.
fn check_pattern(quoted: &str) -> Result<(), Wrong> {
    let wrong = |why: String| Wrong { message: format!("{quoted} is not a pattern: {why}"), help: None };
    let text = match expr::eval(quoted, &Context::default()) {
        Ok(Value::String(text)) => text,
        _ => return Err(wrong("its escapes are not understood".to_owned())),
    };
    match regex::RegexBuilder::new(&text).size_limit(MOST_PATTERN).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => Err(wrong("it is too large".to_owned())),
        Err(error) => {
            Err(wrong(error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()))
        }
    }
}

impl Expression {
    /// As written, on one line.
    pub(crate) fn words(&self) -> String {
        let words: Vec<&str> = self.0.text.split_whitespace().collect();
        words.join(" ")
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, variables: &Variables<'_>) -> Result<bool, Wrong> {
        variables.spend(self.0.text.len().saturating_mul(self.0.cost))?;
        let mut context = Context::default();
        for name in &self.0.names {
            let value = variables.get(name).map(|variable| variable.value);
            variables.spend(value.map_or(0, str::len).saturating_mul(self.0.cost))?;
            context.insert(spelled(name), value.map_or(Value::Nil, |value| Value::String(value.to_owned())));
        }
        match FUNCTIONS.run(&self.0.program, &context) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(Wrong {
                message: format!("it is to be true or false, and this is {}", kind(&other)),
                help: Some("compare it with something: `NAME == \"value\"`".to_owned()),
            }),
            Err(error) => {
                let message = first_line(&error.to_string());
                let help = if message.starts_with("unknown function") {
                    "`contains`, `startsWith`, `endsWith` and `matches` stand between two texts: `NAME startsWith \"x\"`"
                } else {
                    "a variable that is not there is `nil`: `NAME ?? \"\"` is text in any case"
                };
                Err(Wrong { message, help: Some(help.to_owned()) })
            }
        }
    }
}

fn first_line(text: &str) -> String {
    let line: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
    let mut characters = line.chars();
    characters.next().map(|first| first.to_lowercase().collect::<String>()).unwrap_or_default() + characters.as_str()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nothing",
        Value::String(_) => "text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Array(_) => "a list",
        _ => "something else",
    }
}

/// The functions of expr-lang, with limits on those that make much of little.
static FUNCTIONS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut functions = Environment::new();
    functions.add_function("split", |call| match call.args.as_slice() {
        [Value::String(text), Value::String(by)] => {
            items(text.split(by.as_str()).map(|part| Value::String(part.to_owned())))
        }
        _ => Err("split() takes a text and what is between its parts".to_owned().into()),
    });
    functions.add_function("replace", |call| match call.args.as_slice() {
        [Value::String(text), Value::String(old), Value::String(new)] => {
            let grown = text.matches(old.as_str()).count().saturating_mul(new.len());
            if grown.saturating_add(text.len()) > MOST_TEXT {
                return Err("replace() makes too long a text".to_owned().into());
            }
            Ok(Value::String(text.replace(old.as_str(), new)))
        }
        _ => Err("replace() takes a text, an old part and a new one".to_owned().into()),
    });
    functions.add_function("fromJSON", |call| match call.args.as_slice() {
        [Value::String(text)] => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Array(list)) => items(list.into_iter().map(from_json)),
            Ok(other) => Ok(from_json(other)),
            Err(_) => Err("fromJSON() takes a text that is JSON".to_owned().into()),
        },
        _ => Err("fromJSON() takes a text".to_owned().into()),
    });
    functions
});

fn items(values: impl Iterator<Item = Value>) -> expr::Result<Value> {
    let list: Vec<Value> = values.take(MOST_ITEMS + 1).collect();
    if list.len() > MOST_ITEMS {
        return Err(format!("a list has at most {MOST_ITEMS} items").into());
    }
    Ok(Value::Array(list))
}

fn from_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(flag) => Value::Bool(flag),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        serde_json::Value::String(text) => Value::String(text),
        serde_json::Value::Array(list) => Value::Array(list.into_iter().map(from_json).collect()),
        serde_json::Value::Object(map) => {
            Value::Map(map.into_iter().map(|(key, value)| (key, from_json(value))).collect())
        }
    }
}
