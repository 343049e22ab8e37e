#!/bin/bash
# selftest.sh ROOT SCRATCH COMPILER NM: proves that each lint can fail. For every rule a small tree that breaks it is
# written to SCRATCH, and the lint must name the file; a tree that keeps all rules must pass.
set -eu
root=$1
scratch=$2
compiler=$3
nm=$4
failed=0

# A tree without violations.
fresh() {
  rm -rf "$scratch"
  mkdir -p "$scratch"/{apps/chat,apps/eval,bench,cmake/lint,docs,engine/base,engine/text,engine/include/brim,kernels,models,platform/{linux,openmp,program},quant,research/budgets,research/scorers,tests,engine/model}
  cp "$root"/cmake/lint/* "$scratch/cmake/lint/"
  local folder
  while read -r folder; do echo "What belongs here." >"$folder/README.md"; done < <(find "$scratch" -mindepth 1 -type d)
  printf 'enforced | all | guess, name:most | draft, max | educated guess, file:docs/quoted[.]md\n' >"$scratch/docs/glossary.words"
  printf 'wanted | all | watch | attention statistics |\n' >>"$scratch/docs/glossary.words"
  printf 'An educated\nguess, at most. Watch `guess()`.\n' >"$scratch/docs/words.md"
  printf 'A guess.\n' >"$scratch/docs/quoted.md"
  printf '#include <vector>\n' >"$scratch/engine/base/result.hpp"
  printf '#include <vector>\n' >"$scratch/kernels/dispatch.hpp"
  printf '#include "engine/base/result.hpp"\n#include <pcre2.h>\n' >"$scratch/engine/text/bpe.cpp"
  printf '#include <unistd.h>\n' >"$scratch/platform/linux/process.cpp"
  printf '#include <string>\n' >"$scratch/platform/program/process.hpp"
  printf '#include <unistd.h>\n' >"$scratch/tests/process_test.cpp"
  printf '#include <omp.h>\n#pragma omp parallel\n' >"$scratch/platform/openmp/threads.cpp"
  printf 'extern thread_local int state;  // thread_local in a comment\n' >"$scratch/platform/thread_state.hpp"
  printf '#include <stdint.h>\n' >"$scratch/engine/include/brim/brim.h"
  printf '#include "brim/brim.h"\n#include <CLI/CLI.hpp>\n#include "platform/program/process.hpp"\n' >"$scratch/apps/chat/chat.cpp"
  printf '#include <vector>\n' >"$scratch/research/policies.hpp"
  printf '#include "research/policies.hpp"\n' >"$scratch/apps/eval/eval.cpp"
  printf '// abort() and printf() in a comment\nconst char* a = "throw \\" exit(1)"; /* throw */ char b = %s;\nint exit_code(int);\n' \
    "'\"'" >"$scratch/quant/row.cpp"
}

# passes LINT, fails LINT FILE: runs the lint over the scratch tree.
passes() {
  bash "$scratch/cmake/lint/$1.sh" "$scratch" >"$scratch/output" 2>&1 && return 0
  echo "lint.$1 refuses a tree that keeps the rules:"
  cat "$scratch/output"
  failed=1
}
fails() {
  if bash "$scratch/cmake/lint/$1.sh" "$scratch" >"$scratch/output" 2>&1 || ! grep -q "$2" "$scratch/output"; then
    echo "lint.$1 does not see what is wrong with $2:"
    cat "$scratch/$2" "$scratch/output" || true
    failed=1
  fi
}

fresh
for lint in layers calls thread_locals lengths readmes links words; do passes $lint; done

# Files that are not part of the tree (.gitignore) are not checked, whatever they contain.
for left in models/__pycache__ engine/build kernels/build-arm quant/brim.egg-info apps/node_modules/pkg docs/.venv/lib; do
  mkdir -p "$scratch/$left"
  printf '#include "nowhere.hpp"\nvoid f() { abort(); }\n%s\n' "$(yes '//' | head -n 401)" >"$scratch/$left/bad.cpp"
  echo 'See [there](nowhere.md).' >"$scratch/$left/page.md"
done
for lint in layers calls thread_locals lengths readmes links words; do passes $lint; done

