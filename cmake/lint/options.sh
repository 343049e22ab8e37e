#!/bin/bash
# lint.options ROOT [--update]: what is written from engine/api/options.def says what it says. --update writes it anew.
set -eu
command -v python3 >/dev/null || { echo "skipped: there is no python3"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec python3 "$1/cmake/lint/options.py" "$@"
