//! Which builder makes the images of `build:`.

use std::str::FromStr;

use http_body_util::{BodyExt, Empty};
use hyper::Request;

use super::{
    build::session::{Offer, Session},
    engine::EngineError,
    raw::Address,
};
use crate::executor::Failed;

/// A choice of builder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Builder {
    /// BuildKit where the engine has it.
    #[default]
    Auto,
    /// BuildKit, or no runner.
    Buildkit,
    /// The classic builder.
    Classic,
}

/// A text that names no builder.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is no builder: write `auto`, `buildkit` or `classic`")]
pub struct BadBuilder(String);

impl FromStr for Builder {
    type Err = BadBuilder;

    fn from_str(text: &str) -> Result<Self, BadBuilder> {
        match text {
            "auto" => Ok(Self::Auto),
            "buildkit" => Ok(Self::Buildkit),
            "classic" => Ok(Self::Classic),
            _ => Err(BadBuilder(text.to_owned())),
        }
    }
}

/// Finds BuildKit: where to talk to it, or `None` for the classic builder. Tried with a session, since not every engine that has
/// BuildKit says so.
pub(super) async fn find(builder: Builder, version: &str) -> Result<Option<Address>, Failed> {
    if builder == Builder::Classic {
        return Ok(None);
    }
    let found = match Address::from_environment() {
        None => Err("DOCKER_HOST is neither a socket nor a TCP address".to_owned()),
        Some(address) => match is_there(&address, builder, version).await {
            Ok(()) => Ok(address),
            Err(error) => Err(error.to_string()),
        },
    };
    match found {
        Ok(address) => Ok(Some(address)),
        Err(why) if builder == Builder::Buildkit => {
            Err(Failed::infra(format!("the engine has no BuildKit: {why}; run with `--builder auto` or `classic`")))
        }
        Err(why) => {
            tracing::info!(why, "the engine has no BuildKit: images are built by its classic builder");
            Ok(None)
        }
    }
}

async fn is_there(address: &Address, builder: Builder, version: &str) -> Result<(), EngineError> {
    if builder == Builder::Auto && says(address).await?.as_deref() == Some("1") {
        return Err(EngineError::Broken("the engine is set to its classic builder".to_owned()));
    }
    Session::open(address, version, Offer::default()).await.map(drop)
}

/// The builder that the engine advises to.
async fn says(address: &Address) -> Result<Option<String>, EngineError> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let ping = Request::get("/_ping").body(body).map_err(|error| EngineError::Broken(error.to_string()))?;
    Ok(address.send(ping).await?.header("builder-version").map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_is_known_by_its_name() {
        for (text, builder) in [("auto", Builder::Auto), ("buildkit", Builder::Buildkit), ("classic", Builder::Classic)]
        {
            assert_eq!(text.parse(), Ok(builder));
        }
        assert_eq!("kaniko".parse::<Builder>(), Err(BadBuilder("kaniko".to_owned())));
    }
}
