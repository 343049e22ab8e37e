#!/bin/bash
# lint.layers ROOT: who may include whom. The table below is the architecture; an include that it does not allow is a
# sentence on standard output and exit code 1.
set -eu
cd "$1"
. cmake/lint/walk.sh
walk platform quant kernels engine research apps bench bindings tests -type f \( -name '*.[chi]pp' -o -name '*.h' -o -name '*.def' \) | sort | xargs -r awk '
# Ours: folder → the folders it may include (besides itself). The longest folder that matches a file decides.
function folder(name, list) { may[name] = " " name " " list " " }
BEGIN {
  folder("platform", "")
  folder("engine/base", "platform")
  folder("engine/text", "engine/base platform")
  folder("engine/template", "engine/base engine/text platform")
  folder("quant", "engine/base")
  folder("kernels", "platform engine/base quant")
  folder("engine/io", "engine/base quant kernels")
  folder("engine/kv", "engine/base quant kernels")
  folder("engine/model", "engine/base quant kernels engine/io engine/kv engine/text")
  folder("engine/run", "engine/base platform kernels engine/model")
  folder("engine/generate", "engine/base quant kernels engine/io engine/kv engine/text engine/template engine/model engine/run")
  folder("engine/include", "")
  folder("engine/api", "platform engine quant kernels")
  folder("research", "engine/base engine/kv kernels")
  # The suite of `brim eval` is part of the command, and prints as it does.
  folder("research/kv_suite", "research/policies.hpp apps/commands.hpp apps/command_line apps/files apps/loops apps/model_options apps/terminal engine quant kernels")
  folder("apps", "engine quant kernels")
  folder("apps/calibrate", "apps engine quant kernels research")
  folder("apps/eval", "apps engine quant kernels research")
  folder("apps/bench", "apps engine/include")
  folder("apps/chat", "apps engine/include")
  folder("apps/run", "apps engine/include")
  folder("apps/desktop", "engine/include")
  folder("bindings", "engine/include")
  folder("bench", "engine quant kernels apps")
  folder("tests", "platform engine quant kernels research apps bench")

  # Other people’s libraries: header → where it may be included.
  only["^(CLI|fmt)/"] = "^(research/kv_suite|apps|bench|tests)/"
  only["^(histedit|editline/readline)[.]h$"] = "^apps/chat/"
  only["^Q[A-Z]"] = "^(apps|tests/apps)/desktop/"
  only["^mimalloc"] = "^(apps|bench|tests)/"
  only["^doctest/"] = "^tests/"
  only["^nlohmann/"] = "^(engine/text/|engine/template/|engine/model/profile_file[.]cpp$|engine/template/messages_json[.]cpp$|research/kv_suite/|apps/|bench/|tests/)"
  only["^(pcre2|utf8proc)[.]h$"] = "^(engine/text/|engine/template/|tests/doubling/)"
  only["^omp[.]h$"] = "^(platform/openmp/threads[.]cpp$|apps/|bench/)"
  only["^pthread[.]h$"] = "^(platform|bench|tests)/"
  only["^(dnnl|oneapi/)"] = "^bench/kernels/onednn[.]cpp$"
  only["^xsimd/"] = "^kernels/"
  # half.hpp converts with F16C where the set that includes it has it; everything in it is static.
  only["^(immintrin|x86intrin|cpuid|arm_neon)[.]h$"] = "^(kernels/|quant/half[.]hpp$|engine/base/sha256_x86[.]cpp$)"
  only["^iostream$"] = "^(apps|bench|tests)/"
}
function breach(why) { print file ":" FNR ": " why; bad = 1 }
function home(path,    part) {  # the longest folder of the table that holds path
  for (part = path; part != ""; ) if (part in may) return part; else if (!sub(/\/[^\/]*$/, "", part)) return ""
  return ""
}
function allowed(from, path,    part) {
  for (part = path; ; ) {
    if (index(may[from], " " part " ")) return 1
    if (!sub(/\/[^\/]*$/, "", part)) return 0
  }
}
FNR == 1 { file = FILENAME; from = home(file) }
/^[ \t]*#[ \t]*include[ \t]*("|<brim\/)/ {
  path = $0; sub(/^[^"<]*["<]/, "", path); sub(/[">].*/, "", path)
  if (path ~ /[.]moc$/) next  # made by Qt while building
  target = path ~ /^brim\// ? "engine/include/" path : path
  if ((getline line < target) < 0) breach("\"" path "\" is not written from the repository root, or does not exist")
  else if (!allowed(from, target)) breach(from "/ may not include \"" path "\"")
  # Which kernels compute is decided where a model is loaded, and passed on.
  else if (target == "kernels/dispatch.hpp" && file ~ /^engine\// && file !~ /^engine\/(api\/|model\/model[.]cpp$|generate\/logit_check[.]cpp$)/)
    breach("kernels are passed in as a kernels::Runtime; the global table is asked by engine/api and engine/model/model.cpp alone (and named in one sentence)")
  close(target)
}
/^[ \t]*#[ \t]*include[ \t]*</ {
  path = $0; sub(/^[^<]*</, "", path); sub(/>.*/, "", path)
  for (header in only) if (path ~ header && file !~ only[header]) breach("<" path "> belongs to " only[header])
}
# The tools may use OpenMP; what other programs link must not, for its runtime may end the process.
/^[ \t]*#[ \t]*pragma[ \t]+omp/ && file !~ /^(platform\/openmp|apps|bench)\// { breach("OpenMP belongs to apps/, bench/ and platform/openmp/") }
END { exit bad }
'
