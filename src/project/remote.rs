//! What the address of a remote tells about a repository.

use slipway_pipelines::repository::RepositoryName;

/// An address in its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Remote {
    pub(super) name: RepositoryName,
    /// Page of the repository, where there is a host.
    pub(super) page: String,
    /// Base URL of the forge, where there is a host.
    pub(super) forge_url: String,
    /// `slipway`, `github`, `gitea`, `gitlab` or `generic`.
    pub(super) forge: &'static str,
    pub(super) is_ssh: bool,
}

/// Reads `https://host/owner/name.git`, `ssh://git@host/owner/name`, `git@host:owner/name.git` or a path.
pub(super) fn parse(url: &str) -> Option<Remote> {
    let clean = without_credential(url);
    let (scheme, rest) = clean.split_once("://").map_or(("", clean.as_str()), |(scheme, rest)| (scheme, rest));
    let is_short = scheme.is_empty() && rest.split('/').next().is_some_and(|first| first.contains(':'));
    let (authority, path) = match scheme {
        "" if is_short => rest.split_once(':')?,
        "" | "file" => ("", rest),
        _ => rest.split_once('/')?,
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let mut parts = path.rsplit('/');
    let name = parts.next()?;
    let name = RepositoryName::new(parts.next().unwrap_or("local"), name).ok()?;
    let is_ours = path.starts_with("git/") && path.split('/').count() == 3 && scheme.starts_with("http");
    let is_web = scheme.starts_with("http");
    let is_ssh = is_short || scheme == "ssh";
    // The port of an ssh address says nothing about the web's.
    let bare = if is_web { host } else { host.split(':').next().unwrap_or(host) };
    let forge_url = match (host, is_web) {
        ("", _) => String::new(),
        (_, true) => format!("{scheme}://{bare}"),
        (_, false) => format!("https://{bare}"),
    };
    let page = match (forge_url.as_str(), is_ours) {
        ("", _) => String::new(),
        (base, true) => format!("{base}/repos/{name}"),
        (base, false) => format!("{base}/{path}"),
    };
    let forge = if is_ours { "slipway" } else { forge(host) };
    Some(Remote { name, page, forge_url, forge, is_ssh })
}

fn forge(host: &str) -> &'static str {
    let has = |word: &str| host.split(['.', ':']).any(|part| part == word);
    match () {
        () if has("github") => "github",
        () if has("gitlab") => "gitlab",
        () if has("gitea") || has("forgejo") || has("codeberg") => "gitea",
        () => "generic",
    }
}

/// A URL without the user and password that somebody may have left in it. `git@host:path` has none.
pub(super) fn without_credential(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((user, host)) if scheme == "ssh" => {
            format!("{scheme}://{}@{host}{path}", user.split(':').next().unwrap_or("git"))
        }
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_the_repository_its_page_and_its_forge() {
        for (url, name, page, forge, is_ssh) in [
            ("https://github.com/me/thing.git", "me/thing", "https://github.com/me/thing", "github", false),
            (
                "https://me:tok@gitlab.x:8443/g/me/thing",
                "me/thing",
                "https://gitlab.x:8443/g/me/thing",
                "gitlab",
                false,
            ),
            ("git@codeberg.org:me/thing.git", "me/thing", "https://codeberg.org/me/thing", "gitea", true),
            ("ssh://git@git.x:22/me/thing.git", "me/thing", "https://git.x/me/thing", "generic", true),
            (
                "http://ci:t@127.0.0.1:8/git/me/thing.git",
                "me/thing",
                "http://127.0.0.1:8/repos/me/thing",
                "slipway",
                false,
            ),
            ("/srv/git/thing.git", "git/thing", "", "generic", false),
        ] {
            let remote = parse(url).unwrap_or_else(|| panic!("{url}"));
            let seen = (remote.name.to_string(), remote.page.as_str(), remote.forge, remote.is_ssh);
            assert_eq!(seen, (name.to_owned(), page, forge, is_ssh), "{url}");
        }
        assert_eq!(parse("https://host"), None);
        assert_eq!(parse("../..").map(|remote| remote.name.to_string()), None);
    }
}
