#!/bin/bash
# arguments_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: what the values of options mean: pipes together with -p, line ends
# and escapes, repetition, empty values, options that have no effect alone, and output that cannot be written.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
# run ARGUMENTS…: greedy JSON with standard input unchanged.
run() { "$brim" run -m tiny.gguf -n 4 --temp 0 --ignore-eos --json "$@" >out 2>err || fail "run $*: $(cat err)"; }
chat() { "$brim" chat -m tiny.gguf -n 4 --temp 0 --chat-template chatml --json "$@" >out 2>err || fail "chat $*: $(cat err)"; }
# same_as NAME: the ids and the prompt's length in out equal those stored under NAME.
facts() { tr -d ' \n' <"$1" | grep -oE '"ids":\[[^]]*\]|"prompt":[0-9]+'; }
keep() { facts out >"$1.facts"; }
same_as() { facts out | cmp -s "$1.facts" - || fail "$2"; }

# A pipe or a file together with -p follows the text of -p after an empty line; alone it is the prompt. One line end at
# its end is removed.
run -p $'Sum up:\n\nthe text' </dev/null; keep both
printf 'the text' | run -p "Sum up:"; same_as both "run: a pipe beside -p is not what follows it"
printf 'the text\n' | run -p "Sum up:"; same_as both "run: the line end of a pipe"
printf 'the text\r\n' >text.txt
run -p "Sum up:" <text.txt; same_as both "run: a file on standard input beside -p"
printf 'the text\n\n' | run -p "Sum up:"
[ "$(prompt_tokens)" = $(($(grep -oE '[0-9]+' <(grep prompt both.facts)) + 1)) ] || fail "more than one line end was cut"
printf '' | run -p "Sum up:"; keep empty
run -p "Sum up:" </dev/null; same_as empty "run: an empty pipe is a prompt"
run -p "the text" </dev/null; keep alone
printf 'the text\n' | run; same_as alone "run: a pipe alone"
printf 'the text\n' >text.txt
run -f text.txt </dev/null; same_as alone "run: the line end of -f"
run -f - <text.txt; same_as alone "run: the line end of -f -"
printf 'the text' >text.txt
run -f text.txt </dev/null; same_as alone "run: -f without a line end"
chat -p $'Sum up:\n\nthe text' </dev/null; keep both
printf 'the text\n' | chat -p "Sum up:"; same_as both "chat: a pipe beside -p is not what follows it"
chat -p "the text" </dev/null; keep alone
printf 'the text\n' | chat; same_as alone "chat: a pipe alone"
printf 'the text\n\n' | chat
[ "$(prompt_tokens)" = $(($(grep -oE '[0-9]+' <(grep prompt alone.facts)) + 1)) ] || fail "chat: more than one line end was cut"
chat -p a --system "Be brief." </dev/null; keep brief
printf 'Be brief.\n' >system.txt
chat -p a --system @system.txt </dev/null; same_as brief "chat: the line end of --system @FILE"

# Escapes are replaced in typed text, and not in files.
run -p $'a\nb\tc\\d"e\'fA' </dev/null; keep typed
run -p 'a\nb\tc\\d\"e\'"'"'f\x41' </dev/null; same_as typed "escapes in -p"
run --escape -p 'a\nb\tc\\d\"e\'"'"'f\x41' </dev/null; same_as typed "--escape"
run --no-escape -e -p 'a\nb\tc\\d\"e\'"'"'f\x41' </dev/null; same_as typed "the last of --no-escape and -e"
run --no-escape -p 'a\nb' </dev/null; keep plain
printf '%s' 'a\nb' >plain.txt
run -f plain.txt </dev/null; same_as plain "escapes are not for files"
printf '%s' 'a\nb' | run; same_as plain "escapes are not for pipes"
run -p 'a\qb\' </dev/null; keep odd
run --no-escape -p 'a\qb\' </dev/null; same_as odd "a backslash before anything else stays"
chat -p 'a\nb' </dev/null; keep typed
chat -p $'a\nb' </dev/null; same_as typed "chat: escapes in -p"
chat -p a --system 'x\ny' </dev/null; keep typed
chat -p a --system $'x\ny' </dev/null; same_as typed "chat: escapes in --system"
[ "$("$brim" tokenize -m tiny.gguf -p 'a\nb')" = "$("$brim" tokenize -m tiny.gguf -p $'a\nb')" ] || fail "tokenize: escapes"
[ "$("$brim" tokenize -m tiny.gguf --no-escape -p 'a\nb')" = "$("$brim" tokenize -m tiny.gguf -f plain.txt)" ] ||
  fail "tokenize: --no-escape"
