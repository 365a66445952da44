//! The executor that runs nothing: steps are played as their environment says. For tests.
//!
//! | variable | meaning |
//! |---|---|
//! | `SLEEP` | how long the step takes: `100ms`, `2s`, `1m`; a service without it lives until it is stopped |
//! | `STEP_EXIT_CODE` | its exit code |
//! | `STEP_OOM_KILLED` | `true`: the kernel killed it for its memory use |
//! | `STEP_PREPARE_FAIL` | `true`: its image cannot be had |
//! | `STEP_START_FAIL` | `true`: it cannot be started |
//! | `STEP_IGNORE_TERM` | `true`: only SIGKILL ends it |
//! | `STEP_READY` | how long after its start a service with `ready` is ready: `2s`, or `never`; at once without it |
//! | `STEP_OUTPUT` | what it leaves in `$SLIPWAY_OUTPUT` |
//! | `STEP_OUTPUT_FAIL` | `true`: that cannot be read |
//!
//! All but `STEP_OUTPUT` may be a list, one value for each try, the last for all that follow: `STEP_EXIT_CODE: 1,1,0`.
//!
//! Its "containers" are tasks that outlive the runner which started them, so a second runner in the same process can adopt
//! them, as after a kill.

mod executor;
mod files;
mod play;
mod script;

pub use executor::{Dummy, DummyJob};
