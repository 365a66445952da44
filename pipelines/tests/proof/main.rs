//! The language held against what is written down about it: the tables of the README, and a corpus of wrong files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod case;
mod expectation;
mod table;
mod view;
mod wrong_files;
