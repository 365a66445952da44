//! How states look and read. A status is never told by its colour alone: each has its own shape, and its word is in
//! the text.

use slipway_pipelines::state::{Finish, Reason, Status};

/// Every status, in the order of the design.
pub const ALL: [Status; 9] = [
    Status::Pending,
    Status::Blocked,
    Status::Running,
    Status::Success,
    Status::Failure,
    Status::Error,
    Status::Cancelled,
    Status::Skipped,
    Status::Lost,
];

/// The shape: content of a 16 × 16 SVG, drawn with strokes in `currentColor`.
fn shape(status: Status) -> &'static str {
    match status {
        Status::Pending => "<circle cx='8' cy='8' r='5.6' stroke-dasharray='2.2 2.2'/>",
        Status::Blocked => "<circle cx='8' cy='8' r='6.2'/><path d='M6.3 5.5v5M9.7 5.5v5'/>",
        Status::Running => "<circle cx='8' cy='8' r='6.2' opacity='.3'/><path d='M8 1.8a6.2 6.2 0 0 1 6.2 6.2'/>",
        Status::Success => "<circle cx='8' cy='8' r='6.2'/><path d='m5.2 8.3 2 2 3.7-4.2'/>",
        Status::Failure => "<circle cx='8' cy='8' r='6.2'/><path d='m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6'/>",
        Status::Error => "<path d='M8 2 14.4 13.4H1.6Z'/><path d='M8 6.2v3.4m0 1.9v.2'/>",
        Status::Cancelled => "<circle cx='8' cy='8' r='6.2'/><path d='m3.8 12.2 8.4-8.4'/>",
        Status::Skipped => "<path d='m4 4.2 4 3.8-4 3.8m4.5-7.6 4 3.8-4 3.8'/>",
        Status::Lost => {
            "<circle cx='8' cy='8' r='6.2'/><path d='M6.2 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.6-.8 1.2m0 2v.2'/>"
        }
    }
}

/// Colour on the light and on the dark page.
fn colors(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Pending | Status::Cancelled | Status::Skipped => ("#656c76", "#949ca8"),
        Status::Blocked => ("#7a4fc0", "#b79af2"),
        Status::Running => ("#0b62c8", "#6cb0ff"),
        Status::Success => ("#19793c", "#55c67f"),
        Status::Failure => ("#c42f28", "#ff8078"),
        Status::Error => ("#a34a08", "#f2a65e"),
        Status::Lost => ("#a23a7c", "#ea8fc9"),
    }
}

/// A colour that can be seen on a tab of either kind.
fn middle(status: Status) -> &'static str {
    match status {
        Status::Pending | Status::Cancelled | Status::Skipped => "#868e99",
        Status::Blocked => "#9a75dd",
        Status::Running => "#3a86dd",
        Status::Success => "#2da35a",
        Status::Failure => "#e5534b",
        Status::Error => "#d07a2d",
        Status::Lost => "#c95fa4",
    }
}

/// Rules `.s-STATUS`: the colour, and the shape as a mask.
pub(crate) fn css() -> String {
    ALL.iter()
        .map(|status| {
            let (light, dark) = colors(*status);
            let picture = svg(shape(*status), "%23000").replace('<', "%3C").replace('>', "%3E");
            let name = status.as_str();
            format!(
                ".s-{name}{{--st:light-dark({light},{dark})}}\n.st.s-{name}::before{{mask-image:url(\"data:image/svg+xml,{picture}\")}}\n"
            )
        })
        .collect()
}

fn svg(shape: &str, color: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='{color}' stroke-width='1.6' \
         stroke-linecap='round' stroke-linejoin='round'>{shape}</svg>"
    )
}

/// The icon of a page: a status, or Slipway's own mark, a hull on its way down to the water.
pub(crate) fn mark(status: Option<Status>) -> String {
    match status {
        Some(status) => svg(shape(status), middle(status)).replace("stroke-width='1.6'", "stroke-width='2'"),
        None => svg(
            "<path d='M1.5 5.2 14.5 9M3 2.6l10.4 3-1.6 2.5-7.4-2.2ZM1.5 13.4q1.6-1.6 3.2 0t3.3 0 3.3 0 3.2 0'/>",
            "#3a86dd",
        ),
    }
}

/// Why something ended as it did, for people. Empty when the status says it all.
pub fn because(finish: &Finish) -> String {
    let general = match finish.reason {
        Reason::Ok | Reason::Cancelled => "",
        Reason::OkWithWarnings => "with warnings",
        Reason::Stopped => "stopped with its job",
        Reason::ExitCode => "",
        Reason::OomKilled => "killed: out of memory",
        Reason::Timeout => "took longer than it may",
        Reason::NotReady => "was not ready in time",
        Reason::ImageBuild => "the image did not build",
        Reason::ImagePull => "the image could not be had",
        Reason::Clone => "the commit could not be checked out",
        Reason::Config => "the pipeline has errors",
        Reason::Infra => "Slipway or its machine failed",
        Reason::CancelledByStep => "cancelled by a step with `failure: cancel`",
        Reason::Superseded => "a newer build took its place",
        Reason::Needs => "what it needs did not end well",
        Reason::Condition => "its `when` does not fit",
        Reason::JobEnded => "its job ended before",
        Reason::Lost => "its runner went away",
    };
    let code = match (finish.reason, finish.exit_code) {
        (Reason::Ok | Reason::Stopped, _) | (_, None) => String::new(),
        (_, Some(code)) => format!("exit code {code}"),
    };
    let parts = [general, &code, finish.note.trim()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_end_is_explained() {
        assert_eq!(because(&Finish::exit(3)), "exit code 3");
        assert_eq!(because(&Finish::exit(0)), "");
        assert_eq!(
            because(&Finish::with_note(Reason::ImagePull, "no such image `x`")),
            "the image could not be had · no such image `x`"
        );
    }

    #[test]
    fn every_status_has_a_shape_of_its_own() {
        let shapes: std::collections::BTreeSet<_> = ALL.iter().map(|status| shape(*status)).collect();
        assert_eq!(shapes.len(), ALL.len());
    }
}
