//! The executor that runs nothing: steps are played as their environment says. For tests.
//!
//! | variable | meaning |
//! |---|---|
//! | `SLEEP` | how long the step takes: `100ms`, `2s`, `1m`; a service without it lives until it is stopped |
//! | `STEP_EXIT_CODE` | its exit code |
//! | `STEP_OOM_KILLED` | `true`: the kernel killed it for its memory use |
//! | `STEP_START_FAIL` | `true`: it cannot be started |
//! | `STEP_IGNORE_TERM` | `true`: only SIGKILL ends it |
//!
//! Its "containers" are tasks that outlive the runner which started them, so a second runner in the same process can adopt
//! them, as after a kill.

mod executor;
mod play;
mod script;

pub use executor::{Dummy, DummyJob};
