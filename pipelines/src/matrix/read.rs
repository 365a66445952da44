//! Axes, values and cells as the file has them.

use super::{Cell, MOST_CELLS};
use crate::{
    diagnostic::Span,
    environment::is_reserved,
    report::Report,
    yaml::{Node, Value},
};

/// Longest value of an axis, in bytes: it becomes a part of the job's name.
const LONGEST: usize = 200;

/// The cells of a list, each at its place; those that are wrong are in the report. `what` is the key of the list.
pub(super) fn cells(node: &Node, what: &str, report: &mut Report) -> Vec<(Cell, Span)> {
    let Value::List(items) = &node.value else {
        report
            .error(node.span, format!("`{what}` takes a list of cells, this is {}", node.kind()))
            .help(format!("write `{what}: [{{AXIS: value}}]`"));
        return Vec::new();
    };
    let mut cells: Vec<(Cell, Span)> = Vec::new();
    for item in items {
        let Value::Map(entries) = &item.value else {
            report.error(item.span, format!("a cell is a map of axis and value, this is {}", item.kind()));
            continue;
        };
        let mut cell = Cell::new();
        for entry in entries {
            check_axis(&entry.key, entry.key_span, report);
            if let Some(value) = value(&entry.key, &entry.value, report) {
                cell.insert(entry.key.clone(), value);
            }
        }
        if cell.is_empty() && entries.is_empty() {
            report.error(item.span, format!("a cell of `{what}` names no axis"));
        } else if cells.iter().any(|(before, _)| *before == cell) {
            report.error(item.span, "this cell is given twice");
        } else {
            cells.push((cell, item.span));
        }
        if cells.len() > MOST_CELLS {
            break;
        }
    }
    cells
}

/// The values of an axis, each once; those that are wrong are in the report.
pub(super) fn values(axis: &str, node: &Node, report: &mut Report) -> Vec<String> {
    let Value::List(items) = &node.value else {
        report
            .error(node.span, format!("the axis `{axis}` takes a list of values, this is {}", node.kind()))
            .help(format!("write `{axis}: [a, b]`"));
        return Vec::new();
    };
    if items.is_empty() {
        report.error(node.span, format!("the axis `{axis}` has no values"));
    }
    let mut values: Vec<String> = Vec::new();
    for item in items {
        let Some(value) = value(axis, item, report) else { continue };
        if values.len() > MOST_CELLS {
            break;
        }
        if values.contains(&value) {
            report.error(item.span, format!("the axis `{axis}` has the value `{value}` twice"));
        } else {
            values.push(value);
        }
    }
    values
}

fn value(axis: &str, node: &Node, report: &mut Report) -> Option<String> {
    match &node.value {
        Value::Scalar(scalar) if scalar.text.len() > LONGEST || scalar.text.chars().any(char::is_control) => {
            report.error(node.span, format!("a value of `{axis}` takes at most {LONGEST} characters of one line"));
            None
        }
        Value::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.clone()),
        _ => {
            report.error(node.span, format!("a value of the axis `{axis}` is text, this is {}", node.kind()));
            None
        }
    }
}

pub(super) fn check_axis(name: &str, at: Span, report: &mut Report) {
    if name.is_empty() || name.len() > 100 || name.contains('=') || name.chars().any(char::is_control) {
        report.error(at, "an axis takes a name that a variable can have");
    } else if is_reserved(name) {
        report
            .error(at, format!("an axis cannot be named `{name}`: steps would get it instead of the real one"))
            .help("choose a name that does not begin with `CI_`, `DRONE_`, `PLUGIN_` or `SLIPWAY_`");
    }
}
