#!/usr/bin/env bash
# Installs a small S3 server for tests (moto's, from PyPI) into the user's cache. Says what it does.
set -euo pipefail

version=5.2.5
folder=$HOME/.cache/slipway-tests/s3
[ "$(cat "$folder/version" 2>/dev/null)" != "$version" ] || exit 0

echo "slipway: installing an S3 server for tests (moto $version)" >&2
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check "moto[s3]==$version" flask flask-cors
echo "$version" >"$folder/version"