# 13 is the token of a line end: a text of only this token ends at once where it is a stop string.
does 0 run -m tiny.gguf -p a -n 5 --temp 0 --logit-bias 13+100 --stop '\n' --json
grep -q '"end": "stop_string"' out || fail "escapes in --stop: $(cat out)"
does 0 run -m tiny.gguf -p a -n 5 --temp 0 --logit-bias 13+100 --stop '\n' --no-escape --json
grep -q '"end": "limit"' out || fail "--no-escape and --stop: $(cat out)"

# The last value of an option counts.
run -p one -n 9 -p "the text" -n 4 --temp 1 --temp 0 -t 2 -t 1 -v -v </dev/null; keep last
run -p "the text" </dev/null; same_as last "a repeated option does not have its last value"
does 0 inspect -m missing.gguf -m tiny.gguf --json --json -c 64 -c 128 --kv-type f16 --kv-type q8_0 --no-repack --no-repack
grep -q '"context":128' out && grep -q '"kv_type":"q8_0"' out || fail "inspect: not the last values"
does 0 tokenize -m tiny.gguf -p a -p b --pieces --pieces
does 0 render --chat-template llama3 --chat-template chatml --vars <(echo '{"messages": []}')
does 0 quantize tiny.gguf out.gguf Q8_0 -t 1 -t 2 --json --json

# Numbers and words that cannot be values: the sentence names the option, what is expected and what was found.
refused "--threads: expected a whole number from 1 to 512, found 'abc'" run -m tiny.gguf -p a -t abc
refused "--threads: expected a whole number from 1 to 512, found '0'" run -m tiny.gguf -p a -t 0
refused "--threads: expected a whole number from 1 to 512, found '1.5'" inspect -m tiny.gguf -t 1.5
refused "--context: expected a whole number from 1 to 2147483647, found '2147483648'" run -m tiny.gguf -p a -c 2147483648
refused "--context: expected a whole number from 1 to 2147483647, found '0'" chat -m tiny.gguf -p a -c 0
refused "--temp: expected a number, found 'warm'" run -m tiny.gguf -p a --temp warm
refused "--temp: expected a number, found '1e999'" run -m tiny.gguf -p a --temp 1e999
refused "--weights: expected private or shared, found 'shard'. Did you mean shared?" run -m tiny.gguf -p a --weights shard
refused "--output: expected md, csv, json or jsonl, found 'xml'" bench -m tiny.gguf -o xml
refused "--ratios: expected a number from 0.001 to 1, found '2'" eval -m tiny.gguf -f text.txt --suite kv --ratios .5,2
refused "--positions: " eval -m tiny.gguf --prompt-ids 1,2,3 --logits-out l --positions -1
grep -qF "'-1'" err || fail "--positions -1 is not quoted: $(cat err)"
refused "--positions: expected 0 to 2, found 3" eval -m tiny.gguf --prompt-ids 1,2,3 --logits-out l --positions 3
does 0 run -m tiny.gguf -p a -n 010 --temp 0 --ignore-eos --print-ids
[ "$(wc -w <out)" = 10 ] || fail "-n 010 is $(wc -w <out) tokens"

# Empty values are refused, and each sentence names the option.
for option in --model --threads --weights --context --kv-budget --kv-type --kv-split --kv-profile --kv-keep --kv-read --kv-heads \
  --seed --temp --stop --logit-bias --spec-type --predict; do
  refused "$option is empty" chat -m tiny.gguf -p a $option ""
  refused "$option is empty" run -m tiny.gguf -p a $option=
done
for option in --prompt --system --session --chat-template; do refused "$option is empty" chat -m tiny.gguf $option ""; done
refused "-f is empty: expected FILE" run -m tiny.gguf -f ""
refused "is empty" tokenize -m tiny.gguf -f ""
refused "is empty" eval -m tiny.gguf -f ""
refused "is empty" calibrate -m tiny.gguf -f text.txt -o ""
refused "is empty" render --chat-template chatml --messages ""
refused "is empty" bench -m tiny.gguf --kv-split ""
refused "is empty" inspect -m tiny.gguf --kv-budget ""
refused "--ctx-size is empty" chat -m tiny.gguf -p a --ctx-size ""
refused "IN is empty" quantize "" out.gguf Q8_0
refused "TYPE is empty" quantize tiny.gguf out.gguf ""
does 0 run -m tiny.gguf -p "" -n 1

