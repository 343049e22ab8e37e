#!/bin/bash
# inside_test.sh SOURCE SCRATCH CC CXX: a project that adds Brim by add_subdirectory can link it, and gets neither its
# command, nor its tests, nor anything that is installed. Configured only: what is compiled is the same as elsewhere.
set -u
source=$1
scratch=$2
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"

in_empty "$scratch"
cmake -G Ninja -S "$source/tests/install/inside" -B build -DBRIM_SOURCE="$source" -DCMAKE_C_COMPILER="$3" \
  -DCMAKE_CXX_COMPILER="$4" >log 2>&1 || { cat log; echo "FAILED: a project that contains Brim cannot be configured"; exit 1; }
ninja -C build -t commands all >steps || fail "the steps of its build are incomplete"
grep -q -- ' -o host ' steps || fail "its own program is not built"
grep -q 'libbrim_api[.]a' steps || fail "Brim's library is not built"
more=$(grep -oE '[^ ]*/(apps|tests|bench|research)/[^ ]*[.]cpp$|libbrim[.](a|so)' steps)
[ -z "$more" ] || fail "more than Brim's library is built: $more"
rules=$(find build -name cmake_install.cmake -exec grep -l 'file(INSTALL' {} +)
[ -z "$rules" ] || fail "Brim's files would be installed with the project's: $rules"
grep -q '^CMAKE_BUILD_TYPE:[A-Z]*=$' build/CMakeCache.txt || fail "Brim chose the project's build type"
[ $failures = 0 ]
