//! Where a repository is cloned from: which addresses are taken, and what is taken out of them.

use std::fmt;

use secrecy::SecretString;

use crate::store::model::Credential;

/// Set to `1`, it allows repositories to be cloned from paths of the server's own disk. Meant for tests and single-user machines:
/// whoever may add a repository can then read every git repository that the server can.
pub(super) const ALLOW_LOCAL: &str = "SLIPWAY_ALLOW_LOCAL_CLONE";

/// An address that may be fetched from. Holds no credential, so it may be shown and logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CloneUrl {
    url: String,
    kind: Kind,
}

/// How it is fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Http,
    Ssh,
    Local,
}

/// Why an address is not taken. Never repeats the address: it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Neither a URL nor `user@host:path` nor a path.
    #[error("the clone URL is not understood: use https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH")]
    Form,
    /// Another scheme.
    #[error("the clone URL must start with https://, http:// or ssh://")]
    Scheme,
    /// A line break or its like.
    #[error("the clone URL has control characters or spaces in it")]
    Control,
    /// An empty host, or one that looks like an option.
    #[error("the host of the clone URL is not valid")]
    Host,
    /// A path of this machine.
    #[error("cloning from a local path is off; set {ALLOW_LOCAL}=1 on the server to allow it")]
    Local,
    /// Over 2048 bytes.
    #[error("the clone URL is too long")]
    TooLong,
}

impl CloneUrl {
    /// Reads an address as a person gives it. A credential in it (`https://user:token@host/…`) is taken out and given back beside.
    pub fn parse(text: &str) -> Result<(Self, Option<Credential>), BadUrl> {
        Self::parse_with(text, local_is_allowed())
    }

    fn parse_with(text: &str, allow_local: bool) -> Result<(Self, Option<Credential>), BadUrl> {
        if text.len() > 2048 {
            return Err(BadUrl::TooLong);
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(BadUrl::Control);
        }
        if text.starts_with('/') {
            return local(text, allow_local);
        }
        match text.split_once("://") {
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                scheme @ ("https" | "http") => http(scheme, rest),
                "ssh" => ssh(rest),
                "file" => local(rest, allow_local),
                _ => Err(BadUrl::Scheme),
            },
            None => scp(text),
        }
    }

    /// The address, without a credential.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// Scheme and host of a web address; empty for others.
    pub fn origin(&self) -> &str {
        match self.kind {
            Kind::Http => self.url.match_indices('/').nth(2).map_or(&self.url, |(end, _)| &self.url[..end]),
            Kind::Ssh | Kind::Local => "",
        }
    }

    /// The path on its host, without slashes around it and without `.git`: `owner/name`.
    pub fn path(&self) -> &str {
        let path = match self.url.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
            None if self.kind == Kind::Ssh => self.url.split_once(':').map_or("", |(_, path)| path),
            None => &self.url,
        };
        let path = path.trim_matches('/');
        path.strip_suffix(".git").unwrap_or(path)
    }
}

impl fmt::Display for CloneUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Whether the server may clone from its own disk.
fn local_is_allowed() -> bool {
    cfg!(test) || std::env::var(ALLOW_LOCAL).is_ok_and(|value| matches!(value.as_str(), "1" | "true" | "yes"))
}

fn local(path: &str, allowed: bool) -> Result<(CloneUrl, Option<Credential>), BadUrl> {
    match (path.starts_with('/'), allowed) {
        (true, true) => Ok((CloneUrl { url: path.to_owned(), kind: Kind::Local }, None)),
        (true, false) => Err(BadUrl::Local),
        (false, _) => Err(BadUrl::Form),
    }
}

fn http(scheme: &str, rest: &str) -> Result<(CloneUrl, Option<Credential>), BadUrl> {
    let (authority, path) = rest.split_once('/').ok_or(BadUrl::Form)?;
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    check_host(host)?;
    let credential = user.filter(|user| !user.is_empty()).map(|user| {
        // `https://TOKEN@host` is as common as `https://user:TOKEN@host`.
        let (username, token) = user.split_once(':').unwrap_or(("token", user));
        Credential::Token { username: unescape(username), token: SecretString::from(unescape(token)) }
    });
    // A query could hold a token, and git has no use for it.
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if path.is_empty() {
        return Err(BadUrl::Form);
    }
    Ok((CloneUrl { url: format!("{scheme}://{host}/{path}"), kind: Kind::Http }, credential))
}

fn ssh(rest: &str) -> Result<(CloneUrl, Option<Credential>), BadUrl> {
    let (authority, path) = rest.split_once('/').ok_or(BadUrl::Form)?;
    let (user, host) = authority.rsplit_once('@').unwrap_or(("git", authority));
    check_host(host)?;
    // A password in an ssh address is dropped: keys are what is used.
    let user = check_user(user.split(':').next().unwrap_or("git"))?;
    if path.is_empty() {
        return Err(BadUrl::Form);
    }
    Ok((CloneUrl { url: format!("ssh://{user}@{host}/{path}"), kind: Kind::Ssh }, None))
}

