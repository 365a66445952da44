//! Terminal output as styled text. The rules, the same as those of `assets/ansi.js` (one corpus tests both:
//! `tests/ansi.json`):
//!
//! - `\n` ends a line, and with it any unfinished escape sequence; the style goes on.
//! - `\r` draws the line anew: what comes next replaces it. `\r\n` is a plain end.
//! - SGR (`ESC [ … m`) sets bold, dim, italic, underline, inverse and colours: 16, 256, and true colour, which is
//!   shown as the nearest of the 256. Every other sequence and control character is dropped; tabs stay.
//! - A line is drawn up to [`MAX_LINE`] characters; the rest is dropped and the line marked as cut.

mod parser;
mod plain;
mod sgr;

pub use parser::{Line, MAX_LINE, Parser, Span};
pub use plain::plain;
pub use sgr::Style;
