#!/bin/bash
# lint.format ROOT [--update]: the sources are laid out by .clang-format, with the clang-format that `./run format` uses. Other
# versions lay out differently, so without that one the test is skipped. --update lays them out.
set -eu
cd "$1"
. cmake/lint/walk.sh
version=14
formatter=$(command -v clang-format-$version || command -v clang-format) ||
  { echo "skipped: there is no clang-format $version (package clang-format)"; exit 77; }
"$formatter" --version | grep -q "version $version[.]" ||
  { echo "skipped: $("$formatter" --version) is not version $version"; exit 77; }
if [ "${2:-}" = --update ]; then update=(-i); else update=(--dry-run -Werror); fi
walk platform quant kernels engine research apps bench tests bindings -type f \( -name '*.[chi]pp' -o -name '*.[ch]' \) 2>/dev/null |
  sort | xargs -r -n 40 -P "$(nproc)" "$formatter" "${update[@]}"
