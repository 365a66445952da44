//! The login page, the one-time link, and the way out.

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use slipway_web::views::LoginPage;

use super::{cookie, relative};
use crate::{
    api::{UrlPath, UrlQuery},
    app::App,
    auth::{Admin, identify},
    error::ApiError,
    pages::{PageError, render},
    store::model::TokenKind,
};

/// Query of the login page.
#[derive(Debug, Deserialize)]
pub(crate) struct To {
    #[serde(default)]
    to: String,
}

/// `GET /login`.
pub(crate) async fn form(
    State(app): State<App>,
    UrlQuery(To { to }): UrlQuery<To>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let to = relative(&to);
    if identify(&app, &Method::GET, &headers).await.is_ok() {
        return Ok(Redirect::to(to).into_response());
    }
    render(StatusCode::OK, &LoginPage::new(to.to_owned(), None))
}

/// What the login form sends. No `Debug`: it holds a secret.
#[derive(Deserialize)]
pub(crate) struct Login {
    token: String,
    #[serde(default)]
    to: String,
}

/// `POST /login`.
pub(crate) async fn login(
    State(app): State<App>,
    headers: HeaderMap,
    Form(Login { token, to }): Form<Login>,
) -> Result<Response, PageError> {
    // Another site must not log somebody in under a name of its choice.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Err(ApiError::forbidden("the request comes from another site").into());
    }
    let to = relative(&to);
    match app.store.find_token(token.trim()).await? {
        Some(found) if found.kind == TokenKind::Admin => start(&app, &found.name, to).await,
        _ => render(StatusCode::UNAUTHORIZED, &LoginPage::new(to.to_owned(), Some("That token is not valid here."))),
    }
}

/// `GET /login/TOKEN`: works once. `?to=/PATH` opens that page.
pub(crate) async fn link(
    State(app): State<App>,
    method: Method,
    UrlPath(token): UrlPath<String>,
    UrlQuery(To { to }): UrlQuery<To>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    // Whoever only looks at the link must not use it up.
    if method != Method::GET {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let to = relative(&to);
    if let Some(found) = app.store.take_login(&token).await? {
        return start(&app, &found.name, to).await;
    }
    if identify(&app, &Method::GET, &headers).await.is_ok() {
        return Ok(Redirect::to(to).into_response());
    }
    let problem =
        "That link has been used or is too old. Sign in with a token, or start the server again for a new link.";
    render(StatusCode::UNAUTHORIZED, &LoginPage::new(to.to_owned(), Some(problem)))
}

/// `POST /logout`.
pub(crate) async fn logout(_: Admin, State(app): State<App>, headers: HeaderMap) -> Result<Response, PageError> {
    if let Some(session) = cookie::of(&headers) {
        app.store.end_session(session).await?;
    }
    Ok(([(header::SET_COOKIE, cookie::clear(&app.config))], Redirect::to("/login")).into_response())
}

async fn start(app: &App, name: &str, to: &str) -> Result<Response, PageError> {
    let session = app.store.create_session(name).await?;
    let set = cookie::set(&app.config, session.expose_secret());
    Ok(([(header::SET_COOKIE, set)], Redirect::to(to)).into_response())
}
