#!/bin/bash
# run.sh SUITE COMMAND CLIENTS: runs a suite (a file for Node.js) against `brim serve`. COMMAND is brim, CLIENTS the folder
# of `./run test-clients`. Exits with 77 where Node, the server or the packages that the suite uses are missing.
set -u
suite=$1
export BRIM=$2 BRIM_CLIENTS=$3
skip() {
  echo "skipped: $*"
  exit 77
}
# major NODE: 20 for v20.1.0; 0 where it does not run.
major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

if "$BRIM" serve -m none --listen nowhere 2>&1 | grep -q "built without its server"; then
  skip "this build has no server"
fi
wanted=20
[ "${BRIM_OPENAI:-}" != openai7 ] || wanted=22
for node in node "$BRIM_CLIENTS"/node_modules/node-linux-*/bin/node; do
  [ "$(major "$node")" -lt "$wanted" ] || exec "$node" --test-reporter=spec "$suite"
done
skip "no Node.js of version $wanted or later: ./run test-clients installs one"
