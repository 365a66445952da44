//! The files that pages load.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use slipway_web::assets;

use super::not_found;
use crate::api::UrlPath;

/// `GET /assets/HASH/NAME`: for ever the same, so kept for ever.
pub(crate) async fn asset(UrlPath((folder, name)): UrlPath<(String, String)>, uri: axum::http::Uri) -> Response {
    match assets::find(&folder, &name) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.text.as_str()).into_response()
        }
        None => not_found(uri).await,
    }
}
