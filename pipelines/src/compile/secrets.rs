//! Whether a step may have the secrets that it asks for.

use crate::{
    context::{Context, SecretRule},
    diagnostic::Span,
    report::Report,
    suggest::{did_you_mean, listed},
    syntax::{Role, Spanned, Step},
    trigger::Event,
};

/// Checks all that a step asks for, unless nobody knows the repository's secrets. Steps that are left out ask for nothing: a secret
/// for tags is no mistake when a branch is pushed.
pub(super) fn check(step: &Step, role: Role, context: &Context, report: &mut Report) {
    let Some(rules) = &context.secrets else { return };
    for ask in &step.asks {
        match rules.iter().find(|rule| rule.name == ask.value) {
            None => unknown(ask, rules, report),
            Some(rule) if !rule.allows(context.trigger.event()) => not_for_event(rule, context, ask.span, report),
            Some(rule) if !rule.images.is_empty() => images(rule, step, role, ask.span, report),
            Some(_) => {}
        }
    }
}

fn unknown(ask: &Spanned<String>, rules: &[SecretRule], report: &mut Report) {
    let name = &ask.value;
    let help = did_you_mean(name, rules.iter().map(|rule| rule.name.as_str()))
        .unwrap_or_else(|| format!("set it with `slipway secrets set OWNER/REPO {name}`"));
    report.error(ask.span, format!("the repository has no secret `{name}`")).help(help);
}

fn not_for_event(rule: &SecretRule, context: &Context, at: Span, report: &mut Report) {
    let event = context.trigger.event().as_str();
    let found = report.error(at, format!("the secret `{}` is not for builds by `{event}`", rule.name));
    let allowed: Vec<&str> = Event::ALL.into_iter().filter(|event| rule.allows(*event)).map(Event::as_str).collect();
    if allowed.is_empty() {
        found.help("no event may have it: an administrator sets which may");
    } else {
        found.help(format!(
            "it is for {}; leave the step out otherwise: `when: {{event: [{}]}}`",
            listed(allowed.iter().copied(), "and"),
            allowed.join(", ")
        ));
    }
}

fn images(rule: &SecretRule, step: &Step, role: Role, at: Span, report: &mut Report) {
    let name = &rule.name;
    let images = || listed(rule.images.iter().map(String::as_str), "and");
    if !step.is_plugin() || role == Role::Service {
        report
            .error(at, format!("the secret `{name}` is for plugins, and `{}` is none", step.name.value))
            .help(format!("it is for the images {}, without `commands`, `entrypoint` and `environment`", images()));
        return;
    }
    let image = step.image.as_ref().map_or("", |image| image.value.as_str());
    if !rule.images.iter().any(|allowed| fits(allowed, image)) {
        report
            .error(at, format!("the secret `{name}` is not for the image `{image}`"))
            .help(format!("it is for {}", images()));
    }
}

/// Whether an image is an allowed one; without a tag in the rule, any of its tags and digests.
fn fits(allowed: &str, image: &str) -> bool {
    let (allowed, image) = (Reference::of(allowed), Reference::of(image));
    allowed.name == image.name && (allowed.version.is_none() || allowed.version == image.version)
}

#[derive(PartialEq)]
struct Reference<'t> {
    name: &'t str,
    version: Option<&'t str>,
}

impl<'t> Reference<'t> {
    fn of(text: &'t str) -> Self {
        let text = text.strip_prefix("docker.io/").unwrap_or(text);
        let text = text.strip_prefix("library/").unwrap_or(text);
        let slash = text.rfind('/').map_or(0, |at| at + 1);
        let split = text.find('@').or_else(|| text[slash..].find(':').map(|at| slash + at));
        match split {
            Some(at) => Self { name: &text[..at], version: Some(&text[at + 1..]) },
            None => Self { name: text, version: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn an_image_fits_with_the_tag_of_the_rule_or_any() {
        for (allowed, image) in [
            ("plugins/s3", "plugins/s3:1"),
            ("plugins/s3:1", "docker.io/plugins/s3:1"),
            ("docker.io/library/x", "x@sha256:aa"),
            ("localhost:5000/x", "localhost:5000/x:2"),
        ] {
            assert!(fits(allowed, image), "{allowed} {image}");
        }
        for (allowed, image) in [
            ("plugins/s3:1", "plugins/s3"),
            ("plugins/s3:1", "plugins/s3:2"),
            ("plugins/s3", "evil/plugins/s3"),
            ("x", "x.evil"),
        ] {
            assert!(!fits(allowed, image), "{allowed} {image}");
        }
    }
}
