#!/bin/bash
# front_door_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: what users try who have not read Brim's documentation: no
# command, a misspelt command, a model without -m, the options of llama.cpp and ollama, an address or a directory for a
# model.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
cp tiny.gguf other.gguf
# alike ARGUMENTS… -- ARGUMENTS…: both print the same and succeed.
alike() {
  local first=()
  while [ "$1" != -- ]; do first+=("$1"); shift; done
  shift
  does 0 "${first[@]}"
  mv out wanted
  does 0 "$@"
  cmp -s wanted out || fail "brim $* differs from brim ${first[*]}: $(head -c 200 out)"
}

# Without a command, and the commands about commands.
does 0
grep -q '^Usage: brim COMMAND' out && grep -q '^  chat  ' out || fail "no command: not the help: $(head -c 300 out)"
[ ! -s err ] || fail "no command: standard error is not empty: $(cat err)"
alike -- help
alike -- --help
alike -- -h
alike chat --help -- help chat
alike chat --help -- chat -h
alike --version -- version
grep -q '^brim [0-9]' out || fail "version: $(cat out)"
for command in "" chat run serve tokenize render eval calibrate inspect quantize bench help; do
  # shellcheck disable=SC2086 — none or one word
  does 0 $command --help
  awk 'length($0) > 80 { exit 1 }' out || fail "brim $command --help is wider than 80 columns: $(awk 'length($0) > 80' out)"
  grep -q '{false}\|Excludes\|REQUIRED' out && fail "brim $command --help shows CLI11's own marks: $(grep '{false}\|Excludes\|REQUIRED' out)"
done
refused "there is no command 'nosuch'" nosuch
refused "there is no command 'caht'. Did you mean chat?" caht
refused "there is no command 'insepct'. Did you mean inspect?" insepct
refused "there is no command 'nosuch'" help nosuch
refused "Did you mean quantize?" help quantise
refused "expected a command, found '-m'" -m tiny.gguf
refused "Did you mean --version?" --verison
refused "'tiny.gguf' is a file, not a command" tiny.gguf
refused "found ''" ""

# The model without -m.
alike run -m tiny.gguf -p Once -n 5 --seed 1 -- run tiny.gguf -p Once -n 5 --seed 1
alike run -m tiny.gguf -p Once -n 5 --seed 1 -- run -p Once -n 5 --seed 1 tiny.gguf
alike run -m tiny.gguf -p Once -n 5 --seed 1 -- run --model=tiny.gguf --prompt=Once -n5 -s1
alike run -m tiny.gguf -p Once -n 5 --seed 1 -- run -p Once -n 5 --seed 1 -- tiny.gguf
alike run -m tiny.gguf -p Once -n 5 --seed 1 -- run tiny.gguf -m tiny.gguf -p Once -n 5 --seed 1
alike chat -m tiny.gguf -p Hi -n 5 --seed 1 -- chat tiny.gguf -p Hi -n 5 --seed 1
does 0 inspect tiny.gguf --json -c 64
grep -q '^{"path":"tiny.gguf"' out || fail "inspect tiny.gguf: $(head -c 200 out)"
alike eval -m tiny.gguf --prompt-ids 1,2,3 -- eval --prompt-ids 1,2,3 tiny.gguf
alike tokenize -m tiny.gguf -p Once -- tokenize tiny.gguf -p Once
does 0 bench tiny.gguf -p 4 -n 0 -r 1 --no-warmup -o jsonl
does 0 bench tiny.gguf -m other.gguf -p 4 -n 0 -r 1 --no-warmup -o jsonl
[ "$(wc -l <out)" = 2 ] || fail "bench with two models: $(cut -c 1-100 out)"
refused "two models are given, 'tiny.gguf' and 'other.gguf'" chat tiny.gguf -m other.gguf -p a
refused "unexpected argument 'Hello': brim run takes one model; a prompt goes after -p" run tiny.gguf Hello
refused "unexpected argument 'more': brim quantize IN OUT TYPE" quantize tiny.gguf out.gguf Q8_0 more
refused "OUT and TYPE are missing: brim quantize IN OUT TYPE" quantize tiny.gguf
for command in chat run inspect eval bench tokenize calibrate; do
  refused "brim $command needs a model: brim $command MODEL.gguf" $command
done

