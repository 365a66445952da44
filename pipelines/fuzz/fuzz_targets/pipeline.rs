//! Several files that include each other, and a trigger with any texts, all told by the bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_pipelines_fuzz::{World, check};

fuzz_target!(|bytes: &[u8]| check(&World::read(bytes)));
