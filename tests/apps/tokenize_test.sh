#!/bin/bash
# tokenize_test.sh COMMAND SCRATCH TINY: ids and bytes of a tiny vocabulary, and every way to hold the command wrong.
set -u
brim=$1
scratch=$2
tiny=${3:-}
[ -n "$tiny" ] || { echo "skipped: no tool that writes tiny models"; exit 77; }
cd "$scratch" || exit 1
"$tiny" tiny.gguf || exit 1

failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# same WANTED ARGUMENTS…: standard output is exactly WANTED and a newline.
same() {
  local wanted=$1 found
  shift
  found=$("$brim" tokenize -m tiny.gguf "$@") || fail "$*: exit code $?"
  [ "$found" = "$wanted" ] || fail "$*: expected '$wanted', found '$found'"
}
# refused WORD ARGUMENTS…: exit code 2, nothing on standard output, one sentence with WORD on standard error.
refused() {
  local word=$1 code
  shift
  "$brim" tokenize "$@" >out 2>err </dev/null
  code=$?
  [ "$code" -eq 2 ] || fail "$*: exit code $code, expected 2"
  [ -s out ] && fail "$*: wrote to standard output"
  grep -q -- "$word" err || fail "$*: no '$word' in: $(cat err)"
}

# The tiny vocabulary: <unk> 0, <s> 1, </s> 2, bytes from 3 on, U+2581 259, ! to ~ from 260 on.
same "1" -p ""
same "" -p "" --no-add-special
printf 'A\n' >a.txt
same "259 292 13" -f a.txt --no-add-special
same "259 292 13" -f - --no-add-special <a.txt
same "259 272" -p "-" --no-add-special
same "259 288 259 272" -p "= -" --no-add-special
same "1" -p "<s>" --no-add-special --parse-special
same "259 287 342 289" -p "<s>" --no-add-special --no-parse-special
same "[1,1]" -p "<s>" --json
same '[{"id":1,"piece":"<s>"},{"id":2,"piece":"</s>"}]' -p "</s>" --json --pieces
same "$(printf "259\t' '\n292\t'A'")" -p A --pieces --no-add-special

# Bytes come back exactly, nothing added.
printf 'x\377\342\202y \0' >odd
ids=$("$brim" tokenize -m tiny.gguf -f odd --no-add-special)
"$brim" tokenize -m tiny.gguf --detokenize "$ids" | cmp - odd || fail "bytes that are no UTF-8 do not come back"
echo "[${ids// /, }]" >ids.json
"$brim" tokenize -m tiny.gguf --detokenize @ids.json | cmp - odd || fail "ids from a JSON file"
[ "$("$brim" tokenize -m tiny.gguf --detokenize 1,259,292,2)" = "<s> A</s>" ] || fail "control tokens are not shown"
[ -z "$("$brim" tokenize -m tiny.gguf --detokenize "")" ] || fail "no ids are no text"

# A megabyte at once, within seconds.
head -c 1000000 /dev/zero | tr '\0' 'a' >long
count=$("$brim" tokenize -m tiny.gguf -f long --no-add-special | wc -w)
[ "$count" -eq 1000001 ] || fail "a million letters are $count tokens"

refused "tokenize needs one of" -m tiny.gguf
refused "tokenize needs one of" -m tiny.gguf -p a -f a.txt
refused "-m" -p a
refused "add-special" -m tiny.gguf -p a --add-special --no-add-special
refused "cannot be opened\|No such file" -m missing.gguf -p a
refused "missing.txt" -m tiny.gguf -f missing.txt
refused "'x'" -m tiny.gguf --detokenize 1,x
refused "100000 is not among" -m tiny.gguf --detokenize 100000
refused "is no token id" -m tiny.gguf --detokenize=-3
refused "." -m a.txt -p a
refused "." -m tiny.gguf --detokenize 1 --json

exit $((failures > 0))
