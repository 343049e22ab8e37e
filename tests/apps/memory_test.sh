#!/bin/bash
# memory_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: the promise about memory, measured from outside. A text 80 times
# longer than the context is processed with a small budget: the session's own count never exceeds the budget, and the
# process stays within weights + budget + 64 MiB. Under a limit that is too small, a session is refused with the
# numbers; with enough memory, nothing fails later.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
# number KEY FILE: prints the number that follows "KEY": in a line of JSON.
number() { grep -o "\"$1\":[0-9]*" "$2" | head -n 1 | cut -d: -f2; }

for ((i = 0; i < 20000; ++i)); do echo $((259 + i * 37 % 90)); done | tr '\n' ' ' >ids

budget=40960
"$brim" eval -m tiny.gguf --prompt-ids @ids --kv-budget "$budget" --json >out 2>err || fail "eval: $(head -c 300 err)"
peak=$(number kv_peak_bytes out)
[ "$(number tokens out)" = 20000 ] || fail "not all tokens were read"
[ -n "$peak" ] && [ "$peak" -le "$budget" ] || fail "the session counted $peak bytes, more than $budget"
grep -q "more than the context" err || fail "passing the context was not said: $(head -c 300 err)"

if [ -x /usr/bin/time ]; then
  /usr/bin/time -f %M -o rss "$brim" eval -m tiny.gguf --prompt-ids @ids --kv-budget "$budget" --json >out 2>err
  limit=$((($(stat -c %s tiny.gguf) + budget) / 1024 + 65536))
  [ "$(tail -n 1 rss)" -le "$limit" ] || fail "$(tail -n 1 rss) KiB resident, more than $limit"
else
  echo "not checked: resident memory (no /usr/bin/time)"
fi

# A cache of several hundred MiB under a data limit of 200 MiB is refused with both numbers. A cache of 1 MiB under the
# same limit runs.
(ulimit -d 204800 && "$brim" run -m tiny.gguf -p a -n 1 -c 1000000 --kv-budget full) >out 2>err
code=$?
[ "$code" = 1 ] || fail "a session larger than the limit: exit code $code: $(head -c 300 err)"
grep -q "a session needs .*MiB" err || fail "the refusal does not say what is needed: $(head -c 300 err)"
grep -qi "RLIMIT_DATA" err || fail "the refusal does not name the limit: $(head -c 300 err)"
(ulimit -d 204800 && "$brim" run -m tiny.gguf --prompt-ids @ids -n 50 --ignore-eos --kv-budget 40KiB --print-ids) >out 2>err ||
  fail "a session within the limit failed: $(head -c 300 err)"

[ "$failures" = 0 ] &&
  echo "the budget held at $peak of $budget bytes"
finish
