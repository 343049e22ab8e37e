#!/bin/bash
# run_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: `brim run` on a tiny model, as scripts use it: what is written to which
# stream, exit codes, the ways to give a prompt, and that the same seed gives the same tokens.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf

# run ARGUMENTS…: runs brim run on the tiny model; the streams go to out and err, the exit code to code.
run() {
  "$brim" run -m tiny.gguf "$@" >out 2>err
  code=$?
}
expect_refusal() { refuse "$1" run -m tiny.gguf "${@:2}"; }

# Text: the same seed gives the same text, standard output has nothing else, and standard error is empty.
run -p "Once upon a time" -n 20 --seed 7
expect_code 0 "text"
[ -s out ] || fail "text: no output"
[ ! -s err ] || fail "text: standard error is not empty: $(head -c 200 err)"
cp out first
run -p "Once upon a time" -n 20 --seed 7
cmp -s out first || fail "the same seed gave another text"
run -p "Once upon a time" -n 20 --seed 7 -t 1
cmp -s out first || fail "one thread gave another text"
run -p "Once upon a time" -n 20 --seed 8
cmp -s out first && fail "another seed gave the same text"

# Ids: exactly -n of them on one line; greedy ids do not depend on the seed; -f, -p and ids give the same prompt.
run -p "Once upon a time" -n 12 --temp 0 --ignore-eos --print-ids --seed 1
expect_code 0 "ids"
[ "$(wc -l <out)" = 1 ] && [ "$(wc -w <out)" = 12 ] || fail "--print-ids: expected 12 ids on a line: $(cat out)"
grep -qE '^[0-9]+( [0-9]+)*$' out || fail "--print-ids: something else than ids: $(cat out)"
cp out greedy
run -p "Once upon a time" -n 12 --temp 0 --ignore-eos --print-ids --seed 2
cmp -s out greedy || fail "greedy ids depend on the seed"
printf 'Once upon a time' >prompt.txt
run -f prompt.txt -n 12 --temp 0 --ignore-eos --print-ids
cmp -s out greedy || fail "-f FILE is another prompt than -p"
"$brim" run -m tiny.gguf -f - -n 12 --temp 0 --ignore-eos --print-ids <prompt.txt >out 2>err
cmp -s out greedy || fail "-f - is another prompt than -p"
if "$brim" tokenize -m tiny.gguf -p "Once upon a time" >ids 2>err; then
  run --prompt-ids @ids -n 12 --temp 0 --ignore-eos --print-ids
  cmp -s out greedy || fail "--prompt-ids @FILE is another prompt than -p"
  run --prompt-ids "$(grep -oE '[0-9]+' ids | paste -sd,)" -n 12 --temp 0 --ignore-eos --print-ids
  cmp -s out greedy || fail "--prompt-ids LIST is another prompt than -p"
else
  fail "brim tokenize: $(cat err)"
fi
run -p "Once upon a time" -n 12 --temp 0 --ignore-eos --print-ids --logit-bias "$(cut -d ' ' -f 1 greedy)-inf"
[ "$(cut -d ' ' -f 1 out)" != "$(cut -d ' ' -f 1 greedy)" ] || fail "--logit-bias ID-inf does not ban the token"

# Limits and edges.
run -p "Once" -n 0
expect_code 0 "-n 0"
[ ! -s out ] || fail "-n 0: something was generated: $(cat out)"
run -p "Once" -n 0 --print-ids
[ "$(cat out)" = "" ] || fail "-n 0 --print-ids: $(cat out)"
run -p "" -n 3
expect_code 0 "an empty prompt of a model with BOS"
run -p "Once upon a time" -n 400 --ignore-eos --temp 0 --print-ids --kv-budget 20%
expect_code 0 "more tokens than the context"
grep -q "outgrown the .* KV budget" err || fail "there is no notice that the text outgrew its budget: $(cat err)"
[ "$(wc -w <out)" = 400 ] || fail "400 tokens past a context of 256: found $(wc -w <out)"
run -p "Once upon a time" -n 8 --temp 0 --ignore-eos --repeat-penalty 1.3 --repeat-last-n -1 --dry-multiplier 0.8 \
  --xtc-probability 0.5 --mirostat 2 --typical 0.9 --min-p 0.1 --top-p 0.9 --top-k 10
expect_code 0 "all sampling options together"

# A stop string cuts the text before it.
run -p "Once upon a time" -n 30 --temp 0 --ignore-eos
text=$(cat out)
stop=${text:5:2}
if [ -n "$stop" ]; then
  run -p "Once upon a time" -n 30 --temp 0 --ignore-eos --stop "no such text" --stop "$stop"
  printf '%s' "${text%%"$stop"*}" | cmp -s - out || fail "--stop '$stop': $(cat out)"
fi

# JSON: one object on standard output that agrees with the ids.
run -p "Once upon a time" -n 12 --temp 0 --ignore-eos --json
expect_code 0 "--json"
python=$(command -v python3)
if [ -n "$python" ]; then
  "$python" - <<'PYTHON' || fail "--json: $(head -c 400 out)"
import json
answer = json.load(open("out", encoding="utf-8"))
assert answer["ids"] == [int(word) for word in open("greedy").read().split()], answer["ids"]
assert answer["tokens"]["generated"] == 12 and answer["end"] == "limit"
assert 0 < answer["kv"]["peak_bytes"] <= answer["kv"]["budget_bytes"]
PYTHON
else
  grep -q '"end": "limit"' out || fail "--json: $(head -c 400 out)"
fi

# If the process that reads the output goes away, the program ends quietly.
"$brim" run -m tiny.gguf -p "Once" -n -1 --ignore-eos 2>err | head -c 20 >/dev/null
[ ! -s err ] || fail "a closed pipe: $(cat err)"

# Ctrl-C ends the program, with the text so far.
in_background "$brim" run -m tiny.gguf -p "Once" -n -1 --ignore-eos >out 2>err
wait_until "an answer" test -s out
ended_by INT run
[ -s out ] || fail "SIGINT: no text came before it"

# Wrong input is refused with a sentence.
expect_refusal "one prompt"
expect_refusal "one prompt" -p a -f prompt.txt
expect_refusal "no_such_file" -f no_such_file
expect_refusal "'4x' is not a token id" --prompt-ids 1,4x
expect_refusal "no token id" --prompt-ids ""
expect_refusal "999999" --prompt-ids 1,999999
expect_refusal "^brim: --top-p is 7;" -p a --top-p 7
expect_refusal "top-k" -p a --top-k many
expect_refusal "^brim: --logit-bias: expected" -p a --logit-bias nonsense
expect_refusal "KV budget .nonsense." -p a --kv-budget nonsense
expect_refusal "kv-type" -p a --kv-type f64
expect_refusal "kv.split" -p a --kv-split nonsense
expect_refusal "--no-such-option" -p a --no-such-option
"$brim" run -m prompt.txt -p a >out 2>err
code=$?
expect_code 2 "a model that is not a GGUF file"
"$brim" run -m missing.gguf -p a >out 2>err
code=$?
expect_code 2 "a missing model"
grep -q missing.gguf err || fail "a missing model is not named: $(cat err)"

"$brim" run --help >out 2>err || fail "--help fails"
grep -q -- "--prompt-ids" out || fail "--help does not name --prompt-ids"
awk 'length($0) > 80 { exit 1 }' out || fail "--help is wider than 80 columns: $(awk 'length($0) > 80' out)"

finish
