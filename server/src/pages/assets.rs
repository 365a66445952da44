//! The files that pages load.

use std::{
    collections::HashMap,
    io::Write,
    sync::{LazyLock, OnceLock},
};

use axum::{
    body::Bytes,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use slipway_web::assets::{self, Asset};

use super::not_found;
use crate::api::UrlPath;

/// Each compressed once, as small as it gets: only the first page that ever loads it waits for that.
static COMPRESSED: LazyLock<HashMap<&'static str, OnceLock<Option<Bytes>>>> =
    LazyLock::new(|| assets::all().iter().map(|asset| (asset.name.as_str(), OnceLock::new())).collect());

/// `None` for what gets no smaller.
fn compressed(asset: &Asset) -> Option<&'static Bytes> {
    COMPRESSED.get(asset.name.as_str())?.get_or_init(|| gzip(asset)).as_ref()
}

/// `GET /assets/HASH/NAME`: for ever the same, so kept for ever.
pub(crate) async fn asset(
    UrlPath((folder, name)): UrlPath<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let Some(asset) = assets::find(&folder, &name) else { return not_found(uri).await };
    let known = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
    ];
    match compressed(asset) {
        Some(bytes) if takes_gzip(&headers) => {
            (known, [(header::CONTENT_ENCODING, "gzip")], bytes.clone()).into_response()
        }
        _ => (known, asset.text.as_str()).into_response(),
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && !parts.any(|part| part == "q=0")
    })
}

fn gzip(asset: &Asset) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(asset.text.as_bytes()).ok()?;
    encoder.finish().ok().filter(|bytes| bytes.len() < asset.text.len()).map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_compressed_is_the_same() {
        for asset in assets::all() {
            let Some(bytes) = compressed(asset) else { continue };
            let mut text = String::new();
            flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
            assert_eq!(text, asset.text);
            assert!(bytes.len() < asset.text.len());
        }
    }

    #[test]
    fn only_who_takes_gzip_gets_it() {
        let takes = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            takes_gzip(&headers)
        };
        assert!(takes("gzip, deflate, br") && takes("br;q=1, GZIP;q=0.5"));
        assert!(!takes("identity") && !takes("gzip;q=0, br") && !takes_gzip(&HeaderMap::new()));
    }
}
