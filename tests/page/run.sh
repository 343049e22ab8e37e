#!/bin/bash
# run.sh SUITE COMMAND CLIENTS: runs a suite (a file for Node.js). COMMAND is brim, CLIENTS the folder of
# `./run test-clients`. Exits with 77 where Node, the server or the packages that the suite uses are missing.
set -u
suite=$1
export BRIM=$2 BRIM_CLIENTS=$3
skip() {
  echo "skipped: $*"
  exit 77
}
version=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
[ "$version" -ge 20 ] || skip "no Node.js of version 20 or later"
if [[ $suite == *browser_test.mjs ]] && "$BRIM" serve -m none --listen nowhere 2>&1 | grep -q "built without its server"; then
  skip "this build has no server"
fi
exec node --test-reporter=spec "$suite"
