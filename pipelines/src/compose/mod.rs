//! `services_from:`, services as a compose file has them. What Slipway cannot do as the file says is an error, or a warning where
//! nothing is lost by it; nothing is passed over in silence.

mod build;
mod choose;
mod duration;
mod env_file;
mod environment;
mod extends;
mod file;
mod health;
mod interpolate;
mod keys;
mod limits;
mod mounts;
mod names;
mod program;
mod service;
mod wanted;

pub(crate) use file::Compose;
pub(crate) use service::Composed;
pub(crate) use wanted::missing;
