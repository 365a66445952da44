//! The values.

use std::{cell::Cell, collections::BTreeMap};

/// Most bytes that all substitutions of a compilation may write, counting work on patterns, too.
const BUDGET: u64 = 64 << 20;

/// What `${VAR}` can name, and what all substitutions together may still cost.
#[derive(Debug)]
pub(crate) struct Variables<'b> {
    values: BTreeMap<String, Variable>,
    budget: &'b Budget,
}

/// One value.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) value: String,
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

impl<'b> Variables<'b> {
    /// None yet.
    pub(crate) fn new(budget: &'b Budget) -> Self {
        Self { values: BTreeMap::new(), budget }
    }

    /// Adds values that people outside control: branches, messages, parameters.
    pub(crate) fn add_untrusted(&mut self, values: impl IntoIterator<Item = (String, String)>) {
        let values = values.into_iter().map(|(name, value)| (name, Variable { value, trusted: false }));
        self.values.extend(values);
    }

    /// Adds values that the pipeline file itself gives: matrix axes.
    pub(crate) fn add_trusted(&mut self, values: impl IntoIterator<Item = (String, String)>) {
        let values = values.into_iter().map(|(name, value)| (name, Variable { value, trusted: true }));
        self.values.extend(values);
    }

    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.values.get(name)
    }

    pub(super) fn spend(&self, cost: usize) -> Result<(), TooMuch> {
        self.budget.spend(cost)
    }
}