# broken LINT FILE TEXT: the lint must refuse the tree with this file in it.
broken() {
  fresh
  printf "$3" >"$scratch/$2"
  fails "$1" "$2"
}
broken layers quant/bad.cpp '#include "platform/thread_state.hpp"\n'
broken layers platform/bad.cpp '#include "quant/row.cpp"\n'
broken layers kernels/bad.cpp '#include "engine/text/bpe.cpp"\n'
broken layers engine/text/bad.cpp '#include "quant/row.cpp"\n'
broken layers engine/base/bad.cpp '  #  include "engine/text/bpe.cpp"\n'
broken layers engine/text/bad.cpp '#include "bpe.cpp"\n'
broken layers engine/model/bad.cpp '#include "kernels/dispatch.hpp"\n'
broken layers apps/chat/bad.cpp '#include "research/policies.hpp"\n'
broken layers engine/model/bad.cpp '#include "research/policies.hpp"\n'
broken layers research/bad.cpp '#include "apps/chat/chat.cpp"\n'
broken layers apps/chat/bad.cpp '#include "engine/text/bpe.cpp"\n'
broken layers engine/model/bad.cpp '#include "platform/program/process.hpp"\n'
broken layers engine/base/bad.cpp '#include "platform/thread_state.hpp"\n'
for header in unistd.h sys/mman.h csignal string.h; do
  for folder in apps/chat bench engine/model kernels platform platform/program; do broken layers $folder/bad.cpp "#include <$header>\n"; done
done
broken layers engine/text/bad.cpp '#include <fmt/core.h>\n'
for folder in apps/chat engine/model tests; do broken layers $folder/bad.cpp '#include <boost/asio/buffer.hpp>\n'; done
broken layers engine/text/bad.cpp '#include <iostream>\n'
broken layers kernels/bad.cpp '#include <dnnl.hpp>\n'
broken layers kernels/bad.cpp '#include <omp.h>\n'
broken layers kernels/bad.cpp '#pragma omp parallel for\n'
broken layers engine/text/bad.cpp '#include <pthread.h>\n'
broken layers engine/text/bad.cpp '#include <xsimd/xsimd.hpp>\n'
broken layers engine/include/brim/bad.h '#include "engine/base/result.hpp"\n'
broken layers quant/bad.cpp '#include <brim/brim.h>\n'
broken calls engine/text/bad.cpp 'void f() { std::printf("x"); }\n'
broken calls engine/text/bad.cpp 'void f() { std::cout << 1; }\n'
broken calls quant/bad.cpp 'void f() { if (x) abort (); }\n'
broken calls quant/bad.cpp 'void f() { std::exit(1); }\n'
broken calls kernels/bad.cpp 'const char* a = "//"; void f() { throw 1; }\n'
broken calls kernels/bad.cpp 'void f() { assert(x); }\n'
broken calls engine/text/bad.cpp 'double f(const char* text) { return std::strtod(text, nullptr); }\n'
broken calls engine/base/bad.cpp 'auto f() { return std::generic_category().message(1); }\n'
broken calls quant/bad.cpp 'void f() { std::ostringstream text; }\n'
broken thread_locals engine/text/bad.cpp 'thread_local int* x = nullptr;\n'
broken thread_locals kernels/bad.cpp 'static __thread int x;\n'
broken thread_locals quant/bad.cpp '_Thread_local int x;\n'
for file in kernels/bad.cpp engine/text/bad.h bench/bad.c models/bad.py tests/bad.mjs apps/bad.js bench/bad.sh cmake/bad.cmake \
  cmake/lint/bad.awk quant/CMakeLists.txt run; do
  broken lengths $file "$(yes '//' | head -n 401)\n"
done
# Functions: what is one, wherever its braces are, and which of its lines count.
statements=$(yes '  f();' | head -n 79)
rows=$(yes '    {1, "{", f()},' | head -n 100)
for begin in 'void g() {' 'struct S {\nint g(int a,\n      int b) const noexcept {' 'namespace n {\nclass C : B {\nC() : a{1}, b(2) {' \
  'template <class T>\nauto g() -> T<int> {' 'TEST_CASE("{") {' 'extern "C" {\nenum E g() {' 'const auto g = [](int a) {' \
  'std::vector<F> list = {{"a", [](int a) {' 'void g() { /* } */'; do
  broken lengths kernels/bad.cpp "$begin\n$statements\n}\n"
