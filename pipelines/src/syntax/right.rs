//! Values of trusted keys: each check says what to write instead.

use std::net::IpAddr;

type Checked = Result<(), &'static str>;

fn all(holds: bool, help: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(help) }
}

/// An absolute path inside a container or on its host.
fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= 4096
        && !text.chars().any(char::is_control)
        && !text.split('/').any(|part| part == "..")
}

/// A name of Docker's, of a volume or network.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// `source:destination[:mode]` of the machine.
pub(super) fn volume(text: &str) -> Checked {
    const HELP: &str = "write `/host/path:/path` or `name:/path`, with `:ro` if need be";
    const MODES: [&str; 13] = [
        "ro",
        "rw",
        "z",
        "Z",
        "nocopy",
        "private",
        "rprivate",
        "shared",
        "rshared",
        "slave",
        "rslave",
        "cached",
        "delegated",
    ];
    let parts: Vec<&str> = text.split(':').collect();
    let is_place = |path: &str| is_path(path) && !path.trim_matches('/').is_empty();
    let good = match parts.as_slice() {
        [source, place] => (is_path(source) || is_name(source)) && is_place(place),
        [source, place, modes] => {
            (is_path(source) || is_name(source))
                && is_place(place)
                && modes.split(',').all(|mode| MODES.contains(&mode))
        }
        _ => false,
    };
    all(good, HELP)
}

/// `host[:container[:rwm]]`.
pub(super) fn device(text: &str) -> Checked {
    let parts: Vec<&str> = text.split(':').collect();
    let is_mode = |mode: &str| !mode.is_empty() && mode.len() <= 3 && mode.chars().all(|c| "rwm".contains(c));
    let good = match parts.as_slice() {
        [host] => is_path(host),
        [host, second] => is_path(host) && (is_path(second) || is_mode(second)),
        [host, place, mode] => is_path(host) && is_path(place) && is_mode(mode),
        _ => false,
    };
    all(good, "write `/dev/name`, `/dev/name:/dev/other` or `/dev/name:/dev/name:rwm`")
}

/// An address of a name server.
pub(super) fn dns(text: &str) -> Checked {
    all(
        text.parse::<IpAddr>().is_ok(),
        "write an IP address, such as `9.9.9.9`: a name would need a name server itself",
    )
}

/// A search domain; `.` is none.
pub(super) fn domain(text: &str) -> Checked {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let good = text == "." || (text.len() <= 253 && text.trim_end_matches('.').split('.').all(is_label));
    all(good, "write a domain, such as `corp.example.com`")
}

/// `name:address`.
pub(super) fn host(text: &str) -> Checked {
    let good = text.split_once(':').is_some_and(|(name, address)| {
        let address = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
        name != "." && domain(name).is_ok() && (address == "host-gateway" || address.parse::<IpAddr>().is_ok())
    });
    all(good, "write `name:address` with an IP address, such as `db.local:10.0.0.7`")
}

/// A network's name, `host`, `bridge` or `none`.
pub(super) fn network(text: &str) -> Checked {
    all(is_name(text), "write `none`, `host`, `bridge` or the name of a network")
}

/// `uid[:gid]`, by number or name.
pub(super) fn user(text: &str) -> Checked {
    let is_one = |text: &str| {
        (1..=32).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    };
    let good = match text.split_once(':') {
        Some((user, group)) => is_one(user) && is_one(group),
        None => is_one(text),
    };
    all(good, "write `uid` or `uid:gid`, such as `1000:1000`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn tells(check: fn(&str) -> Checked, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in bad {
            assert!(check(text).is_err(), "{text}");
        }
    }

    #[test]
    fn mounts_and_devices() {
        tells(
            volume,
            &["/var/run/docker.sock:/var/run/docker.sock", "cache:/cache", "/a:/b:ro,z", "n_1.x-y:/b:rw"],
            &[
                "",
                "a",
                "/data",
                ":/b",
                "./a:/b",
                "/a:b",
                "/a:/b:rx",
                "/a:/b:ro:x",
                "/a:/",
                "/",
                "../a:/b",
                "/a/../b:/c",
                "/a:",
            ],
        );
        tells(
            device,
            &["/dev/kvm", "/dev/a:/dev/b", "/dev/a:rw", "/dev/a:/dev/b:rwm"],
            &["", "kvm", "/dev/a:/dev/b:x", "a:b"],
        );
    }

    #[test]
    fn names_and_addresses() {
        tells(dns, &["9.9.9.9", "2620:fe::fe"], &["", "dns.example", "1.2.3", "9.9.9.9:53"]);
        tells(domain, &["corp", "a.example.com", "a.example.", "."], &["", "a..b", "a b", "-/"]);
        tells(
            host,
            &["db:10.0.0.7", "db:::1", "db:[::1]", "x.y:host-gateway"],
            &["db", "db:", ":1.2.3.4", "db:name", "a b:1.2.3.4"],
        );
        tells(network, &["none", "host", "my_net"], &["", "container:x", "a/b"]);
        tells(user, &["0", "1000:1000", "www-data"], &["", ":1", "1:", "a b", "1:2:3", "$(id)"]);
    }
}
