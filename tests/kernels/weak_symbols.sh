#!/bin/bash
# weak_symbols.sh NM SET OBJECT…: no symbol in the objects of an instruction set may be weak or unique (the linker would
# keep one copy of several, maybe one that this machine cannot run), and only functions of the set's own namespace may
# be visible. Sets that only multiply keys in another way take the rest of attention from the set below them
# (kernels/attention_rows.hpp): compiled again it would be 142 KiB of the library.
set -eu
nm=$1
set_name=$2
shift 2
"$nm" -C --defined-only "$@" | awk -v own="brim::kernels::$set_name::" '
NF < 3 { next }
{ type = $2; name = $0; sub(/^[^ ]* [^ ]* /, "", name); seen = 1 }
type ~ /^[WVvu]$/ || (type == "w") { print "weak: " name; bad = 1 }
type ~ /^[A-Z]$/ && type !~ /^[WV]$/ && index(name, own) != 1 { print "visible: " name; bad = 1 }
index(name, own "fill(") == 1 { fill = 1 }
own ~ /::(avx512_vnni|neon_dotprod)::$/ && index(name, "AttentionValues<") { print "compiled again: " name; bad = 1 }
END {
  if (!seen) { print "no symbols were read"; bad = 1 }
  if (!fill) { print "no fill() among the symbols"; bad = 1 }
  exit bad
}'
