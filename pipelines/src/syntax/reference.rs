//! Image references.

/// Says why a text is no image reference: `busybox`, `ghcr.io/a/b:1`, `localhost:5000/x@sha256:…`.
pub(crate) fn check_reference(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > 512 {
        return Err("it is longer than 512 characters");
    }
    if text.chars().any(char::is_whitespace) {
        return Err("it has a space in it");
    }
    if text.contains("://") {
        return Err("it takes no address with `://`");
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Err("what follows `@` is no digest, such as `sha256:` and 64 hexadecimal digits");
    }
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    if tag.is_some_and(|tag| !is_tag(tag)) {
        return Err("what follows `:` is no tag: letters, digits, `.`, `_` and `-`, at most 128");
    }
    if name.rsplit('/').next().is_some_and(|last| last.contains(':')) {
        return Err("it has two tags");
    }
    let path = match name.split_once('/') {
        Some((host, path)) if is_host(host) => path,
        _ => name,
    };
    if path.split('/').all(is_component) {
        Ok(())
    } else if path.chars().any(char::is_uppercase) {
        Err("its name has upper-case letters")
    } else {
        Err("its name takes lower-case letters, digits, and `.`, `_`, `-` between them")
    }
}

/// A first part is a host when it has a dot or a port, or is `localhost`.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    (name == "localhost" || name.contains('.') || port.is_some())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_component(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = |b: Option<&u8>| b.is_some_and(|b| is_word(*b));
    ends(text.as_bytes().first())
        && ends(text.as_bytes().last())
        && text.bytes().all(|b| is_word(b) || matches!(b, b'.' | b'_' | b'-'))
        && !["..", "___", "._", "_.", ".-", "-.", "_-", "-_"].iter().any(|bad| text.contains(bad))
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && algorithm.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'_' | b'-'))
            && hex.len() >= 32
            && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_mistakes() {
        let digest = format!("x@sha256:{}", "a".repeat(64));
        for good in [
            "busybox",
            "a/b:1",
            "ghcr.io/a/b:v1.2_3-x",
            "localhost:5000/x",
            "127.0.0.1:5000/a/b:1",
            "a__b--c.d",
            &digest,
        ] {
            assert_eq!(check_reference(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a b",
            "Busybox",
            "a:",
            "a:b:c",
            "/a",
            "a/",
            "a//b",
            "-a",
            "a@b",
            "https://x/y",
            "a;b",
            "$(x)",
            "é",
            "x:../y",
        ] {
            assert!(check_reference(bad).is_err(), "{bad}");
        }
    }
}
