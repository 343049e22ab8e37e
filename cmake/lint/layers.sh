#!/bin/bash
# lint.layers ROOT: which folder may include which. The table below is the architecture; for every include that it does
# not allow, a sentence is printed on standard output, and the exit code is 1.
set -eu
cd "$1"
. cmake/lint/walk.sh
walk platform quant kernels engine research apps bench bindings tests -type f \( -name '*.[chi]pp' -o -name '*.h' -o -name '*.def' \) | sort | xargs -r awk '
# The folders of Brim: folder → the folders that it may include (besides itself). The longest folder that matches a file
# decides. The table is closed: a folder may include everything that its allowed folders may include, so that nothing is
# reached only through others.
function folder(name, list) { may[name] = " " name " " list " " }
BEGIN {
  folder("engine/base", "")
  folder("platform", "engine/base")
  folder("platform/program", "platform engine/base")
  folder("engine/text", "engine/base platform")
  folder("engine/template", "engine/base platform engine/text")
  folder("quant", "engine/base")
  folder("kernels", "engine/base platform quant")
  folder("engine/io", "engine/base platform quant kernels")
  folder("engine/kv", "engine/base platform quant kernels")
  folder("engine/model", "engine/base platform quant kernels engine/io engine/kv engine/text")
  folder("engine/run", "engine/base platform quant kernels engine/io engine/kv engine/text engine/model")
  folder("engine/generate", "engine/base platform quant kernels engine/io engine/kv engine/text engine/template engine/model engine/run")
  folder("engine/schedule", "engine/base platform quant kernels engine/io engine/kv engine/text engine/template engine/model engine/run engine/generate")
  folder("engine/include", "")
  folder("engine/api", "engine platform quant kernels")
  folder("research", "engine/base engine/kv platform quant kernels")
  # The suite of `brim eval` is part of the command, and prints as it does.
  folder("research/kv_suite", "research/policies.hpp apps/commands.hpp apps/command_line apps/files apps/loops apps/model_options apps/terminal engine platform quant kernels")
  folder("research/transforms", "engine/base engine/io engine/kv engine/text engine/model platform quant kernels")
  folder("apps", "engine platform quant kernels")
  folder("apps/calibrate", "apps engine platform quant kernels research research/kv_suite")
  folder("apps/eval", "apps engine platform quant kernels research research/kv_suite")
  folder("apps/bench", "apps engine/include platform engine/base")
  folder("apps/chat", "apps engine/include platform engine/base")
  folder("apps/run", "apps engine/include platform engine/base")
  folder("apps/serve", "apps engine/include platform engine/base")
  folder("apps/desktop", "engine/include")
  folder("bindings", "engine/include")
  folder("bench", "engine platform quant kernels apps")
  folder("tests", "engine platform quant kernels research research/kv_suite research/transforms apps apps/calibrate apps/eval bench")
  # Folders that are not included in the permission for the folder above them: they must be named explicitly.
  named["research/kv_suite"] = named["research/transforms"] = named["apps/calibrate"] = named["apps/eval"] = 1
  # The commands use the engine through its interface; what the shared parts of apps/ include for it is not their
  # concern.
  opaque["apps"] = 1
  for (from in may) for (via in may) if (via != from && !(via in opaque) && allowed(from, via)) {
    parts = split(may[via], part, " ")
    for (i = 1; i <= parts; i++) if (!allowed(from, part[i])) {
      print "cmake/lint/layers.sh: " from "/ may include " via "/ and so reaches " part[i] "/, which it may not include"
      bad = 1
    }
  }

  # What only programs request from the system (signals, terminals, other programs): the library does none of that.
  reserved["^platform/program/"] = "^(platform/program|research/kv_suite|apps|bench|tests)/"

  # Third-party libraries: header → where it may be included.
  only["^(CLI|fmt)/"] = "^(research/(kv_suite|transforms)|apps|bench|tests)/"
  only["^(histedit|editline/readline)[.]h$"] = "^apps/chat/"
  only["^Q[A-Z]"] = "^(apps|tests/apps)/desktop/"
  only["^boost/"] = "^apps/serve/"
  only["^mimalloc"] = "^(apps|bench|tests)/"
  only["^doctest/"] = "^tests/"
  only["^nlohmann/"] = "^(engine/text/|engine/template/|engine/model/profile_file[.]cpp$|engine/template/messages_json[.]cpp$|research/kv_suite/|apps/|bench/|tests/)"
  only["^(pcre2|utf8proc)[.]h$"] = "^(engine/text/|engine/template/|tests/doubling/)"
  only["^omp[.]h$"] = "^(platform/openmp/threads[.]cpp$|apps/|bench/)"
  only["^(dnnl|oneapi/)"] = "^bench/kernels/onednn[.]cpp$"
  only["^xsimd/"] = "^kernels/"
  # half.hpp converts with F16C where the including set has it; everything in half.hpp is static.
  only["^(immintrin|x86intrin|cpuid|arm_neon)[.]h$"] = "^(kernels/|quant/half[.]hpp$|engine/base/sha256_x86[.]cpp$)"
  only["^iostream$"] = "^(apps|bench|tests)/"
  only["^benchmark/"] = "^bench/"
  only["^(brim/|std(int|def)[.]h$)"] = ""
  # A header that is neither one of those nor part of C++ belongs to the operating system. Tests examine the system from
  # outside, and code that is compiled into the hosts of other languages uses their headers.
  system_folders = "^(platform/(program/)?linux|platform/openmp|tests|bindings)/"
}
function violation(why) { print file ":" FNR ": " why; bad = 1 }
function home(path,    part) {  # the longest folder of the table that holds path
  for (part = path; part != ""; ) if (part in may) return part; else if (!sub(/\/[^\/]*$/, "", part)) return ""
  return ""
}
function allowed(from, path,    part) {
  for (part = path; ; ) {
    if (index(may[from], " " part " ")) return 1
    if (part in named) return 0
    if (!sub(/\/[^\/]*$/, "", part)) return 0
  }
}
FNR == 1 { file = FILENAME; from = home(file) }
/^[ \t]*#[ \t]*include[ \t]*("|<brim\/)/ {
  path = $0; sub(/^[^"<]*["<]/, "", path); sub(/[">].*/, "", path)
  if (path ~ /[.]moc$/) next  # generated by Qt during the build
  target = path ~ /^brim\// ? "engine/include/" path : path
  if ((getline line < target) < 0) violation("\"" path "\" is not written from the repository root, or does not exist")
  else if (!allowed(from, target)) violation(from "/ may not include \"" path "\"")
  for (ours in reserved) if (target ~ ours && file !~ reserved[ours]) violation("\"" path "\" belongs to " reserved[ours])
  # The kernels that compute are chosen where a model is loaded, and passed on.
  if (target == "kernels/dispatch.hpp" && file ~ /^engine\// && file !~ /^engine\/(api\/|model\/model[.]cpp$|generate\/logit_check[.]cpp$)/)
    violation("kernels are passed in as a kernels::Runtime; the global table is asked by engine/api and engine/model/model.cpp alone (and named in one sentence)")
  close(target)
}
/^[ \t]*#[ \t]*include[ \t]*</ {
  path = $0; sub(/^[^<]*</, "", path); sub(/>.*/, "", path)
  known = path !~ /[.\/]/ && path != "csignal"
  for (header in only) if (path ~ header) {
    known = 1
    if (file !~ only[header]) violation("<" path "> belongs to " only[header])
  }
  if (!known && file !~ system_folders) {
    violation("<" path "> is the operating system’s: only platform/ asks that, in a folder of its own for each system")
  }
}
# POSIX functions that the headers of the C and C++ libraries declare too.
/(^|[^A-Za-z0-9_.>])(fileno|fdopen|popen|setenv|putenv|isatty|sysconf|umask|clock_gettime|[a-z]+time_r|newlocale|strftime_l|memmem|strerror[a-z]*_np|getauxval)[ \t]*\(/ &&
  file !~ system_folders { violation("only platform/ asks the operating system: " $0) }
# The tools may use OpenMP; code that other programs link must not, because its runtime may end the process.
/^[ \t]*#[ \t]*pragma[ \t]+omp/ && file !~ /^(platform\/openmp|apps|bench)\// { violation("OpenMP belongs to apps/, bench/ and platform/openmp/") }
END { exit bad }
'
