//! Cells of a matrix.

use std::collections::BTreeSet;

use slipway_pipelines::{compile::CompiledJob, suggest::did_you_mean};

/// The jobs with these values, and those whose workflow has no such axis.
pub(crate) fn cells(jobs: Vec<CompiledJob>, wanted: &[(String, String)]) -> Result<Vec<CompiledJob>, String> {
    for (axis, value) in wanted {
        let there: BTreeSet<&str> =
            jobs.iter().filter_map(|job| job.plan.values.get(axis)).map(String::as_str).collect();
        if there.is_empty() {
            let axes: BTreeSet<&str> = jobs.iter().flat_map(|job| job.plan.values.keys()).map(String::as_str).collect();
            let help = did_you_mean(axis, axes).map(|help| format!("; {help}")).unwrap_or_default();
            return Err(format!("no matrix has the axis `{axis}`{help}"));
        }
        if !there.contains(value.as_str()) {
            let values = there.into_iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
            return Err(format!("`{axis}` is never `{value}`: it is {values}"));
        }
    }
    let fits = |job: &CompiledJob| {
        wanted.iter().all(|(axis, value)| job.plan.values.get(axis).is_none_or(|given| given == value))
    };
    let is_kept: Vec<bool> = jobs.iter().map(fits).collect();
    if !is_kept.contains(&true) {
        let words: Vec<String> = wanted.iter().map(|(axis, value)| format!("{axis}={value}")).collect();
        return Err(format!("no cell has {} together", words.join(" and ")));
    }
    Ok(super::keep(jobs, &is_kept))
}
