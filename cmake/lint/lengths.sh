#!/bin/bash
# lint.lengths ROOT: one idea per file. No source or script (C++, C, Python, JavaScript, TypeScript, shell, awk, CMake, run) is
# longer than 400 lines, no C++ function longer than 80 (functions.awk says what counts), and no line of a page (*.md)
# longer than 120 columns. Exempt are table rows, pictures and lines that cannot be broken; the address of a link does
# not count.
set -eu
cd "$1"
. cmake/lint/walk.sh
bad=0
sources() { walk . \( -name build -o -name .git -o -path ./tests/fuzz/corpus \) -prune -o -type f \( "$@" \) -print | sed 's|^[.]/||' | sort; }
sources -name '*.[chi]pp' -o -name '*.[ch]' -o -name '*.def' -o -name '*.py' -o -name '*.js' -o -name '*.mjs' -o -name '*.ts' \
  -o -name '*.sh' -o -name '*.awk' -o -name '*.cmake' -o -name CMakeLists.txt -o -name run |
  xargs awk 'FNR == 401 { print FILENAME ": more than 400 lines"; bad = 1 } END { exit bad }' || bad=1
sources -name '*.[chi]pp' -o -name '*.[ch]' |
  xargs awk -v limit=80 -f cmake/lint/strip.awk -f cmake/lint/functions.awk || bad=1
# Bytes that continue a character (UTF-8) are not columns.
walk . \( -name build -o -name .git \) -prune -o -name '*.md' -print | sed 's|^[.]/||' | sort | LC_ALL=C xargs awk '
/^[ \t]*[|]/ || /^[ \t]*!\[/ { next }
{
  line = $0
  gsub(/[\200-\277]/, "", line)
  gsub(/\]\([^)]*\)/, "]", line)
  breakable = line
  gsub(/`[^`]*`/, "code", breakable)  # a code span stays on one line
  if (length(line) > 120 && breakable ~ /[^ ] +[^ ]/) { print FILENAME ":" FNR ": " length(line) " columns, more than 120"; bad = 1 }
}
END { exit bad }' || bad=1
exit $bad
