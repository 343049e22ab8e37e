#!/bin/bash
# lint.thread_locals ROOT: platform/thread_state.hpp is the only per-thread data of the library. A thread_local
# elsewhere would be allocated at its first use where the library was loaded by dlopen(), and one with a destructor
# registers the destructor at its first use: when either fails, the C library ends the process.
set -eu
cd "$1"
. cmake/lint/walk.sh
walk platform quant kernels engine research/budgets research/scorers -type f \( -name '*.[chi]pp' -o -name '*.h' -o -name '*.def' \) | sort |
  xargs awk -f cmake/lint/strip.awk -f <(cat <<'AWK'
code ~ /(^|[^A-Za-z0-9_])(thread_local|__thread|_Thread_local)([^A-Za-z0-9_]|$)/ && file !~ /^platform\/(linux\/)?thread_state[.][ch]pp$/ {
  print file ":" FNR ": only platform/thread_state.hpp keeps anything per thread: " $0
  bad = 1
}
END { exit bad }
AWK
)
