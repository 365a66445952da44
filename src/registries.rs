//! `slipway registries`: credentials for image registries, of a repository or of all. Passwords go to the server and never come back.

use reqwest::Method;
use serde_json::{Value, json};
use slipway_pipelines::repository::RepositoryName;

use crate::{
    Exit,
    cli::{Registries, RegistryAction, RegistryPlace},
    remote::{Failure, Server, columns, finish, read_value},
};

/// Does what was asked for.
pub(crate) fn registries(args: &Registries) -> Exit {
    finish(act(&args.action))
}

async fn act(action: &RegistryAction) -> Result<String, Failure> {
    match action {
        RegistryAction::Ls { repository, at, .. } => {
            let list = ask(&Server::at(at)?, Method::GET, repository.as_ref(), &["registries"], None).await?;
            Ok(shown(&list))
        }
        RegistryAction::Set { place, username, value, at } => {
            let (repository, host) = whose(place)?;
            let server = Server::at(at)?;
            let body = json!({"username": username, "password": read_value(value, "password")?});
            let path = ["registries", host];
            let kept = ask(&server, Method::PUT, repository.as_ref(), &path, Some(&body)).await?;
            let host = kept["host"].as_str().unwrap_or(host);
            Ok(format!("{} for `{host}` is set, for {username}\n", credential(repository.as_ref())))
        }
        RegistryAction::Rm { place, at } => {
            let (repository, host) = whose(place)?;
            ask(&Server::at(at)?, Method::DELETE, repository.as_ref(), &["registries", host], None).await?;
            Ok(format!("{} for `{host}` is deleted\n", credential(repository.as_ref())))
        }
    }
}

async fn ask(
    server: &Server,
    method: Method,
    repository: Option<&RepositoryName>,
    path: &[&str],
    body: Option<&Value>,
) -> Result<Value, Failure> {
    match repository {
        Some(repository) => server.ask(method, repository, path, body).await,
        None => server.ask_all(method, path, body).await,
    }
}

/// The repository, unless it is for all of them, and the host.
fn whose(place: &RegistryPlace) -> Result<(Option<RepositoryName>, &str), Failure> {
    match (place.global, place.names.as_slice()) {
        (true, [host]) => Ok((None, host)),
        (true, _) => Err(Failure::usage("`--global` takes a host and no repository: it is for all of them")),
        (false, [repository, host]) => {
            let parsed = repository.parse::<RepositoryName>();
            let repository =
                parsed.map_err(|error| Failure::usage(format!("`{repository}` is no repository: {error}")))?;
            Ok((Some(repository), host))
        }
        (false, _) => Err(Failure::usage("give a repository and a host, `OWNER/REPO HOST`, or `--global HOST`")),
    }
}

fn credential(repository: Option<&RepositoryName>) -> String {
    match repository {
        Some(repository) => format!("credential of {repository}"),
        None => "credential of all repositories".to_owned(),
    }
}

fn shown(list: &Value) -> String {
    let row = |registry: &Value| {
        ["host", "username", "updated_at"].map(|field| registry[field].as_str().unwrap_or_default().to_owned())
    };
    let rows: Vec<_> = list.as_array().into_iter().flatten().map(row).collect();
    columns(["HOST", "USER", "SET"], &rows)
}
