//! How large the plans of a build are together.

use crate::plan::{Action, Container, Plan, Program};

/// Most bytes of text that all plans of a build may hold.
pub(super) const MOST: usize = 128 << 20;

/// Bytes of text in a plan, about.
pub(super) fn of(plan: &Plan) -> usize {
    plan.steps
        .iter()
        .map(|step| {
            let environment: usize = step.environment.iter().map(|(name, value)| name.len() + value.len()).sum();
            let commands: usize = match &step.action {
                Action::Run(Container { program: Program::Commands { commands }, .. })
                | Action::Detach(Container { program: Program::Commands { commands }, .. })
                | Action::Service(Container { program: Program::Commands { commands }, .. }) => {
                    commands.iter().map(String::len).sum()
                }
                Action::Checkout | Action::Run(_) | Action::Detach(_) | Action::Service(_) => 0,
            };
            environment + commands
        })
        .sum()
}
