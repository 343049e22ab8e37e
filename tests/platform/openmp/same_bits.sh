#!/bin/bash
# same_bits.sh NATIVE OPENMP: two links of decoded_bits.cpp, which must print the same.
set -u
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
with_openmp() { readelf -dW "$1" | grep -qE 'NEEDED.*lib(gomp|omp|iomp5)\.so'; }
with_openmp "$1" && fail "$1 is linked with OpenMP"
with_openmp "$2" || fail "$2 is not linked with OpenMP"
native=$("$1") || fail "$1: $native"
openmp=$("$2") || fail "$2: $openmp"
lines=$(grep -cE ' [0-9a-f]{16}$' <<<"$native")
[ "$lines" = 12 ] || fail "expected 12 sums, found $lines: $native"
diff <(grep -E ' [0-9a-f]{16}$' <<<"$native") <(grep -E ' [0-9a-f]{16}$' <<<"$openmp") || fail "the threads of OpenMP changed bits"
exit $((failures > 0))
