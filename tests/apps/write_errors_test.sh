#!/bin/bash
# write_errors_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: a file that reaches its max size (ulimit -f), a full device and
# a closed pipe end in a sentence and exit code 1, never in a signal, and leave no partial file.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
export LC_ALL=C.UTF-8
fox_text 200 >text.txt

# limited WHAT COMMAND…: with files of at most 8 KiB the command ends with exit code 1 and a sentence, and the earlier
# file under that name stays.
limited() {
  local what=$1 before after code
  shift
  printf 'old' >out
  before=$(ls)
  (ulimit -f 8 && exec "$@") </dev/null >said.out 2>said.err
  code=$?
  after=$(ls)
  [ $code = 1 ] || fail "$what: exit code $code, expected 1: $(tail -n 2 said.err)"
  grep -q "^brim: .*\(too large\|RLIMIT_FSIZE\)" said.err || fail "$what: no sentence: $(tail -n 2 said.err)"
  [ "$(cat out)" = old ] || fail "$what: the file that stood there is gone"
  [ "$before" = "$after" ] || fail "$what leaves a file: $after"
}
touch said.out said.err
limited quantize "$brim" quantize tiny.gguf out q8_0
limited "eval --logits-out" "$brim" eval -m tiny.gguf -f text.txt -c 64 --positions 0,5,9,12,15,17,20,22,30,33,37,40 --logits-out out
limited "calibrate --into" "$brim" calibrate -m tiny.gguf -f text.txt -c 64 --windows 1 -o profile.json --into out
[ ! -e profile.json ] || fail "calibrate --into measures before it says that the copy cannot be written"
rm -f out
# A session is refused before the answer that could not be saved.
(ulimit -f 1 && exec "$brim" chat -m tiny.gguf -p Hello -n 5 --session new.ses) </dev/null >said.out 2>said.err
code=$?
[ $code = 1 ] || fail "chat --session: exit code $code, expected 1: $(cat said.err)"
grep -q "^brim: .*new.ses.*RLIMIT_FSIZE" said.err || fail "chat --session: no sentence: $(cat said.err)"
[ ! -s said.out ] || fail "chat --session: an answer was given that cannot be kept: $(cat said.out)"
ls | grep -q new.ses && fail "chat --session leaves $(ls | grep new.ses)"
(ulimit -f 0 && exec "$brim" calibrate -m tiny.gguf -f text.txt -c 64 --windows 1 -o new.json) </dev/null 2>&1 | cat >said.err
[ "${PIPESTATUS[0]}" = 1 ] && grep -q "^brim: cannot write new.json: .*\(too large\|RLIMIT_FSIZE\)" said.err || fail "calibrate -o without room for a file: $(cat said.err)"
ls | grep -q new.json && fail "calibrate -o leaves $(ls | grep new.json)"

# Standard output that is full or limited.
for command in "--help" "--version" "run --help" "inspect -m tiny.gguf" "inspect --json -m tiny.gguf" "run -m tiny.gguf -p a -n 4" \
  "run -m tiny.gguf -p a -n 4 --json" "chat -m tiny.gguf -p a -n 4" "tokenize -m tiny.gguf -p a" \
  "quantize tiny.gguf full.gguf q8_0" "quantize --json tiny.gguf full.gguf q8_0"; do
  # shellcheck disable=SC2086 — words of a command line
  "$brim" $command </dev/null >/dev/full 2>said.err
  code=$?
  [ $code = 1 ] || fail "brim $command into a full device: exit code $code, expected 1"
  grep -q "standard output cannot be written" said.err || fail "brim $command into a full device: $(cat said.err)"
done
head -c 8000 /dev/zero >full.txt
(ulimit -f 8 && exec "$brim" inspect -m tiny.gguf) >>full.txt 2>said.err </dev/null
code=$?
[ $code = 1 ] || fail "standard output at its largest size: exit code $code, expected 1"

# Standard error that cannot be written changes nothing.
"$brim" run -m tiny.gguf -p a -n 4 --temp 0 -v >usual 2>/dev/null </dev/null || fail "run -v: exit code $?"
"$brim" run -m tiny.gguf -p a -n 4 --temp 0 -v >out 2>/dev/full </dev/null || fail "a full standard error: exit code $?"
cmp -s usual out || fail "a full standard error changes the text"
{ { "$brim" run -m tiny.gguf -p a -n 4 --temp 0 -v 2>&1 >out </dev/null; echo $? >code; } | true; }
[ "$(cat code)" = 0 ] || fail "a standard error that is not read: exit code $(cat code)"
cmp -s usual out || fail "a standard error that is not read changes the text"

# If the process that reads standard output goes away, the program ends as with a closed pipe, without a message, also
# where SIGPIPE is ignored from outside.
for ignored in no yes; do
  (
    [ $ignored = no ] || trap '' PIPE
    { "$brim" run -m tiny.gguf -p a -n -1 --ignore-eos 2>said.err; echo $? >code; } </dev/null | head -c 10 >/dev/null
  )
  [ "$(cat code)" = 141 ] || fail "a closed pipe (SIGPIPE ignored: $ignored): exit code $(cat code), expected 141"
  [ ! -s said.err ] || fail "a closed pipe: $(cat said.err)"
done

finish
