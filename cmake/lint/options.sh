#!/bin/bash
# lint.options ROOT [--update]: texts generated from engine/api/options.def match it. --update writes them again.
set -eu
command -v python3 >/dev/null || { echo "skipped: there is no python3"; exit 77; }
PYTHONDONTWRITEBYTECODE=1 exec python3 "$1/cmake/lint/options.py" "$@"
