//! `slipway secrets`: a repository's secrets on a server. Values go there and never come back.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Exit,
    cli::{SecretAction, Secrets},
    remote::{Failure, Server, columns, finish, read_value, words},
};

/// Does what was asked for.
pub(crate) fn secrets(args: &Secrets) -> Exit {
    finish(act(&args.action))
}

async fn act(action: &SecretAction) -> Result<String, Failure> {
    match action {
        SecretAction::Ls { repository, at } => {
            let list = Server::at(at)?.ask(Method::GET, repository, &["secrets"], None).await?;
            Ok(shown(&list))
        }
        SecretAction::Set { repository, name, events, images, value, at } => {
            let server = Server::at(at)?;
            let mut body = json!({"value": read_value(value, "value")?, "images": images});
            if !events.is_empty() {
                body["events"] = json!(events);
            }
            let kept = server.ask(Method::PUT, repository, &["secrets", name], Some(&body)).await?;
            let (name, events) = (kept["name"].as_str().unwrap_or(name), words(&kept["events"]));
            Ok(format!("secret `{name}` of {repository} is set, for {events}\n"))
        }
        SecretAction::Rm { repository, name, at } => {
            Server::at(at)?.ask(Method::DELETE, repository, &["secrets", name], None).await?;
            Ok(format!("secret `{name}` of {repository} is deleted\n"))
        }
    }
}

fn shown(list: &Value) -> String {
    let row = |secret: &Value| {
        let text = |field: &str| secret[field].as_str().unwrap_or_default().to_owned();
        let images = Some(words(&secret["images"])).filter(|images| !images.is_empty());
        [text("name"), words(&secret["events"]), images.unwrap_or_else(|| "-".to_owned()), text("updated_at")]
    };
    let rows: Vec<_> = list.as_array().into_iter().flatten().map(row).collect();
    columns(["NAME", "EVENTS", "IMAGES", "SET"], &rows)
}
