//! What a pusher's terminal shows: the builds of a push, live, as `remote:` lines.

mod clean;
mod follow;
mod show;
mod words;

pub(crate) use show::{Pushed, show};
