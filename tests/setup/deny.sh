#!/usr/bin/env bash
# Licences, bans and sources of all dependencies; known vulnerabilities where their database can be reached.
set -euo pipefail

command -v cargo-deny >/dev/null || {
    echo "slipway: installing cargo-deny (about two minutes)" >&2
    # Without optimisation it is built four times as fast, and still done in a second. Its build stays out of the tree.
    CARGO_TARGET_DIR=${TMPDIR:-/tmp}/slipway-cargo-deny \
        cargo install --quiet --locked --debug --no-default-features cargo-deny
    rm -rf "${TMPDIR:-/tmp}/slipway-cargo-deny"
}
cargo deny --log-level error check licenses bans sources
if timeout 60 git ls-remote --quiet --exit-code https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1; then
    cargo deny --log-level error check advisories
else
    echo "slipway: the advisory database cannot be reached from here: known vulnerabilities are not checked" >&2
fi
