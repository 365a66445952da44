//! `slipway registries`: a repository's credentials for image registries. Passwords go to the server and never come back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Exit,
    cli::{Registries, RegistryAction},
    remote::{Failure, Server, columns, finish, read_value},
};

/// Does what was asked for.
pub(crate) fn registries(args: &Registries) -> Exit {
    finish(act(&args.action))
}

async fn act(action: &RegistryAction) -> Result<String, Failure> {
    match action {
        RegistryAction::Ls { repository, at } => {
            let list = Server::at(at)?.ask(Method::GET, repository, &["registries"], None).await?;
            Ok(shown(&list))
        }
        RegistryAction::Set { repository, host, username, value, at } => {
            let server = Server::at(at)?;
            let body = json!({"username": username, "password": read_value(value, "password")?});
            let kept = server.ask(Method::PUT, repository, &["registries", host], Some(&body)).await?;
            let host = kept["host"].as_str().unwrap_or(host);
            Ok(format!("credential of {repository} for `{host}` is set, for {username}\n"))
        }
        RegistryAction::Rm { repository, host, at } => {
            Server::at(at)?.ask(Method::DELETE, repository, &["registries", host], None).await?;
            Ok(format!("credential of {repository} for `{host}` is deleted\n"))
        }
    }
}

fn shown(list: &Value) -> String {
    let row = |registry: &Value| {
        ["host", "username", "updated_at"].map(|field| registry[field].as_str().unwrap_or_default().to_owned())
    };
    let rows: Vec<_> = list.as_array().into_iter().flatten().map(row).collect();
    columns(["HOST", "USER", "SET"], &rows)
}
