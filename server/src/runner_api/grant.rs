//! What a runner is told with a lease.

use slipway_pipelines::wire::{Grant, Source};

use crate::{app::App, links, store::Granted};

/// The message for a lease.
pub(super) fn message(app: &App, granted: Granted) -> Grant {
    let Granted { claim, plan, masked, registries, inputs, kept, repository, trigger, number } = granted;
    let url = links::git(&repository.name);
    let own = || format!("{}{url}", app.config.public_url);
    Grant {
        claim,
        title: format!("{} #{number} {}", repository.name, plan.name),
        source: Source {
            repository: repository.name.to_string(),
            path: app.config.bare_repository(&repository.name).to_str().map(str::to_owned),
            reference: trigger.reference,
            sha: trigger.sha,
            origin: repository.clone_url.as_deref().map_or_else(own, without_credential),
            url,
        },
        plan,
        masked,
        registries,
        inputs,
        kept,
    }
}

/// A URL without the user and password that somebody may have left in it. `git@host:path` has none.
fn without_credential(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((user, host)) if scheme == "ssh" => {
            format!("{scheme}://{}@{host}{path}", user.split(':').next().unwrap_or("git"))
        }
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_reaches_a_checkout() {
        for (url, clean) in [
            ("https://me:tok@h.example/a/b.git", "https://h.example/a/b.git"),
            ("https://tok@h.example/a/b@c.git", "https://h.example/a/b@c.git"),
            ("https://me:p@ss@h.example", "https://h.example"),
            ("ssh://git:pw@h.example:22/a", "ssh://git@h.example:22/a"),
            ("git@h.example:a/b.git", "git@h.example:a/b.git"),
            ("/srv/git/a.git", "/srv/git/a.git"),
        ] {
            assert_eq!(without_credential(url), clean);
        }
    }
}
