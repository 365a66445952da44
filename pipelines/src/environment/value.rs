//! Values that an environment can hold.

use crate::plan::Environment;

/// Longest value of ours, in bytes: the kernel takes 128 KiB for name and value, and nobody needs that much of a message.
const LONGEST: usize = 64 * 1024;

/// Gathers variables.
#[derive(Default)]
pub(super) struct Builder(Environment);

impl Builder {
    /// Adds a variable, unless its value is empty.
    pub(super) fn add(&mut self, name: &str, value: impl AsRef<str>) {
        let value = fitting(value.as_ref());
        if !value.is_empty() {
            self.0.insert(name.to_owned(), value);
        }
    }

    pub(super) fn finish(self) -> Environment {
        self.0
    }
}

/// The value without what no environment can hold.
pub(crate) fn fitting(value: &str) -> String {
    let mut end = value.len().min(LONGEST);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value[..end].replace('\0', "")
}

/// A URL without user and password, should it have any.
pub(super) fn without_credential(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    match authority.rsplit_once('@') {
        // The user of an ssh address is a part of it; a password is not.
        Some((user, host)) if scheme == "ssh" => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{host}{path}")
        }
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => url.to_owned(),
    }
}
