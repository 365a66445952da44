//! Webhook requests as forges send and sign them.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::RequestBuilder;
use sha2::Sha256;

/// Hex HMAC-SHA256 of a body.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// Adds the headers of a forge's delivery. `event` is the forge's own word: `push`, `Tag Push Hook`.
pub(crate) fn headers(
    request: RequestBuilder,
    forge: &str,
    event: &str,
    delivery: &str,
    secret: &str,
    body: &[u8],
) -> RequestBuilder {
    let signature = sign(secret, body);
    let request = request.header("Content-Type", "application/json");
    match forge {
        "github" => request
            .header("X-GitHub-Event", event)
            .header("X-GitHub-Delivery", delivery)
            .header("X-Hub-Signature-256", format!("sha256={signature}")),
        "gitea" => request
            .header("X-Gitea-Event", event)
            .header("X-Gitea-Delivery", delivery)
            .header("X-Gitea-Signature", signature),
        "gitlab" => request
            .header("X-Gitlab-Event", event)
            .header("X-Gitlab-Event-UUID", delivery)
            .header("X-Gitlab-Webhook-UUID", "11111111-2222-4333-8444-555555555555")
            .header("X-Gitlab-Token", secret),
        "generic" => {
            request.header("X-Slipway-Delivery", delivery).header("X-Slipway-Signature", format!("sha256={signature}"))
        }
        other => panic!("no forge {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_forges_document_it() {
        // The example of GitHub's documentation.
        assert_eq!(
            sign("It's a Secret to Everybody", b"Hello, World!"),
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
