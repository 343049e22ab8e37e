#!/bin/bash
# lint.links ROOT: the targets that the pages refer to exist — relative links, and `folder/file` names between backticks
# that start at the repository root. The add-a-… pages name files that are yet to be written, so only their links are
# checked.
set -eu
cd "$1"
. cmake/lint/walk.sh
bad=0
while read -r page; do
  folder=$(dirname "$page")
  while read -r target; do
    [ -e "$folder/$target" ] || { echo "$page links to $target, which does not exist"; bad=1; }
  done < <(grep -oE '\]\([^)#: ]+\)' "$page" | sed 's/^](//; s/)$//')
  while read -r name; do
    [[ $page == docs/add-* || -e $name ]] || { echo "$page names $name, which does not exist"; bad=1; }
  done < <(grep -oE '`(platform|quant|kernels|engine|research|apps|tests|bench|cmake|docs|models)/[a-z0-9_./-]+`' "$page" | tr -d '`' |
    grep -E '[.][a-z]+$|/$')
done < <(walk . \( -name build -o -name .git \) -prune -o -name '*.md' -print | sed 's|^[.]/||' | sort)
exit $bad
