#!/usr/bin/env bash
# Makes the image slipway/busybox from this machine's static busybox: a base image without an image registry.
set -euo pipefail

image=slipway/busybox
if docker image inspect "$image" >/dev/null 2>&1; then
    exit 0
fi
busybox=$(command -v busybox) || {
    echo "slipway: no busybox on this machine; install Debian's package busybox-static" >&2
    exit 3
}
if ldd "$busybox" >/dev/null 2>&1; then
    echo "slipway: $busybox is not static; install Debian's package busybox-static" >&2
    exit 3
fi

echo "slipway: making the base image $image from $busybox" >&2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,etc,root,home,tmp,var,usr/bin}
chmod 1777 "$root/tmp"
cp "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
ln -s /bin/env "$root/usr/bin/env"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
tar -C "$root" --owner=0 --group=0 -c . |
    docker import --change 'CMD ["/bin/sh"]' --change 'ENV PATH=/bin:/usr/bin' - "$image" >/dev/null
