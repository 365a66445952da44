//! What several tests share.

pub(crate) mod memory;
pub(crate) mod plans;
pub(crate) mod server;
