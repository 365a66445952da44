//! Where a browser may be sent after it logged in.

/// The path if it is one of this server, else `/`. Only visible ASCII without a backslash, with exactly one slash at the
/// start: whatever a browser makes of it, it stays here.
pub(crate) fn relative(path: &str) -> &str {
    let own = path.starts_with('/') && !path.starts_with("//");
    let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own && plain && path.len() <= 2000 { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::relative;

    #[test]
    fn only_own_paths_are_followed() {
        for own in ["/", "/repos/me/thing/builds/7?line=3", "/a//b", "/%2f%2fevil.example", "/?to=https://evil.example"]
        {
            assert_eq!(relative(own), own);
        }
        for other in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "/ü",
            " /x",
            "/a b",
        ] {
            assert_eq!(relative(other), "/", "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_origin(text in "[/\\\\a-z:.%2f\\t\\r\\n@?# ü]{0,12}") {
            let path = relative(&text);
            prop_assert!(path == "/" || path == text);
            // Browsers drop tabs and line breaks, and take a backslash for a slash.
            let seen: String = path.chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).map(|c| if c == '\\' { '/' } else { c }).collect();
            prop_assert!(seen.starts_with('/') && !seen.starts_with("//"));
        }
    }
}
