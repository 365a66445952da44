//! What the cells of a matrix share: each step is read and compiled once, unless it names an axis.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use super::weight;
use crate::{
    compose::Compose,
    filter::{Facts, Verdict},
    plan::{RunsOn, Step as Planned, Workspace},
    substitute::{Seen, Variables},
    syntax::{Clone, Item, Reader, Role, Step},
    trigger::Event,
    yaml::Node,
};

/// Most that is kept of one step: readings, compiled ones, and of each of these places in the order.
const MOST_KEPT: usize = 16;

/// The steps of a file, clone steps and services included.
pub(super) struct Slots<'n> {
    pub(super) all: Vec<Slot<'n>>,
    /// What the last cell had besides its steps.
    ground: Option<Ground>,
    /// Needs of the steps by which of them stay.
    pub(super) orders: HashMap<Vec<bool>, Rc<Vec<Vec<usize>>>>,
    /// Whether names and needs were checked.
    pub(super) checked: bool,
}

/// What compiled steps and the order depend on besides the steps.
#[derive(PartialEq)]
pub(super) struct Ground {
    pub(super) clone: Clone,
    pub(super) workspace: Workspace,
    pub(super) platform: Option<String>,
}

/// One step of a file.
pub(super) struct Slot<'n> {
    item: Item<'n>,
    /// `None` while it was not read; inside, `None` when it is no step.
    read: Option<Option<Rc<Step>>>,
    /// Whether reading it looked at the cell.
    varies: bool,
    /// Which axes reading it for this cell looked at.
    saw: Option<Seen>,
    known: Vec<(Seen, Option<Rc<Step>>)>,
    verdict: Option<Verdict>,
    compiled: Vec<Compiled>,
}

/// A compiled step.
struct Compiled {
    seen: Seen,
    /// Without its place in the order.
    base: Planned,
    made: Vec<Made>,
}

/// A compiled step at one place in the order.
#[derive(Clone)]
pub(super) struct Made {
    pub(super) step: Arc<Planned>,
    pub(super) weight: usize,
}

impl<'n> Slots<'n> {
    /// All items of a file.
    pub(super) fn of(root: &'n Node, compose: Option<&'n Compose>, reader: &mut Reader<'_>) -> Self {
        let sections = [("clone", Role::Clone), ("services", Role::Service), ("steps", Role::Step)];
        let composed =
            compose.into_iter().flat_map(|compose| compose.services().map(|entry| Item::composed(compose, entry)));
        let own = sections
            .into_iter()
            .flat_map(|(key, role)| root.given(key).map(|node| reader.items(node, key, role)).unwrap_or_default());
        let mut items: Vec<Item<'_>> = own.chain(composed).collect();
        items.sort_by_key(|item| match item.role {
            Role::Clone => 0,
            Role::Service => 1,
            Role::Step => 2,
        });
        let slot = |item| Slot {
            item,
            read: None,
            varies: false,
            saw: None,
            known: Vec::new(),
            verdict: None,
            compiled: Vec::new(),
        };
        Self { all: items.into_iter().map(slot).collect(), ground: None, orders: HashMap::new(), checked: false }
    }

    /// Reads for a cell what is not known for all of them. Clone steps count when `with_clones`.
    pub(super) fn read(&mut self, with_clones: bool, reader: &mut Reader<'_>) {
        for slot in &mut self.all {
            if slot.item.role == Role::Clone && !with_clones {
                slot.read = None;
            } else if slot.read.is_none() || slot.varies {
                slot.read_for_cell(reader);
            }
        }
    }

    /// The steps of a role, with their positions in `all`.
    pub(super) fn steps(&self, role: Role) -> impl Iterator<Item = (usize, &Rc<Step>)> {
        let of_role = self.all.iter().enumerate().filter(move |(_, slot)| slot.item.role == role);
        of_role.filter_map(|(at, slot)| Some((at, slot.step()?)))
    }

    /// Whether any of them has a `when` that names an event.
    pub(super) fn names(&self, event: Event) -> bool {
        self.all.iter().filter_map(Slot::step).any(|step| step.when.names(event))
    }

    /// Whether the order of steps differs from cell to cell.
    pub(super) fn order_varies(&self) -> bool {
        self.all.iter().any(|slot| slot.varies && slot.step().is_none_or(|step| step.order_varies))
    }

    /// Forgets what was compiled on another ground.
    pub(super) fn stand_on(&mut self, ground: Ground) {
        if self.ground.as_ref() != Some(&ground) {
            self.orders.clear();
            for slot in &mut self.all {
                slot.verdict = None;
                slot.compiled.clear();
            }
            self.ground = Some(ground);
        }
    }
}

impl Slot<'_> {
    pub(super) fn role(&self) -> Role {
        self.item.role
    }

    /// Reads it, unless it was read with the same values of the axes that it looks at.
    fn read_for_cell(&mut self, reader: &mut Reader<'_>) {
        let variables = reader.variables;
        if let Some((seen, step)) = self.known.iter().find(|(seen, _)| variables.is_same(seen)) {
            (self.saw, self.read) = (Some(seen.clone()), Some(step.clone()));
            return;
        }
        variables.take_seen();
        let step = reader.item(&self.item).map(Rc::new);
        let seen = variables.take_seen();
        self.varies |= seen.any();
        if seen.any() && self.known.len() < MOST_KEPT {
            self.known.push((seen.clone(), step.clone()));
        }
        self.saw = Some(seen);
        self.read = Some(step);
    }

    fn step(&self) -> Option<&Rc<Step>> {
        self.read.as_ref().and_then(Option::as_ref)
    }

    /// What the step's `when` says.
    pub(super) fn verdict(&mut self, step: &Step, facts: &Facts<'_>) -> Verdict {
        if let Some(verdict) = &self.verdict {
            return verdict.clone();
        }
        let asked = facts.variables.asked();
        let verdict = step.when.verdict(facts);
        if !self.varies && !step.when.sees_cell() && facts.variables.asked() == asked {
            self.verdict = Some(verdict.clone());
        }
        verdict
    }

    /// The compiled step at a place in the order; `compile` makes one.
    pub(super) fn place(
        &mut self,
        runs_on: RunsOn,
        needs: &[usize],
        variables: &Variables<'_>,
        compile: impl FnOnce() -> Planned,
    ) -> Made {
        let place = |base: Planned| {
            let step = Planned { needs: needs.to_vec(), runs_on, ..base };
            Made { weight: weight::of_step(&step) + weight::of_itself(&step), step: Arc::new(step) }
        };
        let known = self.compiled.iter().position(|compiled| variables.is_same(&compiled.seen));
        let compiled = match known {
            Some(known) => &mut self.compiled[known],
            None => {
                variables.take_seen();
                let base = compile();
                let seen = variables.take_seen();
                let seen = self.saw.as_ref().map_or(seen.clone(), |saw| seen.and(saw));
                if self.compiled.len() == MOST_KEPT {
                    return place(base);
                }
                self.compiled.push(Compiled { seen, base, made: Vec::new() });
                let last = self.compiled.len() - 1;
                &mut self.compiled[last]
            }
        };
        let fits = |made: &&Made| made.step.runs_on == runs_on && made.step.needs == needs;
        if let Some(made) = compiled.made.iter().find(fits) {
            return made.clone();
        }
        let made = place(compiled.base.clone());
        if compiled.made.len() < MOST_KEPT {
            // Whoever gets this one later takes no more memory.
            compiled.made.push(Made { weight: weight::of_step(&made.step), step: Arc::clone(&made.step) });
        }
        made
    }
}
