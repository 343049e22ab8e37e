#!/bin/bash
# low_memory_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: `brim run` and `brim chat` under memory limits from far too low
# to sufficient: each ends with an answer, or with one sentence from Brim and exit code 1, never by a signal and never
# through an OpenMP runtime.
. "$(dirname "$0")/support.sh"
tiny model.gguf

readelf -dW "$brim" | grep -E 'NEEDED.*lib(gomp|omp|iomp5)' && fail "the command loads an OpenMP runtime at its start"

# limited FLAG KIB WORDS…: runs brim under `ulimit FLAG KIB`.
limited() {
  local flag=$1 kib=$2 code
  shift 2
  (ulimit -c 0; ulimit "$flag" "$kib"; exec "$brim" "$@") >out 2>err </dev/null
  code=$?
  # Below the size of its own libraries the program does not start; their loader reports this and exits with 127.
  grep -qE '^(brim|.*/brim): error while loading shared libraries|cannot allocate TLS|cannot allocate memory in static' err && return 2
  grep -q libgomp err && fail "ulimit $flag $kib: $(cat err)"
  case $code in
    0) return 0 ;;
    1 | 2) grep -q '^brim: ' err || fail "ulimit $flag $kib, brim $1: exit code $code, '$(cat err)'" ;;
    *) fail "ulimit $flag $kib, brim $1: exit code $code, '$(cat err)'" ;;
  esac
  return 1
}

# If the address space is smaller than the program itself, the system does not even start it.
for limit in "-v 15000" "-d 2000"; do
  read -r flag first <<<"$limit"
  answers=0
  refusals=0
  for kib in $(seq "$first" 2900 160000); do
    limited "$flag" "$kib" run -m model.gguf -p "the dog" -n 4 --kv-budget 100% -c 64 -t 3
    case $? in
      0) answers=$((answers + 1)) ;;
      1) refusals=$((refusals + 1)) ;;
    esac
  done
  [ $answers -gt 3 ] || fail "ulimit $flag: no answer with 160 MB"
  [ $refusals -gt 3 ] || fail "ulimit $flag: nothing was refused"
done
# Input that there is no memory for.
head -c 150000000 /dev/zero | tr '\\0' a >long.txt
for words in "run -f long.txt" "chat -p Hello --system @long.txt" "eval -f long.txt -c 64"; do
  # shellcheck disable=SC2086 — words of one command
  limited -v 200000 ${words%% *} -m model.gguf ${words#* } -t 1
  [ $? = 1 ] && grep -q memory err || fail "brim $words without memory: $(cat err)"
done
rm long.txt
for kib in 30000 45000 70000 90000; do limited -v $kib chat -m model.gguf -t 3; done
finish
