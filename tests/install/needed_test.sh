#!/bin/bash
# needed_test.sh LIBRARY THREADS: what the shared library needs from a process that loads it: which libraries (no OpenMP
# runtime, which may end the process, unless the build chose it; no oneDNN), and how much memory per thread (at most 16
# bytes, and none that is allocated at its first use).
set -u
library=$1
threads=$2
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

allowed='libpcre2-8|libutf8proc|libstdc\+\+|libm|libgcc_s|libc|ld-linux.*'
[ "$threads" = native ] || allowed+='|libgomp|libomp'
needed=$(readelf -dW "$library" | awk '/NEEDED/ { gsub(/[][]/, "", $NF); print $NF }')
[ -n "$needed" ] || fail "readelf says nothing about $library"
grep -vE "^($allowed)\.so" <<<"$needed" && fail "$library needs more than it should"
size=$(readelf -lW "$library" | awk '$1 == "TLS" { print $6 }')
[ $((size)) -le 16 ] || fail "$library keeps $((size)) bytes per thread"
readelf -rW "$library" | grep -E 'DTPMOD|DTPOFF' && fail "$library has thread-local storage that is allocated at its first use"
# The C++ runtime's exception state is placed by a reference through a TLS descriptor (platform/linux/thread_state.cpp).
readelf -rW "$library" | grep -q 'TLSDESC.*__once_callable' || fail "$library does not have the C++ runtime's thread-local storage placed"
exit $((failures > 0))
