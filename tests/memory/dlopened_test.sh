#!/bin/bash
# dlopened_test.sh PROGRAM LIBRARY WRITE_TINY_MODEL SCRATCH [EMULATOR…]: runs dlopened_test.c on its own model. If the C
# library ends a program, it reports this only on standard error, so the exit status is the result.
set -u
program=$1 library=$2 write_tiny_model=$3 scratch=$4
shift 4
mkdir -p "$scratch"
"$@" "$write_tiny_model" "$scratch/model.gguf" || exit 1
exec "$@" "$program" "$library" "$scratch/model.gguf"
