//! `CI_*`: what a step is told about why it runs. Names are Woodpecker's; a value that is not there has no variable.

mod build;
mod commit;
mod drone;
mod repository;
mod reserved;
mod step;
mod value;

use crate::{context::Context, plan::Environment};

pub(crate) use drone::of_plugins;
pub(crate) use reserved::is_reserved;
pub(crate) use step::{Own, of_step};
pub(crate) use value::fitting;

/// Everything that holds for all steps of a build: what `${…}` knows, and the beginning of every step's environment.
pub(crate) fn of_build(context: &Context) -> Environment {
    let mut environment = value::Builder::default();
    build::add(&mut environment, context);
    repository::add(&mut environment, &context.repository);
    commit::add(&mut environment, &context.trigger);
    if let Some(previous) = &context.previous {
        build::add_previous(&mut environment, previous);
        commit::add_previous(&mut environment, &previous.trigger);
    }
    environment.finish()
}
