//! Extractors for API, pages and runners.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
};

use crate::{
    app::App,
    error::ApiError,
    store::model::{Token, TokenId, TokenKind},
};

/// Name of the cookie that holds a session.
pub const SESSION_COOKIE: &str = "slipway_session";

/// Somebody who may do everything: an API token, or a browser that has logged in.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Name for people.
    pub name: String,
}

/// Somebody who may look.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Name for people.
    pub name: String,
}

/// A runner, or an administrator in its place.
#[derive(Clone, Debug)]
pub struct RunnerAuth {
    /// The token that it came with. Runner ids belong to tokens.
    pub token: TokenId,
}

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        identify(app, &parts.method, &parts.headers).await.map(|token| Self { name: token.name })
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        identify(app, &parts.method, &parts.headers).await.map(|token| Self { name: token.name })
    }
}

impl FromRequestParts<App> for RunnerAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let text = bearer(&parts.headers).ok_or_else(|| ApiError::unauthorized("a runner's token is needed"))?;
        match app.store.find_token(text).await? {
            Some(Token { id, kind: TokenKind::Runner | TokenKind::Admin, .. }) => Ok(Self { token: id }),
            _ => Err(ApiError::unauthorized("the token is not a runner's")),
        }
    }
}

/// Who sent a request, by its Bearer token or its session cookie. A method that changes something needs a same-origin
/// `Origin` header when it comes with a cookie.
pub async fn identify(app: &App, method: &Method, headers: &HeaderMap) -> Result<Token, ApiError> {
    if let Some(text) = bearer(headers) {
        return match app.store.find_token(text).await? {
            Some(token) if token.kind == TokenKind::Admin => Ok(token),
            _ => Err(ApiError::unauthorized("the token is not valid here")),
        };
    }
    let Some(cookie) = session_cookie(headers) else {
        return Err(ApiError::unauthorized("not logged in").help("send `Authorization: Bearer TOKEN`, or log in"));
    };
    let Some(token) = app.store.check_session(cookie).await? else {
        return Err(ApiError::unauthorized("the session has ended").help("log in again"));
    };
    if !method.is_safe() && !same_origin(headers, &app.config.public_url) {
        return Err(ApiError::forbidden("the request comes from another site"));
    }
    Ok(token)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, text) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(text.trim())
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == SESSION_COOKIE).then_some(value))
}

/// Whether `Origin` is the server's own: its public URL's, or that of the host the request was sent to.
fn same_origin(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return false };
    let Some((_, origin_host)) = origin.split_once("://") else { return false };
    let public_origin = public_url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    origin.eq_ignore_ascii_case(&public_origin)
        || text(header::HOST).is_some_and(|host| origin_host.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let map = headers(&[("cookie", "a=b; slipway_session=xyz"), ("cookie", "c=d")]);
        assert_eq!(session_cookie(&map), Some("xyz"));
        assert_eq!(session_cookie(&headers(&[("cookie", "xslipway_session=1")])), None);
    }

    #[test]
    fn only_the_own_origin_may_change_things_by_cookie() {
        let public = "https://ci.example:8443/sub";
        for (origin, host, good) in [
            ("https://ci.example:8443", "inner:80", true),
            ("http://127.0.0.1:8000", "127.0.0.1:8000", true),
            ("https://evil.example", "ci.example:8443", false),
            ("https://ci.example", "127.0.0.1", false),
            ("null", "127.0.0.1", false),
        ] {
            assert_eq!(same_origin(&headers(&[("origin", origin), ("host", host)]), public), good, "{origin}");
        }
        assert!(!same_origin(&headers(&[("host", "ci.example")]), public), "no Origin, no change");
    }
}
