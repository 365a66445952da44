//! What is taken as a secret, a registry's credential, a list of events. Says what is wrong without repeating a value.

use secrecy::{ExposeSecret, SecretString};
use slipway_pipelines::{suggest::did_you_mean, trigger::Event};

use crate::error::ApiError;

/// Longest value, in bytes.
pub(crate) const MAX_VALUE: usize = 64 * 1024;
/// Longest name, user name or image, in bytes.
const MAX_NAME: usize = 255;
/// Most images of one secret.
const MAX_IMAGES: usize = 100;

/// The name of a secret, as it is stored: lower case.
pub(crate) fn secret_name(text: &str) -> Result<String, ApiError> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if text.is_empty() {
        return Err(ApiError::bad_request("the secret has no name"));
    }
    if text.len() > MAX_NAME || !text.bytes().all(good) {
        return Err(ApiError::bad_request(format!("`{}` is not a secret's name", short(text)))
            .help("a name has letters, digits, `_`, `-` and `.`, at most 255 of them"));
    }
    Ok(text.to_ascii_lowercase())
}

/// The name of a cron: `when: cron` names it, too.
pub(crate) fn cron_name(text: &str) -> Result<String, ApiError> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if text.is_empty() {
        return Err(ApiError::bad_request("the cron has no name"));
    }
    if text.len() > MAX_NAME || !text.bytes().all(good) {
        return Err(ApiError::bad_request(format!("`{}` is not a cron's name", short(text)))
            .help("a name has letters, digits, `_`, `-` and `.`, at most 255 of them"));
    }
    Ok(text.to_owned())
}

/// A value: something, text, and not too long.
pub(crate) fn value(what: &str, value: SecretString) -> Result<SecretString, ApiError> {
    let length = value.expose_secret().len();
    if length == 0 {
        return Err(ApiError::bad_request(format!("the {what} is empty")).help("a value has at least one byte"));
    }
    if length > MAX_VALUE {
        return Err(ApiError::bad_request(format!("the {what} has {length} bytes"))
            .help(format!("at most {MAX_VALUE} bytes (64 KiB) are taken")));
    }
    if value.expose_secret().contains('\0') {
        return Err(ApiError::bad_request(format!("the {what} has a NUL byte"))
            .help("no environment variable can have one; encode it, with base64 for example"));
    }
    Ok(value)
}

/// Builds that may have a secret. Without a list: all except those of pull requests, which strangers can start.
pub(crate) fn events(list: Option<&[String]>) -> Result<Vec<Event>, ApiError> {
    let Some(list) = list else { return Ok(default_events()) };
    let mut events = Vec::with_capacity(list.len());
    for text in list {
        let event = Event::parse(text).ok_or_else(|| unknown_event(text))?;
        if !events.contains(&event) {
            events.push(event);
        }
    }
    if events.is_empty() {
        return Err(ApiError::bad_request("`events` is empty: no build could have the secret")
            .help("leave it out for all events except pull requests"));
    }
    Ok(events)
}

/// What [`events`] means without a list.
pub(crate) fn default_events() -> Vec<Event> {
    Event::ALL.into_iter().filter(|event| !event.is_pull_request()).collect()
}

fn unknown_event(text: &str) -> ApiError {
    let names = Event::ALL.map(Event::as_str);
    let help = did_you_mean(text, names).unwrap_or_else(|| format!("known are {}", names.join(", ")));
    ApiError::bad_request(format!("unknown event `{}`", short(text))).help(help)
}

/// Plugin images that may have a secret.
pub(crate) fn images(list: &[String]) -> Result<Vec<String>, ApiError> {
    if list.len() > MAX_IMAGES {
        return Err(ApiError::bad_request(format!("`images` has {} entries", list.len()))
            .help(format!("at most {MAX_IMAGES} are taken")));
    }
    let mut images: Vec<String> = Vec::with_capacity(list.len());
    for text in list {
        let image = text.trim();
        if image.is_empty() || image.len() > MAX_NAME || image.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(ApiError::bad_request(format!("`{}` is not an image", short(text)))
                .help("give it as a step's `image`, with or without a tag: `plugins/docker`"));
        }
        if !images.iter().any(|known| known == image) {
            images.push(image.to_owned());
        }
    }
    Ok(images)
}

