//! What a registry or the engine says of a pull that failed, with what to do about it.

use std::time::Duration;

use bollard::auth::DockerCredentials;

use crate::docker::reference;

/// A refusal in words that help. `image` tells the registry; never says a password.
pub(super) fn explain(error: &str, image: &str, login: Option<&DockerCredentials>) -> String {
    let host = host(image);
    let lower = error.to_ascii_lowercase();
    let is_refused =
        ["no basic auth credentials", "unauthorized", "authentication required", "denied", "incorrect username"]
            .iter()
            .any(|word| lower.contains(word));
    if !is_refused {
        return error.to_owned();
    }
    match login.and_then(|login| login.username.as_deref()) {
        Some(username) => format!(
            "{host} does not let `{username}` have it: {error}. Is its password right? `slipway registries set` replaces it"
        ),
        None => format!("{host} wants a login for it: {error}. `slipway registries set` gives the repository one"),
    }
}

/// A registry that says nothing.
pub(super) fn silent(image: &str, silence: Duration) -> String {
    format!("{} stalls: nothing came from it for {} s", host(image), silence.as_secs_f64())
}

fn host(image: &str) -> &str {
    reference::host(image).unwrap_or("docker.io")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_say_whose_login_is_wrong_and_other_errors_stay() {
        let login =
            DockerCredentials { username: Some("me".into()), password: Some("p4ss".into()), ..Default::default() };
        let refused = "Head \"https://r.example/v2/x/manifests/1\": no basic auth credentials";
        let wrong = explain(refused, "r.example/x", Some(&login));
        assert!(wrong.starts_with("r.example does not let `me` have it") && !wrong.contains("p4ss"), "{wrong}");
        assert!(explain(refused, "r.example/x", None).starts_with("r.example wants a login for it"));
        assert!(explain("pull access denied for x", "x", None).starts_with("docker.io wants a login"));
        let down = "dial tcp 127.0.0.1:1: connect: connection refused";
        assert_eq!(explain(down, "127.0.0.1:1/x", None), down);
        assert_eq!(silent("r:1/x", Duration::from_millis(500)), "r:1 stalls: nothing came from it for 0.5 s");
    }
}
