#!/bin/sh
# Every pipeline of the tree becomes a seed, named by its content.
set -eu
cd "$(dirname "$0")/.."
into=fuzz/corpus
mkdir -p "$into/compile" "$into/pipeline"
find examples tests ../.slipway* ../../shared/compat -name '*.yml' -o -name '*.yaml' 2>/dev/null | while read -r file; do
  for target in compile pipeline; do cp "$file" "$into/$target/$(sha1sum "$file" | cut -c1-40)"; done
done
echo "$(ls "$into/compile" | wc -l) seeds"
