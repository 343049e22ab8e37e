#!/bin/bash
# lint.lengths ROOT: one idea per file. No source or script is longer than 500 lines, and no line of a page (*.md) is
# longer than 120 columns. Exempt are table rows, pictures and lines that cannot be broken; the address of a link does
# not count.
set -eu
cd "$1"
. cmake/lint/walk.sh
bad=0
walk run .ci cmake platform quant kernels engine research apps bench tests docs -type f \
  \( -name '*.[chi]pp' -o -name '*.h' -o -name '*.cmake' -o -name '*.sh' -o -name '*.awk' -o -name run -o -name CMakeLists.txt \) 2>/dev/null |
  sort | xargs awk 'FNR == 501 { print FILENAME ": more than 500 lines"; bad = 1 } END { exit bad }' || bad=1
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
