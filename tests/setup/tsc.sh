#!/usr/bin/env bash
# Checks the types of the pages' modules (web/tsconfig.json) with TypeScript's native compiler: no Node is needed.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")

version=7.0.2
case $(uname -m) in
x86_64) machine=x64 sum=EYdf2cNg7rgCWJnxCdJ+F3V39O8ihb37eHAu1LK8oAFizgTQbPOK7zHHXbPt8rX24COqODXeI3sIf0fCXG7H/A== ;;
aarch64) machine=arm64 sum=Qh4eU4/y3yDjnfjjyPYihMj5/ODIlmt+Bzu17OI+fiSRDW57QmU5SiN63exPRNJPKUzcc1INa1NXdrJ+MqHjUQ== ;;
*)
    echo "slipway: there is no TypeScript compiler for $(uname -m): SKIPPED, the types of web/assets are not checked" >&2
    exit 0
    ;;
esac
folder=$("$here/npm.sh" "@typescript/typescript-linux-$machine" "$version" "$sum")
"$folder/lib/tsc" --project "$here/../../web/tsconfig.json"
