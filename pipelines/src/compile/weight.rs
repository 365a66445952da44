//! How large the plans of a build are together, as they are stored and sent. What cells share counts for each: it is written out
//! in each.

use crate::plan::{Container, Environment, Program, SecretPart, Step};

/// Most bytes of text that all plans of a build may hold.
pub(super) const MOST: usize = 128 << 20;

/// Bytes of text in an environment.
pub(super) fn of_environment(environment: &Environment) -> usize {
    environment.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// Bytes of text in a step, about.
pub(super) fn of_step(step: &Step) -> usize {
    let secrets = step.secrets.iter().flat_map(|(name, parts)| {
        let parts = parts.iter().map(|part| match part {
            SecretPart::Text(text) | SecretPart::Secret(text) | SecretPart::Json(text) => text.len(),
        });
        parts.chain([name.len()])
    });
    let program = match step.container() {
        Some(Container { program: Program::Commands { commands: texts }, .. })
        | Some(Container { program: Program::Entrypoint { entrypoint: texts }, .. }) => {
            texts.iter().map(String::len).sum()
        }
        Some(Container { program: Program::Image | Program::Nothing, .. }) | None => 0,
    };
    of_environment(&step.environment) + secrets.sum::<usize>() + program
}
