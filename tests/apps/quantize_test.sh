#!/bin/bash
# `brim quantize`: every type on a tiny model, and that a bad call leaves no file behind.
set -eu
brim=$1
scratch=$2
write_tiny_model=${3:-}
[ -n "$write_tiny_model" ] || exit 77
cd "$scratch"
fail() { echo "quantize: $1"; exit 1; }
# refused EXIT-CODE WORDS COMMAND…: the command must end with this code and say these words on standard error.
refused() {
  local expected=$1 words=$2 code=0
  shift 2
  "$@" >out 2>err || code=$?
  [ "$code" = "$expected" ] || fail "exit code $code instead of $expected from: $*"
  grep -qF -- "$words" err || fail "\"$words\" is not in: $(cat err)"
}

"$write_tiny_model" tiny.gguf
for type in F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 Q3_K_L Q3_K_M Q3_K_S Q2_K q4_k; do
  "$brim" quantize tiny.gguf "$type.gguf" "$type" >out 2>err || fail "$type failed: $(cat err)"
  [ "$(head -c 4 "$type.gguf")" = GGUF ] || fail "$type wrote no GGUF file"
  [ "$(wc -l <out)" = 1 ] || fail "$type printed more than its summary: $(cat out)"
done
cmp -s F32.gguf F16.gguf && fail "F32 and F16 are the same file"
cmp -s Q4_K_M.gguf q4_k.gguf || fail "Q4_K is not Q4_K_M"
"$brim" quantize tiny.gguf one.gguf Q4_0 -t 1 >out 2>err
cmp -s Q4_0.gguf one.gguf || fail "the number of threads changed the file"
"$brim" quantize Q4_0.gguf again.gguf Q4_0 >out 2>err
cmp -s Q4_0.gguf again.gguf || fail "packing into the format that a file has changed it"
"$brim" quantize Q8_0.gguf coarse.gguf Q4_0 >out 2>err
grep -q "quantised already" err || fail "no word about packing twice: $(cat err)"

"$brim" quantize tiny.gguf json.gguf Q8_0 --json >out 2>err
grep -q '"type": "Q8_0"' out || fail "the JSON summary lacks the type: $(cat out)"
grep -q '"Q8_0": [1-9]' out || fail "the JSON summary lacks the tensors: $(cat out)"

before=$(ls | sort)
cp tiny.gguf before.copy
ln -s tiny.gguf link.gguf
ln tiny.gguf hard.gguf
refused 2 "is the model being read" "$brim" quantize tiny.gguf tiny.gguf Q4_0
refused 2 "is the model being read" "$brim" quantize tiny.gguf ./../"$(basename "$scratch")"/tiny.gguf Q4_0
refused 2 "is the model being read" "$brim" quantize tiny.gguf link.gguf Q4_0
refused 2 "is the model being read" "$brim" quantize tiny.gguf hard.gguf Q4_0
cmp -s tiny.gguf before.copy || fail "a refused call changed the input"
rm link.gguf hard.gguf before.copy
refused 2 "\"Q9_Z\" is not a type" "$brim" quantize tiny.gguf new.gguf Q9_Z
refused 2 "\"IQ4_XS\" is not a type" "$brim" quantize tiny.gguf new.gguf IQ4_XS
refused 2 "missing.gguf" "$brim" quantize missing.gguf new.gguf Q4_0
refused 2 "no/such/folder" "$brim" quantize tiny.gguf no/such/folder/new.gguf Q4_0
refused 2 "" "$brim" quantize tiny.gguf new.gguf
mkdir folder
refused 2 "folder" "$brim" quantize tiny.gguf folder Q4_0
rmdir folder
head -c 3000 tiny.gguf >short.gguf
refused 2 "short.gguf" "$brim" quantize short.gguf new.gguf Q4_0
rm short.gguf
[ "$(ls | sort)" = "$before" ] || fail "a refused call left a file behind: $(ls)"

cp Q4_0.gguf old.gguf
"$brim" quantize tiny.gguf old.gguf Q8_0 >out 2>err || fail "an existing file was not replaced: $(cat err)"
cmp -s old.gguf Q8_0.gguf || fail "the file that was replaced is not the new one"
