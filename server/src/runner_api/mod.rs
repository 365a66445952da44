//! The runner protocol's server side.
