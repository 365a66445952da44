//! Addresses that more than one module must agree on. All are paths below the server's public URL.

use slipway_pipelines::repository::RepositoryName;

use crate::store::model::LogPlace;

/// Page of a build: `/repos/owner/name/builds/7`.
pub fn build(repository: &RepositoryName, number: u64) -> String {
    format!("{}/builds/{number}", self::repository(repository))
}

/// Page of a step's log.
pub fn step(place: &LogPlace) -> String {
    let attempt = if place.is_last { None } else { Some(place.log.attempt) };
    slipway_web::views::paths::step(&place.repository, place.number, place.job, place.log.step, attempt)
}

/// The same at a line of it.
pub fn line(place: &LogPlace, line: u64) -> String {
    let step = step(place);
    let and = if step.contains('?') { '&' } else { '?' };
    format!("{step}{and}line={line}#L{line}")
}

/// Page of a repository: `/repos/owner/name`.
pub fn repository(repository: &RepositoryName) -> String {
    format!("/repos/{repository}")
}

/// The git remote: `/git/owner/name.git`.
pub fn git(repository: &RepositoryName) -> String {
    format!("/git/{repository}.git")
}

/// A one-time login link: `/login/TOKEN`.
pub fn login(token: &str) -> String {
    format!("/login/{token}")
}

/// A text as a part of a query.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
