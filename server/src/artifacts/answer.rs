//! One artifact as an answer.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};

use super::bytes::key;
use crate::{
    api::range::{self, Ranged},
    app::App,
    error::ApiError,
    store::model::Artifact,
};

/// For whom an artifact is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// A program, or somebody who stores it.
    Bytes,
    /// A browser that may show it: in a sandbox, with an origin of its own.
    View,
}

/// What a page of a build may do: run its own scripts, and load what lies beside it. It has no origin, so no cookie and no API of
/// ours; no form, no window and no frame.
const SANDBOX: &str = "sandbox allow-scripts; default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; \
                       form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// What browsers show themselves, by the end of the name.
const SHOWN: &[(&str, &str)] = &[
    ("html", "text/html; charset=utf-8"),
    ("htm", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("ico", "image/x-icon"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("log", "text/plain; charset=utf-8"),
    ("md", "text/plain; charset=utf-8"),
    ("xml", "text/plain; charset=utf-8"),
    ("yml", "text/plain; charset=utf-8"),
    ("yaml", "text/plain; charset=utf-8"),
    ("csv", "text/plain; charset=utf-8"),
];

/// What a browser would show it as.
pub(crate) fn shown_as(path: &str) -> Option<&'static str> {
    let ending = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
    SHOWN.iter().find(|(known, _)| *known == ending).map(|(_, kind)| *kind)
}

/// The bytes of an artifact, or the range of them that is asked for.
pub(crate) async fn answer(
    app: &App,
    artifact: &Artifact,
    shape: Shape,
    headers: &HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let etag = format!("\"{}\"", artifact.sha256);
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let mut answer = Response::builder()
        .header(header::ETAG, &etag)
        .header(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
        .header(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX))
        .header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))
        .header(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let kind = shown_as(&artifact.path).filter(|_| shape == Shape::View);
    answer = answer.header(header::CONTENT_TYPE, kind.unwrap_or("application/octet-stream"));
    match shape {
        // Pages fetch what lies beside them, and have no origin that could be named. Who knows the address may read it anyway.
        Shape::View => answer = answer.header(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        Shape::Bytes => {}
    }
    if kind.is_none() {
        answer = answer.header(header::CONTENT_DISPOSITION, attachment(&artifact.path));
    }
    let same = |given: &str| {
        given.split(',').any(|tag| {
            matches!(tag.trim().trim_start_matches("W/"), "*") || tag.trim().trim_start_matches("W/") == etag
        })
    };
    if text(header::IF_NONE_MATCH).is_some_and(same) {
        return answer.status(StatusCode::NOT_MODIFIED).body(Body::empty()).map_err(ApiError::internal);
    }
    // A range of what it was before is of no use.
    let asked = text(header::RANGE).filter(|_| text(header::IF_RANGE).is_none_or(|given| given == etag));
    let length = artifact.size;
    let (answer, range) = match range::parse(asked, length) {
        Ranged::Whole => (answer.status(StatusCode::OK), 0..length),
        Ranged::Part(range) => {
            let content = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            (answer.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, content), range)
        }
        Ranged::Unsatisfiable => {
            let answer = answer.status(StatusCode::RANGE_NOT_SATISFIABLE);
            let answer = answer.header(header::CONTENT_RANGE, format!("bytes */{length}"));
            return answer.body(Body::empty()).map_err(ApiError::internal);
        }
    };
    let body = if range.is_empty() {
        Body::empty()
    } else {
        let object = app.storage.get(&key(artifact.build, artifact.id), Some(range.clone())).await?;
        Body::from_stream(object.bytes)
    };
    answer.header(header::CONTENT_LENGTH, range.end - range.start).body(body).map_err(ApiError::internal)
}

/// `attachment` with the last part of a path as the name, for old and new browsers.
pub(crate) fn attachment(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    let escaped: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => (byte as char).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_in_headers() {
        assert_eq!(attachment("a/b c\".txt"), "attachment; filename=\"b_c_.txt\"; filename*=UTF-8''b%20c%22.txt");
        assert!(HeaderValue::try_from(attachment("ä\u{7}")).is_ok());
    }

    #[test]
    fn what_a_browser_shows_is_told_by_the_name() {
        assert_eq!(shown_as("a/index.HTML"), Some("text/html; charset=utf-8"));
        assert_eq!(shown_as("a.html/app"), None);
        assert_eq!(shown_as("app.exe"), None);
    }
}