done
broken lengths kernels/bad.ipp "#if A\nvoid g() {\n#else\nvoid g(int a) {\n#endif\n$statements\n}\n"
broken lengths kernels/bad.cpp "void g() {\n$statements\n  const T x[] = {\n$rows\n  };\n}\n"
fresh
printf "void g() {\n%s\n}\nconst T x[] = {\n%s\n};\n" "$(tail -n 78 <<<"$statements")" "$rows" >"$scratch/kernels/good.cpp"
printf "void g() {\n%s\n  check({\n%s\n  });\n}\n" "$(tail -n 70 <<<"$statements")" "$rows" >>"$scratch/kernels/good.cpp"
printf 'const char* g() {\n  return R"(\n%s\n)";\n}\nclass C {\n%s\n};\n' "$rows" "$(yes '  void f() {}' | head -n 100)" >"$scratch/kernels/good.hpp"
passes lengths
broken lengths docs/page.md "$(yes 'wide' | head -n 25 | tr '\n' ' ')\n"
broken words docs/page.md 'This is a guess.\n'
broken words engine/text/bad.cpp '// Makes a\n// guess.\n'
broken words engine/text/bad.cpp 'int goodGuess = 0;\n'
broken words quant/bad.cpp 'constexpr int kMost = 1;\n'
broken words docs/glossary.words 'forced | all | guess | draft |\n'
broken readmes docs/README.md "$(yes 'line\n' | head -n 16)"
broken links docs/page.md 'See [there](nowhere.md).\n'
broken links docs/page.md 'In `quant/gone.cpp`.\n'
broken layers apps/chat/bad.cpp 'int f() { return ::fileno(stdin); }\n'
broken layers engine/model/bad.cpp 'void f() { gmtime_r(&now, &parts); }\n'
# A table by which quant/ reaches a folder that it must not include itself.
fresh
sed -i 's|folder("quant", "engine/base")|folder("quant", "engine/base platform/program")|' "$scratch/cmake/lint/layers.sh"
fails layers cmake/lint/layers.sh
# format: only where the formatter of that version is.
fresh
cp "$root/.clang-format" "$scratch/"
printf 'int  f( ) ;\n' >"$scratch/quant/bad.cpp"
status=0
bash "$scratch/cmake/lint/format.sh" "$scratch" >"$scratch/output" 2>&1 || status=$?
if [ $status != 77 ]; then
  fails format quant/bad.cpp
  bash "$scratch/cmake/lint/format.sh" "$scratch" --update
  passes format
fi
fresh
rm "$scratch/quant/README.md"
fails readmes quant

# commits: a tree without history is skipped; with a history, an existing commit passes and an unknown one fails.
fresh
if bash "$scratch/cmake/lint/commits.sh" "$scratch" >"$scratch/output" || [ $? != 77 ]; then
  echo "lint.commits does not skip a tree without history:"
  cat "$scratch/output"
  failed=1
fi
if command -v git >/dev/null; then
  git -C "$scratch" init -q
  git -C "$scratch" -c user.name=test -c user.email=test@localhost -c commit.gpgsign=false commit -q --allow-empty -m "tests: begin"
  commit=$(git -C "$scratch" rev-parse --short=9 HEAD)
  printf 'Measured at %s, #0a4ed1f0 aside, in 67,108,864 bytes.\n' "$commit" >"$scratch/docs/page.md"
  passes commits
  printf 'Measured at 0a4ed1f.\n' >"$scratch/docs/page.md"
  fails commits docs/page.md
  printf 'Measured at 8500066.\n' >"$scratch/docs/page.md"
  fails commits docs/page.md
  mkdir -p "$scratch/bench/baselines"
  rm "$scratch/docs/page.md"
  printf '{\n  "commit": "0a4ed1f0cb8d",\n}\n' >"$scratch/bench/baselines/run.json"
  fails commits bench/baselines/run.json
fi

# options: a page, a header and a binding that differ from the list.
copied="engine/api/options.def docs/options.md engine/include/brim/brim.h bindings/python/brim/_option_table.py bindings/node/index.d.ts
  bindings/node/index.js"
with_options() {
  fresh
  local file
  for file in $copied; do
    mkdir -p "$scratch/${file%/*}"
    cp "$root/$file" "$scratch/$file"
  done
}
if command -v python3 >/dev/null; then
  with_options
  passes options
  for file in $copied; do
    [ $file != engine/api/options.def ] || continue
    with_options
    sed -i '/options: from/,/options: end/ s/threads/strands/' "$scratch/$file"
    fails options $file
    with_options
    sed -i '/options: end/d' "$scratch/$file"
    fails options $file
  done
  with_options
  sed -i 's/"Context length in tokens"/"Tokens of the context"/' "$scratch/engine/api/options.def"
  fails options docs/options.md
  bash "$scratch/cmake/lint/options.sh" "$scratch" --update
  passes options
fi

# symbols: an object that prints, one that ends the process, one that does neither.
symbols() {
  printf "$1" >"$scratch/object.cpp"
  "$compiler" -O2 -c "$scratch/object.cpp" -o "$scratch/object.o"
  bash "$root/cmake/lint/symbols.sh" "$nm" "$scratch/object.o" >"$scratch/output"
}
compiled() { "$compiler" -O2 -x c++ -c /dev/null -o "$scratch/nothing.o" 2>/dev/null; }
if compiled; then
  for body in 'puts("x")' 'printf("%%d", i)' 'abort()' 'exit(i)' 'fputs("x", stderr)'; do
    if symbols "#include <cstdio>\n#include <cstdlib>\nvoid f(int i) { (void)i; $body; }\n"; then
      echo "lint.symbols does not see $body"
      failed=1
    fi
  done
  if ! symbols 'int g(int);\nint f(int i) { return g(i); }\n'; then
    echo "lint.symbols refuses an object that keeps the rules:"
    cat "$scratch/output"
    failed=1
  fi
fi
exit $failed
