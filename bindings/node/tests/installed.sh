#!/bin/bash
# installed.sh NODE BUILD SCRATCH: the package that `cmake --install` makes is found by name, and finds its library.
set -eu
node=$1
build=$2
scratch=$3
rm -rf "$scratch"
for component in library node; do cmake --install "$build" --prefix "$scratch/prefix" --component $component >/dev/null; done
library=$(find "$scratch/prefix" -name libbrim.so.0)
package=$(dirname "$library")/nodejs
unset BRIM_NODE_BINDING
said=$(cd "$scratch" && NODE_PATH=$package "$node" -e 'console.log(require.resolve("brim"), require("brim").version);
  console.log(require("fs").readFileSync("/proc/self/maps", "utf8").match(/\S*libbrim[.]so\S*/)[0])')
case $said in
  "$package/brim/index.js "*"$(dirname "$library")/libbrim.so."*) ;;
  *) echo "FAILED: it says: $said"; exit 1 ;;
esac
rm "$package/brim/brim.node"
if said=$(cd "$scratch" && NODE_PATH=$package "$node" -e 'require("brim")' 2>&1); then
  echo "FAILED: without its native half it says nothing"
  exit 1
fi
grep -q "brim.node cannot be loaded: there is no such file. Build Brim .* BRIM_NODE_BINDING" <<<"$said" || { echo "FAILED: $said"; exit 1; }
