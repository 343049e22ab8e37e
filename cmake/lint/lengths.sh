#!/bin/bash
# lint.lengths ROOT: one idea a file. No source or script is longer than 500 lines.
set -eu
cd "$1"
. cmake/lint/walk.sh
walk run .ci cmake platform quant kernels engine research apps bench tests docs -type f \
  \( -name '*.[chi]pp' -o -name '*.h' -o -name '*.cmake' -o -name '*.sh' -o -name '*.awk' -o -name run -o -name CMakeLists.txt \) 2>/dev/null |
  sort | xargs awk 'FNR == 501 { print FILENAME ": more than 500 lines"; bad = 1 } END { exit bad }'
