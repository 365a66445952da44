//! A repository's state as a small picture for other sites.

use slipway_pipelines::state::Status;

use crate::sign::Sign;

/// Width of one character at 11 px, about.
const CHARACTER: usize = 7;

/// The badge of a build; `unknown` in grey without one. A success with ignored failures is a success, and not green.
pub fn svg(sign: Option<Sign>) -> String {
    let (word, color) = match sign {
        None => ("unknown", "#7d8590"),
        Some(Sign::Warning) => ("success, warnings", "#a67c00"),
        Some(Sign::Status(status @ Status::Success)) => (status.as_str(), "#2b8a4b"),
        Some(Sign::Status(status @ Status::Failure)) => (status.as_str(), "#cf3f37"),
        Some(Sign::Status(status @ (Status::Error | Status::Lost))) => (status.as_str(), "#b5651d"),
        Some(Sign::Status(status @ Status::Running)) => (status.as_str(), "#2f74c8"),
        Some(Sign::Status(status @ (Status::Pending | Status::Blocked | Status::Cancelled | Status::Skipped))) => {
            (status.as_str(), "#7d8590")
        }
    };
    let left = 40;
    let right = word.len() * CHARACTER + 12;
    let (width, middle) = (left + right, left + right / 2);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"20\" role=\"img\" aria-label=\"build: {word}\">\
         <clipPath id=\"r\"><rect width=\"{width}\" height=\"20\" rx=\"4\"/></clipPath>\
         <g clip-path=\"url(#r)\"><rect width=\"{left}\" height=\"20\" fill=\"#3a4048\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{color}\"/></g>\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
         <text x=\"{}\" y=\"14\">build</text><text x=\"{middle}\" y=\"14\">{word}</text></g></svg>\n",
        left / 2
    )
}
