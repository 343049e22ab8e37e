#!/bin/bash
# install_test.sh BUILD SCRATCH WRITE_TINY_MODEL CC CXX: installs BUILD to SCRATCH, builds programs against it in every
# way that docs/embedding.md names, and runs them. All of them must print the same tokens.
set -u
build=$1
scratch=$2
write_tiny_model=$3
cc=$4
cxx=$5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/support.sh"

in_empty "$scratch"
prefix=$scratch/prefix
cmake --install "$build" --prefix "$prefix" --strip >log 2>&1 || { cat log; fail "cmake --install"; }
library=$(find "$prefix" -name libbrim.so)
[ -n "$library" ] || { fail "there is no libbrim.so"; exit 1; }
folder=$(dirname "$library")

nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >exported
diff "$here/exported_symbols.txt" exported || fail "the library exports other names than exported_symbols.txt says"
readelf -sW "$folder/libbrim.a" 2>/dev/null | awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" { print $8 }' | sort >shown
diff "$here/exported_symbols.txt" shown || fail "the static library shows other names than exported_symbols.txt says"
readelf -d "$library" | grep -q 'SONAME.*libbrim\.so\.0' || fail "the library's name carries no version"

# The command comes with its manual page and completion if the build could run it.
if [ -x "$prefix/bin/brim" ] && [ -f "$build/apps/brim.1" ]; then
  page=$(find "$prefix" -path '*/man/man1/brim.1')
  [ -n "$page" ] && "$prefix/bin/brim" help --man | cmp -s - "$page" || fail "the installed manual page is not the command's: '$page'"
  completion=$(find "$prefix" -path '*/bash-completion/completions/brim')
  [ -n "$completion" ] && bash -n "$completion" || fail "the completion for bash is not installed: '$completion'"
fi

size=$(stat -L -c %s "$library")
[ "$size" -lt $((5 << 20)) ] || fail "the library takes $size bytes, 5 MiB or more"

"$write_tiny_model" model.gguf >log 2>&1 || { cat log; fail "no model to try"; }
cmake -G Ninja -S "$here" -B consumer -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release >log 2>&1 &&
  cmake --build consumer >>log 2>&1 || { cat log; fail "find_package(brim)"; }
export PKG_CONFIG_PATH=$folder/pkgconfig
# shellcheck disable=SC2046 — one word a flag
"$cc" -std=c11 -pedantic -Werror -o by_pkg_config "$here/consumer.c" $(pkg-config --cflags --libs brim) \
  -Wl,-rpath,"$folder" >log 2>&1 || { cat log; fail "pkg-config brim"; }

first=""
for program in consumer/c_brim consumer/cpp_brim consumer/c_static consumer/cpp_static ./by_pkg_config; do
  said=$("$program" model.gguf) || fail "$program: $said"
  [ -n "$first" ] || first=$said
  [ -n "$said" ] && [ "$said" = "$first" ] || fail "$program says '$said', not '$first'"
done
# The programs of docs/embedding.md, unchanged.
for language in c cpp; do
  awk -v fence="\`\`\`$language" '$0 == fence { inside = 1; next } /^```/ { inside = 0 } inside' "$here/../../docs/embedding.md" >"page.$language"
  [ -s "page.$language" ] || fail "docs/embedding.md has no program in $language"
done
# shellcheck disable=SC2046
"$cc" -std=c11 -pedantic -Wall -Wextra -Werror -o page_c page.c $(pkg-config --cflags --libs brim) -Wl,-rpath,"$folder" \
  >log 2>&1 || { cat log; fail "the C program of docs/embedding.md"; }
# shellcheck disable=SC2046
"$cxx" -std=c++20 -pedantic -Wall -Wextra -Werror -o page_cpp page.cpp $(pkg-config --cflags --libs brim) \
  -Wl,-rpath,"$folder" >log 2>&1 || { cat log; fail "the C++ program of docs/embedding.md"; }
for program in page_c page_cpp; do
  said=$(printf 'Hello\nAgain\n' | ./$program model.gguf 2>&1) || fail "$program: $said"
  [ "$(grep -c '^> ' <<<"$said")" -ge 3 ] || fail "$program, given two lines, says: $said"
done

# … and its commands, unchanged except for the first block, which installed it: in an empty project, with a separate
# home folder.
blocks() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; ++block; next } /^```/ { inside = 0 } inside { print > "block." block }' \
  "$here/../../docs/embedding.md"; }
mkdir -p home project
ln -s "$prefix" home/brim
cp page.c project/chat.c
cp model.gguf project/MODEL.gguf
rm -f block.*
blocks cmake
cp block.1 project/CMakeLists.txt
rm -f block.*
blocks sh
grep -q 'cmake --install build/release --prefix ~/brim' block.1 || fail "the first commands of docs/embedding.md do not install Brim"
for block in block.2 block.3; do
  said=$(cd project && unset PKG_CONFIG_PATH && HOME=$scratch/home bash -euc ". ../$block" <<<"Hello" 2>../log) &&
    grep -q '^> ' <<<"$said" || { cat log; fail "the commands of docs/embedding.md, $block: $said"; }
done
[ ! -e block.4 ] || fail "docs/embedding.md has commands that are not tried here"

said=$(consumer/c_brim missing.gguf) && fail "a missing model is not a failure"
case $said in *missing.gguf*) ;; *) fail "about a missing model it says '$said'" ;; esac
exit $((failures > 0))
