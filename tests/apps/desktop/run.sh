#!/bin/bash
# run.sh CLICK_THROUGH WRITE_TINY_MODEL SCRATCH
set -eu
mkdir -p "$3/home"
"$2" "$3/model.gguf"
export HOME=$3/home XDG_CONFIG_HOME=$3/home
if command -v xvfb-run >/dev/null; then
  exec xvfb-run -a "$1" "${BRIM_TEST_MODEL:-$3/model.gguf}"
fi
QT_QPA_PLATFORM=offscreen exec "$1" "${BRIM_TEST_MODEL:-$3/model.gguf}"
