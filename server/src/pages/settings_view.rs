//! A repository's rows as the page of its settings.

use slipway_pipelines::{state::Millis, trigger::Event};
use slipway_web::{
    time::{Moment, rfc3339},
    views::{
        CacheRow, CronForm, CronRow, EventBox, RegistryForm, RegistryRow, SecretForm, SecretRow, SettingsPage,
        TrustSwitch, paths,
    },
};

use super::fields::one;
use crate::{
    api::checks,
    crons::Schedule,
    store::model::{Cached, Cron, DeliveryState, Registry, Repository, Secret},
};

/// What stands in the forms. Never a value.
pub(super) enum Filled {
    /// What is known of a secret, registry or cron that is to be replaced.
    Known { secret: Option<String>, registry: Option<String>, cron: Option<String> },
    /// What was sent and refused.
    Secret { name: String, events: Vec<String>, images: Vec<String> },
    /// What was sent and refused.
    Registry { host: String, username: String },
    /// What was sent and refused.
    Cron(CronForm),
}

impl Filled {
    /// A registry's form that was refused.
    pub(super) fn registry(fields: &[(String, String)]) -> Self {
        Self::Registry { host: one(fields, "host").to_owned(), username: one(fields, "username").to_owned() }
    }
}

pub(super) fn settings_page(
    repository: &Repository,
    secrets: &[Secret],
    registries: &[Registry],
    crons: &[Cron],
    caches: &[Cached],
    filled: Filled,
    now: Millis,
) -> SettingsPage {
    let mut page = SettingsPage::new(&repository.name);
    page.secrets = secrets.iter().map(|secret| secret_row(repository, secret, now)).collect();
    let page_path = paths::settings(&repository.name);
    page.registries = registries.iter().map(|registry| registry_row(&page_path, registry, now)).collect();
    page.caches = caches.iter().map(|cached| cache_row(cached, now)).collect();
    page.default_branch.clone_from(&repository.default_branch);
    page.trust = TrustSwitch::all(repository.trusted);
    page.secret = secret_form(secrets, &filled);
    page.registry = registry_form(registries, &filled);
    page.crons = crons.iter().map(|cron| cron_row(repository, cron, now)).collect();
    page.cron = cron_form(crons, &filled);
    page
}

fn secret_form(secrets: &[Secret], filled: &Filled) -> SecretForm {
    match filled {
        Filled::Secret { name, events, images } => SecretForm {
            name: name.clone(),
            replaces: secrets.iter().any(|secret| secret.rule.name.eq_ignore_ascii_case(name)),
            events: EventBox::all(|event| events.iter().any(|name| name == event.as_str())),
            images: images.join("\n"),
            open: true,
        },
        Filled::Known { secret: Some(name), .. } => match secrets.iter().find(|one| one.rule.name == *name) {
            Some(Secret { rule, .. }) => SecretForm {
                name: rule.name.clone(),
                replaces: true,
                events: EventBox::all(|event| rule.events.contains(&event)),
                images: rule.images.join("\n"),
                open: true,
            },
            None => new_secret(),
        },
        Filled::Known { secret: None, .. } | Filled::Registry { .. } | Filled::Cron(_) => new_secret(),
    }
}

fn new_secret() -> SecretForm {
    let usual = checks::default_events();
    SecretForm { events: EventBox::all(|event| usual.contains(&event)), ..SecretForm::default() }
}

pub(super) fn registry_form(registries: &[Registry], filled: &Filled) -> RegistryForm {
    match filled {
        Filled::Registry { host, username } => RegistryForm {
            host: host.clone(),
            username: username.clone(),
            replaces: registries.iter().any(|registry| registry.host.eq_ignore_ascii_case(host)),
            open: true,
        },
        Filled::Known { registry: Some(host), .. } => match registries.iter().find(|one| one.host == *host) {
            Some(found) => {
                RegistryForm { host: found.host.clone(), username: found.username.clone(), replaces: true, open: true }
            }
            None => RegistryForm::default(),
        },
        Filled::Known { registry: None, .. } | Filled::Secret { .. } | Filled::Cron(_) => RegistryForm::default(),
    }
}

