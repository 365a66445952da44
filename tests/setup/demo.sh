#!/usr/bin/env bash
# shellcheck disable=SC2317 # `stop` is called by the trap
# `make demo`: a server, a repository, a push, and the build's log in this terminal and in the browser.
# Stays up until Ctrl-C and leaves nothing behind.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
cd "$here/../.."

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

slipway=target/demo/slipway
listen=${SLIPWAY_LISTEN:-127.0.0.1:0}
instance=demo-$$
made=$(mktemp -d)
server='' push=''

# What the demo has left in Docker, one object a line.
left() {
    local label=label=slipway.instance=$instance
    docker ps --all --filter "$label" --format 'container {{.Names}}'
    docker volume ls --filter "$label" --format 'volume {{.Name}}'
    docker network ls --filter "$label" --format 'network {{.Name}}'
}

# A runner that stops leaves a job that runs to the next one on its data. Here nobody comes.
forget() {
    local label=label=slipway.instance=$instance
    docker ps --quiet --all --filter "$label" | xargs --no-run-if-empty docker rm --force >/dev/null
    docker volume ls --quiet --filter "$label" | xargs --no-run-if-empty docker volume rm >/dev/null
    docker network ls --quiet --filter "$label" | xargs --no-run-if-empty docker network rm >/dev/null
}

stop() {
    local status=$?
    trap '' INT TERM
    trap - EXIT
    [ -z "$push" ] || kill "$push" 2>/dev/null || true
    if [ -n "$server" ]; then
        say "Stopping"
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" || true
        forget
        local rest end=$((SECONDS + 20))
        while rest=$(left) && [ -n "$rest" ] && [ "$SECONDS" -lt "$end" ]; do sleep 0.2; done
        if [ -n "$rest" ]; then
            echo "slipway: this is left behind in Docker:" >&2
            echo "$rest" >&2
            status=1
        else
            echo "No container, volume or network is left behind."
        fi
    fi
    rm -rf "$made"
    exit "$status"
}
trap stop EXIT
trap 'exit 0' INT TERM

tests/setup/build-tools.sh
# Beside the compiler, which has more to do.
tests/setup/docker.sh >"$made/docker" 2>&1 &
docker=$!
say "Building the binary, unoptimised (the first time takes some minutes)"
cargo build --profile demo --locked
wait "$docker" || {
    cat "$made/docker" >&2
    exit 3
}
cat "$made/docker"

say "Starting slipway up"
SLIPWAY_ADMIN_TOKEN=slp_$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export SLIPWAY_ADMIN_TOKEN SLIPWAY_INSTANCE=$instance SLIPWAY_LOG=${SLIPWAY_LOG:-warn}
"$slipway" up --data "$made/data" --listen "$listen" >"$made/out" 2>"$made/err" </dev/null &
server=$!
until login=$(sed -n 's/^Log in (once): //p' "$made/out") && [ -n "$login" ]; do
    kill -0 "$server" 2>/dev/null || {
        server=''
        cat "$made/out" "$made/err" >&2
        exit 3
    }
    sleep 0.1
done
url=$(sed -n 's/^Slipway is up: //p' "$made/out")
echo "$url"

say "A repository with a pipeline: pipelines/examples/demo"
cp -r pipelines/examples/demo "$made/repository"
repository() { git -C "$made/repository" -c user.name=Demo -c user.email=demo@slipway.invalid "$@"; }
repository init --quiet --initial-branch=main
repository add --all
repository commit --quiet --message "First light"
cat "$made/repository/.slipway.yml"

say "git push $url/git/demo/first-light.git main"
repository push "${url/:\/\//:\/\/ci:$SLIPWAY_ADMIN_TOKEN@}/git/demo/first-light.git" main &
push=$!
wait "$push"
push=''

page=/repos/demo/first-light/builds/1
say "The same log in the browser"
echo "  $login?to=$page   (logs you in, once)"
echo "  $url$page"
say "Ctrl-C stops it"

# A SIGINT that only `make` gets is not passed on by it; but it stops catching the signal, and that can be seen.
make_was_interrupted() {
    [ "$(ps -o comm= -p "$PPID" 2>/dev/null)" = make ] || return 1
    local caught
    caught=$(awk '/^SigCgt:/ { print $2 }' "/proc/$PPID/status" 2>/dev/null) || return 1
    [ -n "$caught" ] && (((0x$caught >> 1) % 2 == 0)) && [ "$make_catches" = yes ]
}
make_catches=yes
! make_was_interrupted || make_catches=no

while kill -0 "$server" 2>/dev/null; do
    if make_was_interrupted; then
        exit 0
    fi
    sleep 0.5 &
    wait $! || true
done
echo "slipway: the server ended by itself:" >&2
cat "$made/err" >&2
exit 3
