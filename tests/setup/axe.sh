#!/usr/bin/env bash
# Fetches axe-core, which the accessibility tests put into pages.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")

"$here/npm.sh" axe-core 4.14.1 \
    FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ== >/dev/null
