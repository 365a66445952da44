//! The repository and its forge.

use super::value::{Builder, without_credential};
use crate::context::Repository;

pub(super) fn add(to: &mut Builder, repository: &Repository) {
    to.add("CI_REPO", repository.name.to_string());
    to.add("CI_REPO_OWNER", repository.name.owner());
    to.add("CI_REPO_NAME", repository.name.name());
    to.add("CI_REPO_REMOTE_ID", &repository.remote_id);
    to.add("CI_REPO_URL", without_credential(&repository.url));
    to.add("CI_REPO_CLONE_URL", without_credential(&repository.clone_url));
    to.add("CI_REPO_CLONE_SSH_URL", without_credential(&repository.clone_ssh_url));
    to.add("CI_REPO_DEFAULT_BRANCH", &repository.default_branch);
    to.add("CI_REPO_PRIVATE", flag(repository.private));
    let trusted = repository.trusted;
    to.add("CI_REPO_TRUSTED_NETWORK", flag(trusted.network));
    to.add("CI_REPO_TRUSTED_VOLUMES", flag(trusted.volumes));
    to.add("CI_REPO_TRUSTED_SECURITY", flag(trusted.security));
    to.add("CI_REPO_TRUSTED", flag(trusted.network && trusted.volumes && trusted.security));
    to.add("CI_FORGE_TYPE", &repository.forge);
    to.add("CI_FORGE_URL", without_credential(&repository.forge_url));
}

/// `true` or `false`.
pub(super) fn flag(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}
