//! What people see: templates with their view structs, one stylesheet, small ES modules.
//!
//! Views know nothing of the database, of HTTP or of the clock: the server fills them in, [`askama::Template::render`]
//! makes the text. See `README.md` beside this file.

pub mod ansi;
pub mod assets;
pub mod badge;
mod bundle;
mod graph;
pub mod palette;
pub mod sign;
pub mod time;
pub mod timeline;
pub mod trend;
pub mod usage;
pub mod views;
pub mod words;

pub use askama::Template;
