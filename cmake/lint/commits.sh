#!/bin/bash
# lint.commits ROOT: every commit that a page or a kept measurement names is in this history, so that it can be looked
# up. A commit is a whole word of 7 to 40 hexadecimal digits with a letter and a digit among them, or any of these words
# behind "at", "commit" or "since", in *.md, and the value of "commit" in bench/baselines. Exit code 77 (skipped) where
# there is no history to search.
set -eu
cd "$1"
. cmake/lint/walk.sh
if [ ! -e .git ] || ! git rev-parse -q --verify HEAD >/dev/null 2>&1; then
  echo "skipped: this tree is not a git checkout, so the commits that pages name cannot be looked up"
  exit 77
fi
if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
  echo "skipped: this checkout is shallow, so the commits that pages name may be in the part of the history that is missing"
  exit 77
fi
bad=0
declare -A known
while IFS=: read -r page line word; do
  if [ -z "${known[$word]:-}" ]; then
    known[$word]=no
    if git cat-file -e "$word^{commit}" 2>/dev/null && git merge-base --is-ancestor "$word" HEAD; then known[$word]=yes; fi
  fi
  [ "${known[$word]}" = yes ] && continue
  echo "$page:$line: commit $word is not in the history of HEAD; name the commit that was measured, or say that it was not kept"
  bad=1
done < <({
  walk . \( -name build -o -name .git \) -prune -o -name '*.md' -print
  walk bench/baselines -name '*.json' 2>/dev/null
} | sed 's|^[.]/||' | sort | LC_ALL=C xargs awk '
# The words of a page unchanged, each with the text before it.
FILENAME ~ /[.]json$/ {
  if ($0 ~ /^[ \t]*"commit": "[0-9a-f]+[+]?",?[ \t]*$/) { gsub(/^[^:]*: "|[+]?",?[ \t]*$/, ""); print FILENAME ":" FNR ":" $0 }
  next
}
{
  before = ""
  count = split($0, words, /[^0-9A-Za-z_#.%-]+/)
  for (i = 1; i <= count; ++i) {
    word = words[i]
    sub(/[.-]+$/, "", word)
    if (length(word) >= 7 && length(word) <= 40 && word ~ /^[0-9a-f]+$/ &&
        (word ~ /[0-9]/ && word ~ /[a-f]/ || before ~ /^(at|commit|since)$/)) print FILENAME ":" FNR ":" word
    if (word != "") before = word
  }
}')
exit $bad
