//! Tokens: of administrators, of runners, of browsers that have logged in. A text is answered once, when it is made.

use axum::{Json, extract::State, http::StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use slipway_pipelines::state::Millis;
use slipway_web::time::rfc3339;

use super::{JsonBody, UrlPath};
use crate::{
    app::App,
    auth::Admin,
    clock,
    error::ApiError,
    store::{
        StoreError,
        model::{Token, TokenId, TokenKind, TokenListed},
    },
};

/// Longest name, in characters.
const LONGEST_NAME: usize = 64;
/// Names of the tokens that the server makes at its start, and makes again.
pub(crate) const OWN_NAMES: [&str; 2] = ["admin", "runner"];
/// Longest life of a token that has an end, in days.
const LONGEST_DAYS: u32 = 3650;
const DAY_MS: Millis = 24 * 3600 * 1000;

/// A token without its text.
#[derive(Debug, Serialize)]
pub(crate) struct TokenJson {
    id: String,
    /// `admin`, `runner` or `session`.
    kind: &'static str,
    name: String,
    created_at: String,
    expires_at: Option<String>,
}

impl From<TokenListed> for TokenJson {
    fn from(listed: TokenListed) -> Self {
        Self {
            id: listed.token.id.0,
            kind: listed.token.kind.as_str(),
            name: listed.token.name,
            created_at: rfc3339(listed.created),
            expires_at: listed.expires.map(rfc3339),
        }
    }
}

/// A token that is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostToken {
    pub(crate) name: String,
    /// `admin` or `runner`.
    pub(crate) kind: String,
    /// Days until it ends; never without it.
    #[serde(default)]
    pub(crate) days: Option<u32>,
}

/// A token that was made. No `Debug`: it holds the text.
#[derive(Serialize)]
pub(crate) struct MadeJson {
    token: String,
    #[serde(flatten)]
    listed: TokenJson,
}

/// `GET tokens`: those that are good for something, oldest first.
pub(crate) async fn list_tokens(_: Admin, State(app): State<App>) -> Result<Json<Vec<TokenJson>>, ApiError> {
    Ok(Json(app.store.tokens().await?.into_iter().map(TokenJson::from).collect()))
}

/// `POST tokens`: 201 with the text, which is not shown again.
pub(crate) async fn post_token(
    who: Admin,
    State(app): State<App>,
    JsonBody(wanted): JsonBody<PostToken>,
) -> Result<(StatusCode, Json<MadeJson>), ApiError> {
    let (kind, name) = (wanted.kind.clone(), wanted.name.trim().to_owned());
    let text = make_token(&app, wanted, &who.name).await?;
    let made = app
        .store
        .tokens()
        .await?
        .into_iter()
        .find(|listed| listed.token.kind.as_str() == kind && listed.token.name == name);
    let listed = made.ok_or_else(|| ApiError::internal("a new token is not there"))?.into();
    Ok((StatusCode::CREATED, Json(MadeJson { token: text.expose_secret().to_owned(), listed })))
}

/// `DELETE tokens/ID`: 204. What comes with the token is refused from then on.
pub(crate) async fn delete_token(
    who: Admin,
    State(app): State<App>,
    UrlPath(id): UrlPath<String>,
) -> Result<StatusCode, ApiError> {
    revoke_token(&app, &id, &who.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a token, or says what is wrong with it.
pub(crate) async fn make_token(app: &App, wanted: PostToken, by: &str) -> Result<SecretString, ApiError> {
    let kind = match wanted.kind.as_str() {
        "admin" => TokenKind::Admin,
        "runner" => TokenKind::Runner,
        other => {
            return Err(ApiError::bad_request(format!("`{other}` is no kind of token"))
                .help("`admin` for people and scripts, `runner` for runners"));
        }
    };
    let name = wanted.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(ApiError::bad_request("that is no name for a token")
            .help(format!("who or what uses it, in at most {LONGEST_NAME} characters")));
    }
    let taken = || {
        ApiError::conflict(format!("there is a token `{name}` already"))
            .help("take another name, or delete that one first")
    };
    if OWN_NAMES.contains(&name) {
        return Err(
            ApiError::conflict(format!("`{name}` is the name of the server's own token")).help("take another name")
        );
    }
    let expires = match wanted.days {
        None => None,
        Some(days @ 1..=LONGEST_DAYS) => Some(clock::now() + Millis::from(days) * DAY_MS),
        Some(_) => {
            return Err(ApiError::bad_request(format!("a token ends after 1 to {LONGEST_DAYS} days"))
                .help("leave `days` out for one without an end"));
        }
    };
    match app.store.add_token(kind, name, expires).await {
        Err(StoreError::Exists) => Err(taken()),
        made => {
            tracing::info!(kind = kind.as_str(), name, by, "token made");
            Ok(made?)
        }
    }
}

/// Takes a token back, or says that there is none.
pub(crate) async fn revoke_token(app: &App, id: &str, by: &str) -> Result<Token, ApiError> {
    match app.store.revoke_token(&TokenId(id.to_owned())).await {
        Err(StoreError::NotFound) => {
            Err(ApiError::not_found("there is no such token").help("it may have ended, or be deleted already"))
        }
        revoked => {
            let revoked = revoked?;
            tracing::info!(kind = revoked.kind.as_str(), name = revoked.name, by, "token deleted");
            Ok(revoked)
        }
    }
}