# Paths that are not a model.
mkdir -p models empty
cp tiny.gguf models/b.gguf
cp tiny.gguf models/a.gguf
mkdir models/0.gguf # a directory is not an example of a model
for command in chat run inspect eval bench tokenize calibrate render; do
  refused "there is no file missing.gguf (No such file or directory)" $command missing.gguf
  refused "is an address" $command https://example.org/model.gguf
  refused "is an address" $command hf.co/name/model
  refused "models is a directory, not a model: give the path of a GGUF file in it, such as models/a.gguf" $command models
  refused "empty is a directory, not a model" $command -m empty
done
refused "there is no file llama3 (No such file or directory); Brim has no store of models" run llama3
refused "there is no file llama3:8b" chat llama3:8b
refused "; Brim downloads no models: fetch a GGUF file of that name" run TheBloke/Llama-2-7B-GGUF
refused "; Brim downloads no models" chat name/model-GGUF:Q4_K_M
refused "there is no file models/none (No such file or directory)" run models/none
grep -q downloads err && fail "a path in a directory is taken for a name: $(cat err)"
refused "brim help --bash-completion prints the completion script" completion bash
refused "models is a directory" quantize models out.gguf Q8_0
refused "is empty" chat -m "" -p a
refused "is empty" chat "" -p a

# The actual error is reported before the error about a question.
refused "there is no file missing.gguf" chat -m missing.gguf
printf 'not a model' >text.gguf
refused "text.gguf" chat -m text.gguf
refused "text.gguf" run -m text.gguf
refused "run needs one prompt" run -m tiny.gguf
: >empty.txt
code=0
"$brim" run tiny.gguf <empty.txt >out 2>err || code=$?
[ "$code" = 2 ] && grep -q "standard input is empty, and run needs one prompt" err || fail "an empty pipe: $(cat err)"
# What a refusal advises is accepted.
code=0
echo more | "$brim" run tiny.gguf -f text.gguf >out 2>err || code=$?
[ "$code" = 2 ] && grep -q "without -f it is read there, after the text of -p" err || fail "two texts: $(cat err)"
echo more | "$brim" run tiny.gguf -p first -n 1 >out 2>err || fail "-p and a pipe: $(cat err)"
# Files of other kinds are named.
printf '\020\0\0\0\0\0\0\0{"weights": {}}  ' >other
refused "it is a safetensors file: Brim reads GGUF files only" run other -p a
printf 'PK\003\004data' >other
refused "it is an archive, such as PyTorch's weights are" inspect other
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n' >other
refused "it is a Git LFS pointer and not the file itself: fetch it with git lfs pull" chat other
printf '\n<!DOCTYPE html><html>' >other
refused "it is a web page" run other -p a
printf '\037\213\010' >other
refused "it is a compressed file: unpack it first" quantize other out.gguf Q8_0
refused "no_such_template" chat -m tiny.gguf --chat-template no_such_template
refused "standard input holds no question" chat -m tiny.gguf

# Misspelt options, and words after one dash.
refused "brim chat has no option '--ctx'. Did you mean --ctx-size?" chat -m tiny.gguf --ctx 64
refused "brim chat has no option '--kv-buget'. Did you mean --kv-budget?" chat -m tiny.gguf --kv-buget 1MiB
refused "brim run has no option '--tmep'. Did you mean --temp?" run -m tiny.gguf --tmep=0
refused "brim run has no option '-model'. Did you mean --model?" run -model tiny.gguf
refused "brim run has no option '-pHello'. Did you mean -p 'Hello'?" run -m tiny.gguf -pHello
refused "brim run has no option '-c=64'. Did you mean -c '64'?" run -m tiny.gguf -c=64 -p a
refused "brim chat has no option '--zzzzzz'; brim chat --help lists the options" chat -m tiny.gguf --zzzzzz
# A word of two letters gets no suggestion; options of other programs are explained, and any other option is reported as
# unknown.
for option in -xy -qq -zz -tt -cc -kk; do
  refused "brim run has no option '$option'; brim run --help lists the options" run -m tiny.gguf -p a $option
