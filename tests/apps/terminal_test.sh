#!/bin/bash
# terminal_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: `brim` on a pseudo-terminal, driven by Python (terminal/README.md).
set -u
[ $# -ge 3 ] || { echo "no tool writes a tiny model"; exit 77; }
cases=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/terminal
command -v python3 >/dev/null || { echo "no python3: the terminal was not tested"; exit 77; }
python3 -c 'import os, pty; os.close(pty.openpty()[0])' 2>/dev/null ||
  { echo "no pseudo-terminals (/dev/pts): the terminal was not tested"; exit 77; }
cd "$2" || exit 1
"$3" tiny.gguf || exit 1
export HOME=$2 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$cases LC_ALL=C.UTF-8
unset NO_COLOR XDG_STATE_HOME
failures=0
for group in escapes pasting signals; do
  mkdir -p "$group"
  (cd "$group" && python3 "$cases/$group.py" "$1" "$2/tiny.gguf") || { echo "FAILED: $group"; failures=1; }
done
exit $failures
