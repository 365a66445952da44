//! Who looks at a page.

use axum::{
    extract::FromRequestParts,
    http::{Method, StatusCode, request::Parts},
    response::{IntoResponse, Redirect, Response},
};

use super::{PageError, fields::escape};
use crate::{app::App, auth::identify, store::model::TokenId};

/// Somebody who has logged in, or comes with a token.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// Name for people.
    pub(crate) name: String,
    /// What they came with.
    pub(crate) token: TokenId,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        match identify(app, &parts.method, &parts.headers).await {
            Ok(token) => Ok(Self { name: token.name, token: token.id }),
            Err(error) if error.status() == StatusCode::UNAUTHORIZED => {
                Err(Redirect::to(&login(parts)).into_response())
            }
            Err(error) => Err(PageError::from(error).into_response()),
        }
    }
}

/// The login page, with the way back. A form that was sent is not sent again.
fn login(parts: &Parts) -> String {
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if parts.method != Method::GET || path == "/" {
        return "/login".to_owned();
    }
    format!("/login?to={}", escape(path))
}
