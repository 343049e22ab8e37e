#!/bin/bash
# numbers_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: numbers and empty values on the command line of every command.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf

# refuses PATTERN ARGUMENTS…: a sentence that matches, in the words of the command line and without internal names.
refuses() {
  refuse "$@"
  ! grep -qE '\bsto(i|l|ll|ul|ull|f|d|ld)\b|std::|json\.exception|not in range|out_of_range' err || fail "$*: says what is inside: $(cat err)"
}
take() { does 0 "$@"; }

# Leading zeros are decimal; seeds may be as large as the engine's.
take run -m tiny.gguf -p the -n 010 --ignore-eos --print-ids --temp 0 -t 01
[ "$(wc -w <out)" = 10 ] || fail "-n 010: $(wc -w <out) tokens"
take run -m tiny.gguf -p the -n 3 -s 18446744073709551615
cp out first
take run -m tiny.gguf -p the -n 3 -s 018446744073709551615
cmp -s first out || fail "a seed with a leading zero is another"
take run -m tiny.gguf -p the -n 3 -s -1
refuses "-1 or a whole number from 0 to 18446744073709551615, found '18446744073709551616'" run -m tiny.gguf -p the -s 18446744073709551616
refuses "found '-2'" run -m tiny.gguf -p the -s -2

# The bounds are shown in the message, and the value is shown as it was written.
refuses "from 1 to 2147483647, found '2147483648'" run -m tiny.gguf -p the -c 2147483648
refuses "from 1 to 2147483647, found '0'" inspect -m tiny.gguf -c 0
take inspect -m tiny.gguf -c 2147483647
refuses "from 1 to 512, found 'abc'" run -m tiny.gguf -p the -t abc
refuses "from 1 to 512, found '1e1'" inspect -m tiny.gguf -t 1e1
refuses "from 64 to 2147483647, found '1'" calibrate -m tiny.gguf -f tiny.gguf -o p.json -c 1
refuses "a whole number from -1 to .*found '1.5'" run -m tiny.gguf -p the -n 1.5
refuses "a number, found '1e999'" run -m tiny.gguf -p the --temp 1e999
refuses "a number, found 'nan'" run -m tiny.gguf -p the --top-p nan
refuses "a number, found '0x1'" run -m tiny.gguf -p the --temp 0x1
refuses "a number, found '0,5'" run -m tiny.gguf -p the --temp 0,5
refuses "^brim: --repeat-penalty is 1e30; it must be from 0.000001 to 1000000" run -m tiny.gguf -p the --repeat-penalty 1e30
refuses "from 1 to 10000, found '99999999999999999999'" eval -m tiny.gguf -f tiny.gguf --suite kv --seeds 99999999999999999999
for list in .5, ,.5 .5,,.25; do
  refuses "^brim: --ratios: a value is missing in '" eval -m tiny.gguf -f tiny.gguf --suite kv --ratios "$list"
done
refuses "from 0.001 to 1, found '2'" eval -m tiny.gguf -f tiny.gguf --suite kv --ratios .5,2

# Numbers are accepted however small and in any notation; anything that is not a number is refused in the same way
# everywhere.
for number in 1e-400 .5 5. 0.5 5e-1 1E0 -0 00.5; do take run -m tiny.gguf -p the -n 1 --temp $number; done
for number in -0 0 00; do
  take run -m tiny.gguf -p the -n $number
  take run -m tiny.gguf -p the -n 1 -s $number
  take run -m tiny.gguf -p the -n 1 --top-k $number
done
for wrong in +5 ' 5' '5 ' 0x10 1_000 $'\u0661' 1,5 '' '-' '--5' 5x inf 1e 1e+; do
  [ -z "$wrong" ] || {
    refuses "^brim: --temp: expected a number, found '" run -m tiny.gguf -p the "--temp=$wrong"
    refuses "^brim: --ratios: expected a number from 0.001 to 1, found '" eval -m tiny.gguf -f tiny.gguf --suite kv "--ratios=${wrong//,/;}"
  }
