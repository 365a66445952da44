//! How large the plans of a build are together, stored and sent as well as in memory. Text of what cells share counts for each:
//! it is written out in each.

use crate::plan::{Cache, Container, Environment, Files, KeyPart, Program, SecretPart, Step};

/// Most bytes that all plans of a build may take.
pub(super) const MOST: usize = 128 << 20;
/// What a variable takes in memory besides its text: two allocations and a place in a map.
const ENTRY: usize = 150;
/// What a line takes besides its text.
const LINE: usize = 40;
/// What a step takes besides all that.
const STEP: usize = 600;

/// Bytes of text in an environment.
pub(super) fn of_environment(environment: &Environment) -> usize {
    environment.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// Bytes of text in a step, about.
pub(super) fn of_step(step: &Step) -> usize {
    let secrets = step.secrets.iter().flat_map(|(name, parts)| {
        let parts = parts.iter().map(|part| match part {
            SecretPart::Text(text) | SecretPart::Secret(text) | SecretPart::Json(text) => text.len(),
        });
        parts.chain([name.len()])
    });
    let program: usize = lines(step).iter().map(String::len).sum();
    of_environment(&step.environment) + secrets.sum::<usize>() + program + of_files(&step.files)
}

/// Bytes of text about files.
fn of_files(files: &Files) -> usize {
    let kept = files.artifacts.iter().flat_map(|artifacts| &artifacts.paths);
    let taken = files.artifacts_from.iter().flat_map(|from| from.paths.iter().chain([&from.workflow, &from.to]));
    let kept = kept.chain(files.reports.iter().flat_map(|report| &report.paths));
    let caches: usize = files.caches.iter().map(of_cache).sum();
    kept.chain(taken).map(|text| LINE + text.len()).sum::<usize>() + caches
}

/// Bytes of text in a cache.
fn of_cache(cache: &Cache) -> usize {
    let keys = cache.restore_keys.iter().chain([&cache.key]).flat_map(|key| &key.0);
    let keys = keys.map(|part| match part {
        KeyPart::Text(text) => LINE + text.len(),
        KeyPart::Checksum(patterns) => LINE + patterns.iter().map(|pattern| LINE + pattern.len()).sum::<usize>(),
        KeyPart::Platform => LINE,
    });
    keys.sum::<usize>() + cache.paths.iter().map(|path| LINE + path.len()).sum::<usize>()
}

/// What a step takes in memory besides its text, unless another cell has it already.
pub(super) fn of_itself(step: &Step) -> usize {
    let parts: usize = step.secrets.values().map(Vec::len).sum();
    STEP + (step.environment.len() + step.secrets.len()) * ENTRY + (parts + lines(step).len()) * LINE
}

fn lines(step: &Step) -> &[String] {
    match step.container() {
        Some(Container { program: Program::Commands { commands: lines }, .. })
        | Some(Container {
            program: Program::Arguments { arguments: lines } | Program::Entrypoint { entrypoint: lines },
            ..
        }) => lines,
        Some(Container { program: Program::Image | Program::Nothing, .. }) | None => &[],
    }
}
