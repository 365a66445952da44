//! How large the plans of a build are together, in memory as well as stored and sent. What cells share counts for each: it is
//! written out in each.

use crate::plan::{Container, Environment, Program, SecretPart, Step};

/// Most bytes that all plans of a build may take.
pub(super) const MOST: usize = 128 << 20;
/// What a variable takes besides its text: two allocations and a place in a map.
const ENTRY: usize = 100;
/// What a line takes besides its text.
const LINE: usize = 40;
/// What a step takes besides all that.
const STEP: usize = 600;

/// Bytes that an environment takes.
pub(super) fn of_environment(environment: &Environment) -> usize {
    environment.iter().map(|(name, value)| name.len() + value.len() + ENTRY).sum()
}

/// Bytes that a step takes, about.
pub(super) fn of_step(step: &Step) -> usize {
    let secrets = step.secrets.iter().flat_map(|(name, parts)| {
        let parts = parts.iter().map(|part| match part {
            SecretPart::Text(text) | SecretPart::Secret(text) | SecretPart::Json(text) => text.len() + LINE,
        });
        parts.chain([name.len() + ENTRY])
    });
    let program = match step.container() {
        Some(Container { program: Program::Commands { commands: texts }, .. })
        | Some(Container { program: Program::Entrypoint { entrypoint: texts }, .. }) => {
            texts.iter().map(|text| text.len() + LINE).sum()
        }
        Some(Container { program: Program::Image | Program::Nothing, .. }) | None => 0,
    };
    STEP + of_environment(&step.environment) + secrets.sum::<usize>() + program
}
