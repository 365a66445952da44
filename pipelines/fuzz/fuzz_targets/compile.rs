//! Any bytes as a file, strict and lenient, for an event that the bytes choose.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_pipelines_fuzz::{World, check};

const EVENTS: [&str; 4] = ["push", "pull_request", "tag", "manual"];

fuzz_target!(|bytes: &[u8]| {
    let sum = bytes.iter().fold(0usize, |sum, byte| sum + usize::from(*byte));
    for path in [".slipway.yml", ".woodpecker.yml"] {
        check(&World::of(path, bytes, EVENTS[sum % EVENTS.len()]));
    }
});
