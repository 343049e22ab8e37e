#!/bin/bash
# `brim quantize`: every type on a tiny model, and that a bad call leaves no file behind.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
for type in F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 MXFP4 Q4_0 Q3_K_L Q3_K_M Q3_K_S Q2_K q4_k; do
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
refused "is the model being read" quantize tiny.gguf tiny.gguf Q4_0
refused "is the model being read" quantize tiny.gguf ./../"$(basename "$scratch")"/tiny.gguf Q4_0
refused "is the model being read" quantize tiny.gguf link.gguf Q4_0
refused "is the model being read" quantize tiny.gguf hard.gguf Q4_0
cmp -s tiny.gguf before.copy || fail "a refused call changed the input"
rm link.gguf hard.gguf before.copy
refused "\"Q9_Z\" is not a type" quantize tiny.gguf new.gguf Q9_Z
refused "\"IQ3_S\" is not a type" quantize tiny.gguf new.gguf IQ3_S
refused "\"IQ4_XS\" is not a type" quantize tiny.gguf new.gguf IQ4_XS
refused "missing.gguf" quantize missing.gguf new.gguf Q4_0
refused "no/such/folder" quantize tiny.gguf no/such/folder/new.gguf Q4_0
refused "" quantize tiny.gguf new.gguf
mkdir folder
refused "folder" quantize tiny.gguf folder Q4_0
rmdir folder
head -c 3000 tiny.gguf >short.gguf
refused "short.gguf" quantize short.gguf new.gguf Q4_0
rm short.gguf
# Weights that are not finite would be written as zeros and look sound; copied ones would be damaged as before.
tiny nan.gguf nan
tiny nan-matrix.gguf nan-matrix
refused "nan.gguf: tensor 'output_norm.weight' has 1 weight that is not a finite number: the file is damaged" \
  quantize nan.gguf new.gguf Q8_0
refused "nan-matrix.gguf: tensor 'blk.1.ffn_up.weight' has 1 weight that is not" quantize nan-matrix.gguf new.gguf Q4_0 --json
rm nan.gguf nan-matrix.gguf
[ "$(ls | sort)" = "$before" ] || fail "a refused call left a file behind: $(ls)"

cp Q4_0.gguf old.gguf
"$brim" quantize tiny.gguf old.gguf Q8_0 >out 2>err || fail "an existing file was not replaced: $(cat err)"
cmp -s old.gguf Q8_0.gguf || fail "the file that was replaced is not the new one"
finish
