//! Slipway's own small form, for a `post-receive` hook: `{"ref", "before", "after"}`. Pure.

use serde::Deserialize;

use super::{
    payload::{BadPayload, Payload},
    pushed::Moved,
};

#[derive(Debug, Deserialize)]
struct Body {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    /// Who pushed, for people.
    pusher: Option<String>,
}

/// Reads the body.
pub(super) fn parse(body: &[u8]) -> Result<Payload, BadPayload> {
    let body: Body = serde_json::from_slice(body)?;
    let moved = Moved {
        reference: body.reference,
        before: body.before.filter(|text| !text.is_empty()),
        after: body.after,
        sender: body.pusher,
        ..Moved::default()
    };
    Ok(Payload { about: None, meaning: moved.meaning()? })
}
