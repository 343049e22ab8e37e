#!/bin/bash
# stopped_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: SIGTERM, SIGHUP and SIGINT end every command as they would end a
# program that does not catch them, also in the middle of its work, and no unfinished output stays behind.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
tiny large.gguf large
fox_text 1500 >text

[ -e /proc/self/fd ] || skip "no /proc"
# Whether $pid has begun a file (without a name, or with a temporary one), has worked for 0.2 s, or waits for something.
writes() { readlink /proc/"$pid"/fd/* 2>/dev/null | grep -qE '\(deleted\)$|[.]part-'; }
works() { [ "$(awk '{ print $14 }' /proc/"$pid"/stat)" -ge 20 ]; }
waits() { [ "$(awk '{ print $3 }' /proc/"$pid"/stat)" = S ]; }

for signal in TERM HUP INT; do
  # Waiting for a text, ids or a conversation on standard input.
  mkfifo pipe
  exec 9<>pipe
  for words in "tokenize -m tiny.gguf -f -" "run -m tiny.gguf -f -" "eval -m tiny.gguf -f -" "calibrate -m tiny.gguf -f - -o p.json" \
    "render --chat-template chatml --messages -" "bench -m tiny.gguf -p 4 -n 0 -o jsonl --step" "chat -m tiny.gguf -n 1"; do
    # shellcheck disable=SC2086 — several words
    in_background "$brim" $words <pipe >out 2>err 9>&-
    wait_until "$words waits" waits
    ended_by $signal "$words"
  done
  exec 9>&-
  rm pipe

  in_background "$brim" quantize large.gguf packed.gguf Q2_K -t 1 >out 2>err </dev/null
  wait_until "quantize writes" writes
  ended_by $signal quantize

  in_background "$brim" calibrate -m tiny.gguf -f text -o p.json --windows 40 -t 1 >out 2>err </dev/null
  wait_until "calibrate measures" test -e p.json.partial
  ended_by $signal calibrate
  grep -q 'the same command goes on' err || fail "calibrate does not say where the measurements are: $(cat err)"
  rm -f p.json.partial

  in_background "$brim" eval -m tiny.gguf -f text -t 1 --positions 1 --logits-out rows >out 2>err </dev/null
  wait_until "eval works" works
  ended_by $signal eval

  in_background "$brim" eval -m tiny.gguf -f text -t 1 --suite kv --json >out 2>err </dev/null
  wait_until "the suite works" works
  ended_by $signal "eval --suite kv"

  in_background "$brim" bench -m tiny.gguf -p 4 -n 4,200000 -r 1 -o jsonl >out 2>err </dev/null
  wait_until "bench measures" grep -q '"test":"tg4"' out
  ended_by $signal bench

  for words in "run -m tiny.gguf -p a -n -1 --ignore-eos" "chat -m tiny.gguf -p a -n -1 --logit-bias 1-inf --logit-bias 2-inf"; do
    # shellcheck disable=SC2086
    in_background "$brim" $words -t 1 >out 2>err </dev/null
    wait_until "$words answers" test -s out
    ended_by $signal "$words"
  done
done
left=$(ls | grep -vxE 'tiny.gguf|large.gguf|text|out|err')
[ -z "$left" ] || fail "stopped commands left: $left"

# A signal that the parent ignores stays ignored.
trap '' INT
"$brim" quantize large.gguf packed.gguf Q8_0 >out 2>err </dev/null &
pid=$!
trap - INT
while kill -INT $pid 2>/dev/null; do :; done
wait $pid || fail "an ignored SIGINT ended quantize: $(cat err)"
[ -s packed.gguf ] || fail "an ignored SIGINT: nothing was written"
finish
