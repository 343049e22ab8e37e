#!/bin/bash
# damaged_model_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: a model that computes logits that are not numbers ends every
# command that uses them: with a sentence that reports it, no output and an exit code other than 0.
. "$(dirname "$0")/support.sh"
tiny damaged.gguf nan
fox_text 20 >text
# expect_sentence COMMAND ARGUMENTS…
expect_sentence() {
  "$brim" "$@" >out 2>err </dev/null
  local code=$?
  [ $code -ne 0 ] && [ $code -lt 128 ] || fail "$*: exit code $code: $(head -c 300 out)"
  [ ! -s out ] || fail "$*: standard output is not empty: $(head -c 300 out)"
  grep -q "logits after token [0-9]* of the text are not usable.*NaN for token id 0.*damaged" err || fail "$*: $(head -c 400 err)"
}

expect_sentence run -m damaged.gguf -p "the dog" -n 5
expect_sentence run -m damaged.gguf -p "the dog" -n 5 --temp 0
expect_sentence run -m damaged.gguf -p "the dog" -n 5 --logit-bias 5+1 --spec-type none
expect_sentence chat -m damaged.gguf -p "the dog" -n 5
expect_sentence eval -m damaged.gguf -f text
expect_sentence eval -m damaged.gguf --prompt-ids 1,300,301,302
expect_sentence eval -m damaged.gguf --prompt-ids 1,300,301,302 --positions 1,3 --logits-out rows
[ ! -s rows ] || fail "eval wrote logits that are not numbers"
expect_sentence eval -m damaged.gguf -f text --suite kv --seeds 1 --continuation 16 --ratios .5 --permutations 2
expect_sentence bench -m damaged.gguf -p 16 -n 4

finish
