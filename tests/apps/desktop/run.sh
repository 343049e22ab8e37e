#!/bin/bash
# run.sh CLICK_THROUGH BRIM_DESKTOP WRITE_TINY_MODEL SCRATCH
set -eu
click_through=$1 desktop=$2 scratch=$4
mkdir -p "$scratch/home"
"$3" "$scratch/model.gguf"
"$3" "$scratch/no-pre.gguf" no-pre
export HOME=$scratch/home XDG_CONFIG_HOME=$scratch/home

# Without a display, or with one that does not answer: a sentence and an exit code.
for display in "" ":987"; do
  code=0
  env -u WAYLAND_DISPLAY -u QT_QPA_PLATFORM -u XDG_SESSION_TYPE DISPLAY="$display" timeout 60 "$desktop" 2>"$scratch/said" || code=$?
  if [ $code != 1 ] || [ "$(wc -l <"$scratch/said")" != 1 ] || ! grep -q "there is no display" "$scratch/said"; then
    echo "FAILED: with DISPLAY='$display': exit code $code, expected 1 and one sentence: $(cat "$scratch/said")"
    exit 1
  fi
done

if command -v xvfb-run >/dev/null; then
  exec xvfb-run -a "$click_through" "${BRIM_TEST_MODEL:-$scratch/model.gguf}" "$scratch/no-pre.gguf"
fi
QT_QPA_PLATFORM=offscreen exec "$click_through" "${BRIM_TEST_MODEL:-$scratch/model.gguf}" "$scratch/no-pre.gguf"
