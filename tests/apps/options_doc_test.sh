#!/bin/bash
# docs/options.md names every long option that the commands' help names, and no other.
page=$PWD/docs/options.md
. "$(dirname "$0")/support.sh"
set -e
grep -oE '`[^`]*`' "$page" | grep -oE -- '--[a-z][a-z-]*' | grep -vxE -- '--help' | sort -u >"$scratch/page"
commands=$("$brim" --help | awk '/^Subcommands:/ { on = 1; next } on && NF { print $1 }')
[ "$(wc -w <<<"$commands")" -ge 7 ] || { echo "brim --help lists too few commands: $commands"; exit 1; }
for command in $commands; do
  grep -q "brim $command" "$page" || { echo "$page does not name brim $command"; exit 1; }
  # A word at the start of a line, before its explanation, is an option; examples in the text are not.
  "$brim" "$command" --help | grep -E '^ +-' | sed -E 's/^ +//; s/  .*//' | grep -oE -- '--[a-z][a-z-]*'
done | sort -u | grep -vxE -- '--help' >"$scratch/help" || true
if ! diff "$scratch/page" "$scratch/help" >"$scratch/difference"; then
  echo "$page and the help texts differ (<: only the page, >: only the help):"
  cat "$scratch/difference"
  exit 1
fi
