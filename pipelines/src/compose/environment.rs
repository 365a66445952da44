//! `environment` and `env_file` of a service.

use super::{env_file, service::Service};
use crate::{
    diagnostic::Span,
    syntax::{Spanned, Told},
    yaml::{Entry, Node, Value},
};

impl Service<'_, '_> {
    /// Variables of the files that the service names, and over them those that it says itself. `node` has its `${…}` replaced.
    pub(super) fn variables(&mut self, node: &Node) -> Vec<(Spanned<String>, Told)> {
        let mut variables = Vec::new();
        // Mistakes in the paths were said when the files were looked for.
        let mut ignored = crate::report::Report::new("");
        for wanted in env_file::paths(node, &self.file.folder, &mut ignored) {
            if let Some((number, text)) = self.file.env_files.get(&wanted.path) {
                self.of_file(*number, text, &mut variables);
            }
        }
        let Some(environment) = node.given("environment") else { return variables };
        match &environment.value {
            Value::Map(entries) => {
                for Entry { key, key_span, value, .. } in entries {
                    let name = Spanned { value: key.clone(), span: *key_span };
                    match &value.value {
                        Value::Scalar(scalar) if scalar.is_null() => self.passed_on(name, &mut variables),
                        Value::Scalar(scalar) => self.variable(name, scalar.text.clone(), value.span, &mut variables),
                        Value::List(_) | Value::Map(_) => {
                            self.reader.wrong(value, key, "text");
                        }
                    }
                }
            }
            Value::List(items) => {
                for item in items {
                    let Value::Scalar(scalar) = &item.value else {
                        self.reader.wrong(item, "environment", "`NAME=value`");
                        continue;
                    };
                    match scalar.text.split_once('=') {
                        Some((name, value)) => {
                            let name = Spanned { value: name.to_owned(), span: item.span };
                            self.variable(name, value.to_owned(), item.span, &mut variables);
                        }
                        None => {
                            self.passed_on(Spanned { value: scalar.text.clone(), span: item.span }, &mut variables);
                        }
                    }
                }
            }
            Value::Scalar(_) => {
                self.reader.wrong(environment, "environment", "a map or a list of `NAME=value`");
            }
        }
        variables
    }

    /// A name without a value has that of the pipeline, if there is one.
    fn passed_on(&mut self, name: Spanned<String>, to: &mut Vec<(Spanned<String>, Told)>) {
        let value = self.scope().get(&name.value).map(|(value, _)| value.to_owned());
        if let Some(value) = value {
            let span = name.span;
            self.variable(name, value, span, to);
        }
    }

    fn variable(&mut self, name: Spanned<String>, value: String, at: Span, to: &mut Vec<(Spanned<String>, Told)>) {
        self.reader.check_name(&name, "environment");
        let value = Told::Text(value);
        self.reader.check_value(&value, at);
        to.push((name, value));
    }

    fn of_file(&mut self, number: u16, text: &str, to: &mut Vec<(Spanned<String>, Told)>) {
        for line in env_file::lines(text) {
            let span = |(start, end, line)| Span { file: number, ..Span::new(start, end, line, 1) };
            let line = match line {
                Ok(line) => line,
                Err(at) => {
                    self.error(span(at), "this is no `NAME=value`").help("comments begin with `#`");
                    continue;
                }
            };
            let name = Spanned { value: line.name.to_owned(), span: span(line.at) };
            match line.value {
                None => self.passed_on(name, to),
                Some(value) if line.counts => {
                    if let Some(outcome) = self.interpolate(&value, name.span) {
                        let at = name.span;
                        self.variable(name, outcome.text, at, to);
                    }
                }
                Some(value) => {
                    let at = name.span;
                    self.variable(name, value, at, to);
                }
            }
        }
    }
}