fn secret_row(repository: &Repository, secret: &Secret, now: Millis) -> SecretRow {
    SecretRow {
        name: secret.rule.name.clone(),
        events: events(&secret.rule.events),
        images: secret.rule.images.join(", "),
        updated: Moment::new(secret.updated, now),
        // Names are of letters that a query takes as they are.
        replace: format!("{}?secret={}", paths::settings(&repository.name), secret.rule.name),
    }
}

/// A row whose form is on the page of that path.
pub(super) fn registry_row(page: &str, registry: &Registry, now: Millis) -> RegistryRow {
    RegistryRow {
        host: registry.host.clone(),
        username: registry.username.clone(),
        updated: Moment::new(registry.updated, now),
        replace: format!("{page}?registry={}", registry.host),
    }
}

fn cron_form(crons: &[Cron], filled: &Filled) -> CronForm {
    match filled {
        Filled::Cron(form) => {
            CronForm { replaces: crons.iter().any(|cron| cron.name == form.name), open: true, ..form.clone() }
        }
        Filled::Known { cron: Some(name), .. } => match crons.iter().find(|one| one.name == *name) {
            Some(found) => CronForm {
                name: found.name.clone(),
                schedule: found.schedule.clone(),
                branch: found.branch.clone().unwrap_or_default(),
                paused: found.next.is_none(),
                replaces: true,
                open: true,
            },
            None => CronForm::default(),
        },
        Filled::Known { cron: None, .. } | Filled::Secret { .. } | Filled::Registry { .. } => CronForm::default(),
    }
}

fn cron_row(repository: &Repository, cron: &Cron, now: Millis) -> CronRow {
    let state = cron.last.as_ref().map(|(_, state)| state);
    CronRow {
        name: cron.name.clone(),
        schedule: cron.schedule.clone(),
        words: Schedule::parse(&cron.schedule).map(|schedule| schedule.words()).unwrap_or_default(),
        branch: cron.branch.clone().unwrap_or_default(),
        next: cron.next.map(|next| rfc3339(next)[..16].replace('T', " ")).unwrap_or_default(),
        last: cron.last.as_ref().map(|(at, _)| Moment::new(*at, now)),
        build: match state {
            Some(DeliveryState::Built { number, .. }) => Some((*number, paths::build(&repository.name, *number))),
            _ => None,
        },
        problem: match state {
            Some(DeliveryState::Ignored { why } | DeliveryState::Failed { why }) => why.clone(),
            _ => String::new(),
        },
        replace: format!("{}?cron={}", paths::settings(&repository.name), cron.name),
    }
}

fn cache_row(cached: &Cached, now: Millis) -> CacheRow {
    CacheRow {
        id: cached.entry.id.to_string(),
        key: cached.entry.key.clone(),
        scope: cached.scope.clone(),
        size: cached.problem.clone().map_or_else(|| Ok(megabytes(cached.entry.bytes)), Err),
        used: Moment::new(cached.used, now),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The usual sets by a word, others one by one.
fn events(events: &[Event]) -> String {
    let has_all = |wanted: &[Event]| wanted.iter().all(|event| events.contains(event));
    if has_all(&Event::ALL) {
        return "all".to_owned();
    }
    let usual = checks::default_events();
    if has_all(&usual) && events.len() == usual.len() {
        return "all but pull requests".to_owned();
    }
    events.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_sets_of_events_have_a_word() {
        assert_eq!(events(&Event::ALL), "all");
        assert_eq!(events(&checks::default_events()), "all but pull requests");
        assert_eq!(events(&[Event::Tag, Event::PullRequest]), "tag, pull_request");
    }
}
