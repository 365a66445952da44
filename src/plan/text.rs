//! A plan for people.

use std::fmt::Write as _;

use slipway_pipelines::{compile::CompiledJob, parameter::ParameterKind, trigger::Trigger};

use super::{Outline, notes};
use crate::words::count;

/// Widest column; a longer text pushes its line's rest to the right.
const WIDEST: usize = 36;

/// A line of a job's tree.
#[derive(Clone, PartialEq, Eq)]
struct Row {
    name: String,
    kind: &'static str,
    image: String,
    notes: String,
}

/// Jobs that differ in nothing but their cell.
struct Block<'a> {
    jobs: Vec<&'a CompiledJob>,
    notes: Vec<String>,
    rows: Vec<Row>,
}

/// The plan as a tree. `color` adds ANSI escapes.
pub(super) fn text(outline: &Outline, color: bool) -> String {
    let paint = Paint { color };
    let mut text = format!("{} · {}\n", paint.bold(&headline(&outline.trigger)), outline.files.join(", "));
    let steps: usize = outline.jobs.iter().map(|job| job.plan.steps.len()).sum();
    let mut sizes = vec![count(outline.jobs.len(), "job"), count(steps, "step")];
    if !outline.left_out.is_empty() {
        sizes.push(format!("{} left out", outline.left_out.len()));
    }
    text.push_str(&format!("{}\n", sizes.join(", ")));
    for block in blocks(&outline.jobs) {
        text.push('\n');
        draw(&block, &paint, &mut text);
    }
    if !outline.left_out.is_empty() {
        text.push_str("\nleft out\n");
        let width = outline.left_out.iter().map(|left| width(&left.what)).max().unwrap_or(0).min(WIDEST);
        for left in &outline.left_out {
            let _ = writeln!(text, "  {}  {}", padded(&left.what, width), paint.dim(&left.why));
        }
    }
    if !outline.parameters.is_empty() {
        text.push_str("\nparameters of a manual build\n");
        for parameter in &outline.parameters {
            let kind = match &parameter.kind {
                ParameterKind::String => "text".to_owned(),
                ParameterKind::Bool => "true or false".to_owned(),
                ParameterKind::Number => "a number".to_owned(),
                ParameterKind::Choice { options } => options.join(" | "),
            };
            let default =
                parameter.default.as_ref().map_or("required".to_owned(), |value| format!("default `{value}`"));
            let about = [kind.as_str(), &default, &parameter.description];
            let about: Vec<&str> = about.into_iter().filter(|part| !part.is_empty()).collect();
            let _ = writeln!(text, "  {}  {}", parameter.name, paint.dim(&about.join(" · ")));
        }
    }
    text
}

/// `push to main`
pub(crate) fn headline(trigger: &Trigger) -> String {
    let event = trigger.event().as_str();
    match (trigger.tag(), trigger.branch()) {
        (Some(tag), _) => format!("{event} {tag}"),
        (None, "") => event.to_owned(),
        (None, branch) => format!("{event} on {branch}"),
    }
}

/// Neighbours of one workflow that look the same are shown once.
fn blocks(jobs: &[CompiledJob]) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for job in jobs {
        let (notes, rows) = (notes::of_job(job, jobs), rows(job));
        match blocks.last_mut() {
            Some(last) if last.jobs[0].workflow == job.workflow && last.notes == notes && last.rows == rows => {
                last.jobs.push(job);
            }
            _ => blocks.push(Block { jobs: vec![job], notes, rows }),
        }
    }
    blocks
}

fn rows(job: &CompiledJob) -> Vec<Row> {
    let row = |step: &std::sync::Arc<slipway_pipelines::plan::Step>| Row {
        name: step.name.clone(),
        kind: match step.container() {
            None => "checkout",
            Some(_) => step.kind().as_str(),
        },
        image: notes::image(step),
        notes: notes::of_step(step, &job.plan).join(" · "),
    };
    job.plan.steps.iter().map(row).collect()
}

fn draw(block: &Block<'_>, paint: &Paint, text: &mut String) {
    let first = block.jobs[0];
    let title = if block.jobs.len() == 1 { &first.name } else { &first.workflow };
    let mut notes = block.notes.clone();
    if block.jobs.len() > 1 {
        notes.insert(0, format!("{} cells", block.jobs.len()));
    }
    let notes = if notes.is_empty() { String::new() } else { format!("  {}", paint.dim(&notes.join(" · "))) };
    let _ = writeln!(text, "{}{notes}", paint.bold(title));
    if block.jobs.len() > 1 {
        let cells: Vec<&str> = block
            .jobs
            .iter()
            .map(|job| job.name.strip_prefix(&job.workflow).unwrap_or(&job.name).trim().trim_matches(['(', ')']))
            .collect();
        let shown = cells.iter().take(8).copied().collect::<Vec<_>>().join("; ");
        let more = if cells.len() > 8 { format!("; … {} more", cells.len() - 8) } else { String::new() };
        let _ = writeln!(text, "│  {}", paint.dim(&format!("{shown}{more}")));
    }
    let widest = |of: fn(&Row) -> &str| block.rows.iter().map(|row| width(of(row))).max().unwrap_or(0).min(WIDEST);
    let (names, kinds, images) = (widest(|row| &row.name), widest(|row| row.kind), widest(|row| &row.image));
    for (position, row) in block.rows.iter().enumerate() {
        let branch = if position + 1 == block.rows.len() { "└─" } else { "├─" };
        let line = format!(
            "{branch} {}  {}  {}  {}",
            padded(&row.name, names),
            padded(row.kind, kinds),
            padded(&row.image, images),
            paint.dim(&row.notes),
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

struct Paint {
    color: bool,
}

impl Paint {
    fn bold(&self, text: &str) -> String {
        if self.color && !text.is_empty() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn dim(&self, text: &str) -> String {
        if self.color && !text.is_empty() { format!("\x1b[2m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
