#!/bin/bash
# calibrate_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: a tiny model is calibrated, its profile decides quotas, and a copy
# carries the profile; the KV suite keeps every arm inside the same number of bytes.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf

words=(apple bread candle dragon eagle flower garden hammer island jungle kettle ladder meadow needle orange pillow
  rabbit silver temple violin window yellow anchor barrel carpet desert engine forest goblin harbor insect jacket
  kitten lemon mirror ocean)
for i in $(seq 1 60); do echo "The fox ${words[i % 36]} number $i went over hill $((i * 7 % 13)) and met the brown hound of valley $((i % 5))."; done >text

# A profile, and the options that use it.
does 0 calibrate -m tiny.gguf -f text -o profile.json --windows 2 --continuation 32 --kv-keep snapkv
says '^all layers equal: p = ' out
says '^ +25 %  uniform in f16: predicted [0-9.]+, measured -?[0-9.]+$' out
cp out measured
says '"brim_kv_profile": 1' profile.json
[ ! -e profile.json.partial ] || fail "the partial file stayed"
cp profile.json first.json
does 0 calibrate -m tiny.gguf -f text -o profile.json --windows 2 --continuation 32 --kv-keep snapkv --json
cmp -s first.json profile.json || fail "the same measurement gave another profile"
cmp -s out profile.json || fail "--json prints something other than the profile"
for threads in 1 2 5; do
  does 0 calibrate -m tiny.gguf -f text -o "by$threads.json" --windows 2 --continuation 32 --kv-keep snapkv -t $threads
  cmp -s first.json "by$threads.json" || fail "$threads threads gave another profile"
done
# Two windows of three layers are too few to show that layers differ: p is at least 1/6. So the profile decides only
# where it is requested.
says 'the budget is divided uniformly$' measured
does 0 inspect -m tiny.gguf --kv-budget 30% --kv-profile profile.json
says 'split uniform' out
says 'shows no real difference between them .*: the KV budget is divided uniformly' err
does 0 inspect -m tiny.gguf --kv-budget 30% --kv-profile profile.json --kv-split depth
says 'split depth' out
says "measured with kv.keep='snapkv' and is used with kv.keep='distinct'" err
does 0 inspect -m tiny.gguf --kv-budget 30% --kv-profile profile.json --kv-split depth --kv-keep snapkv
says 'split depth' out
if grep -q 'measured with' err; then fail "a profile that is used as it was measured is remarked on: $(cat err)"; fi
does 0 inspect -m tiny.gguf --kv-budget 30%
says 'split uniform' out
if grep -q 'divided uniformly' err; then fail "a profile is remarked on where there is none: $(cat err)"; fi
does 0 inspect -m tiny.gguf --kv-budget 30% --kv-split zigzag
says 'they move between layers' out
does 0 inspect -m tiny.gguf --kv-budget full --kv-profile profile.json
says 'split uniform' out
does 0 run -m tiny.gguf --kv-budget 30% --kv-profile profile.json -p "The fox" -n 4
[ "$(grep -c "is divided uniformly" err)" = 1 ] || fail "a profile of no use was not remarked on once: $(cat err)"
does 0 run -m tiny.gguf --kv-budget 30% --kv-profile profile.json --kv-split depth -p "The fox" -n 4
[ "$(grep -c "measured with kv.keep='snapkv'" err)" = 1 ] || fail "the profile was not remarked on once: $(cat err)"
does 2 run -m tiny.gguf --kv-split depth -p "The fox" -n 4
says 'needs a profile' err

# Curves of more types, and the split that chooses from them.
does 0 calibrate -m tiny.gguf -f text -o typed.json --windows 1 --continuation 32 --kv-keep snapkv --kv-types q8_0,q4_0
says '^in q4_0:' out
says '^ +25 %  [a-z]+ in [a-z0-9_]+: predicted [0-9.]+, measured -?[0-9.]+$' out
says '"brim_kv_profile": 2' typed.json
does 0 inspect -m tiny.gguf --kv-budget 30% --kv-profile typed.json --kv-split joint
says 'split joint' out
says 'values an entry +in (f16|q8_0|q4_0) ' out
does 0 run -m tiny.gguf --kv-budget 30% --kv-profile typed.json --kv-split joint -p "The fox" -n 4 --json
says '"type": "(mixed|f16|q8_0|q4_0)"' out
does 2 inspect -m tiny.gguf --kv-budget 30% --kv-profile profile.json --kv-split joint
says 'kv-types' err

