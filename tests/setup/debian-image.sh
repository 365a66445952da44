#!/usr/bin/env bash
# Makes base images from Debian's packages, without an image registry: slipway/debian, and on top of it slipway/NAME for each
# NAME given, from images/NAME.Dockerfile. What the engine has is not made again.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
base=slipway/debian

make_base() {
    [ "$(id -u)" = 0 ] || {
        echo "slipway: making the image $base takes root. Run: sudo $0" >&2
        exit 3
    }
    "$here/packages.sh" debootstrap
    apt-get update --quiet=2
    # Containers ask the same registries as this machine, in the same way.
    local sources release mirror
    sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian')
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(awk -v release="$release" '$3 == release && $4 == "main" { print $2; exit }' <<<"$sources")
    [ -n "$mirror" ] || {
        echo "slipway: apt on this machine has no registry of Debian $release, so that $base can't be made" >&2
        exit 3
    }
    echo "slipway: making the base image $base from Debian $release (half a minute)" >&2
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase "$release" "$root/image" "$mirror" >"$root/log" 2>&1 || {
        cat "$root/log" >&2
        exit 3
    }
    echo "$sources" >"$root/image/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::(https?|Check-|Retries|ForceIPv)' >"$root/image/etc/apt/apt.conf.d/00machine" || true
    mkdir -p "$root/image/etc/ssl/certs"
    cp /etc/ssl/certs/ca-certificates.crt "$root/image/etc/ssl/certs/" 2>/dev/null || true
    rm -rf "$root"/image/var/cache/apt/*.bin "$root"/image/var/cache/apt/archives/*.deb "$root"/image/var/lib/apt/lists/*
    tar -C "$root/image" --numeric-owner --one-file-system -c . |
        docker import --change 'CMD ["/bin/bash"]' --change 'ENV DEBIAN_FRONTEND=noninteractive' - "$base" >/dev/null
}

exec 9>"${TMPDIR:-/tmp}/slipway-debian-image.lock"
flock 9 # tests of one run ask at the same time
docker image inspect "$base" >/dev/null 2>&1 || make_base
for name in "$@"; do
    docker image inspect "slipway/$name" >/dev/null 2>&1 ||
        echo "slipway: making the base image slipway/$name from Debian's packages" >&2
    # The builder's cache answers when neither the file nor the base has changed.
    said=$(DOCKER_BUILDKIT=0 docker build --tag "slipway/$name" - <"$here/images/$name.Dockerfile" 2>&1) || {
        echo "$said" >&2
        exit 3
    }
done
