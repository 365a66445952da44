//! The values that a runner is given with a lease: secrets and registry credentials. They stay the same as long as the
//! lease does, so that a runner that comes back masks its logs exactly as before.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use slipway_pipelines::{
    ids::{JobId, RepositoryId},
    plan::Plan,
    state::{Finish, Reason},
    trigger::Event,
    wire::RegistryLogin,
};

use super::{
    StoreError,
    codec::{from_json, to_json},
    global_registries, jobs,
    model::Repository,
    registries, secrets,
    writer::Tx,
};
use crate::vault::Kind;

const TABLE: &str = "jobs";

/// Plain values. No `Debug`.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Given {
    /// By name.
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) registries: Vec<RegistryLogin>,
}

impl Given {
    /// What must not appear in a log.
    pub(super) fn masked(&self) -> Vec<String> {
        let passwords = self.registries.iter().map(|login| &login.password);
        let values: BTreeSet<&String> = self.secrets.values().chain(passwords).collect();
        values.into_iter().filter(|value| !value.is_empty()).cloned().collect()
    }
}

/// What a plan asks for, as it is now; how its job ends when something of it is not to be had any more.
pub(super) async fn gather(
    tx: &mut Tx<'_>,
    repository: &Repository,
    plan: &Plan,
    event: Event,
) -> Result<Result<Given, Finish>, StoreError> {
    let names = plan.secret_names();
    let opened = secrets::open(&mut *tx.connection, tx.vault, repository.id, &names).await?;
    for name in names {
        let Some(secret) = opened.get(name) else {
            return Ok(Err(refused(plan, name, "is not there any more")));
        };
        if !secret.rule.allows(event) {
            return Ok(Err(refused(plan, name, &format!("is not for `{}` builds any more", event.as_str()))));
        }
    }
    let value = |secret: secrets::Opened| secret.value.expose_secret().to_owned();
    Ok(Ok(Given {
        secrets: opened.into_iter().map(|(name, secret)| (name, value(secret))).collect(),
        registries: logins(tx, repository.id, event).await?,
    }))
}

/// The repository's own, and for other hosts the global ones. What a pull request brings pulls with them and pushes nothing.
async fn logins(tx: &mut Tx<'_>, repository: RepositoryId, event: Event) -> Result<Vec<RegistryLogin>, StoreError> {
    let mut logins = registries::logins(&mut *tx.connection, tx.vault, repository).await?;
    for global in global_registries::logins(&mut *tx.connection, tx.vault).await? {
        if logins.iter().all(|own| own.host != global.host) {
            logins.push(global);
        }
    }
    for login in &mut logins {
        login.pull_only = event.is_pull_request();
    }
    Ok(logins)
}

fn refused(plan: &Plan, name: &str, why: &str) -> Finish {
    let step =
        plan.steps.iter().find(|step| step.secret_names().any(|asked| asked == name)).map_or("", |step| &step.name);
    Finish::with_note(Reason::Config, format!("the secret `{name}`, which step `{step}` asks for, {why}"))
}

/// Keeps what a runner was given, sealed, until its lease ends.
pub(super) async fn keep(
    tx: &mut Tx<'_>,
    repository: RepositoryId,
    job: JobId,
    given: &Given,
) -> Result<(), StoreError> {
    if given.secrets.is_empty() && given.registries.is_empty() {
        return Ok(());
    }
    let sealed = tx.vault.seal((repository.0, Kind::Given, &job.to_string()), &to_json(TABLE, given)?)?;
    jobs::set_sealed(&mut *tx.connection, job, sealed).await
}

/// What the runner of a lease in force was given.
pub(super) async fn kept(tx: &mut Tx<'_>, repository: RepositoryId, job: JobId) -> Result<Given, StoreError> {
    match jobs::sealed(&mut *tx.connection, job).await? {
        Some(sealed) => {
            let text = tx.vault.open((repository.0, Kind::Given, &job.to_string()), &sealed)?;
            from_json(TABLE, text.expose_secret())
        }
        None => Ok(Given::default()),
    }
}
