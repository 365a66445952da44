//! What a server would tell the compiler, as far as it can be known here.

use std::{collections::BTreeMap, time::SystemTime};

use slipway_pipelines::{
    context::{Build, Context, Repository, System, Trusted},
    include::Included,
    repository::RepositoryName,
    state::Millis,
    trigger::Trigger,
};

use super::{Project, remote};
use crate::cli::Right;

/// The context of a build without a number.
pub(crate) fn context(project: &Project, trigger: Trigger, included: Included, rights: &[Right]) -> Context {
    Context {
        repository: repository(project, rights),
        trigger,
        build: Build { number: 0, parent: 0, created: now(), url: String::new(), reruns: 0 },
        previous: None,
        system: System {
            name: "slipway".to_owned(),
            url: String::new(),
            host: "localhost".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        secrets: None,
        included,
        local: true,
    }
}

fn repository(project: &Project, rights: &[Right]) -> Repository {
    let url = project.head.as_ref().and_then(|head| head.remote.clone());
    let remote = url.as_deref().and_then(remote::parse);
    let url = url.map(|url| remote::without_credential(&url)).unwrap_or_default();
    let default_branch = project.head.as_ref().and_then(|head| head.default_branch.clone().or(head.branch.clone()));
    let (name, page, forge, forge_url, is_ssh) = match remote {
        Some(remote) => (remote.name, remote.page, remote.forge, remote.forge_url, remote.is_ssh),
        None => (local_name(project), String::new(), "generic", String::new(), false),
    };
    Repository {
        name,
        remote_id: String::new(),
        url: page,
        clone_ssh_url: if is_ssh { url.clone() } else { String::new() },
        clone_url: url,
        default_branch: default_branch.unwrap_or_else(|| "main".to_owned()),
        private: true,
        forge: forge.to_owned(),
        forge_url,
        trusted: Trusted {
            network: rights.contains(&Right::Network),
            volumes: rights.contains(&Right::Volumes),
            security: rights.contains(&Right::Security),
        },
    }
}

/// `local/FOLDER`
fn local_name(project: &Project) -> RepositoryName {
    let folder = project.folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let folder: String = folder.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    let folder = folder.trim_start_matches(['.', '-']);
    RepositoryName::new("local", folder)
        .or_else(|_| RepositoryName::new("local", "directory"))
        .unwrap_or_else(|_| unreachable!("a valid name"))
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// Warnings about labels that this machine does not have: a server would wait for a runner that does.
pub(crate) fn label_warnings(
    jobs: &[slipway_pipelines::compile::CompiledJob],
    ours: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for job in jobs {
        for (name, wanted) in &job.labels {
            if let Some(have) = ours.get(name).filter(|have| *have != wanted && wanted != "*") {
                warnings.push(format!("`{}` wants {name} `{wanted}`, and this machine is `{have}`", job.name));
            }
        }
    }
    warnings
}