# Options that have no effect without, or together with, another option.
refused "--mirostat-tau does nothing without --mirostat" run -m tiny.gguf -p a --mirostat-tau 3
refused "--mirostat-eta does nothing without --mirostat" chat -m tiny.gguf -p a --mirostat-lr 0.2
refused "--dry-base does nothing without --dry-multiplier" run -m tiny.gguf -p a --dry-base 2
refused "--xtc-threshold does nothing without --xtc-probability" run -m tiny.gguf -p a --xtc-threshold 0.2
refused "--repeat-last-n does nothing without --repeat-penalty, --frequency-penalty or --presence-penalty" \
  run -m tiny.gguf -p a --repeat-last-n 32
refused "--draft-max does nothing without --spec-type" run -m tiny.gguf -p a --draft-max 4
# A needed option that is off counts as absent.
refused "--draft-max does nothing with --spec-type none" chat -m tiny.gguf -p a --spec-type none --draft-max 4
refused "--mirostat-tau does nothing with --mirostat 0" run -m tiny.gguf -p a --mirostat 0 --mirostat-tau 3
refused "--dry-base does nothing with --dry-multiplier 0.0" run -m tiny.gguf -p a --dry-multiplier 0.0 --dry-base 2
refused "--xtc-threshold does nothing with --xtc-probability 0" run -m tiny.gguf -p a --xtc-probability 0 --xtc-threshold 0.2
refused "--repeat-last-n does nothing with --repeat-penalty 1 --presence-penalty 0" \
  run -m tiny.gguf -p a --repeat-penalty 1 --presence-penalty 0 --repeat-last-n 5
does 0 run -m tiny.gguf -p a -n 1 --mirostat 1 --mirostat-tau 3 --presence-penalty 0.1 --repeat-last-n 32
does 0 run -m tiny.gguf -p a -n 1 --repeat-penalty 1 --presence-penalty 0.1 --repeat-last-n 32 --spec-type ngram --draft-max 4
refused "--positions" eval -m tiny.gguf --prompt-ids 1,2 --positions 0
refused "--seeds does nothing without --suite" eval -m tiny.gguf -f text.txt --seeds 2
refused "--csv does nothing without --suite" eval -m tiny.gguf -f text.txt --csv
refused "--json and --csv do not go together" eval -m tiny.gguf -f text.txt --suite kv --csv --json
refused "--prompt-ids and --parse-special do not go together" run -m tiny.gguf --prompt-ids 1 --parse-special
refused "--windows do not go together" calibrate -m tiny.gguf --from p.json --into m.gguf --windows 2
refused "--tools does nothing without --messages" render --chat-template chatml --vars all.json --tools tools.json
refused "--detokenize and --no-add-special do not go together" tokenize -m tiny.gguf --detokenize 1 --no-add-special

# A separate template with the tokens of a model.
printf '[{{ bos_token }}]{%% for m in messages %%}{{ m.content }}{%% endfor %%}' >mine.jinja
printf '[{"role": "user", "content": "Hi"}]' >talk.json
does 0 render -m tiny.gguf --template-file mine.jinja --messages talk.json
[ "$(cat out)" = "[<s>]Hi" ] || fail "render -m with --template-file: $(cat out)"
does 0 render tiny.gguf --chat-template-file mine.jinja --messages talk.json
[ "$(cat out)" = "[<s>]Hi" ] || fail "render with --chat-template-file: $(cat out)"
does 0 chat -m tiny.gguf --template-file mine.jinja -p Hi -n 2

# An answer that the user cannot stop ends with the context and reports this; -n changes the limit.
endless=(chat -m tiny.gguf --chat-template chatml -c 128 -p Hi --temp 0 --logit-bias 1-inf --logit-bias 2-inf)
does 0 "${endless[@]}" --json
generated=$(grep -oE '"generated": [0-9]+' out | grep -oE '[0-9]+')
[ "$generated" = $((128 - $(prompt_tokens))) ] || fail "without -n: $generated tokens after $(prompt_tokens) in a context of 128"
[ "$(grep -c 'the context of 128 ends' err)" = 1 ] || fail "without -n: the limit is not said once: $(cat err)"
printf 'Hi' | timeout 60 "$brim" "${endless[@]:0:7}" --temp 0 --logit-bias 1-inf --logit-bias 2-inf >out 2>err ||
  fail "a pipe without -n does not end: $(cat err)"
