//! `matrix` with `exclude`, and with `include` beside axes.

use slipway_pipelines::compile::{Compilation, compile};

use crate::common::*;

const STEP: &str = "steps: [{name: a, image: x, commands: [true]}]";

fn with(path: &str, matrix: &str) -> Compilation {
    compile(&[file(path, &format!("matrix: {matrix}\n{STEP}\n"))], &push())
}

/// The cells of a Slipway file, which must have no findings.
fn cells(matrix: &str) -> Vec<String> {
    let done = with(".slipway.yml", matrix);
    assert_eq!(done.diagnostics, [], "{matrix}");
    names(&done)
}

fn names(done: &Compilation) -> Vec<String> {
    done.jobs.iter().map(|job| job.name.split_once(' ').map_or("", |(_, cell)| cell).to_owned()).collect()
}

fn messages(done: &Compilation) -> Vec<&str> {
    done.diagnostics.iter().map(|found| found.message.as_str()).collect()
}

#[test]
fn exclude_takes_the_cells_away_that_have_all_of_its_values() {
    assert_eq!(cells("{A: [1, 2], B: [x, y], exclude: [{A: 1, B: y}]}"), ["(A=1, B=x)", "(A=2, B=x)", "(A=2, B=y)"]);
    assert_eq!(cells("{A: [1, 2], B: [x, y], exclude: [{B: y}]}"), ["(A=1, B=x)", "(A=2, B=x)"]);
    assert_eq!(cells("{include: [{A: 1}, {A: 2}], exclude: [{A: 1}]}"), ["(A=2)"]);
    assert_eq!(cells("{A: [1, 2], exclude: }"), ["(A=1)", "(A=2)"]);
    // Values are compared as they are written.
    assert_eq!(cells("{A: [1.20, 1.2], exclude: [{A: '1.20'}]}"), ["(A=1.2)"]);
}

#[test]
fn an_exclude_without_effect_is_said_and_one_that_leaves_nothing_is_wrong() {
    let done = with(".slipway.yml", "{ARCH: [a, b], exclude: [{ARCH: c}, {ARCHE: a}, {OS: x}]}");
    assert_eq!(messages(&done), ["no cell of the matrix is like this"; 3]);
    let help: Vec<&str> = done.diagnostics.iter().map(|found| found.help.as_deref().unwrap()).collect();
    assert_eq!(
        help,
        [
            "compare the values with those of the axes, letter by letter",
            "did you mean `ARCH`?",
            "the matrix has no axis `OS`"
        ]
    );
    assert_eq!(names(&done), ["(ARCH=a)", "(ARCH=b)"]);
    assert_eq!(
        errors(&with(".slipway.yml", "{A: [1, 2], exclude: [{A: 1}, {A: 2}]}")),
        ["no cell of the matrix is left"]
    );
    // With more cells to come, it is not the end.
    assert_eq!(cells("{A: [1], exclude: [{A: 1}], include: [{A: 2}]}"), ["(A=2)"]);
    for (wrong, message) in [
        ("{A: [1], exclude: {A: 1}}", "`exclude` takes a list of cells, this is a map"),
        ("{A: [1], exclude: [a]}", "a cell is a map of axis and value, this is text"),
        ("{A: [1], exclude: [{}]}", "a cell of `exclude` names no axis"),
        ("{A: [1], exclude: [{A: [1]}]}", "a value of the axis `A` is text, this is a list"),
        ("{A: [1], exclude: [{A: 1}, {A: 1}]}", "this cell is given twice"),
    ] {
        assert_eq!(errors(&with(".slipway.yml", wrong)), [message], "{wrong}");
    }
}

#[test]
fn include_adds_cells_beside_axes_and_is_all_there_is_in_files_of_woodpecker() {
    let matrix = "{A: [1, 2], include: [{A: 3, B: x}, {B: y}]}";
    assert_eq!(cells(matrix), ["(A=1)", "(A=2)", "(A=3, B=x)", "(B=y)"]);
    let done = with(".woodpecker.yml", matrix);
    assert_eq!(messages(&done), ["the axis `A` has no effect beside `include`"]);
    assert_eq!(names(&done), ["(A=3, B=x)", "(B=y)"]);
    let twice = with(".slipway.yml", "{A: [1, 2], include: [{A: 2}]}");
    assert_eq!(messages(&twice), ["the axes have this cell already"]);
    assert_eq!(names(&twice), ["(A=1)", "(A=2)"]);
}

#[test]
fn files_of_woodpecker_keep_their_meaning() {
    let of = |matrix: &str| {
        let done = with(".woodpecker.yml", matrix);
        assert_eq!(done.diagnostics, [], "{matrix}");
        names(&done)
    };
    // An empty list is none, and `exclude` is an axis like any other there.
    assert_eq!(of("{A: [1], include: []}"), ["(A=1)"]);
    assert_eq!(of("{exclude: [a, b]}"), ["(exclude=a)", "(exclude=b)"]);
    assert_eq!(of("{A: [1, 2], exclude: [{A: 1}]}"), ["(A=2)"]);
}

#[test]
fn the_limit_counts_what_is_left() {
    let axis = |name: &str, count: usize| {
        format!("{name}: [{}]", (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(", "))
    };
    let over = |matrix: &str| assert_eq!(errors(&with(".slipway.yml", matrix)), ["the matrix has more than 256 cells"]);
    let (a, b) = (axis("A", 16), axis("B", 17));
    over(&format!("{{{a}, {b}}}"));
    assert_eq!(cells(&format!("{{{a}, {b}, exclude: [{{B: 0}}]}}")).len(), 256);
    over(&format!("{{{a}, {b}, exclude: [{{B: 0}}], include: [{{C: 1}}]}}"));
    over(&format!("{{{}, {}}}", axis("A", 200), axis("B", 200)));
    let many: Vec<String> = (0..300).map(|n| format!("{{A: {n}}}")).collect();
    over(&format!("{{include: [{}]}}", many.join(", ")));
}
