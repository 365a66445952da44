//! Names of images.

/// Whether it may go into the path of a request to the engine. The engine itself says what is wrong with the rest.
pub(super) fn is_safe(reference: &str) -> bool {
    !reference.is_empty()
        && reference.len() <= 512
        && reference.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:@+".contains(c))
        && reference.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Repository and tag (or digest) as a pull wants them: without a tag it would take all there are.
pub(super) fn split(reference: &str) -> (&str, &str) {
    if let Some((name, digest)) = reference.split_once('@') {
        return (name, digest);
    }
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (reference, "latest"),
    }
}

/// The registry's host, where a reference names one: what has a dot or a port, or is this machine.
pub(super) fn host(reference: &str) -> Option<&str> {
    let (first, _) = reference.split_once('/')?;
    (first.contains(['.', ':']) || first == "localhost").then_some(first)
}

/// The repository of an image of docker.io, whole: `library/busybox`. `None`: it is of another registry.
pub(super) fn on_the_hub(reference: &str) -> Option<String> {
    let name = without_hub(split(reference).0);
    match (host(name), name.contains('/')) {
        (Some(_), _) => None,
        (None, true) => Some(name.to_owned()),
        (None, false) => Some(format!("library/{name}")),
    }
}

fn without_hub(name: &str) -> &str {
    let hosts = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"];
    hosts.iter().find_map(|host| name.strip_prefix(host)).unwrap_or(name)
}

/// One spelling for all that mean the same image.
pub(super) fn canonical(reference: &str) -> String {
    let (name, tag) = split(reference);
    let name = without_hub(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    format!("{name}{}{tag}", if tag.contains(':') { '@' } else { ':' })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(split("localhost:1/none"), ("localhost:1/none", "latest"));
        assert_eq!(split("localhost:1/none:2"), ("localhost:1/none", "2"));
        assert_eq!(split("a/b@sha256:00"), ("a/b", "sha256:00"));
    }

    #[test]
    fn a_user_is_no_host() {
        for (reference, wanted) in
            [("busybox:1.2", None), ("me/thing", None), ("localhost/a", Some("localhost")), ("h:1/a/b:2", Some("h:1"))]
        {
            assert_eq!(host(reference), wanted, "{reference}");
        }
    }

    #[test]
    fn what_is_on_the_hub_has_its_whole_path() {
        for (reference, wanted) in [
            ("busybox", Some("library/busybox")),
            ("docker.io/busybox:1", Some("library/busybox")),
            ("index.docker.io/me/x@sha256:00", Some("me/x")),
            ("ghcr.io/me/x", None),
            ("localhost/x", None),
        ] {
            assert_eq!(on_the_hub(reference).as_deref(), wanted, "{reference}");
        }
    }

    #[test]
    fn spellings_of_one_image_are_one() {
        for spelling in ["busybox", "busybox:latest", "docker.io/library/busybox", "library/busybox:latest"] {
            assert_eq!(canonical(spelling), "busybox:latest");
        }
        assert_ne!(canonical("quay.io/busybox"), "busybox:latest");
        assert_eq!(canonical("x@sha256:00"), "x@sha256:00");
    }

    #[test]
    fn what_would_change_a_request_is_not_safe() {
        for bad in ["", "../containers/x", "a/../b", "a//b", "a?x=1", "a#b", "a b", "a\nb", "a%2fb", "ä", "/a", "a/"] {
            assert!(!is_safe(bad), "{bad}");
        }
        assert!(is_safe("ghcr.io:443/a/b_c.d-e:1.0+x@sha256:00"));
    }
}