done
for wrong in +5 ' 5' '5 ' 0x10 1_000 $'\u0661' 1e3 5. .5 1,5 - 5x 99999999999999999999; do
  refuses "^brim: --predict: expected a whole number from -1 to [0-9]+, found '" run -m tiny.gguf -p the "--predict=$wrong"
  refuses "^brim: --context: expected a whole number from 1 to 2147483647, found '" inspect -m tiny.gguf "--context=$wrong"
  refuses "^brim: --threads: expected a whole number from 1 to 1024, found '" quantize tiny.gguf out.gguf Q8_0 "--threads=$wrong"
  refuses "^brim: --seed: expected -1 or a whole number from 0 to [0-9]+, found '" run -m tiny.gguf -p the "--seed=${wrong/99999/9999999999}"
  refuses "^brim: --top-k: expected a whole number from -1 to 2147483647, found '" run -m tiny.gguf -p the "--top-k=$wrong"
  refuses "^brim: --mirostat: expected a whole number from 0 to 2, found '" chat -m tiny.gguf -p the "--mirostat=$wrong"
  refuses "^brim: --repetitions: expected a whole number from 1 to 1000, found '" bench -m tiny.gguf "--repetitions=$wrong"
  [ "$wrong" = 1,5 ] || refuses "^brim: --n-gen: expected numbers from 0 to [0-9]+, found '" bench -m tiny.gguf "--n-gen=$wrong"
done
for wrong in .5% 5.% +5% ' 5%' 0x5% 1e1% 1_0% -0% 0% 101% % $'\u0665%' 5%% .5MiB 5.MiB +5MiB ' 5MiB' 0x5MiB 1e3 1_000 -0; do
  refuses "^brim: the KV budget '.*'.*; expected a size \(64MiB\), a share of the full cache \(20%\), full or auto" \
    run -m tiny.gguf -p the "--kv-budget=$wrong"
done
for wrong in .5% 5.% +5% ' 5%' 0x5% 1e1% 1_0% -0% 0% 101% %; do
  refuses "^brim: KV reading: expected all or top=N% with N above 0 and up to 100, found 'top=" run -m tiny.gguf -p the "--kv-read=top=$wrong"
done
for budget in 50% 0050% 99.5% 100% 64KiB 0.5MiB 64.0KiB; do take run -m tiny.gguf -p the -n 1 --kv-budget $budget; done
for wrong in '2025- 7-1' +025-07-10 2025-07-10T+2:00:00 '2025-07-10T 2:00:00' 2025-07-10T12:00 2025-07 2025-07-10T12:00:00:00 20250-7-10 2025-07-10x12:00:00; do
  echo '{}' >none.json
  refuses "^brim: --now: expected a time like 2025-07-10T12:00:00, from 1970 on, found '" render --template-file tiny.gguf --vars none.json --now "$wrong"
done

# An error in a list names the option that the list was given for.
refuses "--positions: '-1' is not a position" eval -m tiny.gguf --prompt-ids 1,2,3 --logits-out l --positions=-1
refuses '--positions: expected 0 to 2, found 3' eval -m tiny.gguf --prompt-ids 1,2,3 --logits-out l --positions 3
refuses "--prompt-ids: 'x' is not a token id" eval -m tiny.gguf --prompt-ids 1,x
refuses "--prompt-ids.*'99999999999'" run -m tiny.gguf --prompt-ids 99999999999

# Empty values are refused, whatever the option; a prompt may be empty.
for option in --kv-budget --kv-type --kv-split --kv-keep --kv-profile --kv-read --kv-heads --chat-template --session -m -c \
  -t -n --seed --temp --stop --logit-bias --weights --spec-type --draft-max; do
  refuses "." chat -m tiny.gguf -p the "$option" ""
done
refuses . eval -m tiny.gguf -f ""
refuses . eval -m tiny.gguf --prompt-ids "" --json
refuses . inspect -m ""
refuses . quantize "" out.gguf q8_0
refuses . bench -m tiny.gguf --kv-budget ""
take run -m tiny.gguf -p "" -n 2

# A number that JSON can write but no program can represent.
echo '{"messages": [], "x": 1e999}' >vars.json
echo '{{ x }}' >template.jinja
refuses 'vars.json holds a number that is too large' render --template-file template.jinja --vars vars.json

# The loss of an empty text is an error, and not a perplexity of 1.
printf '' >empty.txt
for ids in "-f empty.txt" "--prompt-ids 5"; do
  code=0
  # shellcheck disable=SC2086
  "$brim" eval -m tiny.gguf $ids >out 2>err || code=$?
  [ "$code" = 1 ] || fail "eval $ids: exit code $code, expected 1"
  [ ! -s out ] || fail "eval $ids: a result: $(cat out)"
  grep -q 'nothing to score' err || fail "eval $ids: $(cat err)"
done
take eval -m tiny.gguf --prompt-ids 5,6

finish
