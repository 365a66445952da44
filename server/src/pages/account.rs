//! Who can come in, and what the server was told: the page and what its forms send.

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use secrecy::{ExposeSecret, SecretString};
use slipway_web::{
    time::{Moment, rfc3339},
    views::{AccountPage, SettingRow, TokenForm, TokenRow, paths},
};

use super::{
    PageError, Visitor,
    fields::{Fields, one},
    render,
};
use crate::{
    api::{OWN_NAMES, PostToken, make_token, revoke_token},
    app::App,
    clock,
    error::ApiError,
    settings::settings,
    store::model::{TokenKind, TokenListed},
};

/// `GET /settings`.
pub(crate) async fn account(who: Visitor, State(app): State<App>) -> Result<Response, PageError> {
    let page = page(&app, &who).await?;
    render(StatusCode::OK, &page)
}

/// `POST /settings/tokens`: the answer shows the token, this once.
pub(crate) async fn add_token(
    who: Visitor,
    State(app): State<App>,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    let (name, kind, days) = (one(&fields, "name").trim(), one(&fields, "kind"), one(&fields, "days").trim());
    let made = match days.is_empty().then_some(None).or_else(|| days.parse().ok().map(Some)) {
        Some(days) => {
            let wanted = PostToken { name: name.to_owned(), kind: kind.to_owned(), days };
            make_token(&app, wanted, &who.name).await
        }
        None => Err(ApiError::bad_request("days are a whole number").help("leave it empty for a token without an end")),
    };
    let mut page = page(&app, &who).await?;
    match made {
        Ok(text) => {
            page.made = Some((name.to_owned(), SecretString::expose_secret(&text).to_owned()));
            render(StatusCode::CREATED, &page)
        }
        Err(error) if error.status().is_client_error() => {
            page.problem = Some((error.message().to_owned(), error.help_text().unwrap_or_default().to_owned()));
            page.form =
                TokenForm { name: name.to_owned(), is_runner: kind == "runner", days: days.to_owned(), open: true };
            render(error.status(), &page)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /settings/tokens/delete`.
pub(crate) async fn drop_token(
    who: Visitor,
    State(app): State<App>,
    Form(fields): Fields,
) -> Result<Response, PageError> {
    match revoke_token(&app, one(&fields, "id"), &who.name).await {
        Ok(_) => Ok(Redirect::to(paths::ACCOUNT).into_response()),
        // Somebody was faster: what was wanted is so.
        Err(error) if error.status() == StatusCode::NOT_FOUND => Ok(Redirect::to(paths::ACCOUNT).into_response()),
        Err(error) if error.status() == StatusCode::CONFLICT => {
            let mut page = page(&app, &who).await?;
            page.problem = Some((error.message().to_owned(), error.help_text().unwrap_or_default().to_owned()));
            render(StatusCode::CONFLICT, &page)
        }
        Err(error) => Err(error.into()),
    }
}

async fn page(app: &App, who: &Visitor) -> Result<AccountPage, PageError> {
    let (all, now) = (app.store.tokens().await?, clock::now());
    let row = |listed: TokenListed| TokenRow {
        is_own: listed.token.kind != TokenKind::Session && OWN_NAMES.contains(&listed.token.name.as_str()),
        is_current: listed.token.id == who.token,
        id: listed.token.id.0,
        kind: listed.token.kind.as_str(),
        name: listed.token.name,
        created: Moment::new(listed.created, now),
        expires: listed.expires.map(|at| rfc3339(at)[..10].to_owned()),
    };
    let (sessions, tokens): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.token.kind == TokenKind::Session);
    let settings = settings(&app.config).into_iter().map(|one| SettingRow {
        flag: one.flag,
        value: one.value,
        meaning: one.meaning,
    });
    Ok(AccountPage::new(
        who.name.clone(),
        app.config.version,
        tokens.into_iter().map(row).collect(),
        sessions.into_iter().map(row).collect(),
        settings.collect(),
    ))
}
