//! `matrix:` -> cells.

mod read;

use std::collections::BTreeMap;

use self::read::{check_axis, values};
use crate::{
    diagnostic::Span,
    flavour::Flavour,
    report::Report,
    suggest::did_you_mean,
    yaml::{Entry, Node, Value},
};

/// Most cells of one file.
pub(crate) const MOST_CELLS: usize = 256;
/// Most combinations that `exclude` is applied to.
const MOST_COMBINATIONS: usize = 16 * MOST_CELLS;

/// One cell: axis to value, sorted by axis.
pub(crate) type Cell = BTreeMap<String, String>;

/// The cells of a file, in order; one empty cell without a matrix. Mistakes are in the report; without a cell there is one.
pub(crate) fn cells(root: &Node, flavour: Flavour, report: &mut Report) -> Vec<Cell> {
    let Some(node) = root.given("matrix") else { return vec![Cell::new()] };
    let Value::Map(entries) = &node.value else {
        report
            .error(node.span, format!("`matrix` takes a map of axes, this is {}", node.kind()))
            .help("write `AXIS: [a, b]` below it; whole cells go below `include`");
        return Vec::new();
    };
    let is_list = |key: &str| key == "include" || key == "exclude" && !is_axis(node.get(key), flavour);
    let (lists, axes): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| is_list(&entry.key));
    let list = |key: &str| {
        let entry = lists.iter().find(|entry| entry.key == key && !entry.value.is_null());
        entry.map(|entry| &entry.value)
    };
    // Woodpecker takes a list without cells for none.
    let has_cells = |node: &&Node| !matches!(&node.value, Value::List(items) if items.is_empty() && !axes.is_empty());
    let include = list("include").filter(has_cells);
    let mut cells = match include {
        Some(include) if flavour == Flavour::Woodpecker || axes.is_empty() => {
            for entry in axes {
                report
                    .warning(entry.key_span, format!("the axis `{}` has no effect beside `include`", entry.key))
                    .help("list every cell under `include`, or remove `include`");
            }
            let cells = read::cells(include, "include", report);
            if cells.is_empty() && !report.has_errors() {
                report.error(include.span, "`include` has no cells");
            }
            let cells = cells.into_iter().map(|(cell, _)| cell).collect();
            exclude(cells, list("exclude"), report)
        }
        include => {
            let Some(cells) = combinations(&axes, node.span, report) else { return Vec::new() };
            let cells = exclude(cells, list("exclude"), report);
            add(cells, include, report)
        }
    };
    if cells.len() > MOST_CELLS {
        too_many(node.span, report);
        cells.clear();
    } else if cells.is_empty() && !report.has_errors() {
        let at = node.key_span("exclude").unwrap_or(node.span);
        report.error(at, "no cell of the matrix is left").help("exclude less, or remove `matrix`");
    }
    cells
}

/// ` (A=1, B=2)`, or nothing without a matrix.
pub(crate) fn suffix(cell: &Cell) -> String {
    if cell.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> = cell.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
    format!(" ({})", pairs.join(", "))
}

/// Whether `exclude` is an axis like any other, as it is in a file that was written for Woodpecker.
fn is_axis(exclude: Option<&Node>, flavour: Flavour) -> bool {
    let Some(Value::List(items)) = exclude.map(|node| &node.value) else { return false };
    let is_value = |item: &Node| matches!(&item.value, Value::Scalar(_));
    flavour == Flavour::Woodpecker && !items.is_empty() && items.iter().all(is_value)
}

/// Every value of every axis with every other. `None` when there are too many, which was said.
fn combinations(axes: &[&Entry], at: Span, report: &mut Report) -> Option<Vec<Cell>> {
    let mut sorted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in axes {
        check_axis(&entry.key, entry.key_span, report);
        sorted.insert(&entry.key, values(&entry.key, &entry.value, report));
    }
    let count = sorted.values().try_fold(1usize, |count, values| count.checked_mul(values.len())).unwrap_or(usize::MAX);
    if count > MOST_COMBINATIONS {
        too_many(at, report);
        return None;
    }
    Some(sorted.iter().fold(vec![Cell::new()], |cells, (axis, values)| {
        let with = |cell: &Cell, value: &String| {
            let mut cell = cell.clone();
            cell.insert((*axis).to_owned(), value.clone());
            cell
        };
        cells.iter().flat_map(|cell| values.iter().map(|value| with(cell, value)).collect::<Vec<_>>()).collect()
    }))
}

/// Without the cells that have all values of an entry.
fn exclude(mut cells: Vec<Cell>, list: Option<&Node>, report: &mut Report) -> Vec<Cell> {
    let Some(list) = list else { return cells };
    let excluded = read::cells(list, "exclude", report);
    let axes: Vec<String> = cells.iter().flat_map(|cell| cell.keys()).cloned().collect();
    let before = cells.clone();
    for (pattern, at) in excluded {
        let fits = |cell: &Cell| pattern.iter().all(|(axis, value)| cell.get(axis) == Some(value));
        cells.retain(|cell| !fits(cell));
        if before.iter().any(fits) || before.is_empty() {
            continue;
        }
        let found = report.warning(at, "no cell of the matrix is like this");
        let unknown = pattern.keys().find(|axis| !axes.contains(axis));
        let near = unknown.and_then(|axis| did_you_mean(axis, axes.iter().map(String::as_str)));
        match (near, unknown) {
            (Some(near), _) => found.help(near),
            (None, Some(axis)) => found.help(format!("the matrix has no axis `{axis}`")),
            (None, None) => found.help("compare the values with those of the axes, letter by letter"),
        }
    }
    cells
}

/// With the cells of `include` behind those of the axes.
fn add(mut cells: Vec<Cell>, include: Option<&Node>, report: &mut Report) -> Vec<Cell> {
    let Some(include) = include else { return cells };
    for (cell, at) in read::cells(include, "include", report) {
        if cells.contains(&cell) {
            report.warning(at, "the axes have this cell already").help("remove it here");
        } else {
            cells.push(cell);
        }
    }
    cells
}

fn too_many(at: Span, report: &mut Report) {
    report
        .error(at, format!("the matrix has more than {MOST_CELLS} cells"))
        .help("shorten an axis, leave cells out with `exclude`, or list those that matter under `include`");
}