grep -q 'the context of 128 ends' err || fail "a pipe without -n: $(cat err)"
does 0 "${endless[@]}" -n 3
[ ! -s err ] || fail "-n 3: something is said: $(cat err)"
does 0 "${endless[@]}" -n 300 --json
grep -q '"generated": 300' out || fail "-n 300 is not followed: $(grep generated out)"

# A budget that is larger than what can be used.
does 0 run -m tiny.gguf -p a -n 1 --kv-budget 1GiB
grep -qE '^--kv-budget 1GiB: [0-9.]+ KiB booked, the whole context takes no more\.$' err || fail "a budget of 1GiB: $(cat err)"
does 0 chat -m tiny.gguf -p a -n 1 --kv-budget 1000TiB
grep -qE 'booked, the whole context takes no more \(and this machine has .*\)\.$' err || fail "a budget of 1000TiB: $(cat err)"
does 0 inspect -m tiny.gguf --kv-budget 1GiB
grep -q 'the whole context takes no more' err || fail "inspect with a budget of 1GiB: $(cat err)"
does 0 eval -m tiny.gguf --prompt-ids 1,2,3 --kv-budget 1GiB
grep -q 'the whole context takes no more' err || fail "eval with a budget of 1GiB: $(cat err)"
for budget in full 100% 50% auto; do
  does 0 run -m tiny.gguf -p a -n 1 --kv-budget $budget
  [ ! -s err ] || fail "--kv-budget $budget: $(cat err)"
done

# Output that cannot be written is a failure in every command.
if [ -c /dev/full ]; then
  # cannot_write ARGUMENTS…
  cannot_write() {
    "$brim" "$@" >/dev/full 2>err </dev/null
    local code=$?
    [ $code = 1 ] || fail "brim $* into /dev/full: exit code $code: $(cat err)"
    grep -q '^brim: standard output cannot be written: ' err || fail "brim $* into /dev/full says: $(cat err)"
  }
  cannot_write
  for command in chat run serve tokenize render eval calibrate inspect quantize bench help; do
    cannot_write $command --help
    cannot_write help $command
  done
  cannot_write --help
  cannot_write --version
  cannot_write version
  cannot_write help --man
  cannot_write help --bash-completion
  cannot_write chat -m tiny.gguf -p a -n 2
  cannot_write chat -m tiny.gguf -p a -n 2 --json
  cannot_write run -m tiny.gguf -p a -n 2
  cannot_write run -m tiny.gguf -p a -n 2 --print-ids
  cannot_write run -m tiny.gguf -p a -n 2 --json
  cannot_write tokenize -m tiny.gguf -p a
  cannot_write tokenize -m tiny.gguf -p a --json
  cannot_write tokenize -m tiny.gguf --detokenize 300
  cannot_write render --chat-template chatml --messages talk.json
  cannot_write eval -m tiny.gguf --prompt-ids 1,2,3
  cannot_write eval -m tiny.gguf --prompt-ids 1,2,3 --json
  cannot_write inspect -m tiny.gguf
  cannot_write inspect -m tiny.gguf --json
  cannot_write quantize tiny.gguf full.gguf Q8_0
  cannot_write quantize tiny.gguf full.gguf Q8_0 --json
  for format in md csv json jsonl; do cannot_write bench -m tiny.gguf -p 4 -n 0 -r 1 --no-warmup -o $format; done
else
  echo "not checked: output into a full device (no /dev/full)"
fi
# The limit of a message is a size.
"$brim" run -m tiny.gguf -p abc -n 1 --max-message 1KiB >out 2>err || fail "--max-message 1KiB: $(cat err)"
"$brim" run -m tiny.gguf -p abcdef -n 1 --max-message 4 >out 2>err && fail "--max-message 4 takes six bytes"
grep -q "6 bytes; expected at most 4" err || fail "--max-message 4: $(cat err)"
# A process that stops reading the output: the command ends quietly.
for arguments in "--help" "help --man" "inspect -m tiny.gguf" "run -m tiny.gguf -p a -n 200 --ignore-eos"; do
  # shellcheck disable=SC2086 — several words
  { "$brim" $arguments 2>err; } | true
  [ ! -s err ] || fail "brim $arguments into a closed pipe: $(cat err)"
done

finish
