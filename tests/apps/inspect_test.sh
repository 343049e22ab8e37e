#!/bin/bash
# inspect_test.sh COMMAND SCRATCH [WRITE_TINY_MODEL]: brim inspect on files created here: a vocabulary alone, an unknown
# architecture, hostile names, a split model, damaged files; and on a tiny model whose memory plan is checked by its
# sums.
. "$(dirname "$0")/support.sh"
expect() { # WHAT PATTERN FILE
  grep -qE -- "$2" "$3" || { fail "$1: no line like '$2' in:"; head -c 2000 "$3"; }
}
# Numbers and strings in GGUF's byte order.
little() { # BYTES NUMBER
  local number=$2 byte
  for ((byte = 0; byte < $1; ++byte)); do
    printf "\\x$(printf %02x $((number & 255)))"
    number=$((number >> 8))
  done
}
text() {
  little 8 ${#1}
  printf %s "$1"
}
string_key() { text "$1"; little 4 8; text "$2"; }
header() { printf GGUF; little 4 3; little 8 "$1"; little 8 "$2"; } # TENSORS KEYS
# An F32 tensor of 8 values at an offset.
tensor() { text "$1"; little 4 1; little 8 8; little 4 0; little 8 "$2"; }
pad_to_32() { # FILE
  local size
  size=$(stat -c %s "$1")
  head -c $(((32 - size % 32) % 32)) /dev/zero >>"$1"
}
values() { head -c 32 /dev/zero >>"$1"; }
# Runs inspect; sets code, and writes out and err.
inspect() {
  "$brim" inspect "$@" >"$scratch/out" 2>"$scratch/err"
  code=$?
}

# A vocabulary alone: no tensors, so no plan, but no failure either.
{ header 0 2; string_key general.architecture llama; string_key general.name "Only words"; } >"$scratch/vocabulary.gguf"
inspect -m "$scratch/vocabulary.gguf"
[ $code = 0 ] || fail "a vocabulary: exit $code: $(cat "$scratch/err")"
expect vocabulary 'name +Only words$' "$scratch/out"
expect vocabulary 'general.architecture +string +.llama.$' "$scratch/out"
expect vocabulary '^  No plan: .*vocabulary.gguf holds no tensors' "$scratch/out"
[ -s "$scratch/err" ] && fail "a vocabulary: standard error is not empty"

# An unknown architecture: everything except the plan, and one line with the reason.
{ header 1 1; string_key general.architecture nosuch; tensor weight 0; } >"$scratch/unknown.gguf"
pad_to_32 "$scratch/unknown.gguf"
values "$scratch/unknown.gguf"
inspect -m "$scratch/unknown.gguf"
[ $code = 0 ] || fail "an unknown architecture: exit $code"
expect unknown '^  weight +F32 +8 +32 B$' "$scratch/out"
expect unknown '^  No plan: .*nosuch.*llama' "$scratch/out"
inspect -m "$scratch/unknown.gguf" --json
[ $code = 0 ] || fail "an unknown architecture as JSON: exit $code"
expect unknown-json '"memory":null,"no_memory_plan_because":".*nosuch' "$scratch/out"
expect unknown-json '"tensors":\[\{"name":"weight","type":"F32","shape":\[8\],"bytes":32,"part":1\}\]' "$scratch/out"

# A known architecture without its keys: the known facts are shown, and the fault ends in exit code 2.
{ header 1 1; string_key general.architecture llama; tensor weight 0; } >"$scratch/bare.gguf"
pad_to_32 "$scratch/bare.gguf"
values "$scratch/bare.gguf"
inspect -m "$scratch/bare.gguf"
[ $code = 2 ] || fail "a model without its keys: exit $code"
expect bare '^  weight +F32' "$scratch/out"
expect bare 'bare.gguf has no key .llama' "$scratch/err"

# Names that would command a terminal.
{ header 0 1; string_key "$(printf '\033[31mred')" "$(printf 'bell\007\nline')"; } >"$scratch/hostile.gguf"
inspect -m "$scratch/hostile.gguf"
[ $code = 0 ] || fail "hostile names: exit $code"
expect hostile '^  \\x1b\[31mred +string +.bell\\x07\\nline.$' "$scratch/out"
LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$scratch/out" && fail "hostile names: control characters were printed"

# A split model: the first file stands for all, another file's error names the first, and a missing file is named.
for number in 0 1; do
  part=$scratch/split-0000$((number + 1))-of-00002.gguf
  {
    header 1 3
    string_key general.architecture nosuch
    text split.no; little 4 2; little 2 $number
    text split.count; little 4 2; little 2 2
    tensor "weight.$number" 0
  } >"$part"
  pad_to_32 "$part"
  values "$part"
done
inspect -m "$scratch/split-00001-of-00002.gguf"
[ $code = 0 ] || fail "a split model: exit $code: $(cat "$scratch/err")"
expect split 'in 2 parts' "$scratch/out"
expect split '^  weight\.1 +F32 +8 +32 B +part 2$' "$scratch/out"
inspect -m "$scratch/split-00002-of-00002.gguf"
[ $code = 2 ] || fail "the second part: exit $code"
expect second-part 'open the first part, .*split-00001-of-00002.gguf' "$scratch/err"
rm "$scratch/split-00002-of-00002.gguf"
inspect -m "$scratch/split-00001-of-00002.gguf"
[ $code = 2 ] || fail "a missing part: exit $code"
expect missing-part 'part 2 is missing: .*split-00002-of-00002.gguf' "$scratch/err"

# A file that is not a model: one sentence, exit code 2, nothing on standard output.
printf 'not a model' >"$scratch/wrong.gguf"
for path in "$scratch/wrong.gguf" "$scratch/absent.gguf" "$scratch"; do
  inspect -m "$path"
  [ $code = 2 ] || fail "$path: exit $code"
  [ -s "$scratch/out" ] && fail "$path: standard output is not empty"
  [ "$(wc -l <"$scratch/err")" = 1 ] || fail "$path: standard error is not one line"
done
inspect -m "$scratch/vocabulary.gguf" --kv-budget lots
[ $code = 2 ] || fail "a budget that is none: exit $code"
inspect
[ $code = 2 ] || fail "no model named: exit $code"
"$brim" inspect --help >"$scratch/out" 2>"$scratch/err" || fail "--help fails"
expect help '--json' "$scratch/out"

# A model with a plan: the sum of the memory plan's items is within the promised total.
number() { grep -oE "\"$1\":[0-9]+" "$scratch/out" | head -1 | grep -oE '[0-9]+$'; }
if [ -n "$write_tiny_model" ]; then
  tiny "$scratch/tiny.gguf"
  inspect -m "$scratch/tiny.gguf"
  [ $code = 0 ] || fail "the tiny model: exit $code: $(cat "$scratch/err")"
  expect tiny '^  KV budget +[0-9.]+ [KM]iB +100% of' "$scratch/out"
  expect tiny '^  layers 0–2 +2 × \(16 \+ 16\) values' "$scratch/out"
  expect tiny 'available +[0-9.]+ .iB +now, limited by' "$scratch/out"
  for budget in full 100KiB 50%; do
    inspect -m "$scratch/tiny.gguf" --json -t 2 --kv-budget $budget --kv-type q8_0 -c 512
    [ $code = 0 ] || fail "budget $budget: exit $code: $(cat "$scratch/err")"
    expect "$budget" '"kv_type":"q8_0"' "$scratch/out"
    [ "$(number context)" = 512 ] || fail "budget $budget: the context is $(number context)"
    parts=$(($(number kv_entry_bytes) + $(number kv_staging_bytes) + $(number kv_bookkeeping_bytes)))
    [ "$parts" -le "$(number kv_budget_bytes)" ] || fail "budget $budget: parts of $parts bytes in $(number kv_budget_bytes)"
    [ $(($(number kv_budget_bytes) + $(number workspace_bytes) + $(number history_bytes) + $(number heap_bytes))) = \
      "$(number session_bytes)" ] ||
      fail "budget $budget: the session's parts do not add up"
    expect "$budget" '"session_fits":true' "$scratch/out"
  done
  inspect -m "$scratch/tiny.gguf" --json --kv-budget 100KiB
  [ "$(number kv_budget_bytes)" = 102400 ] || fail "the budget is $(number kv_budget_bytes), not 102400"
  inspect -m "$scratch/tiny.gguf" --kv-budget 1KiB
  [ $code = 1 ] || fail "a budget below the least: exit $code"
  expect too-small 'needs at least' "$scratch/err"
  expect too-small '^  No plan: ' "$scratch/out"
  inspect -m "$scratch/tiny.gguf" --kv-split nosuch
  [ $code = 2 ] || fail "an unknown split: exit $code"
fi

# Seeds of the fuzz tests: layers that attend to another one's entries, latent vectors, layers of one thing alone.
seeds=$(dirname "$0")/../fuzz/corpus/model
for seed in gemma4 gemma4-experts deepseek2 deepseek2-older nemotron_h_moe; do
  inspect -m "$seeds/$seed"
  [ $code = 0 ] || fail "$seed: exit $code: $(cat "$scratch/err")"
  expect "$seed" "^  architecture +${seed%%-*}$" "$scratch/out"
  expect "$seed" '^  KV budget +[0-9.]+ ' "$scratch/out"
done
inspect -m "$seeds/gemma4"
expect gemma4 'over 2 of 4 layers, stored as f16' "$scratch/out"
expect gemma4 '^  layer 0 +1 × \(4 \+ 4\) values an entry, window 6' "$scratch/out"
expect gemma4 '^  layer 1 +1 × \(8 \+ 8\) values an entry' "$scratch/out"
inspect -m "$seeds/deepseek2"
expect deepseek2 '^  layers 0–1 +1 × 6 values an entry' "$scratch/out"

[ $failures = 0 ] && [ -z "$write_tiny_model" ] && skip "no tool writes a tiny model"
finish
