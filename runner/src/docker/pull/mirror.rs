//! A registry that is asked in the place of docker.io.

use std::{fmt, str::FromStr};

use crate::docker::reference;

/// `host[:port][/path]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mirror(String);

impl Mirror {
    /// Its name for a repository of docker.io: `library/busybox`.
    pub(super) fn repository(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }
}

impl FromStr for Mirror {
    type Err = String;

    /// Takes `https://host:port/path`, or the same without its scheme.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bare = text.strip_prefix("https://").or(text.strip_prefix("http://")).unwrap_or(text).trim_end_matches('/');
        let wrong = |why: &str| format!("{why}; write it as `mirror.example:5000` or `https://mirror.example/path`");
        if bare.contains('@') {
            return Err(wrong("a mirror takes no login: give it as the credential of its host"));
        }
        let name = format!("{bare}/x");
        if reference::host(&name).is_none() {
            return Err(wrong(&format!("`{bare}` is no host of a registry: it has neither a dot nor a port")));
        }
        let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
        let has_odd_port = host.split_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_err());
        if !reference::is_safe(&name)
            || bare.contains('+')
            || has_odd_port
            || path.contains(':')
            || path.chars().any(|c| c.is_ascii_uppercase())
        {
            return Err(wrong(&format!("`{}` is not the address of a registry", text.escape_debug())));
        }
        Ok(Self(bare.to_owned()))
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_with_and_without_a_scheme() {
        for (text, name) in [
            ("mirror.example", "mirror.example/library/x"),
            ("https://mirror.example:5000/", "mirror.example:5000/library/x"),
            ("http://127.0.0.1:5000", "127.0.0.1:5000/library/x"),
            ("localhost/docker-hub", "localhost/docker-hub/library/x"),
        ] {
            assert_eq!(text.parse::<Mirror>().unwrap().repository("library/x"), name);
        }
        for text in
            ["", "mirror", "https://me:p@mirror.example", "a.b/../c", "a.b/C", "a.b/c:1", "a b.c", "http://", "a.b:"]
        {
            assert!(text.parse::<Mirror>().is_err(), "{text}");
        }
    }
}
