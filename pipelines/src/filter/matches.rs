//! Whether a `when` fits.

use super::facts::Facts;
use crate::{
    diagnostic::Span,
    plan::RunsOn,
    suggest::listed,
    syntax::{AxisPattern, Condition, PathFilter, Pattern, When},
    trigger::Event,
};

/// What a `when` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It fits, and this is the status that it runs on.
    Runs(RunsOn),
    /// It does not, and this is why.
    LeftOut(String),
    /// It cannot be told.
    Wrong(Box<Unclear>),
}

/// Why it cannot be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unclear {
    pub(crate) at: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl When {
    /// Fits when one condition does. Only fitting conditions have a say in the status.
    pub(crate) fn verdict(&self, facts: &Facts<'_>) -> Verdict {
        if self.conditions.is_empty() {
            return Verdict::Runs(RunsOn::default());
        }
        let mut runs_on: Option<RunsOn> = None;
        let mut reasons = Vec::new();
        for condition in &self.conditions {
            match condition.mismatch(facts) {
                Err(unclear) => return Verdict::Wrong(unclear),
                Ok(Some(reason)) => reasons.push(reason),
                Ok(None) => {
                    let status = condition.status.unwrap_or_default();
                    let sum = runs_on.get_or_insert(RunsOn { success: false, failure: false });
                    sum.success |= status.success;
                    sum.failure |= status.failure;
                }
            }
        }
        match runs_on {
            Some(runs_on) => Verdict::Runs(runs_on),
            None => {
                reasons.dedup();
                reasons.truncate(5);
                Verdict::LeftOut(format!("its `when` takes {}", reasons.join("; or ")))
            }
        }
    }

    /// Whether a condition names an event.
    pub(crate) fn names(&self, event: Event) -> bool {
        self.conditions.iter().any(|condition| condition.event.iter().flatten().any(|named| *named == event))
    }
}

impl Condition {
    /// Why it does not fit.
    fn mismatch(&self, facts: &Facts<'_>) -> Result<Option<String>, Box<Unclear>> {
        let reason = self.plain_mismatch(facts);
        if reason.is_some() {
            return Ok(reason);
        }
        let Some(evaluate) = &self.evaluate else { return Ok(None) };
        match evaluate.value.holds(facts.variables) {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some(format!("`{}`, which is false here", evaluate.value.words()))),
            Err(wrong) => {
                let message = format!("`evaluate`: {}", wrong.message);
                Err(Box::new(Unclear { at: evaluate.span, message, help: wrong.help }))
            }
        }
    }

    /// Why anything but `evaluate` does not fit.
    fn plain_mismatch(&self, facts: &Facts<'_>) -> Option<String> {
        let trigger = facts.trigger;
        let event = trigger.event();
        if let Some(events) = &self.event
            && !events.contains(&event)
        {
            return Some(wanted("event", &listed(events.iter().map(|event| event.as_str()), "or"), event.as_str()));
        }
        if self.local == Some(false) && facts.local {
            return Some("builds of a server, this is `slipway run`".to_owned());
        }
        let branch = trigger.branch();
        let texts = [
            ("repository", &self.repo, Some(facts.repository)),
            ("ref", &self.reference, Some(trigger.reference.as_str())),
            ("instance", &self.instance, Some(facts.instance)),
            // Tags and releases are on no branch.
            ("branch", &self.branch, (!matches!(event, Event::Tag | Event::Release)).then_some(branch)),
            ("cron", &self.cron, cron_name(facts)),
        ];
        for (what, pattern, actual) in texts {
            if let (Some(pattern), Some(actual)) = (pattern, actual)
                && !pattern.fits(actual)
            {
                return Some(wanted(what, &pattern.words, actual));
            }
        }
        self.platform
            .as_ref()
            .and_then(|pattern| platform(pattern, facts))
            .or_else(|| self.path.as_ref().and_then(|filter| path(filter, facts)).or_else(|| axis(&self.matrix, facts)))
    }
}

impl Pattern {
    /// Excluded wins; without anything to include all else fits.
    fn fits(&self, text: &str) -> bool {
        !self.exclude.iter().any(|glob| glob.is_match(text))
            && (self.include.is_empty() || self.include.iter().any(|glob| glob.is_match(text)))
    }
}

fn wanted(what: &str, words: &str, actual: &str) -> String {
    let actual: String = actual.chars().take(100).collect();
    format!("{what} {words}, this is `{actual}`")
}

fn cron_name<'a>(facts: &Facts<'a>) -> Option<&'a str> {
    match &facts.trigger.cause {
        crate::trigger::Cause::Cron { name, .. } => Some(name),
        _ => None,
    }
}

fn platform(pattern: &Pattern, facts: &Facts<'_>) -> Option<String> {
    match facts.platform {
        Some(platform) if pattern.fits(platform) => None,
        Some(platform) => Some(wanted("platform", &pattern.words, platform)),
        None => Some(format!("platform {}, and the workflow has no label `platform`", pattern.words)),
    }
}

/// Paths matter to pushes and pull requests whose paths are known.
fn path(filter: &PathFilter, facts: &Facts<'_>) -> Option<String> {
    let event = facts.trigger.event();
    let files = facts.trigger.changed_files.as_ref()?;
    if event != Event::Push && !event.is_pull_request() {
        return None;
    }
    if filter.ignore_message.as_ref().is_some_and(|text| facts.trigger.message.to_lowercase().contains(text.as_str())) {
        return None;
    }
    if files.is_empty() {
        return (!filter.on_empty).then(|| "changed paths, and there are none".to_owned());
    }
    let Pattern { include, exclude, words } = &filter.pattern;
    let any = |globs: &[globset::GlobMatcher], file: &String| globs.iter().any(|glob| glob.is_match(file));
    let all_excluded = !exclude.is_empty() && files.iter().all(|file| any(exclude, file));
    let included = include.is_empty() || files.iter().any(|file| any(include, file));
    (all_excluded || !included).then(|| format!("path {words}, and no changed path is such"))
}

fn axis(axes: &[AxisPattern], facts: &Facts<'_>) -> Option<String> {
    let cell = facts.matrix?;
    axes.iter().find_map(|wanted_axis| {
        let actual = cell.get(&wanted_axis.axis).map_or("", String::as_str);
        let fits = wanted_axis.pattern.fits(actual) != wanted_axis.negated;
        let not = if wanted_axis.negated { "not " } else { "" };
        (!fits)
            .then(|| wanted(&format!("`{}`", wanted_axis.axis), &format!("{not}{}", wanted_axis.pattern.words), actual))
    })
}
