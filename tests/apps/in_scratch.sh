#!/bin/bash
# in_scratch.sh SCRIPT COMMAND SCRATCH [ARGUMENTS…]: empties SCRATCH and runs SCRIPT with the other arguments, without
# standard input.
set -eu
script=$1
scratch=$3
rm -rf "$scratch"
mkdir -p "$scratch"
shift
exec bash "$script" "$@" </dev/null
