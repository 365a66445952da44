//! The session's cookie.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{auth::SESSION_COOKIE, config::Config};

/// Seconds that a browser keeps it: as long as the session is good for.
const AGE: u64 = 30 * 24 * 3600;

/// The header that sets it. No script can read it, no other site's form sends it, and where the server is reached by
/// https it never travels without.
pub(super) fn set(config: &Config, value: &str) -> String {
    format!("{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={AGE}{}", secure(config))
}

/// The header that takes it back.
pub(super) fn clear(config: &Config) -> String {
    format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{}", secure(config))
}

fn secure(config: &Config) -> &'static str {
    if config.public_url.starts_with("https://") { "; Secure" } else { "" }
}

/// The value that a browser sent.
pub(super) fn of(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value))
}
