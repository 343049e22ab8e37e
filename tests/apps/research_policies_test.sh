#!/bin/bash
# research_policies_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: `brim eval` has every policy of research/ by name, `brim
# calibrate` every rule; all other commands refuse them with a sentence that names the commands that have them.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
fox_text 60 >text

splits=(depth-mga depth-mlp depth-mlma-2 depth-mlma-4 depth-mlma-6 zigzag-lmbo pyramid inverted-pyramid cake squeeze shuffled)
rules=(h2o knorm h2o-value snapkv-value blocks-fixed32 blocks-priors)
eval=(eval -m tiny.gguf -f text -c 128 --kv-budget 40%)

does 0 calibrate -m tiny.gguf -f text -o profile.json --windows 1 -c 128 --continuation 32
for split in "${splits[@]}"; do does 0 "${eval[@]}" --kv-split "$split" --kv-profile profile.json; done
for rule in "${rules[@]}"; do does 0 "${eval[@]}" --kv-keep "$rule"; done
does 0 "${eval[@]}" --kv-split cake --kv-keep h2o-value
does 0 calibrate -m tiny.gguf -f text -o h2o.json --windows 1 -c 64 --continuation 16 --kv-keep h2o
says '"keep": "h2o"' h2o.json
does 0 eval --help
for name in "${splits[@]}" "${rules[@]}"; do says "(^|[ ,])$name([ ,]|\$)" out; done

for command in "chat -p a" "run -p a" inspect bench; do
  # shellcheck disable=SC2086 — several words
  {
    for split in "${splits[@]}"; do
      refused "--kv-split: expected auto, uniform, depth, joint or zigzag, found '$split', a research policy that brim eval alone can use" \
        $command -m tiny.gguf --kv-split "$split"
    done
    for rule in "${rules[@]}"; do
      refused "--kv-keep: expected window, snapkv, tova, dynsplit, distinct or learned, found '$rule', a research policy that brim eval and brim calibrate alone can use" \
        $command -m tiny.gguf --kv-keep "$rule"
    done
    does 0 ${command%% *} --help
    if grep -qE 'cake|knorm' out; then fail "the help of $command offers policies of research/"; fi
  }
done
finish
