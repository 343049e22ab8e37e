#!/bin/bash
# inspect_models_test.sh COMMAND SCRATCH: brim inspect on a file of every architecture in ../shared/golden2: what it is
# and what it takes, states and checkpoints included; and of files without weights, why they cannot be run.
. "$(dirname "$0")/support.sh"
shared=${BRIM_SHARED:-$(dirname "$0")/../../../shared}/golden2
[ -d "$shared/arch" ] || skip "there is no $shared/arch"

for file in "$shared"/arch/*.gguf; do
  name=$(basename "$file" .gguf)
  does 0 inspect -m "$file"
  says '^  architecture +[a-z0-9_-]+$' out
  grep -q 'No plan' out && fail "$name: $(grep 'No plan' out)"
  says '^  KV budget +[0-9.]+ [KMG]?i?B' out
  case $name in
    lfm2* | qwen35* | qwen3next* | granitehybrid* | mamba2 | falcon-h1 | nemotron_h*)
      says '^  +states +[0-9.]+ .* of [0-9]+ layers, whatever was processed, and 1 checkpoint of them' out ;;
    gemma4* | gpt-oss* | olmo3 | exaone4-swa | cohere2)
      says '^  +windows +[0-9.]+ .* entries of layers with a window, in 1 checkpoint' out ;;
  esac
done
for file in "$shared"/tokenizer/*.gguf; do
  does 0 inspect -m "$file"
  says '^  No plan: .*(vocabulary only|architecture)' out
done
finish
