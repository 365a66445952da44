#!/usr/bin/env bash
# What `cargo build` needs besides Rust: a C compiler and OpenSSL's headers, for libgit2 and SQLite.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")

command -v cargo >/dev/null || {
    echo "slipway: no Rust toolchain here; install one first: https://rustup.rs" >&2
    exit 3
}
"$here/packages.sh" gcc libc6-dev make pkg-config libssl-dev git
