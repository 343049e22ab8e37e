#!/bin/bash
# serve_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: `brim serve` on a free port of the loopback interface, driven by Python's
# own HTTP client and by sockets (serve/README.md).
cases=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/serve
. "$(dirname "$0")/support.sh"
command -v python3 >/dev/null || skip "no python3: the server was not tested"
tiny tiny.gguf
if "$brim" serve -m tiny.gguf --listen nowhere 2>&1 | grep -q "built without its server"; then
  skip "this build has no server"
fi

# What is refused before a model is loaded.
refused "other machines can reach this address, so it needs --api-key-file" serve -m tiny.gguf --listen 0.0.0.0:0
refused "expected an address and a port" serve -m tiny.gguf --listen nowhere
refused "expected unix: and a path of 1 to 107 bytes" serve -m tiny.gguf --listen unix:
refused "cannot listen on unix:none/socket" serve -m tiny.gguf --kv-budget full --listen unix:none/socket
refused "there is no file none.gguf" serve -m none.gguf
refused "two models are named 'tiny'" serve -m tiny.gguf -m tiny.gguf
refused "--memory: " serve -m tiny.gguf --listen 127.0.0.1:0 --memory much
refused "expected a scheme and a host" serve -m tiny.gguf --allow-origin '*'
refused "expected a name without a port" serve -m tiny.gguf --allow-host 'a:1'
refused "expected none or meta" serve -m tiny.gguf --log-requests all
echo "# no key" >no.keys
refused "the file has no key" serve -m tiny.gguf --api-key-file no.keys
refuse "whole number from 1 to 256, found '0'" serve -m tiny.gguf --seats 0

export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$cases LC_ALL=C.UTF-8
for group in answers families embeddings refusals connections limits models; do
  mkdir -p "$group"
  (cd "$group" && python3 "$cases/$group.py" "$brim" "$scratch/tiny.gguf") || fail "$group"
done
finish
