//! The values.

use std::{cell::Cell, collections::BTreeMap, rc::Rc};

/// Most bytes that all substitutions of a compilation may write, counting work on patterns and expressions, too.
const BUDGET: u64 = 64 << 20;

/// What `${VAR}` can name, and what all substitutions together may still cost.
#[derive(Debug)]
pub(crate) struct Variables<'b> {
    /// Of the build, each with whether it is trusted.
    build: BTreeMap<String, (String, bool)>,
    /// Of the matrix cell: from the pipeline file itself.
    cell: &'b BTreeMap<String, String>,
    /// What any cell of the file has.
    axes: BTreeMap<String, Axis>,
    /// Numbers of the cell's values, axis by axis.
    at: Rc<[u32]>,
    /// How often an axis was asked for.
    asked: Cell<u64>,
    /// Which were, since somebody looked: a bit each, the last one for all that have none.
    seen: Cell<u64>,
    budget: &'b Budget,
}

/// An axis of a matrix.
#[derive(Debug)]
struct Axis {
    /// In the set of what was asked for; the last one for all that have none.
    bit: u32,
    /// Its values, numbered.
    values: BTreeMap<String, u32>,
}

/// Which axes were asked for, and where: what comes out is the same in every cell that has the same there.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    axes: u64,
    at: Rc<[u32]>,
}

impl Seen {
    /// Whether an axis was asked for.
    pub(crate) fn any(&self) -> bool {
        self.axes != 0
    }

    /// What was asked for here or there, in the same cell.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self { axes: self.axes | other.axes, at: self.at.clone() }
    }
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable<'v> {
    pub(crate) value: &'v str,
    /// It comes from the pipeline file itself, so it may become a part of a command.
    pub(crate) trusted: bool,
}

/// What substitutions may still cost, for all files of a compilation.
#[derive(Debug)]
pub(crate) struct Budget(Cell<u64>);

/// The substitutions of a pipeline cost more than they may.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the substitutions of this pipeline write more than {} MiB", BUDGET >> 20)]
pub(crate) struct TooMuch;

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(BUDGET))
    }
}

impl Budget {
    pub(super) fn spend(&self, cost: usize) -> Result<(), TooMuch> {
        let left = self.0.get().checked_sub(cost as u64).ok_or(TooMuch)?;
        self.0.set(left);
        Ok(())
    }
}

/// No cell.
static NO_CELL: BTreeMap<String, String> = BTreeMap::new();

impl<'b> Variables<'b> {
    /// None yet.
    pub(crate) fn new(budget: &'b Budget) -> Self {
        Self {
            build: BTreeMap::new(),
            cell: &NO_CELL,
            axes: BTreeMap::new(),
            at: Rc::default(),
            asked: Cell::new(0),
            seen: Cell::new(0),
            budget,
        }
    }

    /// Adds values that people outside control: branches, messages, parameters.
    pub(crate) fn add(&mut self, values: impl IntoIterator<Item = (String, String)>) {
        self.build.extend(values.into_iter().map(|(name, value)| (name, (value, false))));
    }

    /// Adds values that the pipeline file itself gives: defaults of parameters.
    pub(crate) fn add_own(&mut self, values: impl IntoIterator<Item = (String, String)>) {
        self.build.extend(values.into_iter().map(|(name, value)| (name, (value, true))));
    }

    /// Says which axes the cells have.
    pub(crate) fn set_axes<'c>(&mut self, cells: impl IntoIterator<Item = &'c BTreeMap<String, String>>) {
        for (name, value) in cells.into_iter().flatten() {
            let axis = self.axes.entry(name.clone()).or_insert_with(|| Axis { bit: 0, values: BTreeMap::new() });
            let next = u32::try_from(axis.values.len()).unwrap_or(u32::MAX);
            axis.values.entry(value.clone()).or_insert(next);
        }
        self.axes.values_mut().zip(0..).for_each(|(axis, place)| axis.bit = u32::min(place, 63));
    }

    /// Goes to a cell.
    pub(crate) fn set_cell(&mut self, cell: &'b BTreeMap<String, String>) {
        self.cell = cell;
        let number = |(name, axis): (&String, &Axis)| cell.get(name).and_then(|value| axis.values.get(value)).copied();
        self.at = self.axes.iter().map(|axis| number(axis).unwrap_or(u32::MAX)).collect();
    }

    /// How often an axis was asked for: what was read between two equal numbers is the same in every cell.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.get()
    }

    /// Which axes were asked for since the last call.
    pub(crate) fn take_seen(&self) -> Seen {
        Seen { axes: self.seen.replace(0), at: self.at.clone() }
    }

    /// Whether the cell is, as far as it was looked at, the one of back then.
    pub(crate) fn is_same(&self, seen: &Seen) -> bool {
        let places = seen.at.iter().zip(self.at.iter()).zip(0_u32..);
        places.into_iter().all(|((then, now), place)| seen.axes & 1 << place.min(63) == 0 || then == now)
    }

    pub(crate) fn get(&self, name: &str) -> Option<Variable<'_>> {
        if let Some(axis) = self.axes.get(name) {
            self.asked.set(self.asked.get() + 1);
            self.seen.set(self.seen.get() | 1 << axis.bit);
            if let Some(value) = self.cell.get(name) {
                return Some(Variable { value, trusted: true });
            }
        }
        self.build.get(name).map(|(value, trusted)| Variable { value, trusted: *trusted })
    }

    pub(crate) fn spend(&self, cost: usize) -> Result<(), TooMuch> {
        self.budget.spend(cost)
    }
}
