//! Whole jobs on the dummy executor, on a clock that stands still while something happens.

mod artifacts;
mod bench;
mod caches;
mod ends;
mod goes_on;
mod outputs;
mod reports;
mod resumes;
mod takes;
mod tries;