fn scp(text: &str) -> Result<(CloneUrl, Option<Credential>), BadUrl> {
    let (authority, path) = text.split_once(':').ok_or(BadUrl::Form)?;
    let (user, host) = authority.split_once('@').ok_or(BadUrl::Form)?;
    check_host(host)?;
    let user = check_user(user)?;
    if path.is_empty() || path.starts_with('-') || path.contains("::") || path.contains('@') {
        return Err(BadUrl::Form);
    }
    Ok((CloneUrl { url: format!("{user}@{host}:{path}"), kind: Kind::Ssh }, None))
}

fn check_host(host: &str) -> Result<(), BadUrl> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if host.is_empty() || host.starts_with(['-', ':', '.']) || !host.chars().all(fits) {
        return Err(BadUrl::Host);
    }
    Ok(())
}

fn check_user(user: &str) -> Result<&str, BadUrl> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    if user.is_empty() || user.starts_with('-') || !user.chars().all(fits) { Err(BadUrl::Form) } else { Ok(user) }
}

/// Undoes `%41`. What is not UTF-8 after that is kept as it was.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = tail.first_chunk::<2>().filter(|_| *first == b'%').and_then(|hex| hex::decode(hex).ok());
        match escaped {
            Some(byte) => {
                bytes.extend(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn shown(text: &str) -> Result<(String, Option<(String, String)>), BadUrl> {
        CloneUrl::parse_with(text, false).map(|(url, credential)| {
            let pair = credential.map(|credential| match credential {
                Credential::Token { username, token } => (username, token.expose_secret().to_owned()),
                Credential::SshKey { .. } => panic!("no key in a URL"),
            });
            (url.to_string(), pair)
        })
    }

    #[test]
    fn credentials_are_taken_out() {
        let pair = |user: &str, token: &str| Some((user.to_owned(), token.to_owned()));
        for (given, url, credential) in [
            ("https://git.example/me/thing.git", "https://git.example/me/thing.git", None),
            ("https://u:ghp_x%40y@git.example/me/t", "https://git.example/me/t", pair("u", "ghp_x@y")),
            ("https://ghp_x@git.example:8443/me/t", "https://git.example:8443/me/t", pair("token", "ghp_x")),
            ("HTTPS://a@b:c@host/x", "https://host/x", pair("a@b", "c")),
            ("https://host/x?access_token=1#y", "https://host/x", None),
            ("ssh://git:pw@host:22/me/t.git", "ssh://git@host:22/me/t.git", None),
            ("ssh://host/me/t", "ssh://git@host/me/t", None),
            ("git@host:me/t.git", "git@host:me/t.git", None),
        ] {
            assert_eq!(shown(given), Ok((url.to_owned(), credential)), "{given}");
        }
    }

    #[test]
    fn what_is_no_clone_url_is_refused() {
        for bad in [
            "",
            "x",
            "https://",
            "https://host",
            "https:///x",
            "ext::sh -c id",
            "ext::sh",
            "ftp://a/b",
            "git://a/b",
            "https://-oProxyCommand=x/y",
            "ssh://-oProxyCommand=x/y",
            "git@-host:x",
            "-u@host:x",
            "git@host:-x",
            "https://a/b\nc",
            "https://a b/c",
            "ssh://u;id@h/x",
            "git@h;id:x",
            "https://a\r/b",
            "file://x/y",
        ] {
            assert!(shown(bad).is_err(), "{bad:?}");
        }
        assert_eq!(shown("/srv/git/x.git"), Err(BadUrl::Local));
        assert_eq!(shown("file:///srv/git/x.git"), Err(BadUrl::Local));
        let (url, _) = CloneUrl::parse_with("file:///srv/git/x.git", true).unwrap();
        assert_eq!((url.as_str(), url.path()), ("/srv/git/x.git", "srv/git/x"));
    }

    #[test]
    fn origin_and_path_are_read_off() {
        for (given, origin, path) in [
            ("https://git.example:8443/me/thing.git", "https://git.example:8443", "me/thing"),
            ("git@git.example:me/thing.git", "", "me/thing"),
            ("ssh://git@git.example:22/a/b/c", "", "a/b/c"),
        ] {
            let (url, _) = CloneUrl::parse_with(given, false).unwrap();
            assert_eq!((url.origin(), url.path()), (origin, path));
        }
    }

    proptest! {
        #[test]
        fn no_secret_survives(user in "[a-z]{1,8}", token in "[A-Za-z0-9%._~-]{12,40}", host in "[a-z]{1,9}\\.example") {
            let (url, credential) = shown(&format!("https://{user}:{token}@{host}/a/b")).unwrap();
            prop_assert!(!url.contains(&token));
            prop_assert!(credential.is_some());
        }

        #[test]
        fn any_text_is_a_url_or_an_error(text in ".{0,60}") {
            if let Ok((url, _)) = CloneUrl::parse_with(&text, true) {
                let _ = (url.origin(), url.path());
                // Reading it again changes nothing.
                let again = CloneUrl::parse_with(url.as_str(), true).unwrap();
                prop_assert!(again.1.is_none());
                prop_assert_eq!(again.0, url);
            }
        }
    }
}
