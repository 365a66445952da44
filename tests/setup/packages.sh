#!/usr/bin/env bash
# Installs the Debian packages that are missing: packages.sh NAME.. Says what it does.
set -euo pipefail

missing=()
for package in "$@"; do
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
        missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "slipway: these packages are missing: ${missing[*]}. Run: sudo apt-get install ${missing[*]}" >&2
    exit 3
fi
echo "slipway: installing from the distribution: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
quietly() { # what apt prints is only of interest when it fails
    local said
    said=$("$@" 2>&1) || {
        echo "$said" >&2
        exit 3
    }
}
quietly apt-get update
quietly apt-get install --yes --no-install-recommends "${missing[@]}"
