//! `matrix:` -> cells.

use std::collections::BTreeMap;

use crate::{
    diagnostic::Span,
    environment::is_reserved,
    report::Report,
    yaml::{Node, Value},
};

/// Most cells of one file.
pub(crate) const MOST_CELLS: usize = 256;
/// Longest value of an axis, in bytes: it becomes a part of the job's name.
const LONGEST: usize = 200;

/// One cell: axis to value, sorted by axis.
pub(crate) type Cell = BTreeMap<String, String>;

/// The cells of a file, in order; one empty cell without a matrix. Mistakes are in the report.
pub(crate) fn cells(root: &Node, report: &mut Report) -> Vec<Cell> {
    let Some(node) = root.given("matrix") else { return vec![Cell::new()] };
    let Value::Map(entries) = &node.value else {
        report.error(node.span, format!("`matrix` takes a map of axes, this is {}", node.kind()));
        return Vec::new();
    };
    if let Some(include) = node.given("include") {
        for entry in entries.iter().filter(|entry| entry.key != "include") {
            report
                .warning(entry.key_span, format!("the axis `{}` has no effect beside `include`", entry.key))
                .help("list every cell under `include`, or remove `include`");
        }
        return included(include, report);
    }
    let mut axes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries {
        check_axis(&entry.key, entry.key_span, report);
        axes.insert(&entry.key, values(&entry.key, &entry.value, report));
    }
    let count = axes.values().try_fold(1usize, |count, values| count.checked_mul(values.len())).unwrap_or(usize::MAX);
    if count > MOST_CELLS {
        too_many(node.span, report);
        return Vec::new();
    }
    axes.iter().fold(vec![Cell::new()], |cells, (axis, values)| {
        let with = |cell: &Cell, value: &String| {
            let mut cell = cell.clone();
            cell.insert((*axis).to_owned(), value.clone());
            cell
        };
        cells.iter().flat_map(|cell| values.iter().map(|value| with(cell, value)).collect::<Vec<_>>()).collect()
    })
}

/// ` (A=1, B=2)`, or nothing without a matrix.
pub(crate) fn suffix(cell: &Cell) -> String {
    if cell.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> = cell.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
    format!(" ({})", pairs.join(", "))
}

fn included(node: &Node, report: &mut Report) -> Vec<Cell> {
    let Value::List(items) = &node.value else {
        report.error(node.span, format!("`include` takes a list of cells, this is {}", node.kind()));
        return Vec::new();
    };
    if items.len() > MOST_CELLS {
        too_many(node.span, report);
        return Vec::new();
    }
    let mut cells: Vec<Cell> = Vec::new();
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
        if cells.contains(&cell) {
            report.error(item.span, "this cell is given twice");
        } else {
            cells.push(cell);
        }
    }
    if cells.is_empty() {
        report.error(node.span, "`include` has no cells");
    }
    cells
}

fn values(axis: &str, node: &Node, report: &mut Report) -> Vec<String> {
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

fn check_axis(name: &str, at: Span, report: &mut Report) {
    if name.is_empty() || name.len() > 100 || name.contains('=') || name.chars().any(char::is_control) {
        report.error(at, "an axis takes a name that a variable can have");
    } else if is_reserved(name) {
        report
            .error(at, format!("an axis cannot be named `{name}`: steps would get it instead of the real one"))
            .help("choose a name that does not begin with `CI_`, `DRONE_`, `PLUGIN_` or `SLIPWAY_`");
    }
}

fn too_many(at: Span, report: &mut Report) {
    report
        .error(at, format!("the matrix has more than {MOST_CELLS} cells"))
        .help("shorten an axis, or list the cells that matter under `include`");
}
