#!/bin/bash
# tokenize_test.sh COMMAND SCRATCH TINY: ids and bytes of a tiny vocabulary, and every way to call the command wrongly.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
# same WANTED ARGUMENTS…: standard output is exactly WANTED and a newline.
same() {
  local wanted=$1 found
  shift
  found=$("$brim" tokenize -m tiny.gguf "$@") || fail "$*: exit code $?"
  [ "$found" = "$wanted" ] || fail "$*: expected '$wanted', found '$found'"
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

# Bytes come back exactly, with nothing added.
printf 'x\377\342\202y \0' >odd
ids=$("$brim" tokenize -m tiny.gguf -f odd --no-add-special)
"$brim" tokenize -m tiny.gguf --detokenize "$ids" | cmp - odd || fail "bytes that are not UTF-8 do not come back"
echo "[${ids// /, }]" >ids.json
"$brim" tokenize -m tiny.gguf --detokenize @ids.json | cmp - odd || fail "ids from a JSON file"
[ "$("$brim" tokenize -m tiny.gguf --detokenize 1,259,292,2)" = "<s> A</s>" ] || fail "control tokens are not shown"
[ -z "$("$brim" tokenize -m tiny.gguf --detokenize "")" ] || fail "an empty list of ids is not an empty text"

# A megabyte at once, within seconds.
head -c 1000000 /dev/zero | tr '\0' 'a' >long
count=$("$brim" tokenize -m tiny.gguf -f long --no-add-special | wc -w)
[ "$count" -eq 1000001 ] || fail "a million letters are $count tokens"

refuse "tokenize needs one of" tokenize -m tiny.gguf
refuse "tokenize needs one of" tokenize -m tiny.gguf -p a -f a.txt
refuse "-m" tokenize -p a
refuse "add-special" tokenize -m tiny.gguf -p a --add-special --no-add-special
refuse "cannot be opened|No such file" tokenize -m missing.gguf -p a
refuse "missing.txt" tokenize -m tiny.gguf -f missing.txt
refuse "'x'" tokenize -m tiny.gguf --detokenize 1,x
refuse "100000 is not among" tokenize -m tiny.gguf --detokenize 100000
refuse "is not a token id" tokenize -m tiny.gguf --detokenize=-3
for ids in 1,,2 , 1,2, ,1 "1, ,2"; do refuse "^brim: --detokenize: a value is missing in '" tokenize -m tiny.gguf --detokenize "$ids"; done
refuse "^brim: --prompt-ids: a value is missing in '1,,2'" eval -m tiny.gguf --prompt-ids 1,,2
refuse "." tokenize -m a.txt -p a
refuse "." tokenize -m tiny.gguf --detokenize 1 --json

finish
