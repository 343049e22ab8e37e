#!/bin/bash
# The synthetic models of bench/: reproducible, of the requested size, readable, also those of hybrids and experts, and
# refusals.
. "$(dirname "$0")/support.sh"
synth=$(dirname "$brim")/../bench/synth_model
[ -x "$synth" ] || skip "there is no synth_model"

"$synth" smollm2-135m a.gguf --type q4_k_m --layers 2 >out
"$synth" smollm2-135m b.gguf --type q4_k_m --layers 2 >out
"$synth" smollm2-135m c.gguf --type q4_k_m --layers 2 --seed 2 >out
cmp -s a.gguf b.gguf || fail "the same seed gave another file"
cmp -s a.gguf c.gguf && fail "another seed gave the same file"
for type in f32 q4_k_m iq4_nl iq4_xs iq3_s; do
  "$synth" smollm2-135m one.gguf --type "$type" --layers 2 -t 1 >out
  "$synth" smollm2-135m many.gguf --type "$type" --layers 2 -t 5 >out
  cmp -s one.gguf many.gguf || fail "the number of threads changed the $type file"
done
for type in f32 f16 bf16 q8_0 q6_k q5_k_m q4_0 q4_1 q3_k_m q2_k iq4_nl iq4_xs mxfp4 nvfp4 q1_0 q2_0 \
  tq1_0 tq2_0 iq1_s iq1_m iq2_xxs iq2_xs iq2_s iq3_xxs iq3_s; do
  "$synth" qwen2.5-0.5b "$type.gguf" --type "$type" --layers 1 >out || fail "$type failed"
  "$brim" quantize "$type.gguf" out.gguf F16 >out 2>err || fail "$type cannot be read: $(cat err)"
  grep -q "not finite" err && fail "$type holds weights that are not finite numbers"
done
"$synth" qwen3-0.6b vocabulary.gguf --type q4_0 --layers 1 --vocab 2048 >out
grep -q " 2048 tokens" out || fail "--vocab was not followed: $(cat out)"
# Of shapes whose layers differ, as few layers as show each kind.
while read -r shape architecture options; do
  "$synth" "$shape" shape.gguf $options >out </dev/null || fail "$shape failed: $(cat out)"
  "$brim" inspect -m shape.gguf >out 2>err </dev/null || fail "$shape: brim inspect: $(cat err)"
  says "^  architecture +$architecture$" out
  says '^  KV budget +[0-9.]+ ' out
  "$brim" run -m shape.gguf -c 256 --temp 0 -n 4 -p "the end" >out 2>err </dev/null || fail "$shape: brim run: $(cat err)"
  rm shape.gguf
done <<'SHAPES'
lfm2-1.2b lfm2 --type q4_0 --layers 3
qwen3.5-0.8b qwen35 --type q4_0 --layers 4
gemma4-e2b gemma4 --type q1_0
gpt-oss-20b gpt-oss --type q8_0 --layers 1 --vocab 2048
granite-4-h-1b granitehybrid --type q4_0 --layers 6
qwen3-30b-a3b qwen3moe --type q1_0 --layers 1
SHAPES
for call in "no-such-shape x.gguf" "llama-1b x.gguf --type q9" "llama-1b x.gguf --vocab 10" "llama-1b x.gguf --vocab 5000 --full-vocab"; do
  code=0
  "$synth" $call >out 2>err || code=$?
  [ "$code" = 2 ] || fail "exit code $code instead of 2 from: $call"
  [ -e x.gguf ] && fail "a refused call wrote a file: $call"
done
finish
