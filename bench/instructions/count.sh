#!/bin/bash
# count.sh BENCH_INSTRUCTIONS [SET…]: millions of instructions of one 2048 × 2048 product per token, on ARM under qemu.
# The counts of two runs with different numbers of multiplications are subtracted, so that the work before them does not
# count. FORMATS and TOKENS in the environment choose the rows; LAYOUT=rows uses weights as they lie in a file.
set -eu
program=$1
shift
[ $# -gt 0 ] || set -- neon neon_dotprod neon_i8mm
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cc -O2 -shared -fPIC -o "$work/count.so" "$here/count_plugin.c"

counts() {  # SET FORMAT TOKENS TIMES → instructions, memory, vector
  QEMU_CPU=max BRIM_ISA=$1 qemu-aarch64 -L /usr/aarch64-linux-gnu -plugin "$work/count.so" \
    "$program" "$2" "${LAYOUT:-panels}" "$3" "$4" 2>&1 >/dev/null | tail -n 1
}

printf '| set | format | tokens | instructions | of them memory | vector |\n|---|---|---|---|---|---|\n'
for set in "$@"; do
  for format in ${FORMATS:-Q4_0 Q4_K Q6_K Q8_0}; do
    for tokens in ${TOKENS:-1 128}; do
      printf '%s %s\n' "$(counts "$set" "$format" "$tokens" 1)" "$(counts "$set" "$format" "$tokens" 2)" |
        awk -v set="$set" -v format="$format" -v tokens="$tokens" '{
          printf "| %s | %s | %d | %.2f | %.2f | %.2f |\n", set, format, tokens,
            ($4 - $1) / tokens / 1e6, ($5 - $2) / tokens / 1e6, ($6 - $3) / tokens / 1e6 }'
    done
  done
done
