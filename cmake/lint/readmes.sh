#!/bin/bash
# lint.readmes ROOT: every folder says what belongs in it, in a README.md of at most 15 lines. A folder that holds only
# data for tests (below tests/fuzz/corpus) is explained by the README.md above it.
set -eu
cd "$1"
. cmake/lint/walk.sh
bad=0
while read -r folder; do
  if [ ! -f "$folder/README.md" ]; then
    echo "$folder/ has no README.md"
    bad=1
  elif [ "$(wc -l <"$folder/README.md")" -gt 15 ]; then
    echo "$folder/README.md has more than 15 lines"
    bad=1
  fi
done < <(walk apps bench cmake docs engine kernels models platform quant research tests -type d \
  -not -path 'tests/fuzz/corpus/*' -not -path 'engine/include' -not -empty | sort)
exit $bad