done
refused "brim run has no option '-nx'; brim run --help lists the options" run -m tiny.gguf -p a -nx
refused "brim run has no option '-tbig'; brim run --help lists the options" run -m tiny.gguf -p a -tbig
refused "brim run has no option '-ftext.txt'. Did you mean -f 'text.txt'?" run -m tiny.gguf -ftext.txt
# Upper and lower case do not matter.
refused "there is no command 'RUN'. Did you mean run?" RUN
refused "there is no command 'Chat'. Did you mean chat?" Chat
refused "brim run has no option '--TEMP'. Did you mean --temp?" run -m tiny.gguf -p a --TEMP 0
refused "brim run has no option '--Kv-Budget'. Did you mean --kv-budget?" run -m tiny.gguf -p a --Kv-Budget 1MiB
refused "brim tokenize has no option '-P'. Did you mean -p?" tokenize -m tiny.gguf -P a
# Values that are words.
refused '"Q4_O" is not a type to write. Did you mean Q4_0?' quantize tiny.gguf out.gguf Q4_O
refused '"q8-0" is not a type to write. Did you mean Q8_0?' quantize tiny.gguf out.gguf q8-0
refused '"gold" is not a type to write; see brim quantize --help' quantize tiny.gguf out.gguf gold
for command in "run -p a" "chat -p a" inspect "eval --prompt-ids 1,2" bench; do
  # shellcheck disable=SC2086 — several words
  {
    refused "--kv-split: expected auto, uniform" $command -m tiny.gguf --kv-split sideways
    refused "found 'zigzap'. Did you mean zigzag?" $command -m tiny.gguf --kv-split zigzap
    refused "found 'Uniform'. Did you mean uniform?" $command -m tiny.gguf --kv-split Uniform
    refused "--kv-keep: expected window" $command -m tiny.gguf --kv-keep nothing
    refused "found 'snapvk'. Did you mean snapkv?" $command -m tiny.gguf --kv-keep snapvk
    refused "found 'Q8_0'. Did you mean q8_0?" $command -m tiny.gguf --kv-type Q8_0
    refused "found 'q4_o'. Did you mean q4_0?" $command -m tiny.gguf --kv-type q4_o
  }
done
refused "found 'togther'. Did you mean together?" run -m tiny.gguf -p a --kv-heads togther
refused "found 'zigzga'. Did you mean zigzag?" eval -m tiny.gguf -f tiny.gguf --suite kv --arms zigzga
refused "found 'ngrma'. Did you mean ngram?" run -m tiny.gguf -p a --spec-type ngrma
refused "'llama33' is none of" render --chat-template llama33 --messages missing.json
grep -q 'Did you mean llama3?' err || fail "a built-in template: $(cat err)"
refused "-n needs a value: -n N" run -m tiny.gguf -p a -n
refused "--kv-type needs a value: --kv-type TYPE, found the option '--json'" run -m tiny.gguf -p a --kv-type --json
refused "--json takes no value, found '1'" run -m tiny.gguf -p a --json=1
does 0 run -m tiny.gguf -p --json -n 1

# Other programs' names for the same thing.
alike run -m tiny.gguf -p Once -c 64 -n 5 --seed 1 -- run -m tiny.gguf -p Once --ctx-size 64 --n-predict 5 --seed 1
alike run -m tiny.gguf -p Once -c 64 -n 5 --seed 1 -- run -m tiny.gguf -p Once --ctx-size=64 --predict 5 --seed 1
alike chat -m tiny.gguf -p Hi --system Short. --chat-template chatml -n 5 --seed 1 -- \
  chat -m tiny.gguf -p Hi -sys Short. --template-file chatml -n 5 --seed 1
