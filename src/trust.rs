//! `slipway trust`: what a repository's steps may do beyond their containers.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::{
    Exit,
    cli::Trust,
    remote::{Failure, Server, finish},
};

/// Does what was asked for.
pub(crate) fn trust(args: &Trust) -> Exit {
    finish(act(args))
}

async fn act(args: &Trust) -> Result<String, Failure> {
    let change = change(args);
    let (method, body) = match change.is_empty() {
        true => (Method::GET, None),
        false => (Method::PATCH, Some(json!({"trusted": change}))),
    };
    let answer = Server::at(&args.at)?.ask(method, &args.repository, &[], body.as_ref()).await?;
    let given = ["network", "volumes", "security"].into_iter().filter(|right| answer["trusted"][right] == true);
    let given: Vec<&str> = given.collect();
    let given = if given.is_empty() { "nothing".to_owned() } else { given.join(", ") };
    Ok(format!("{} is trusted with {given}\n", args.repository))
}

/// What is to be another way than it may be now.
fn change(args: &Trust) -> Map<String, Value> {
    let rights = [("network", args.network), ("volumes", args.volumes), ("security", args.security)];
    let changed = rights.into_iter().filter(|(_, given)| *given || args.none);
    changed.map(|(right, given)| (right.to_owned(), Value::Bool(given))).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn changed(flags: &[&str]) -> Value {
        let line = ["slipway", "trust", "me/thing"].iter().chain(flags);
        let Command::Trust(args) = Cli::try_parse_from(line).unwrap().command else { panic!("another command") };
        Value::Object(change(&args))
    }

    #[test]
    fn flags_give_rights_and_none_takes_the_others_away() {
        assert_eq!(changed(&[]), json!({}));
        assert_eq!(changed(&["--network"]), json!({"network": true}));
        assert_eq!(changed(&["--none"]), json!({"network": false, "volumes": false, "security": false}));
        assert_eq!(changed(&["--none", "--volumes"]), json!({"network": false, "volumes": true, "security": false}));
    }
}
