#!/bin/bash
# lint.words ROOT [--wanted [WORD]]: old words of this project do not come back. docs/glossary.words lists them with the
# standard word to use instead; docs/glossary.md explains the standard words. Rows marked `enforced` fail the lint.
# `--wanted` prints how often each word of the other rows is still in the tree, and `--wanted WORD` prints every place
# of one of them.
#
# Words are compared whole and in lower case, after identifiers were split at underscores and at changes of case. In
# pages (*.md) code spans, code blocks and link targets are left out, because they quote names of the code. A phrase may
# continue on the next line.
set -eu
cd "$1"
. cmake/lint/walk.sh
walk . \( -name build -o -name .git -o -path ./tests/fuzz/corpus -o -path ./models/demo/synthetic \
  -o -path ./apps/serve/page/built \) -prune -o -type f \
  \( -name '*.[chi]pp' -o -name '*.[ch]' -o -name '*.def' -o -name '*.md' -o -name '*.cmake' -o -name CMakeLists.txt -o -name '*.sh' \
  -o -name '*.awk' -o -name '*.py' -o -name '*.js' -o -name '*.mjs' -o -name '*.ts' -o -path ./run \) -print |
  sed 's|^[.]/||' | grep -vE '^(docs/glossary[.]md|cmake/lint/words[.]sh|tests/lint/selftest[.]sh)$' | sort |
  LC_ALL=C xargs awk -v mode="${2:-}" -v asked="${3:-}" '
function trim(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }
# Reports an error in the list with its line, and makes the lint fail.
function wrong(what) { print FILENAME ":" FNR ": " what; bad = 1 }
# Lower-case words of an identifier or a sentence, separated by single spaces; "." marks where a phrase may not
# continue.
function words_of(text) {
  while (match(text, /[a-z0-9][A-Z]/)) text = substr(text, 1, RSTART) " " substr(text, RSTART + 1)
  while (match(text, /[A-Z][A-Z][a-z]/)) text = substr(text, 1, RSTART) " " substr(text, RSTART + 1)
  gsub(/[.,;:!?()"|]/, " . ", text)
  gsub(/[^A-Za-z0-9.]+/, " ", text)
  return tolower(text)
}
function add_row(line,    field, alternative, count, i, words, n) {
  if (split(line, field, "|") < 4) { wrong("a row has five columns: status | where | words | instead | except"); return }
  for (i = 1; i <= 5; ++i) field[i] = trim(field[i])
  if (field[1] !~ /^(enforced|wanted)$/) { wrong("the status is enforced or wanted, not " field[1]); return }
  if (field[2] !~ /^(docs|code|all)$/) { wrong("a row is about docs, code or all, not " field[2]); return }
  if (mode == "" && field[1] == "wanted" || mode != "" && field[1] == "enforced") return
  ++rows
  where[rows] = field[2]; instead[rows] = field[4]; except[rows] = field[5]; title[rows] = field[3]; total[rows] = 0
  count = split(field[3], alternative, ",")
  for (i = 1; i <= count; ++i) {
    line = trim(alternative[i])
    if (asked != "" && line != asked) continue
    ++patterns
    row_of[patterns] = rows
    name_only[patterns] = sub(/^name:/, "", line)
    n = split(words_of(line), words, " ")
    pattern[patterns] = " " join(words, 1, n) " "
    by_first[words[1]] = by_first[words[1]] " " patterns
  }
}
function join(list, from, to,    i, text) {
  text = list[from]
  for (i = from + 1; i <= to; ++i) text = text " " list[i]
  return text
}
# Whether an exception of the row covers the words from..to of this file.
function excepted(row, file, from, to,    list, count, i, phrase, low, high, here, before) {
  count = split(except[row], list, ",")
  for (i = 1; i <= count; ++i) {
    phrase = trim(list[i])
    if (sub(/^file:/, "", phrase)) { if (file ~ ("^(" phrase ")$")) return 1; continue }
    low = from > 8 ? from - 8 : 1
    high = to + 8 < size ? to + 8 : size
    before = from > low ? " " join(text, low, from - 1) " " : " "
    here = " " join(text, low, high) " "
    phrase = " " trim(words_of(phrase)) " "
    # The phrase must begin at or before the word and end at or after it.
    start = length(before) - length(phrase) + length(join(text, from, to)) + 2
    if (start < 1) start = 1
    at = index(substr(here, start), phrase)
    if (at > 0 && start + at - 1 <= length(before)) return 1
  }
  return 0
}
function check(file,    i, list, count, k, p, row, length_of, last) {
  for (i = 1; i <= size; ++i) {
    if (!(text[i] in by_first)) continue
    count = split(by_first[text[i]], list, " ")
    for (k = 1; k <= count; ++k) {
      p = list[k]; row = row_of[p]
      if (where[row] == "docs" && !page || where[row] == "code" && page) continue
      if (name_only[p] && !compound[i]) continue
      length_of = split(pattern[p], unused, " ")
      last = i + length_of - 1
      if (last > size || index(" " join(text, i, last) " ", pattern[p]) != 1) continue
      if (excepted(row, file, i, last)) continue
      ++total[row]
      if (mode == "" || asked != "") {
        print file ":" line_of[i] ": \"" trim(pattern[p]) "\" is an old word here; say: " instead[row]
        bad = 1
      }
    }
  }
  size = 0
}
function push(words, line, is_compound,    list, n, i) {
  n = split(words, list, " ")
  for (i = 1; i <= n; ++i) { text[++size] = list[i]; line_of[size] = line; compound[size] = is_compound }
}
function push_line(line,    token, words, before) {
  # Compound identifiers are separated from the prose around them, so that rows of names can match them.
  while (match(line, /[A-Za-z_][A-Za-z0-9_]*/)) {
    before = substr(line, 1, RSTART - 1)
    token = substr(line, RSTART, RLENGTH)
    line = substr(line, RSTART + RLENGTH)
    push(words_of(before), FNR, 0)
    words = words_of(token)
    push(words, FNR, trim(words) ~ / /)
  }
  push(words_of(line), FNR, 0)
}
FILENAME == "docs/glossary.words" { if ($0 !~ /^[ \t]*(#|$)/) add_row($0); next }
FNR == 1 { check(file); file = FILENAME; page = file ~ /[.]md$/; fence = 0 }
page && /^[ \t]*```/ { fence = !fence; push(" . ", FNR, 0); next }
page && fence { next }
page { gsub(/`[^`]*`/, " . "); gsub(/\]\([^)]*\)/, "] ") }
/^[ \t]*$/ { push(" . ", FNR, 0); next }
{ push_line($0) }
END {
  check(file)
  if (mode != "" && asked == "") {
    for (row = 1; row <= rows; ++row) printf "%6d  %-4s  %s → %s\n", total[row], where[row], title[row], instead[row]
    exit 0
  }
  exit mode == "" ? bad : 0
}
' docs/glossary.words
