#!/usr/bin/env bash
# Sees to it that a Docker engine answers and has the base image. Says what it does.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
log=/var/log/slipway-dockerd.log

answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

wait_until_it_answers() { # SECONDS
    local end=$((SECONDS + $1))
    until answers; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}

if ! answers; then
    if [ -n "${DOCKER_HOST:-}" ]; then
        echo "slipway: no Docker engine answers at DOCKER_HOST=$DOCKER_HOST" >&2
        exit 3
    fi
    if ! command -v dockerd >/dev/null; then
        "$here/packages.sh" docker.io
    fi
    if ! answers; then
        [ "$(id -u)" = 0 ] || {
            echo "slipway: no Docker engine answers, and starting one takes root. Run: sudo service docker start" >&2
            exit 3
        }
        echo "slipway: starting the Docker engine" >&2
        service docker start >/dev/null 2>&1 || true
        if ! wait_until_it_answers 20; then
            echo "slipway: the service did not start it; starting dockerd by itself, its log is $log" >&2
            setsid --fork dockerd </dev/null >"$log" 2>&1
            wait_until_it_answers 60 || {
                echo "slipway: no Docker engine answers. The end of $log:" >&2
                tail -n 20 "$log" >&2
                exit 3
            }
        fi
    fi
fi

"$here/packages.sh" busybox-static
"$here/base-image.sh"
