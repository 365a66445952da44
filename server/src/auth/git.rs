//! Basic authentication, as git sends it: the password is a token, the user name is anything.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{app::App, error::ApiError, store::model::TokenKind};

/// What a git client may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GitAccess {
    /// Fetch only: a runner.
    Fetch,
    /// Fetch and push.
    Push,
}

/// A git client that has said who it is. Rejects with a 401 that asks for Basic.
#[derive(Clone, Debug)]
pub struct GitAuth {
    /// What it may do.
    pub access: GitAccess,
    /// The user name that it gave: for people, proves nothing.
    pub user: String,
}

impl GitAuth {
    /// Refuses a client that may only fetch.
    pub fn may_push(&self) -> Result<(), ApiError> {
        match self.access {
            GitAccess::Push => Ok(()),
            GitAccess::Fetch => Err(ApiError::forbidden("a runner's token cannot push")),
        }
    }
}

impl FromRequestParts<App> for GitAuth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some((user, password)) = given.and_then(credentials) else {
            return Err(ApiError::unauthorized("a token is needed").help("give it as the password").basic());
        };
        let access = match app.store.find_token(&password).await?.map(|token| token.kind) {
            Some(TokenKind::Admin) => GitAccess::Push,
            Some(TokenKind::Runner) => GitAccess::Fetch,
            Some(TokenKind::Session | TokenKind::Login) | None => {
                return Err(ApiError::unauthorized("the token is not valid").help("the password is a token").basic());
            }
        };
        Ok(Self { access, user })
    }
}

/// User and password of a Basic header; a Bearer token has no user.
fn credentials(header: &str) -> Option<(String, String)> {
    let (scheme, value) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some((String::new(), value.trim().to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_all_after_the_first_colon() {
        let header = format!("Basic {}", STANDARD.encode("ci:slp_a:b"));
        assert_eq!(credentials(&header), Some(("ci".to_owned(), "slp_a:b".to_owned())));
        assert_eq!(credentials("Basic !!"), None);
        assert_eq!(credentials("Digest abc"), None);
    }
}
