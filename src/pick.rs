//! A part of a pipeline: cells of a matrix, single steps. Pure.

mod cells;
mod reduce;
mod steps;

pub(crate) use cells::cells;
pub(crate) use steps::{Steps, steps};

use slipway_pipelines::compile::CompiledJob;

/// The jobs that are kept, with their needs by their new positions. Of what is not kept, the needs are needed instead.
fn keep(jobs: Vec<CompiledJob>, is_kept: &[bool]) -> Vec<CompiledJob> {
    let needs: Vec<Vec<usize>> = jobs.iter().map(|job| job.needs.clone()).collect();
    let moved = reduce::reduced(&needs, is_kept);
    let mut kept: Vec<CompiledJob> = Vec::new();
    for ((job, is_kept), needs) in jobs.into_iter().zip(is_kept).zip(moved) {
        if *is_kept {
            kept.push(CompiledJob { needs, ..job });
        }
    }
    kept
}
