#!/bin/bash
# closed_descriptors_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: with standard input, output and error closed in every
# combination, files are written as in a usual run: no printed text gets into them.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
export LC_ALL=C.UTF-8
fox_text 200 >text.txt

# Each command writes the file `out`; its printed output differs between runs only in ways that do not matter here.
quantize() { "$brim" quantize tiny.gguf out q8_0 -t 1; }
quantize_json() { "$brim" quantize --json tiny.gguf out q4_0 -t 1; }
chat() { "$brim" chat -m tiny.gguf -p "Hello" -n 5 --seed 3 -v -t 1 --session out; }
eval_logits() { "$brim" eval -m tiny.gguf -f text.txt -c 64 --positions 0,5,9 --logits-out out -t 1; }
calibrate() { "$brim" calibrate -m tiny.gguf -f text.txt -c 64 --windows 1 --continuation 32 -o out -t 1; }

# Compared without the times: a session stores how long steps took, and a profile stores when it was measured.
compare() { cmp -s "$1" "$2"; }

for work in quantize quantize_json chat eval_logits calibrate; do
  rm -f out
  $work </dev/null >said 2>&1 || fail "$work: $(tail -n 3 said)"
  [ -s out ] || { fail "$work writes nothing"; continue; }
  mv out usual
  $work </dev/null >/dev/null 2>&1
  if compare out usual; then exact=yes; else exact=no; fi # some files contain times
  for closed in 0 1 2 01 02 12 012; do
    rm -f out
    (
      case $closed in *0*) exec 0<&- ;; *) exec 0</dev/null ;; esac
      case $closed in *2*) exec 2>&- ;; *) exec 2>said.err ;; esac
      case $closed in *1*) exec 1>&- ;; *) exec 1>said.out ;; esac
      $work
    )
    code=$?
    [ $code = 0 ] || fail "$work without $closed: exit code $code"
    [ -s out ] || { fail "$work without $closed: nothing was written"; continue; }
    if [ $exact = yes ]; then
      compare out usual || fail "$work without $closed: the file is another one"
    else
      [ "$(stat -c %s out)" = "$(stat -c %s usual)" ] || fail "$work without $closed: the file has another size"
    fi
    grep -aqE "tok/s|bits a weight|Loading|seed 3" out && fail "$work without $closed: what was printed stands in the file"
  done
done

# All three are connected to /dev/null.
"$brim" run -m tiny.gguf -p a -n 2 -t 1 >&- 2>err || fail "a closed standard output: exit code $?"
[ ! -s err ] || fail "a closed standard output: $(cat err)"
"$brim" chat -m tiny.gguf -n 2 -t 1 <&- >out 2>err
code=$?
[ $code = 2 ] || fail "a closed standard input: exit code $code, expected 2"
"$brim" --version 2>&- <&- >out || fail "brim --version without standard input and error: exit code $?"
[ -s out ] || fail "brim --version without standard input and error says nothing"
if [ -e /proc/self/fd ]; then
  in_background "$brim" run -m tiny.gguf -p a -n -1 --ignore-eos -t 1 0<&- 2>&- >run.out
  wait_until "an answer" test -s run.out
  [ "$(readlink /proc/$pid/fd/0)" = /dev/null ] && [ "$(readlink /proc/$pid/fd/2)" = /dev/null ] ||
    fail "closed descriptors are not /dev/null: $(readlink /proc/$pid/fd/0) $(readlink /proc/$pid/fd/2)"
  ended_by TERM "run without descriptors"
fi

finish
