# What ./run does with Node and npm: the web page, the clients that the server is tested with, and comparisons with peers.
# Read by ./run, whose functions it uses.

# find_node: sets `node` to a Node.js that is new enough for what runs here: the system's, or one from npm in build/peers.
find_node() {
  local peers="$root/build/peers" architecture
  command -v node >/dev/null && command -v npm >/dev/null || need bench-peers
  node=$(command -v node)
  [ "$("$node" -p 'process.versions.node.split(".")[0]')" -lt 20 ] || return 0
  architecture=$("$node" -p process.arch)
  node="$peers/node_modules/node-linux-$architecture/bin/node"
  [ -x "$node" ] || npm_install "node-linux-$architecture@22"
}

# npm_install PACKAGE…: into build/peers. Scripts of packages are not run, and variants for graphics cards are not
# fetched.
npm_install() {
  mkdir -p "$root/build/peers"
  [ -f "$root/build/peers/package.json" ] || echo '{"private": true}' >"$root/build/peers/package.json"
  say "Installing" "$@" "into build/peers"
  (cd "$root/build/peers" && npm install --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error "$@") >&2 ||
    fail "npm could not install" "$@"
}

# install_clients: what tests/clients/package-lock.json names, into build/clients, where the tests look for it. Scripts of
# packages are not run.
install_clients() {
  local clients="$root/build/clients" source="$root/tests/clients"
  command -v node >/dev/null && command -v npm >/dev/null || need bench-peers
  need test-clients
  cmp -s "$source/package-lock.json" "$clients/installed" && return 0
  say "Installing the server's clients into build/clients"
  mkdir -p "$clients"
  cp "$source/package.json" "$source/package-lock.json" "$clients/"
  (cd "$clients" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 ||
    fail "npm could not install what tests/clients/package-lock.json names"
  cp "$source/package-lock.json" "$clients/installed"
}

bench_serve() {
  local model= node
  find_node
  if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
    model=$1
    shift
  else
    model=$(local_model "to measure" "./run bench-serve path/to/model.gguf") || exit 2
  fi
  build_brim
  BRIM="$root/build/release/apps/brim" exec "$node" "$root/bench/serve/serve.mjs" "$model" "$@"
}

bench_peers() {
  local peers="$root/build/peers" version=3.22.1 platform argument node
  find_node
  for argument in "$@"; do
    case $argument in
      -h | --help) exec "$node" "$root/bench/peers/peers.mjs" --help ;;
      --no-npm | --against | --against=*) version= ;;
    esac
  done
  if [ -n "$version" ] && [ ! -f "$peers/node_modules/node-llama-cpp/package.json" ]; then
    platform=$("$node" -p '`linux-${process.arch}`')
    npm_install "node-llama-cpp@$version" "@node-llama-cpp/$platform@$version"
  fi
  build release brim_command synth_model
  BRIM_PEERS=$(printf '{"root": "%s", "build": "%s", "packages": "%s", "brim": "%s", "synth": "%s"}' "$root" "$root/build" \
    "$peers" "$root/build/release/apps/brim" "$root/build/release/bench/synth_model") \
    exec "$node" "$root/bench/peers/peers.mjs" "$@"
}

bench_pictures() {
  local name=${1:-} node
  [ -n "$name" ] && [ -f "$root/bench/baselines/$name.json" ] ||
    fail "give the name of a kept comparison:" $(cd "$root/bench/baselines" && ls ./*.json 2>/dev/null | sed 's|^./||; s|[.]json$||')
  need bench-pictures
  find_node
  "$node" "$root/bench/peers/pictures.mjs" "$root/bench/baselines/$name.json" "$root/docs/pictures/$name"
}

# page: builds the web page of brim serve again, in build/page, from packages of npm by their exact versions.
page() {
  local source="$root/apps/serve/page" copy="$root/build/page" node
  find_node
  mkdir -p "$copy"
  cp -r "$source"/{src,build.mjs,package.json,package-lock.json} "$copy/"
  (cd "$copy" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 ||
    fail "npm could not install what apps/serve/page/package-lock.json names"
  rm -rf "$copy/src" && cp -r "$source/src" "$copy/src"
  "$node" "$copy/build.mjs" "$source/built" || fail "the page could not be built"
  say "apps/serve/page/built is up to date"
}
