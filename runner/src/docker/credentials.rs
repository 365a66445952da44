//! Logins to image registries, as the engine wants them.

use std::collections::HashMap;

use bollard::auth::DockerCredentials;
use slipway_pipelines::wire::RegistryLogin;

use super::reference;

/// What the engine calls Docker's own registry.
const HUB: &str = "https://index.docker.io/v1/";
/// What references without a host mean.
const HUB_HOST: &str = "docker.io";
/// Headers that carry logins.
pub(super) const HEADERS: [&str; 2] = ["x-registry-auth", "x-registry-config"];

/// The logins of a job, by host.
#[derive(Clone, Default, Debug)]
pub(super) struct Credentials(HashMap<String, RegistryLogin>);

impl Credentials {
    pub(super) fn of(logins: &[RegistryLogin]) -> Self {
        Self(logins.iter().map(|login| (host(&login.host), login.clone())).collect())
    }

    /// For the pull of an image.
    pub(super) fn for_image(&self, image: &str) -> Option<DockerCredentials> {
        let host = reference::host(image).map_or_else(|| HUB_HOST.to_owned(), host);
        self.0.get(&host).map(|login| engine_login(&host, login))
    }

    /// For a registry by its host, however it is spelt.
    pub(super) fn for_host(&self, spelling: &str) -> Option<&RegistryLogin> {
        self.0.get(&host(spelling))
    }

    /// Whether an image may be pushed; says why not.
    pub(super) fn may_push(&self, image: &str) -> Result<(), String> {
        let host = reference::host(image).map_or_else(|| HUB_HOST.to_owned(), host);
        if self.0.get(&host).is_some_and(|login| login.pull_only) {
            return Err(format!(
                "can't push `{image}`: builds of pull requests pull with the credential for `{host}` and push nothing; \
                 push in a build of a branch or tag"
            ));
        }
        Ok(())
    }

    /// For a build, which may pull from any.
    pub(super) fn for_build(&self) -> Option<HashMap<String, DockerCredentials>> {
        let all = self.0.iter().map(|(host, login)| (address(host), engine_login(host, login)));
        (!self.0.is_empty()).then(|| all.collect())
    }
}

/// One spelling for a registry, whichever its people use.
fn host(spelling: &str) -> String {
    let spelling = spelling.trim().to_ascii_lowercase();
    let bare = spelling.strip_prefix("https://").or(spelling.strip_prefix("http://")).unwrap_or(&spelling);
    let bare = bare.split('/').next().unwrap_or_default();
    match bare {
        "" | "docker.io" | "index.docker.io" | "registry-1.docker.io" | "hub.docker.com" => HUB_HOST.to_owned(),
        other => other.to_owned(),
    }
}

fn address(host: &str) -> String {
    if host == HUB_HOST { HUB.to_owned() } else { host.to_owned() }
}

fn engine_login(host: &str, login: &RegistryLogin) -> DockerCredentials {
    DockerCredentials {
        username: Some(login.username.clone()),
        password: Some(login.password.clone()),
        serveraddress: Some(address(host)),
        ..Default::default()
    }
}

/// The engine reads a header of these in the base64 for URLs and drops what it can't read without a word; the client
/// writes the other base64, which differs for some passwords.
pub(super) fn respell(header: &str) -> String {
    header.replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(host: &str, username: &str) -> RegistryLogin {
        RegistryLogin { host: host.into(), username: username.into(), password: "p".into(), pull_only: false }
    }

    #[test]
    fn a_login_is_found_by_the_images_host() {
        let all = Credentials::of(&[login("https://Registry.Example:5000/v2/", "r"), login("index.docker.io", "hub")]);
        let user = |image: &str| all.for_image(image).and_then(|found| found.username);
        assert_eq!(user("registry.example:5000/a/b:1").as_deref(), Some("r"));
        for hub in ["busybox", "me/thing:2", "docker.io/library/x", "registry-1.docker.io/a/b@sha256:00"] {
            assert_eq!(user(hub).as_deref(), Some("hub"), "{hub}");
        }
        for other in ["registry.example/a", "ghcr.io/a/b", "localhost/a"] {
            assert_eq!(user(other), None, "{other}");
        }
        let push = |login: RegistryLogin| Credentials::of(&[login]).may_push("r.example/a:1");
        assert_eq!(push(login("r.example", "r")), Ok(()));
        assert_eq!(push(RegistryLogin { pull_only: true, ..login("ghcr.io", "r") }), Ok(()), "an open registry");
        let refused = push(RegistryLogin { pull_only: true, ..login("r.example", "r") }).unwrap_err();
        assert!(refused.contains("`r.example` and push nothing"), "{refused}");
        let mut hosts: Vec<String> = all.for_build().unwrap().into_keys().collect();
        hosts.sort_unstable();
        assert_eq!(hosts, [HUB, "registry.example:5000"]);
        assert!(Credentials::default().for_build().is_none());
    }
}
