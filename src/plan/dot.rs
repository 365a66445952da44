//! A plan as a graph for Graphviz.

use std::fmt::Write as _;

use super::{Outline, notes};

/// A cluster a job, a box a step, an arrow from what is needed to what needs it.
pub(super) fn dot(outline: &Outline) -> String {
    let mut text = String::from(
        "digraph slipway {\n  rankdir=LR;\n  compound=true;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n",
    );
    for (place, job) in outline.jobs.iter().enumerate() {
        let _ = writeln!(text, "  subgraph cluster_{place} {{\n    label={};", quoted(&job.name));
        for (position, step) in job.plan.steps.iter().enumerate() {
            let image = notes::image(step);
            let label = if image.is_empty() { step.name.clone() } else { format!("{}\n{image}", step.name) };
            let style = if step.is_awaited() { "" } else { ", style=\"rounded,dashed\"" };
            let _ = writeln!(text, "    s{place}_{position} [label={}{style}];", quoted(&label));
            for need in &step.needs {
                let _ = writeln!(text, "    s{place}_{need} -> s{place}_{position};");
            }
        }
        text.push_str("  }\n");
    }
    for (place, job) in outline.jobs.iter().enumerate() {
        for need in &job.needs {
            let last = outline.jobs.get(*need).map_or(0, |job| job.plan.steps.len().saturating_sub(1));
            let _ = writeln!(text, "  s{need}_{last} -> s{place}_0 [ltail=cluster_{need}, lhead=cluster_{place}];");
        }
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
