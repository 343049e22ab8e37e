#!/bin/bash
# run.sh PYTHON LIBRARY WRITE_TINY_MODEL SCRATCH: the tests of the Python binding; skipped without a python3.
set -eu
python=$1
scratch=$4
[ -x "$python" ] || { echo "there is no python3"; exit 77; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "$scratch"
"$3" "$scratch/model.gguf"
export BRIM_LIBRARY=$2 BRIM_TEST_MODEL=$scratch/model.gguf PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1
exec "$python" -W error -m unittest discover -s tests
