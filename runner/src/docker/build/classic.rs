//! A build by the classic builder: for engines without BuildKit.

use std::collections::HashMap;

use bollard::{models::BuildInfo, query_parameters::BuildImageOptionsBuilder};
use futures_util::{StreamExt, TryStreamExt};
use slipway_pipelines::plan::ImageBuild;
use tokio_util::io::ReaderStream;

use super::{
    super::engine::{Engine, EngineError, QUICK, within},
    Broken, Wanted,
    dockerfile::Dockerfile,
    fingerprint, kept,
};
use crate::executor::LogSink;

/// What to do about something that only BuildKit can.
const NEEDS: &str = "this engine has none, or the runner was told to use the classic builder (`--builder`)";

/// What of a build only BuildKit can do. Pure.
pub(super) fn lacks(build: &ImageBuild, dockerfile: &Dockerfile) -> Option<String> {
    if !build.secrets.is_empty() {
        return Some(format!("`secrets` of a build need BuildKit: {NEEDS}"));
    }
    let line = dockerfile.mount()?;
    Some(format!("`RUN --mount` (line {line} of {}) needs BuildKit: {NEEDS}", build.dockerfile))
}

/// What of a build goes without saying with BuildKit and not here.
pub(super) fn remarks(build: &ImageBuild) -> Vec<&'static str> {
    let mut remarks = Vec::new();
    if !build.cache_from.is_empty() {
        remarks.push("WARNING: `cache_from` is passed over: the classic builder takes layers of this engine only.\n");
    }
    if !build.cache_to.is_empty() {
        remarks.push("WARNING: `cache_to` has no cache in it: the classic builder writes none. The image is pushed all the same.\n");
    }
    remarks
}

/// Builds in the job's network; says in the log how it goes.
pub(super) async fn build(engine: &Engine, wanted: &Wanted<'_>, log: &mut dyn LogSink) -> Result<(), Broken> {
    let build = wanted.build;
    let arguments: HashMap<&str, &str> = build.args.iter().map(|(name, value)| (&**name, &**value)).collect();
    let labels: HashMap<&str, &str> = wanted.fingerprint.iter().map(|print| (fingerprint::LABEL, *print)).collect();
    let network = format!("container:{}", wanted.sandbox);
    let mut options = BuildImageOptionsBuilder::new()
        .dockerfile(&build.dockerfile)
        .t(wanted.image)
        .buildargs(&arguments)
        .labels(&labels)
        .networkmode(&network)
        .nocache(build.no_cache)
        .rm(true)
        .forcerm(true);
    if wanted.pull {
        options = options.pull("1");
    }
    if let Some(target) = &build.target {
        options = options.target(target);
    }
    if let Some(platform) = &build.platform {
        options = options.platform(platform);
    }
    let file = tokio::fs::File::open(wanted.context).await.map_err(|error| EngineError::Broken(error.to_string()))?;
    let body = bollard::body_try_stream(ReaderStream::new(file).map_err(std::io::Error::other));
    let mut answers = Box::pin(engine.api.build_image(options.build(), wanted.credentials.for_build(), Some(body)));
    let mut made = Made::default();
    while let Some(answer) = answers.next().await {
        match answer.map_err(EngineError::from) {
            Ok(answer) => {
                made.hear(answer.stream.as_deref().unwrap_or_default());
                say(answer, log);
            }
            Err(error) => {
                made.clear(engine).await;
                return Err(match error {
                    EngineError::Stream(why) => Broken::Build(why),
                    error @ EngineError::Refused { .. } => Broken::Build(error.to_string()),
                    error => Broken::Engine(error),
                });
            }
        }
    }
    Ok(())
}

/// The engine's words about a build, without the many about layers that come down.
fn say(answer: BuildInfo, log: &mut dyn LogSink) {
    if let Some(text) = answer.stream {
        log.write(text.as_bytes());
    } else if let (Some(status), None) = (answer.status, answer.id) {
        log.write(format!("{status}\n").as_bytes());
    }
}

/// The last image without a name that a build made: one that fails leaves it behind.
#[derive(Default)]
struct Made {
    is_from_cache: bool,
    is_base: bool,
    last: Option<String>,
}

impl Made {
    fn hear(&mut self, text: &str) {
        let text = text.trim();
        if let Some(step) = text.strip_prefix("Step ") {
            self.is_base = step.split_once(" : ").is_some_and(|(_, instruction)| instruction.starts_with("FROM"));
            self.is_from_cache = false;
        }
        let Some(what) = text.strip_prefix("---> ") else { return };
        if what == "Using cache" {
            self.is_from_cache = true;
        } else if what.bytes().all(|b| b.is_ascii_hexdigit()) && !self.is_base {
            self.last = (!self.is_from_cache).then(|| what.to_owned());
        }
    }

    async fn clear(self, engine: &Engine) {
        let Some(last) = self.last else { return };
        let found = within(QUICK, engine.api.inspect_image(&last)).await;
        if found.is_ok_and(|image| image.repo_tags.unwrap_or_default().is_empty()) {
            kept::remove(engine, &last).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_made_itself_is_told_from_what_was_there() {
        let heard = |texts: &[&str]| {
            let mut made = Made::default();
            texts.iter().for_each(|text| made.hear(text));
            made.last
        };
        assert_eq!(heard(&["Step 1/3 : FROM x", " ---> aa11", "Step 2/3 : RUN y", " ---> Running in bb22"]), None);
        assert_eq!(
            heard(&["Step 1/2 : FROM x", " ---> aa11", "Step 2/2 : RUN y\n", " ---> cc33\n"]).as_deref(),
            Some("cc33")
        );
        assert_eq!(heard(&["Step 2/2 : RUN y", " ---> Using cache", " ---> cc33"]), None);
    }

    #[test]
    fn what_only_buildkit_can_is_refused_with_its_place() {
        let plain = ImageBuild::new("/c");
        assert_eq!(lacks(&plain, &Dockerfile::parse("FROM x\nRUN y\n")), None);
        let said = lacks(&plain, &Dockerfile::parse("FROM x\nRUN --mount=type=cache,target=/c y\n")).unwrap();
        assert!(said.starts_with("`RUN --mount` (line 2 of Dockerfile) needs BuildKit"), "{said}");
    }
}
