#!/bin/bash
# run.sh NODE BINDING WRITE_TINY_MODEL SCRATCH: the tests of the Node binding.
set -eu
node=$1
scratch=$4
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p "$scratch"
"$3" "$scratch/model-node.gguf"
export BRIM_NODE_BINDING=$2 BRIM_TEST_MODEL=$scratch/model-node.gguf
exec "$node" --test brim.test.js arguments.test.js functions.test.js together.test.js scheduler.test.js lifetime.test.js
