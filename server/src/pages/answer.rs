//! Pages as answers, and pages that say what went wrong.

use axum::{
    http::{HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use slipway_web::{Template, views::ErrorPage};

use crate::{
    error::{ApiError, request_id},
    intake::IntakeError,
    store::StoreError,
};

/// A page with a status. Pages are never cached: they show a state.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Result<Response, PageError> {
    let text = page.render().map_err(|error| PageError(ApiError::internal(error)))?;
    Ok((status, [(header::CACHE_CONTROL, "no-store")], Html(text)).into_response())
}

/// An error, shown as a page.
#[derive(Debug)]
pub(crate) struct PageError(ApiError);

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl From<IntakeError> for PageError {
    fn from(error: IntakeError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let status = self.0.status();
        let (heading, help) = if status.is_server_error() && status != StatusCode::BAD_GATEWAY {
            let id = request_id();
            (
                "This went wrong, and it is Slipway's fault".to_owned(),
                format!("The server's log says more about request {id}."),
            )
        } else {
            (sentence(self.0.message()), self.0.help_text().map(sentence).unwrap_or_default())
        };
        // The answer of the API has what belongs to the error besides its text: the log line, the challenge.
        let mut response = self.0.into_response();
        if let Ok(text) = ErrorPage::new(status.as_u16(), &heading, &help).render() {
            let headers = response.headers_mut();
            headers.remove(header::CONTENT_LENGTH);
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            *response.body_mut() = text.into();
        }
        response
    }
}

/// An error's fragment as a sentence begins.
fn sentence(fragment: &str) -> String {
    let mut characters = fragment.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// For paths that are nothing.
pub(crate) async fn not_found(uri: Uri) -> Response {
    if is_for_programs(&uri) {
        return ApiError::not_found("there is no such path").into_response();
    }
    let error = ApiError::not_found("there is no such page").help("the address may be wrong, or what it named is gone");
    PageError(error).into_response()
}

/// An error as who asks for the path can read it: JSON for programs, else a page.
pub(crate) fn fail(uri: &Uri, error: ApiError) -> Response {
    if is_for_programs(uri) { error.into_response() } else { PageError(error).into_response() }
}

fn is_for_programs(uri: &Uri) -> bool {
    ["/api/", "/runner/", "/hooks/", "/git/"].iter().any(|start| uri.path().starts_with(start))
}
