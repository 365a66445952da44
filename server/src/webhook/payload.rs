//! What a webhook means. Pure.

use slipway_pipelines::trigger::Trigger;

use super::{generic, gitea, github, gitlab};
use crate::{
    source::CloneUrl,
    store::model::{Forge, Repository},
};

/// A body, understood.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Payload {
    /// `owner/name` at the forge; `None` where the body names no repository.
    pub(crate) about: Option<String>,
    /// What it asks for.
    pub(crate) meaning: Meaning,
}

/// What a webhook asks for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Meaning {
    /// A build, if there is something to build.
    Trigger(Box<Trigger>),
    /// The same of what its ref leads to, or for a deployment of the commit that it names where it has one: to be looked up in the
    /// repository.
    Named(Box<Trigger>),
    /// Nothing, and this is why.
    Nothing(String),
}

/// Why a body is not understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadPayload {
    /// Not JSON, or not of this shape. Says line and column.
    #[error("the body is not what this event carries: {0}")]
    Json(#[from] serde_json::Error),
    /// A field that must be there is not.
    #[error("the body has no `{0}`")]
    Missing(&'static str),
    /// Not 40 hex digits.
    #[error("`{field}` is not a commit id of 40 hex digits")]
    BadSha {
        /// Where.
        field: &'static str,
    },
    /// No repository can have a ref of this name.
    #[error("`{0}` is not a ref name")]
    BadRef(String),
}

/// Reads the body of an event of a forge.
pub(crate) fn parse(forge: Forge, event: &str, body: &[u8]) -> Result<Payload, BadPayload> {
    match forge {
        Forge::Github => github::parse(event, body),
        Forge::Gitea => gitea::parse(event, body),
        Forge::Gitlab => gitlab::parse(event, body),
        Forge::Generic | Forge::Slipway => generic::parse(body),
    }
}

impl Payload {
    /// Whether it is about this repository: by the registered name, or by the path of its clone URL.
    pub(super) fn is_about(&self, repository: &Repository) -> bool {
        let Some(about) = &self.about else { return true };
        let registered = repository.clone_url.as_deref().and_then(|text| CloneUrl::parse(text).ok());
        let path = registered.as_ref().map(|(url, _)| url.path()).unwrap_or_default();
        about.eq_ignore_ascii_case(&repository.name.to_string())
            || about.eq_ignore_ascii_case(path)
            || ends_with_path(path, about)
    }
}

/// A forge below a path: `https://host/git/owner/name`.
fn ends_with_path(path: &str, about: &str) -> bool {
    let (path, about) = (path.to_ascii_lowercase(), about.to_ascii_lowercase());
    about.contains('/') && path.strip_suffix(&about).is_some_and(|before| before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_with_whole_parts() {
        assert!(ends_with_path("git/Me/thing", "me/thing"));
        assert!(!ends_with_path("git/some/thing", "me/thing"));
        assert!(!ends_with_path("git/me/thing", "thing"));
    }
}
