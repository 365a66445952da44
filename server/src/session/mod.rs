//! Logging a browser in and out: by a token, or by the one-time link.

mod cookie;
mod handlers;
mod redirect;

pub(crate) use handlers::{form, link, login, logout};
pub(crate) use redirect::relative;
