#!/usr/bin/env bash
# Puts a package of the npm registry, known by version and SHA-512, into the user's cache and prints its folder:
# npm.sh NAME VERSION SHA512. Nothing of it is run here.
set -euo pipefail

name=$1 version=$2 wanted=$3
folder=$HOME/.cache/slipway-tests/npm/${name//\//+}-$version
if [ ! -d "$folder" ]; then
    echo "slipway: fetching $name $version from the npm registry" >&2
    mkdir -p "$(dirname "$folder")"
    new=$(mktemp -d "$folder.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    curl --silent --show-error --fail --location --output "$new/package.tgz" \
        "https://registry.npmjs.org/$name/-/${name##*/}-$version.tgz"
    got=$(openssl dgst -sha512 -binary "$new/package.tgz" | openssl base64 -A)
    [ "$got" = "$wanted" ] || {
        echo "slipway: $name $version has the SHA-512 $got, not $wanted" >&2
        exit 1
    }
    tar --extract --gzip --file "$new/package.tgz" --directory "$new" --strip-components 1
    rm "$new/package.tgz"
    mv --no-target-directory "$new" "$folder"
    trap - EXIT
fi
echo "$folder"
