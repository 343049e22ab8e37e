#!/bin/bash
# terminal_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: `brim` on a pseudo-terminal, driven by Python (terminal/README.md).
cases=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/terminal
. "$(dirname "$0")/support.sh"
command -v python3 >/dev/null || skip "no python3: the terminal was not tested"
python3 -c 'import os, pty; os.close(pty.openpty()[0])' 2>/dev/null ||
  skip "no pseudo-terminals (/dev/pts): the terminal was not tested"
tiny tiny.gguf
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$cases LC_ALL=C.UTF-8
unset NO_COLOR
for group in escapes pasting signals; do
  mkdir -p "$group"
  (cd "$group" && python3 "$cases/$group.py" "$brim" "$scratch/tiny.gguf") || fail "$group"
done
finish