# Faults: a profile that cannot be used is reported, and the model works without it; a file that cannot be read is an
# error.
echo '{"brim_kv_profile": 7}' >wrong.json
does 0 run -m tiny.gguf --kv-profile wrong.json -p "The fox" -n 4
says 'wrong.json.*version 1 to 2.*; going on without a profile' err
does 0 run -m tiny.gguf --kv-budget 30% --kv-split depth --kv-profile wrong.json -p "The fox" -n 4
says 'with the default KV split in place of depth' err
does 0 inspect -m tiny.gguf --kv-budget 30% --kv-profile wrong.json
says 'split uniform' out
says 'going on without a profile' err
does 0 eval -m tiny.gguf -f text -c 128 --kv-profile wrong.json
says 'going on without a profile' err
does 2 run -m tiny.gguf --kv-profile nowhere.json -p "The fox" -n 4
sed 's/fnv1a-/fnv1b-/' profile.json >other.json
does 0 run -m tiny.gguf --kv-profile other.json -p "The fox" -n 4
says 'another model' err
does 2 calibrate -m tiny.gguf --from other.json --into refused.gguf
says 'another model' err
[ ! -e refused.gguf ] || fail "a profile of another model was carried"
does 2 calibrate -m tiny.gguf -f text
does 2 calibrate -m tiny.gguf -f text -o p.json -c 4096
says 'give more text' err

# A model that carries its profile, and a model that was quantised again from it and therefore has other weights.
does 0 calibrate -m tiny.gguf --from profile.json --into carrying.gguf
does 0 inspect -m carrying.gguf --kv-budget 30% --kv-split depth
says 'split depth' out
does 2 calibrate -m tiny.gguf --from profile.json --into tiny.gguf
does 0 quantize carrying.gguf packed.gguf Q8_0
says 'the profile that carrying.gguf carries is not of the weights that were written' err
does 0 inspect -m packed.gguf --json
if grep -q 'brim.kv.profile' out; then fail "quantize copied a profile that no longer fits"; fi
does 0 quantize packed.gguf q8.gguf Q8_0
does 0 calibrate -m q8.gguf -f text -o q8.json --windows 1 --continuation 32
does 0 calibrate -m q8.gguf --from q8.json --into q8-carrying.gguf
does 0 quantize q8-carrying.gguf same.gguf Q8_0
does 0 inspect -m same.gguf --kv-budget 30% --kv-split depth
says 'split depth' out
does 2 inspect -m packed.gguf --kv-budget 30% --kv-split depth
says 'needs a profile' err

# Scores of entries: the same for any number of threads, used by a session, carried by a model, refused where damaged.
does 2 run -m tiny.gguf --kv-budget 30% --kv-keep learned -p "The fox" -n 4
says 'brim calibrate MODEL -f TEXT --keep-scores FILE measures them' err
does 0 calibrate -m tiny.gguf -f text --keep-scores scores --windows 4
says '^scores of entries: R' out
for threads in 1 3; do
  does 0 calibrate -m tiny.gguf -f text --keep-scores "scores$threads" --windows 4 -t $threads
  cmp -s scores "scores$threads" || fail "$threads threads gave other scores"