/// The host of an image registry, as it is stored: lower case, with a port where it has one.
pub(crate) fn registry_host(text: &str) -> Result<String, ApiError> {
    let wrong = |help: &str| {
        Err(ApiError::bad_request(format!("`{}` is not the host of a registry", short(text))).help(help.to_owned()))
    };
    let plain = "a host is `registry.example` or `registry.example:5000`; `docker.io` for images without a host";
    if text.contains("://") {
        return wrong("leave out the scheme: `registry.example:5000`");
    }
    if text.contains('/') {
        return wrong("leave out the path: a credential is for the whole registry");
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let good_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+'));
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !good_port || text.len() > MAX_NAME || !name.split('.').all(is_label) {
        return wrong(plain);
    }
    let host = text.to_ascii_lowercase();
    // Docker's own names for its hub.
    Ok(match host.as_str() {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => "docker.io".to_owned(),
        _ => host,
    })
}

/// A branch in a field of that name.
pub(crate) fn branch(field: &str, text: &str) -> Result<String, ApiError> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_NAME || text.chars().any(|c| c.is_control() || c == ' ') {
        return Err(ApiError::bad_request(format!("`{field}` is not a branch"))
            .help("a name like `main`, without spaces, at most 255 bytes"));
    }
    Ok(text.to_owned())
}

/// The user of a registry.
pub(crate) fn username(text: &str) -> Result<String, ApiError> {
    if text.is_empty() {
        return Err(ApiError::bad_request("`username` is empty"));
    }
    if text.len() > MAX_NAME || text.chars().any(char::is_control) || text.contains(':') {
        return Err(ApiError::bad_request("`username` is not a user name")
            .help("at most 255 bytes, without `:` and control characters"));
    }
    Ok(text.to_owned())
}

/// What somebody sent, short enough to be repeated.
fn short(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if clean.len() < text.len() { format!("{clean}…") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T>(checked: Result<T, ApiError>) -> (String, String) {
        let error = checked.err().expect("it is refused");
        (error.message().to_owned(), error.help_text().unwrap_or_default().to_owned())
    }

    #[test]
    fn names_are_lower_case_and_plain() {
        assert_eq!(secret_name("Deploy_Key-2.x").unwrap(), "deploy_key-2.x");
        for bad in ["", "a b", "a/b", "ü", "a\n", "${x}", &"a".repeat(256)] {
            assert!(secret_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_have_a_length() {
        assert!(value("value", "x".to_owned().into()).is_ok());
        assert!(value("value", "x".repeat(MAX_VALUE).into()).is_ok());
        assert_eq!(refused(value("value", String::new().into())).0, "the value is empty");
        let (long, help) = refused(value("password", "s3cret".repeat(20_000).into()));
        assert!(long.contains("120000 bytes") && help.contains("65536") && !long.contains("s3cret"), "{long} {help}");
        let (nul, _) = refused(value("value", "s3\0cret".to_owned().into()));
        assert!(nul.contains("NUL") && !nul.contains("s3"), "{nul}");
    }

    #[test]
    fn events_are_known_and_pull_requests_are_not_among_them_by_default() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert!(events(None).unwrap().iter().all(|event| !event.is_pull_request()));
        assert_eq!(events(Some(&texts(&["tag", "push", "tag"]))).unwrap(), [Event::Tag, Event::Push]);
        let (error, help) = refused(events(Some(&texts(&["pul_request"]))));
        assert_eq!((error.as_str(), help.as_str()), ("unknown event `pul_request`", "did you mean `pull_request`?"));
        assert!(refused(events(Some(&texts(&["zzz"])))).1.contains("known are push,"));
        assert!(events(Some(&[])).is_err());
    }

    #[test]
    fn hosts_are_hosts() {
        for (text, host) in [
            ("Registry.Example:5000", "registry.example:5000"),
            ("localhost", "localhost"),
            ("docker.io", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("127.0.0.1:5000", "127.0.0.1:5000"),
        ] {
            assert_eq!(registry_host(text).unwrap(), host);
        }
        for bad in ["", "a b", "a..b", ":5000", "a:", "a:0", "a:+1", "a:70000", "-a.b", "a:b:1", "user@host"] {
            assert!(registry_host(bad).is_err(), "{bad}");
        }
        assert!(refused(registry_host("https://r.example/")).1.contains("scheme"));
        assert!(refused(registry_host("r.example/team")).1.contains("path"));
    }

    #[test]
    fn images_and_users_are_plain_text() {
        let list = |text: &str| images(&[text.to_owned()]);
        assert_eq!(list(" plugins/docker:20 ").unwrap(), ["plugins/docker:20"]);
        assert!(list("").is_err() && list("a b").is_err() && list("a\nb").is_err());
        assert!(username("robot$ci").is_ok() && username("").is_err() && username("a:b").is_err());
    }
}
