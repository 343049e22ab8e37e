#!/bin/bash
# dlopened_test.sh PROGRAM LIBRARY WRITE_TINY_MODEL SCRATCH: runs dlopened_test.c on a model of its own. A program that the C
# library ended says nothing but on standard error, so its exit status is the result.
set -u
mkdir -p "$4"
"$3" "$4/model.gguf" || exit 1
exec "$1" "$2" "$4/model.gguf"
