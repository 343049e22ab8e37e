#!/bin/bash
# dlopened_test.sh PROGRAM LIBRARY WRITE_TINY_MODEL SCRATCH [EMULATOR…]: runs dlopened_test.c on a model of its own. A program that
# the C library ended says nothing but on standard error, so its exit status is the result.
set -u
program=$1 library=$2 write_tiny_model=$3 scratch=$4
shift 4
mkdir -p "$scratch"
"$@" "$write_tiny_model" "$scratch/model.gguf" || exit 1
exec "$@" "$program" "$library" "$scratch/model.gguf"
