#!/bin/bash
# calibrate_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: a tiny model is calibrated, its profile decides about quotas, a copy
# carries it; and the KV suite keeps every arm inside the same bytes.
set -u
brim=$1
scratch=$2
[ $# -ge 3 ] || { echo "no tool writes a tiny model"; exit 77; }
cd "$scratch" || exit 1
"$3" tiny.gguf || exit 1
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# brim_does CODE ARGUMENTS…: the streams land in out and err.
brim_does() {
  local expected=$1 code
  shift
  "$brim" "$@" >out 2>err </dev/null
  code=$?
  [ "$code" = "$expected" ] || fail "brim $*: exit code $code, expected $expected: $(head -c 300 err)"
}
expect() { grep -qE -- "$1" "$2" || fail "no '$1' in $2: $(head -c 600 "$2")"; }

words=(apple bread candle dragon eagle flower garden hammer island jungle kettle ladder meadow needle orange pillow
  rabbit silver temple violin window yellow anchor barrel carpet desert engine forest goblin harbor insect jacket
  kitten lemon mirror ocean)
for i in $(seq 1 60); do echo "The fox ${words[i % 36]} number $i went over hill $((i * 7 % 13)) and met the brown hound of valley $((i % 5))."; done >text

# A profile, and what goes by it.
brim_does 0 calibrate -m tiny.gguf -f text -o profile.json --windows 2 --continuation 32 --kv-keep snapkv
expect '^all layers equal: p = ' out
expect '"brim_kv_profile": 1' profile.json
[ ! -e profile.json.partial ] || fail "the partial file stayed"
cp profile.json first.json
brim_does 0 calibrate -m tiny.gguf -f text -o profile.json --windows 2 --continuation 32 --kv-keep snapkv --json
cmp -s first.json profile.json || fail "the same measurement gave another profile"
cmp -s out profile.json || fail "--json prints something other than the profile"
for threads in 1 2 5; do
  brim_does 0 calibrate -m tiny.gguf -f text -o "by$threads.json" --windows 2 --continuation 32 --kv-keep snapkv -t $threads
  cmp -s first.json "by$threads.json" || fail "$threads threads gave another profile"
done
brim_does 0 inspect -m tiny.gguf --kv-budget 30% --kv-profile profile.json
expect 'split depth' out
brim_does 0 inspect -m tiny.gguf --kv-budget 30%
expect 'split zigzag' out
expect 'they move between layers' out
brim_does 0 inspect -m tiny.gguf --kv-budget full --kv-profile profile.json
expect 'split uniform' out
brim_does 0 run -m tiny.gguf --kv-budget 30% --kv-profile profile.json -p "The fox" -n 4
brim_does 2 run -m tiny.gguf --kv-split depth -p "The fox" -n 4
expect 'needs a profile' err

# Curves of more types, and the split that chooses by them.
brim_does 0 calibrate -m tiny.gguf -f text -o typed.json --windows 1 --continuation 32 --kv-keep snapkv --kv-types q8_0,q4_0
expect '^in q4_0:' out
expect '"brim_kv_profile": 2' typed.json
brim_does 0 inspect -m tiny.gguf --kv-budget 30% --kv-profile typed.json --kv-split joint
expect 'split joint' out
expect 'values an entry +in (f16|q8_0|q4_0) ' out
brim_does 0 run -m tiny.gguf --kv-budget 30% --kv-profile typed.json --kv-split joint -p "The fox" -n 4 --json
expect '"type": "(mixed|f16|q8_0|q4_0)"' out
brim_does 2 inspect -m tiny.gguf --kv-budget 30% --kv-profile profile.json --kv-split joint
expect 'kv-types' err

# Faults: a profile that cannot be used is said, and the model works without; a file that cannot be read is an error.
echo '{"brim_kv_profile": 7}' >wrong.json
brim_does 0 run -m tiny.gguf --kv-profile wrong.json -p "The fox" -n 4
expect 'wrong.json.*version 1 to 2.*; going on without a profile' err
brim_does 0 run -m tiny.gguf --kv-budget 30% --kv-split depth --kv-profile wrong.json -p "The fox" -n 4
expect 'with the default KV split in place of depth' err
brim_does 0 inspect -m tiny.gguf --kv-budget 30% --kv-profile wrong.json
expect 'split zigzag' out
expect 'going on without a profile' err
brim_does 0 eval -m tiny.gguf -f text -c 128 --kv-profile wrong.json
expect 'going on without a profile' err
brim_does 2 run -m tiny.gguf --kv-profile nowhere.json -p "The fox" -n 4
sed 's/fnv1a-/fnv1b-/' profile.json >other.json
brim_does 0 run -m tiny.gguf --kv-profile other.json -p "The fox" -n 4
expect 'another model' err
brim_does 2 calibrate -m tiny.gguf --from other.json --into refused.gguf
expect 'another model' err
[ ! -e refused.gguf ] || fail "a profile of another model was carried"
brim_does 2 calibrate -m tiny.gguf -f text
brim_does 2 calibrate -m tiny.gguf -f text -o p.json -c 4096
expect 'give more text' err

# A model that carries its profile, and one that was packed anew from it and so has other weights.
brim_does 0 calibrate -m tiny.gguf --from profile.json --into carrying.gguf
brim_does 0 inspect -m carrying.gguf --kv-budget 30%
expect 'split depth' out
brim_does 2 calibrate -m tiny.gguf --from profile.json --into tiny.gguf
brim_does 0 quantize carrying.gguf packed.gguf Q8_0
expect 'the profile that carrying.gguf carries is not of the weights that were written' err
brim_does 0 inspect -m packed.gguf --json
if grep -q 'brim.kv.profile' out; then fail "quantize copied a profile that no longer fits"; fi
brim_does 0 quantize packed.gguf q8.gguf Q8_0
brim_does 0 calibrate -m q8.gguf -f text -o q8.json --windows 1 --continuation 32
brim_does 0 calibrate -m q8.gguf --from q8.json --into q8-carrying.gguf
brim_does 0 quantize q8-carrying.gguf same.gguf Q8_0
brim_does 0 inspect -m same.gguf --kv-budget 30%
expect 'split depth' out
brim_does 0 inspect -m packed.gguf --kv-budget 30%
expect 'split zigzag' out

# The suite: every arm within its budget, no arm better than the whole cache, those without a profile named.
suite=(eval -m tiny.gguf -f text --suite kv --seeds 2 --continuation 32 --ratios .5,.25 --permutations 2)
brim_does 0 "${suite[@]}" --kv-profile typed.json --csv --recall 4
awk -F, 'NR > 1 { if (NF != 14) bad = 1; if ($7 > $6) bad = 1; if ($12 < 0 || $12 > 1) bad = 1; if ($13 == "") bad = 1 }
         NR == 2 && ($1 != "full" || $9 > 1e-9) { bad = 1 }
         END { exit bad || NR < 30 }' out || fail "the suite's rows: $(cat out)"
brim_does 0 "${suite[@]}" --json --arms zigzag,depth
expect '^\{"arms":\[\{"arm":"full","split":' out
expect '"arm":"depth","split":"depth","keep":"snapkv","kv_type":"f16","ratio":0.5,"budget_bytes":[0-9]+,"peak_kv_bytes":null,"dnll":null,"kl":null,"kl_ci":null,"top1":null,"recall":null,"tok_s":null\}' out
expect '"paired":\[\{"a":"zigzag","b":"uniform","ratio":0.5,"metric":"kl","diff":' out
expect 'Skipped depth' err
brim_does 0 "${suite[@]}" --arms window --kv-keep window
expect '^\| uniform' out
brim_does 2 "${suite[@]}" --arms nosuch
expect 'expected some of full, uniform' err
brim_does 2 "${suite[@]}" --kv-budget 20%
[ $failures = 0 ] || exit 1
