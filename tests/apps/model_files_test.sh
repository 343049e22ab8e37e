#!/bin/bash
# model_files_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: what the command reports about model files that leave something
# out, contain more than the text model, or contain something that would change the answers.
. "$(dirname "$0")/support.sh"
for kind in byte-pairs no-pre other-towers output-bias unknown-keys one-rope every-rope; do tiny $kind.gguf $kind; done
tiny plain.gguf

# The comma is token 11 here, and BPE's default for BOS and EOS was 11: it is text, and nothing is added before a text.
does 0 run -m byte-pairs.gguf -p a -n 4 --temp 0 --logit-bias 11+100000 --print-ids
says '^11 11 11 11$' out
does 0 tokenize -m byte-pairs.gguf -p ',b'
says '^11 98$' out
does 0 run -m byte-pairs.gguf -p a -n 4 --temp 0 --logit-bias 257+100000 --print-ids
says '^257$' out  # <|im_end|> ends the answer at once

# A missing pre-tokenizer is a warning; the one that is assumed is shown.
does 0 run -m no-pre.gguf -p a -n 1 --seed 1
says "Warning: no-pre.gguf does not name its pre-tokenizer .*'default'" err
[ "$(wc -l <err)" = 1 ] || fail "more than the warning: $(cat err)"
does 0 eval -m no-pre.gguf --prompt-ids 97,98 --json
says "Warning: no-pre.gguf does not name its pre-tokenizer" err
does 0 run -m byte-pairs.gguf -p a -n 1 --seed 1
[ ! -s err ] || fail "a warning without a reason: $(cat err)"

# Every command that loads the file reports it, once.
for words in "chat -p a -n 1" "eval --prompt-ids 97,98" "bench -p 4 -n 1 -r 1 --no-warmup" "bench -p 4 -n 1 -r 1 -o jsonl"; do
  # shellcheck disable=SC2086 — several words
  does 0 ${words%% *} -m no-pre.gguf ${words#* }
  [ "$(grep -c 'Warning: no-pre.gguf does not name its pre-tokenizer' err)" = 1 ] || fail "brim $words: $(cat err)"
done

# Tensors of other parts of a model are skipped, not counted, and named.
does 0 inspect -m plain.gguf --json
grep -oE '"parameters":[0-9]+,"types"' out >plain
does 0 inspect -m other-towers.gguf --json
grep -oE '"parameters":[0-9]+,"types"' out >towers
cmp -s plain towers || fail "skipped tensors were counted: $(cat plain towers)"
says '"skipped_tensors":\["v.patch_embd.weight","mm.0.weight","blk.2.nextn.norm.weight"\]' out
does 0 inspect -m other-towers.gguf
says "skipped +tensors 2 of other encoders \('v.patch_embd.weight', …\), 1 that predict further tokens" out
does 0 run -m plain.gguf -p the -n 8 --seed 3
cp out expected
does 0 run -m other-towers.gguf -p the -n 8 --seed 3
cmp -s out expected || fail "skipped tensors changed the answer"

# Anything that would change the answers is refused by name.
does 2 run -m output-bias.gguf -p the -n 1
says "output-bias.gguf: tensor 'output.bias' is not supported" err
does 0 inspect -m output-bias.gguf
says "No plan: .*'output.bias'" out

# Unknown keys are a warning without -v too, in one line.
does 0 run -m unknown-keys.gguf -p the -n 8 --seed 3
cmp -s out expected || fail "unknown keys changed the answer"
[ "$(wc -l <err)" = 1 ] || fail "more than the warning: $(cat err)"
says "^Warning: unknown-keys.gguf has keys that Brim does not know: 'llama.magic', 'tokenizer.ggml.dropout'; they are" err

# Rotary factors are those of all layers, or they are refused.
does 2 run -m one-rope.gguf -p the -n 1
says "one-rope.gguf: tensor blk.1.rope_freqs.weight: expected one for each layer, found none blk.2.rope_freqs" err
does 0 run -m every-rope.gguf -p the -n 8 --seed 3
cmp -s out expected && fail "rotary factors of 2 change nothing"

finish
