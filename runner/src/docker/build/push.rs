//! Puts images into registries.

use std::time::Duration;

use bollard::query_parameters::PushImageOptionsBuilder;
use futures_util::StreamExt;
use slipway_pipelines::{state::Reason, wire::PushedImage};
use tokio::time::Instant;

use super::super::{engine::EngineError, job::Open, reference};
use crate::executor::{Failed, LogSink};

/// How often progress is written into a log.
const PROGRESS: Duration = Duration::from_secs(2);

/// Pushes a reference that the engine has.
pub(super) async fn push(job: &Open, reference: &str, log: &mut dyn LogSink) -> Result<PushedImage, Failed> {
    let (name, tag) = reference::split(reference);
    log.write(format!("Pushing {name}:{tag}\n").as_bytes());
    let login = job.images.credentials().for_image(reference);
    let user = login.as_ref().and_then(|login| login.username.clone());
    let failed = |why: &str| Failed::new(Reason::ImagePush, refusal(reference, why, user.as_deref()));
    let options = PushImageOptionsBuilder::new().tag(tag).build();
    let mut answers = Box::pin(job.engine.api.push_image(name, Some(options), login));
    let (mut layers, mut done, mut said, mut digest) = (0, 0, Instant::now(), None);
    loop {
        let answer = match tokio::time::timeout(job.engine.silence, answers.next()).await {
            Err(_) => {
                let silence = job.engine.silence.as_secs_f32();
                return Err(failed(&format!("the registry says nothing for {silence:.0} s")));
            }
            Ok(None) => break,
            Ok(Some(Err(error))) => match EngineError::from(error) {
                error @ (EngineError::Stream(_) | EngineError::Refused { .. }) => {
                    return Err(failed(&error.to_string()));
                }
                error => return Err(error.failed(&format!("can't push `{reference}`"))),
            },
            Ok(Some(Ok(answer))) => answer,
        };
        let Some(status) = answer.status else { continue };
        match status.as_str() {
            "Preparing" => layers += 1,
            "Pushed" | "Layer already exists" => done += 1,
            other if other.starts_with("Mounted from") => done += 1,
            other if other.starts_with("Retrying in") && said.elapsed() >= PROGRESS => {
                log.write(b"  the registry failed; it is tried again\n");
                said = Instant::now();
            }
            other => digest = digest_of(other).or(digest),
        }
        if said.elapsed() >= PROGRESS {
            log.write(format!("  {done} of {layers} layers\n").as_bytes());
            said = Instant::now();
        }
    }
    let digest = digest.ok_or_else(|| failed("the engine broke the push off"))?;
    log.write(format!("Pushed {name}:{tag} {digest}\n").as_bytes());
    Ok(PushedImage { reference: reference.to_owned(), digest })
}

/// `1.2: digest: sha256:… size: 527` -> `sha256:…`
fn digest_of(status: &str) -> Option<String> {
    let (_, rest) = status.split_once("digest: ")?;
    rest.split_whitespace().next().filter(|digest| digest.starts_with("sha256:")).map(str::to_owned)
}

/// What a registry has against a push, and what to do.
fn refusal(reference: &str, why: &str, user: Option<&str>) -> String {
    let why = why.trim();
    let said = format!("can't push `{reference}`: {why}");
    let lower = why.to_ascii_lowercase();
    let is_about_login = ["unauthorized", "denied", "authentication", "no basic auth", "401", "403"];
    if !is_about_login.iter().any(|word| lower.contains(word)) {
        return said;
    }
    let host = reference::host(reference).unwrap_or("docker.io");
    match user {
        Some(user) => format!(
            "{said}; {host} does not take the password of `{user}`, or `{user}` may not push there: \
             set it anew with `slipway registries set OWNER/REPO {host}`"
        ),
        None => format!(
            "{said}; the repository has no login for {host}: add one with `slipway registries set OWNER/REPO {host}`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_from_the_last_words() {
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(digest_of(&format!("1: digest: {digest} size: 527")), Some(digest));
        assert_eq!(digest_of("The push refers to repository [x]"), None);
    }

    #[test]
    fn a_refused_login_says_whose() {
        let said = refusal("r.example:5000/a:1", "unauthorized: authentication required", Some("me"));
        assert!(said.contains("the password of `me`") && said.contains("set OWNER/REPO r.example:5000"), "{said}");
        assert!(refusal("a/b", "denied: requested access", None).contains("no login for docker.io"));
        assert_eq!(refusal("r/a:1", "connection refused ", None), "can't push `r/a:1`: connection refused");
    }
}
