//! What is shown of a state: a status, or a warning where something ended well although failures in it were ignored.
//! A sign is never told by its colour alone: each has its own shape, and its word is in the text.

use slipway_pipelines::state::{Finish, Reason, Status};

/// A status as people see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// As it is.
    Status(Status),
    /// A failure that does not count, or a success with such failures: never plain green.
    Warning,
}

/// Every sign, in the order of the design.
pub const ALL: [Sign; 10] = [
    Sign::Status(Status::Pending),
    Sign::Status(Status::Blocked),
    Sign::Status(Status::Running),
    Sign::Status(Status::Success),
    Sign::Warning,
    Sign::Status(Status::Failure),
    Sign::Status(Status::Error),
    Sign::Status(Status::Cancelled),
    Sign::Status(Status::Skipped),
    Sign::Status(Status::Lost),
];

impl From<Status> for Sign {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl Sign {
    /// The sign of a build or job.
    pub fn new(status: Status, finish: Option<&Finish>) -> Self {
        match finish.map(|finish| finish.reason) {
            Some(Reason::OkWithWarnings) => Self::Warning,
            _ => Self::Status(status),
        }
    }

    /// The sign of a step whose failure may be ignored. One that was stopped or left out is shown as that.
    pub fn of_step(status: Status, finish: Option<&Finish>, ignored: bool) -> Self {
        match status {
            Status::Failure | Status::Error | Status::Lost if ignored => Self::Warning,
            _ => Self::new(status, finish),
        }
    }

    /// The word, which is also the name of its class and icon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status(status) => status.as_str(),
            Self::Warning => "warning",
        }
    }

    /// Whether nothing more happens.
    pub fn is_final(self) -> bool {
        match self {
            Self::Status(status) => status.is_final(),
            Self::Warning => true,
        }
    }

    /// Whether something went wrong, so that the end of the log is what matters.
    pub fn has_trouble(self) -> bool {
        match self {
            Self::Status(status) => status.is_bad(),
            Self::Warning => true,
        }
    }

    /// The shape: content of a 16 × 16 SVG, drawn with strokes in `currentColor`.
    fn shape(self) -> &'static str {
        match self {
            Self::Warning => "<circle cx='8' cy='8' r='6.2'/><path d='M8 4.7v4.1m0 2.2v.2'/>",
            Self::Status(Status::Pending) => "<circle cx='8' cy='8' r='5.6' stroke-dasharray='2.2 2.2'/>",
            Self::Status(Status::Blocked) => "<circle cx='8' cy='8' r='6.2'/><path d='M6.3 5.5v5M9.7 5.5v5'/>",
            Self::Status(Status::Running) => {
                "<circle cx='8' cy='8' r='6.2' opacity='.3'/><path d='M8 1.8a6.2 6.2 0 0 1 6.2 6.2'/>"
            }
            Self::Status(Status::Success) => "<circle cx='8' cy='8' r='6.2'/><path d='m5.2 8.3 2 2 3.7-4.2'/>",
            Self::Status(Status::Failure) => {
                "<circle cx='8' cy='8' r='6.2'/><path d='m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6'/>"
            }
            Self::Status(Status::Error) => "<path d='M8 2 14.4 13.4H1.6Z'/><path d='M8 6.2v3.4m0 1.9v.2'/>",
            Self::Status(Status::Cancelled) => "<circle cx='8' cy='8' r='6.2'/><path d='m3.8 12.2 8.4-8.4'/>",
            Self::Status(Status::Skipped) => "<path d='m4 4.2 4 3.8-4 3.8m4.5-7.6 4 3.8-4 3.8'/>",
            Self::Status(Status::Lost) => {
                "<circle cx='8' cy='8' r='6.2'/><path d='M6.2 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.6-.8 1.2m0 2v.2'/>"
            }
        }
    }

    /// Colour on the light page, on the dark page, and one that can be seen on a tab of either kind.
    fn colors(self) -> [&'static str; 3] {
        match self {
            Self::Warning => ["#8a6100", "#e6bd48", "#c59616"],
            Self::Status(Status::Pending | Status::Cancelled | Status::Skipped) => ["#656c76", "#949ca8", "#868e99"],
            Self::Status(Status::Blocked) => ["#7a4fc0", "#b79af2", "#9a75dd"],
            Self::Status(Status::Running) => ["#0b62c8", "#6cb0ff", "#3a86dd"],
            Self::Status(Status::Success) => ["#19793c", "#55c67f", "#2da35a"],
            Self::Status(Status::Failure) => ["#c42f28", "#ff8078", "#e5534b"],
            Self::Status(Status::Error) => ["#a34a08", "#f2a65e", "#d07a2d"],
            Self::Status(Status::Lost) => ["#a23a7c", "#ea8fc9", "#c95fa4"],
        }
    }
}

/// Rules `.s-WORD`: the colour, and the shape as a mask.
pub(crate) fn css() -> String {
    let rule = |sign: &Sign| {
        let ([light, dark, _], name) = (sign.colors(), sign.as_str());
        let picture = svg(sign.shape(), "%23000").replace('<', "%3C").replace('>', "%3E");
        format!(
            ".s-{name}{{--st:light-dark({light},{dark})}}\n.st.s-{name}::before{{mask-image:url(\"data:image/svg+xml,{picture}\")}}\n"
        )
    };
    ALL.iter().map(rule).collect()
}

fn svg(shape: &str, color: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='{color}' stroke-width='1.6' \
         stroke-linecap='round' stroke-linejoin='round'>{shape}</svg>"
    )
}

/// The icon of a page: a sign, or Slipway's own mark, a hull on its way down to the water.
pub(crate) fn icon(sign: Option<Sign>) -> String {
    match sign {
        Some(sign) => {
            let [_, _, middle] = sign.colors();
            svg(sign.shape(), middle).replace("stroke-width='1.6'", "stroke-width='2'")
        }
        None => svg(
            "<path d='M1.5 5.2 14.5 9M3 2.6l10.4 3-1.6 2.5-7.4-2.2ZM1.5 13.4q1.6-1.6 3.2 0t3.3 0 3.3 0 3.2 0'/>",
            "#3a86dd",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_sign_has_a_shape_and_a_word_of_its_own() {
        assert_eq!(ALL.iter().map(|sign| sign.shape()).collect::<BTreeSet<_>>().len(), ALL.len());
        assert_eq!(ALL.iter().map(|sign| sign.as_str()).collect::<BTreeSet<_>>().len(), ALL.len());
    }

    #[test]
    fn ignored_failures_are_a_warning_wherever_they_show() {
        let warned = Finish::because(Reason::OkWithWarnings);
        assert_eq!(Sign::new(warned.status(), Some(&warned)), Sign::Warning);
        assert_eq!(Sign::new(Status::Success, Some(&Finish::exit(0))), Sign::Status(Status::Success));
        for (finish, ignored, shown) in [
            (Finish::exit(1), true, Sign::Warning),
            (Finish::because(Reason::ImagePull), true, Sign::Warning),
            (Finish::exit(1), false, Sign::Status(Status::Failure)),
            (Finish::exit(0), true, Sign::Status(Status::Success)),
            (Finish::because(Reason::Needs), true, Sign::Status(Status::Skipped)),
            (Finish::because(Reason::Cancelled), true, Sign::Status(Status::Cancelled)),
        ] {
            assert_eq!(Sign::of_step(finish.status(), Some(&finish), ignored), shown);
        }
    }
}