done
does 0 run -m tiny.gguf --kv-budget 40% --kv-keep learned --kv-scores scores -p "The fox" -n 4
does 0 inspect -m tiny.gguf --kv-budget 40% --kv-keep learned --kv-scores scores
does 0 calibrate -m tiny.gguf -f text --keep-scores scores4 --windows 4 --json
says '^\{"r2":\[' out
does 0 calibrate -m tiny.gguf --from scores --into scored.gguf
says 'scored.gguf is tiny.gguf with its scores' err
does 0 run -m scored.gguf --kv-budget 40% --kv-keep learned -p "The fox" -n 4
does 0 calibrate -m scored.gguf --from profile.json --into both.gguf
does 0 run -m both.gguf --kv-budget 40% --kv-keep learned --kv-split depth -p "The fox" -n 4
# A saved session needs its scores again; one that has no use for them does not mind.
learned=(chat -m tiny.gguf --session learned.ses -p "The fox" -n 4)
does 0 "${learned[@]}" --kv-budget 40% --kv-keep learned --kv-scores scores
does 0 "${learned[@]}" --kv-scores scores
does 2 "${learned[@]}"
says 'needs scores of the model' err
does 0 chat -m tiny.gguf --session plain.ses -p "The fox" -n 4 --kv-budget 40% --kv-keep window
does 0 chat -m tiny.gguf --session plain.ses -p "The fox" -n 4 --kv-scores scores
head -c 200 scores >cut
does 2 run -m tiny.gguf --kv-keep learned --kv-scores cut -p "The fox" -n 4
does 2 run -m tiny.gguf --kv-keep learned --kv-scores profile.json -p "The fox" -n 4
does 2 run -m q8.gguf --kv-budget 40% --kv-keep learned --kv-scores scores -p "The fox" -n 4
says 'scores of another model' err
does 2 calibrate -m q8.gguf --from scores --into refused.gguf
[ ! -e refused.gguf ] || fail "scores of another model were carried"
does 0 quantize scored.gguf unscored.gguf Q8_0
says 'the learned scores that scored.gguf carries are not of the weights that were written' err
does 2 run -m unscored.gguf --kv-budget 40% --kv-keep learned -p "The fox" -n 4
does 2 calibrate -m tiny.gguf -f text --keep-scores tiny.gguf

# The suite: every arm is within its budget, no arm is better than the whole cache, and arms without a profile are
# named.
suite=(eval -m tiny.gguf -f text --suite kv --seeds 2 --continuation 32 --ratios .5,.25 --permutations 2)
does 0 "${suite[@]}" --kv-profile typed.json --kv-scores scores --csv --recall 4 --recall-tokens 800
awk -F, 'NR > 1 { if (NF != 14) bad = 1; if ($7 > $6) bad = 1; if ($12 < 0 || $12 > 1) bad = 1; if ($13 == "") bad = 1 }
         NR == 2 && ($1 != "full" || $9 > 1e-9) { bad = 1 }
         END { exit bad || NR < 30 }' out || fail "the suite's rows: $(cat out)"
does 0 "${suite[@]}" --json --arms zigzag,zigzag+tova --texts text --recall 3 --recall-tokens 800 --compare zigzag/uniform
says '"named":\[\{"a":"zigzag","b":"uniform","ratio":0.5,"metric":"kl","diff":[-0-9.e]+,"ci":[^}]*"p":[0-9.e-]+\}' out
says '"recall_ci":\[[^]]*\],"recall_rebases":[1-9][0-9.]*,"recall_by_kind":\{"belongs":' out
says '"arm":"zigzag\+tova","split":"zigzag","keep":"tova"' out
does 2 "${suite[@]}" --arms zigzag --compare zigzag/depth
says "the arm .depth. is not measured" err
does 2 "${suite[@]}" --compare zigzag
says 'expected two arms as A/B' err
does 0 "${suite[@]}" --json --arms zigzag,depth
says '^\{"arms":\[\{"arm":"full","split":' out
says '"arm":"depth","split":"depth","keep":"snapkv","kv_type":"f16","ratio":0.5,"budget_bytes":[0-9]+,"peak_kv_bytes":null,"dnll":null,"kl":null,"kl_ci":null,"top1":null,"recall":null,"tok_s":null\}' out
says '"paired":\[\{"a":"zigzag","b":"uniform","ratio":0.5,"metric":"kl","diff":' out
says 'Skipped depth' err
does 0 "${suite[@]}" --arms window --kv-keep window
says '^\| uniform' out
does 2 "${suite[@]}" --arms nosuch
says 'expected some of full, uniform' err
does 2 "${suite[@]}" --kv-budget 20%
finish
