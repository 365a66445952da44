//! Credentials of image registries, where the Docker CLI keeps them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use slipway_pipelines::{compile::CompiledJob, plan::Image, wire::RegistryLogin};

/// What the CLI calls its own registry.
const HUB: &str = "https://index.docker.io/v1/";

/// The credentials in `config.json`, and those that its helpers have for the registries of these jobs.
pub(super) fn logins(jobs: &[CompiledJob]) -> Vec<RegistryLogin> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker")));
    let text = folder.and_then(|folder| fs::read(folder.join("config.json")).ok());
    let Some(config) = text.and_then(|text| serde_json::from_slice::<Value>(&text).ok()) else { return Vec::new() };
    let mut logins: BTreeMap<String, RegistryLogin> = stored(&config);
    for host in hosts(jobs) {
        if let Some(login) = helper(&config, &host).and_then(|helper| asked(helper, &host)) {
            logins.insert(host, login);
        }
    }
    logins.into_values().collect()
}

fn stored(config: &Value) -> BTreeMap<String, RegistryLogin> {
    let mut logins = BTreeMap::new();
    for (server, entry) in config["auths"].as_object().into_iter().flatten() {
        let decoded = entry["auth"].as_str().and_then(|auth| STANDARD.decode(auth).ok());
        let Some(pair) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) else { continue };
        if let Some((username, password)) = pair.split_once(':') {
            let host = host_of(server);
            let (username, password) = (username.to_owned(), password.trim_end_matches('\0').to_owned());
            logins.insert(host.clone(), RegistryLogin { host, username, password, pull_only: false });
        }
    }
    logins
}

/// `https://index.docker.io/v1/` -> `docker.io`, `https://host/v2/` -> `host`
fn host_of(server: &str) -> String {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    match rest.split('/').next().unwrap_or_default() {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        host => host.to_owned(),
    }
}

/// Hosts of the images that are pulled.
fn hosts(jobs: &[CompiledJob]) -> BTreeSet<String> {
    let steps = jobs.iter().flat_map(|job| &job.plan.steps);
    let images = steps.filter_map(|step| match &step.container()?.image {
        Image::Registry { reference, .. } => Some(reference.as_str()),
        Image::Build(_) | Image::Load { .. } => None,
    });
    let host = |reference: &str| match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host.to_owned(),
        _ => "docker.io".to_owned(),
    };
    images.map(host).collect()
}

fn helper<'a>(config: &'a Value, host: &str) -> Option<&'a str> {
    config["credHelpers"][host].as_str().or_else(|| config["credsStore"].as_str()).filter(|name| !name.is_empty())
}

fn asked(helper: &str, host: &str) -> Option<RegistryLogin> {
    let mut child = Command::new(format!("docker-credential-{helper}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let server = if host == "docker.io" { HUB } else { host };
    child.stdin.take()?.write_all(server.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    let (username, password) = (text("Username")?, text("Secret")?);
    Some(RegistryLogin { host: host.to_owned(), username, password, pull_only: false })
        .filter(|login| !login.username.is_empty() && !login.password.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_clis_file_is_understood() {
        let config = json!({
            "auths": {
                HUB: {"auth": STANDARD.encode("me:pass:word")},
                "registry.x:5000": {"auth": STANDARD.encode("you:p")},
                "elsewhere": {},
            },
            "credsStore": "all",
            "credHelpers": {"ghcr.io": "gh"},
        });
        let stored = stored(&config);
        let seen: Vec<_> = stored
            .values()
            .map(|login| (login.host.as_str(), login.username.as_str(), login.password.as_str()))
            .collect();
        assert_eq!(seen, [("docker.io", "me", "pass:word"), ("registry.x:5000", "you", "p")]);
        assert_eq!((helper(&config, "ghcr.io"), helper(&config, "docker.io")), (Some("gh"), Some("all")));
        assert_eq!(host_of("https://ghcr.io/v2/"), "ghcr.io");
    }
}
