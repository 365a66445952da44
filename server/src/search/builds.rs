//! Builds by what is known of them: commit, message, author, branch. Newest first.

use std::time::{Duration, Instant};

use slipway_pipelines::{
    ids::{BuildId, RepositoryId},
    repository::RepositoryName,
    trigger::Trigger,
};

use super::{Needle, scan::excerpt};
use crate::{
    app::App,
    store::{StoreError, model::BuildSummary},
};

/// Builds that are looked at in one statement.
const WINDOW: u32 = 20_000;
/// How long an answer may take.
const LATE: Duration = Duration::from_secs(1);

/// A stretch of the past.
#[derive(Clone, Debug, Default)]
pub(crate) struct BuildHits {
    /// Newest first, with the part that fits.
    pub(crate) hits: Vec<(RepositoryName, BuildSummary, Option<[String; 3]>)>,
    /// The last build that was looked at; `None` at the end.
    pub(crate) next: Option<BuildId>,
}

/// Looks at the builds before one, or at all, until there are enough or the time is up.
pub(crate) async fn search_builds(
    app: &App,
    repository: Option<RepositoryId>,
    (text, needle): (&str, &Needle),
    before: Option<BuildId>,
    most: usize,
) -> Result<BuildHits, StoreError> {
    let mut found = BuildHits::default();
    if let Some(prefix) = sha_prefix(text) {
        let builds = app.store.builds_of_commit(repository, &prefix, before, most as u32 + 1).await?;
        if builds.len() > most {
            found.next = builds.get(most - 1).map(|(_, build)| build.id);
        }
        found.hits = builds.into_iter().take(most).map(|(name, build)| (name, build, None)).collect();
        if !found.hits.is_empty() {
            return Ok(found);
        }
    }
    let started = Instant::now();
    let mut before = before;
    loop {
        let (builds, last) = app.store.builds_like(repository, text, before, WINDOW).await?;
        for (name, build) in builds {
            let Some(part) = part_of(needle, &build.trigger) else { continue };
            if found.hits.len() == most {
                found.next = found.hits.last().map(|(_, build, _)| build.id);
                return Ok(found);
            }
            found.hits.push((name, build, Some(part)));
        }
        match last {
            None => return Ok(found),
            Some(last) if started.elapsed() > LATE => {
                found.next = Some(last);
                return Ok(found);
            }
            Some(last) => before = Some(last),
        }
    }
}

/// The beginning of a commit's name, if it can be one.
fn sha_prefix(text: &str) -> Option<String> {
    let is_hex = text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex && text.len() >= 6).then(|| text.to_ascii_lowercase())
}

/// The part of what is known that fits: author, branch or tag, or a line of the message.
fn part_of(needle: &Needle, trigger: &Trigger) -> Option<[String; 3]> {
    let people = [trigger.author.name.as_str(), trigger.branch(), trigger.tag().unwrap_or_default()];
    let mut parts = trigger.message.lines().chain(people);
    parts.find_map(|part| needle.find(part).map(|range| excerpt(part, range)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hex_of_some_length_is_a_commit() {
        assert_eq!(sha_prefix("4F2a9c81"), Some("4f2a9c81".to_owned()));
        for other in ["4f2a", "harbour", "", &"a".repeat(41)] {
            assert_eq!(sha_prefix(other), None, "{other}");
        }
    }
}
