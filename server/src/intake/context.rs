//! What the compiler is told about repository, build and server.

use slipway_pipelines::{
    context::{Build, Context, Repository as Told, SecretRule, System},
    include::Included,
    trigger::Trigger,
};

use crate::{
    config::Config,
    links,
    source::CloneUrl,
    store::model::{BuildSeed, Forge, Repository},
};

/// The context of a build to be. Holds all that the closure of `create_build` needs, so that it does no I/O.
#[derive(Clone, Debug)]
pub(super) struct Ingredients {
    pub(super) repository: Told,
    pub(super) trigger: Trigger,
    pub(super) parent: Option<u64>,
    pub(super) system: System,
    pub(super) secrets: Vec<SecretRule>,
    pub(super) included: Included,
    /// Base of the pages of builds.
    name: slipway_pipelines::repository::RepositoryName,
}

impl Ingredients {
    pub(super) fn new(config: &Config, repository: &Repository, trigger: Trigger, parent: Option<u64>) -> Self {
        Self {
            repository: told(config, repository),
            trigger,
            parent,
            system: System {
                name: "slipway".to_owned(),
                url: config.public_url.clone(),
                host: host(&config.public_url).to_owned(),
                version: config.version.to_owned(),
            },
            secrets: Vec::new(),
            included: Included::new(),
            name: repository.name.clone(),
        }
    }

    pub(super) fn context(self, seed: &BuildSeed) -> Context {
        let url = format!("{}{}", self.system.url, links::build(&self.name, seed.number));
        Context {
            repository: self.repository,
            trigger: self.trigger,
            build: Build {
                number: seed.number,
                parent: self.parent.unwrap_or(0),
                created: seed.created,
                url,
                reruns: 0,
            },
            previous: seed.previous.clone(),
            system: self.system,
            secrets: Some(self.secrets),
            included: self.included,
            local: false,
        }
    }
}

fn told(config: &Config, repository: &Repository) -> Told {
    let registered = repository.clone_url.as_deref().and_then(|text| CloneUrl::parse(text).ok()).map(|(url, _)| url);
    let own = format!("{}{}", config.public_url, links::git(&repository.name));
    let is_ssh = registered.as_ref().is_some_and(|url| url.origin().is_empty() && url.as_str().contains('@'));
    let clone_url = registered.as_ref().map_or(own, |url| url.as_str().to_owned());
    let page = match &registered {
        Some(url) if !url.origin().is_empty() => format!("{}/{}", url.origin(), url.path()),
        _ => format!("{}{}", config.public_url, links::repository(&repository.name)),
    };
    let forge_url = match (repository.forge, &registered) {
        (Forge::Slipway, _) | (_, None) => config.public_url.clone(),
        (_, Some(url)) => url.origin().to_owned(),
    };
    Told {
        name: repository.name.clone(),
        remote_id: repository.id.to_string(),
        url: page,
        clone_ssh_url: if is_ssh { clone_url.clone() } else { String::new() },
        clone_url,
        default_branch: repository.default_branch.clone(),
        private: repository.private,
        forge: repository.forge.as_str().to_owned(),
        forge_url,
        trusted: repository.trusted,
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_url_has_no_port() {
        for (url, wanted) in
            [("http://127.0.0.1:8000", "127.0.0.1"), ("https://ci.x/sub", "ci.x"), ("http://[::1]:8", "::1")]
        {
            assert_eq!(host(url), wanted);
        }
    }
}