alike run -m tiny.gguf -p Once -n 5 --temp 0 --kv-type q8_0 -- run -m tiny.gguf -p Once -n 5 --temp 0 -ctk q8_0 -ctv q8_0
does 0 inspect -m tiny.gguf --json -ctk q8_0
grep -q '"kv_type":"q8_0:f16"' out || fail "-ctk alone: $(grep -o '"kv_type":"[^"]*"' out)"
does 0 inspect -m tiny.gguf --json --cache-type-v q4_0
grep -q '"kv_type":"f16:q4_0"' out || fail "--cache-type-v alone: $(grep -o '"kv_type":"[^"]*"' out)"
refused "--kv-type says how both" run -m tiny.gguf -p a --kv-type f16 -ctk q8_0
refused "--kv-type: expected" run -m tiny.gguf -p a -ctk f8
does 0 run -m tiny.gguf -p Once -n 5 --temp 0
mv out wanted
does 0 run -m tiny.gguf -p Once -n 5 --temp 0 -ngl 99 -fa on -b 512 -ub 64 --mlock --no-mmap --jinja --gpu-layers=1 -tb 2
cmp -s wanted out || fail "options without effect had one: $(cat out)"
for option in -ngl -fa -b --mlock --jinja --gpu-layers; do
  grep -q "^brim: $option is ignored: " err || fail "nothing is said about $option: $(cat err)"
done
does 0 run -m tiny.gguf -fa -p Once -n 5 --temp 0
cmp -s wanted out || fail "-fa without a word took the next option"
does 0 chat -m tiny.gguf -cnv -p Hi -n 2
grep -q "brim chat is always a conversation" err || fail "-cnv: $(cat err)"
refused "brim chat MODEL.gguf is the conversation" run -m tiny.gguf -cnv -p Hi
refused "Brim downloads nothing" chat -hf someone/model-GGUF
# The options of servers and of terminals, in every command.
for option in --host --port --api-key --timeout; do refused "$option is not available: brim serve MODEL.gguf is the server" run -m tiny.gguf -p a $option 1; done
refused "--embeddings is not available: brim serve MODEL.gguf is the server" chat -m tiny.gguf --embeddings
refused "-bf is not available: brim run -f FILE reads a prompt from a file" run -m tiny.gguf -bf prompt.bin
refused "--in-prefix is not available: --chat-template FILE" chat -m tiny.gguf --in-prefix " "
refused "--dynatemp-range is not available: Brim does not have this sampler yet" run -m tiny.gguf -p a --dynatemp-range 0.5
refused "--imatrix is not available: Brim has no importance matrices yet" quantize --imatrix m.dat tiny.gguf out.gguf Q4_0
refused "--prompt-cache-all is not available: brim chat --session FILE" run -m tiny.gguf -p a --prompt-cache-all
refused "-if is not available: brim run continues a text; brim chat MODEL.gguf is the conversation" run -m tiny.gguf -p a -if
does 0 run -m tiny.gguf -p Once -n 5 --temp 0
mv out wanted
does 0 run -m tiny.gguf -p Once -n 5 --temp 0 -np 4 -cb -st -fit on --fit-target 512 -dev none -sm layer -ts 1,1 -mg 0 --numa isolate \
  --color -lv 3 --offline --parallel=2 --no-context-shift
cmp -s wanted out || fail "options without effect had one: $(cat out)"
for option in -np -cb -st -fit --fit-target -dev -sm -ts -mg --numa --color -lv --offline --parallel --no-context-shift; do
  grep -q "^brim: $option is ignored: " err || fail "nothing is said about $option: $(cat err)"
done
refused "grammar" run -m tiny.gguf -p a --grammar-file g.gbnf
refused "Brim downloads nothing" pull llama3
refused "brim serve MODEL.gguf answers over HTTP" llama-server
refused "no list of models" list
refused "brim eval" perplexity -m tiny.gguf

# The manual page and the completion contain every option of every command.
does 0 help --man
cp out brim.1
does 0 help --bash-completion
cp out brim.bash
for command in $("$brim" --help | awk '/^Subcommands:/ { on = 1; next } on && /^  [a-z]/ { print $1 }'); do
  for option in $("$brim" "$command" --help | grep -E '^  -' | sed -E 's/^ +//; s/  .*//' | grep -oE -- '--[a-z][a-z-]*'); do
    [ "$option" = --help ] || grep -qF -- "${option//-/\\-}" brim.1 || fail "the manual page lacks $option of brim $command"
    sed -n "/^    $command)/,/;;$/p" brim.bash | grep -qF -- "$option" || fail "the completion lacks $option of brim $command"
  done
done
if command -v groff >/dev/null; then
  groff -k -man -Tutf8 -ww brim.1 >page 2>warnings
  [ ! -s warnings ] || fail "groff warns about the manual page: $(head -n 3 warnings)"
fi
# complete WORD…: what bash offers for the last word.
complete_words() {
  bash -c 'source ./brim.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _brim; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}
[ "$(complete_words brim ch)" = chat ] || fail "completion of ch: $(complete_words brim ch)"
complete_words brim chat --kv-b | grep -qx -- --kv-budget || fail "completion of --kv-b: $(complete_words brim chat --kv-b)"
complete_words brim chat ti | grep -qx tiny.gguf || fail "completion of a model: $(complete_words brim chat ti)"
complete_words brim chat -m tex | grep -qx text.gguf || fail "completion after -m: $(complete_words brim chat -m tex)"
complete_words brim chat mo | grep -qx models || fail "completion of a directory: $(complete_words brim chat mo)"
[ "$(complete_words brim help ren)" = render ] || fail "completion of help ren"

finish
