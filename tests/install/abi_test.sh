#!/bin/bash
# abi_test.sh CC SCRATCH [--update]: compares the types and functions of brim.h with abi/brim.xml, which is what the
# last version promised. New functions are not a change. A struct that grew, or any other difference, is a change and
# appears in review as a change of that file: if it is intended, --update writes the file again. Only the header is
# compared, compiled with a body for each function.
set -u
cc=$1
scratch=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v abidiff >/dev/null && command -v abidw >/dev/null || { echo "abidiff is missing (Debian: abigail-tools)"; exit 77; }

mkdir -p "$scratch/brim"
cd "$scratch" || exit 1
# Declarations become definitions: the macro is used only as BRIM_API type name(…);.
awk '/^BRIM_API/ { inside = 1 } inside && /;/ { sub(/;/, " { __builtin_unreachable(); }"); inside = 0 } { print }' \
  "$here/../../engine/include/brim/brim.h" >brim/brim.h
printf '#include <brim/brim.h>\n' >brim.c
"$cc" -std=c11 -g -O0 -w -fPIC -shared -I. -fdebug-prefix-map="$PWD"=. -Wl,-soname,libbrim.so.0 -o libbrim.so brim.c || exit 1
abidw --no-corpus-path --no-comp-dir-path --no-show-locs libbrim.so >brim.xml || exit 1
if [ "${3-}" = --update ]; then
  cp brim.xml "$here/abi/brim.xml"
elif ! abidiff --no-added-syms "$here/abi/brim.xml" libbrim.so >report; then
  cat report
  echo "brim.h no longer means what tests/install/abi/brim.xml says. If that is meant: bash $0 $cc $scratch --update"
  exit 1
fi
