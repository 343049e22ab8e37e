#!/bin/bash
# numbers_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: numbers and empty values on the command line of every command.
set -u
brim=$1
scratch=$2
[ $# -ge 3 ] || { echo "no tool writes a tiny model"; exit 77; }
cd "$scratch" || exit 1
"$3" tiny.gguf || exit 1
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# refuse PATTERN ARGUMENTS…: exit code 2 and a sentence that matches, in the words of the command and of nothing inside it.
refuse() {
  local pattern=$1 code=0
  shift
  "$brim" "$@" >out 2>err </dev/null || code=$?
  [ "$code" = 2 ] || fail "$*: exit code $code, expected 2: $(head -c 300 err)"
  grep -qE -- "$pattern" err || fail "$*: '$pattern' does not stand in: $(head -c 300 err)"
  ! grep -qE '\bsto(i|l|ll|ul|ull|f|d|ld)\b|std::|json\.exception|not in range|out_of_range' err || fail "$*: says what is inside: $(cat err)"
}
take() {
  "$brim" "$@" >out 2>err </dev/null || fail "$*: $(head -c 300 err)"
}

# Leading zeros are decimal; seeds may be as large as the engine's.
take run -m tiny.gguf -p the -n 010 --ignore-eos --print-ids --temp 0 -t 01
[ "$(wc -w <out)" = 10 ] || fail "-n 010: $(wc -w <out) tokens"
take run -m tiny.gguf -p the -n 3 -s 18446744073709551615
cp out first
take run -m tiny.gguf -p the -n 3 -s 018446744073709551615
cmp -s first out || fail "a seed with a leading zero is another"
take run -m tiny.gguf -p the -n 3 -s -1
refuse "-1 or a whole number from 0 to 18446744073709551615, found '18446744073709551616'" run -m tiny.gguf -p the -s 18446744073709551616
refuse "found '-2'" run -m tiny.gguf -p the -s -2

# Bounds are those of the message, and the value stands there as it was written.
refuse "from 1 to 2147483647, found '2147483648'" run -m tiny.gguf -p the -c 2147483648
refuse "from 1 to 2147483647, found '0'" inspect -m tiny.gguf -c 0
take inspect -m tiny.gguf -c 2147483647
refuse "from 1 to 512, found 'abc'" run -m tiny.gguf -p the -t abc
refuse "from 1 to 512, found '1e1'" inspect -m tiny.gguf -t 1e1
refuse "from 64 to 2147483647, found '1'" calibrate -m tiny.gguf -f tiny.gguf -o p.json -c 1
refuse "a whole number from -1 to .*found '1.5'" run -m tiny.gguf -p the -n 1.5
refuse "a number, found '1e999'" run -m tiny.gguf -p the --temp 1e999
refuse "a number, found 'nan'" run -m tiny.gguf -p the --top-p nan
refuse "a number, found '0x1'" run -m tiny.gguf -p the --temp 0x1
refuse "a number, found '0,5'" run -m tiny.gguf -p the --temp 0,5
refuse "repeat_penalty is 1e30; it must be from 0.000001 to 1000000" run -m tiny.gguf -p the --repeat-penalty 1e30
refuse "from 1 to 10000, found '99999999999999999999'" eval -m tiny.gguf -f tiny.gguf --suite kv --seeds 99999999999999999999
refuse "from 0.001 to 1, found '2'" eval -m tiny.gguf -f tiny.gguf --suite kv --ratios .5,2

# A list says which option it came with.
refuse "--positions: '-1' is no position" eval -m tiny.gguf --prompt-ids 1,2,3 --logits-out l --positions=-1
refuse '--positions: expected 0 to 2, found 3' eval -m tiny.gguf --prompt-ids 1,2,3 --logits-out l --positions 3
refuse "--prompt-ids: 'x' is no token id" eval -m tiny.gguf --prompt-ids 1,x
refuse "--prompt-ids.*'99999999999'" run -m tiny.gguf --prompt-ids 99999999999

# Empty values are refused, whatever the option; a prompt may be empty.
for option in --kv-budget --kv-type --kv-split --kv-keep --kv-profile --kv-read --kv-heads --chat-template --session -m -c \
  -t -n --seed --temp --stop --logit-bias --weights --spec-type --draft-max; do
  refuse "." chat -m tiny.gguf -p the "$option" ""
done
refuse . eval -m tiny.gguf -f ""
refuse . eval -m tiny.gguf --prompt-ids "" --json
refuse . inspect -m ""
refuse . quantize "" out.gguf q8_0
refuse . bench -m tiny.gguf --kv-budget ""
take run -m tiny.gguf -p "" -n 2

# A number that JSON can write and no program can hold.
echo '{"messages": [], "x": 1e999}' >vars.json
echo '{{ x }}' >template.jinja
refuse 'vars.json holds a number that is too large' render --template-file template.jinja --vars vars.json

# A loss of nothing is an error, and not a perplexity of 1.
printf '' >empty.txt
for ids in "-f empty.txt" "--prompt-ids 5"; do
  code=0
  # shellcheck disable=SC2086
  "$brim" eval -m tiny.gguf $ids >out 2>err || code=$?
  [ "$code" = 1 ] || fail "eval $ids: exit code $code, expected 1"
  [ ! -s out ] || fail "eval $ids: a result: $(cat out)"
  grep -q 'nothing to score' err || fail "eval $ids: $(cat err)"
done
take eval -m tiny.gguf --prompt-ids 5,6

[ "$failures" = 0 ]
