//! Any bytes as a file, for several triggers, strict and lenient.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_pipelines_fuzz::{World, check};

fuzz_target!(|bytes: &[u8]| {
    for path in [".slipway.yml", ".woodpecker.yml"] {
        for event in ["push", "pull_request", "tag", "manual"] {
            check(&World::of(path, bytes, event));
        }
    }
});
