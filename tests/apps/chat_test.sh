#!/bin/bash
# chat_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: `brim chat` on a tiny model: one question from -p and from a pipe, and
# the interactive prompt on a terminal made by script(1).
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
export HOME=$scratch/home XDG_STATE_HOME="" TERM=xterm LC_ALL=C.UTF-8
unset NO_COLOR BRIM_HISTORY
mkdir -p home
: >empty.txt
trap '' PIPE # a program that ends early is detected by its missing output

# One question.
"$brim" chat -m tiny.gguf -p "Hello" -n 10 --seed 4 >out 2>err || fail "-p: $(cat err)"
[ -s out ] || fail "-p: no answer"
[ ! -s err ] || fail "-p: standard error is not empty without a terminal: $(cat err)"
[ -z "$(tail -c 1 out)" ] || fail "-p: the answer does not end with a newline"
printf 'Hello\n' | "$brim" chat -m tiny.gguf -n 10 --seed 4 >piped 2>err || fail "a pipe: $(cat err)"
cmp -s out piped || fail "a pipe is another question than -p"
"$brim" chat -m tiny.gguf -p "Hello" -n 10 --seed 4 --chat-template chatml >templated 2>err || fail "chatml: $(cat err)"
cmp -s out templated && fail "a template changed nothing"
"$brim" chat -m tiny.gguf -p "Hello" -n 10 --seed 4 --chat-template chatml --system "Be brief." >system 2>err ||
  fail "--system: $(cat err)"
cmp -s system templated && fail "--system changed nothing"
printf 'Be brief.' >system.txt
"$brim" chat -m tiny.gguf -p "Hello" -n 10 --seed 4 --chat-template chatml --system @system.txt >again 2>err ||
  fail "--system @FILE: $(cat err)"
cmp -s system again || fail "--system @FILE is not --system TEXT"
printf '%s' '{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}' >mine.jinja
"$brim" chat -m tiny.gguf -p "Hello" -n 5 --chat-template mine.jinja >out 2>err || fail "--chat-template FILE: $(cat err)"
"$brim" chat -m tiny.gguf -p "Hello" -n 5 -v >out 2>err || fail "-v: $(cat err)"
grep -q "no chat template" err || fail "-v does not say that the model has no template: $(cat err)"
grep -q "^seed " err || fail "-v does not show the seed: $(cat err)"
"$brim" chat -m tiny.gguf -p "Hello" -n 5 --json >out 2>err || fail "--json: $(cat err)"
grep -q '"generated": 5' out || fail "--json: $(cat out)"

# A conversation in two runs equals the same conversation in one run: memory, text and random draws continue where they
# ended.
talk() { "$brim" chat -m tiny.gguf -n 10 --chat-template chatml "$@" 2>err || fail "chat $*: $(cat err)"; }
talk --seed 4 --kv-budget 60% --session talk.ses -p "Hello" >first
cp talk.ses kept.ses
talk --session talk.ses -p "And now?" >second
talk --session kept.ses -p "And now?" >again
[ -s second ] || fail "--session: no second answer"
cmp -s second again || fail "--session: the same file went on differently"
talk --seed 4 --kv-budget 60% -p "And now?" >alone
cmp -s second alone && fail "--session: the first question is lost"
[ "$(stat -c %a talk.ses)" = 600 ] || fail "others may read a session"
[ ! -e talk.ses.part ] || fail "--session left talk.ses.part"

# A document: read once, asked about in several runs; a session has it already.
for i in $(seq 1 40); do echo "The cat was on the dog and $i suns in the end."; done >book.txt
ask() { "$brim" chat -m tiny.gguf -n 10 --chat-template chatml --seed 4 --temp 0 "$@" 2>err || fail "chat $*: $(cat err)"; }
ask --kv-budget 60% --document book.txt --session book.ses -p "Who?" >first
ask --kv-budget 60% --document book.txt -p "Who?" >alone
cmp -s first alone || fail "--document: the same question gave another answer"
ask --document book.txt --session book.ses -p "And where?" -v >second
grep -q "has processed its document already" err || fail "--document: it was processed twice: $(cat err)"
grep -qE "^document +[0-9,]+ tokens, of which each layer keeps " err || fail "-v does not show the document: $(cat err)"
[ -s second ] || fail "--document: no second answer"
ask --kv-budget full --document book.txt -p "Who?" >whole
refuse "kv-keep" chat -m tiny.gguf --kv-budget 60% --kv-keep window --document book.txt -p "Who?"
refuse "is empty" chat -m tiny.gguf --document empty.txt -p "Who?"
refuse "nowhere.txt" chat -m tiny.gguf --document nowhere.txt -p "Who?"
refuse "the name of a file" chat -m tiny.gguf --document - -p "Who?"
refuse "has no document" chat -m tiny.gguf --document book.txt --session talk.ses -p "Who?"

# Wrong input is refused: exit code 2, a sentence, no output.
refuse "standard input holds no question" chat -m tiny.gguf
refuse "missing.gguf" chat -m missing.gguf -p a
refuse "no_such_template" chat -m tiny.gguf -p a --chat-template no_such_template
refuse "missing.jinja" chat -m tiny.gguf -p a --chat-template missing.jinja
refuse "no_system" chat -m tiny.gguf -p a --system @no_system
refuse "--model" chat -p a
head -c 1000 talk.ses >short.ses
refuse "short.ses is not whole: expected" chat -m tiny.gguf -p a --session short.ses
refuse "cannot be restored: KV memory, " chat -m tiny.gguf -p a --session talk.ses --kv-budget 90%

# The interactive prompt. script(1) makes a terminal, types the lines and shows what a user would see.
if ! script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
  echo "no script(1) or no pseudo-terminals (/dev/pts): the prompt was not tested"
  [ $failures = 0 ] && exit 77
  exit 1
fi
# type_lines ARGUMENTS…: runs brim chat on a terminal; its keyboard is standard input, its screen is written to
# `screen`. Each line is typed when its prompt is shown; a line that begins with "now:" is typed while the answer
# streams.
type_lines() {
  local line
  rm -f screen keys
  mkfifo keys
  timeout 60 script -qefc "'$brim' chat -m tiny.gguf $*" screen <keys >/dev/null 2>&1 &
  local pid=$! prompts=0
  exec 3>keys
  while IFS= read -r line; do
    if [ "${line#now:}" = "$line" ]; then
      prompts=$((prompts + 1))
      for _ in $(seq 400); do
        [ "$(grep -aoE $'(>|\\.\\.\\.)(\x1b\\[0m)? ' screen 2>/dev/null | wc -l)" -ge $prompts ] && break
        kill -0 $pid 2>/dev/null || break # the program ended: missing output is detected below
        sleep 0.05
      done
    else
      line=${line#now:}
      sleep 0.5
    fi
    sleep 0.1
    # shellcheck disable=SC2059 — the lines contain escapes for control keys
    printf "$line" >&3
  done
  exec 3>&-
  wait $pid
}
seen() { grep -aqF -- "$1" screen || fail "not on the screen: $1"; }

NO_COLOR=1 type_lines -n 8 --seed 5 --chat-template chatml <<'LINES'
/help\n
Hello there\n
/hlep\n
/set temperature 0.5\n
/set temperatur 0.5\n
/set top_p 9\n
/show\n
/stats\n
/kv\n
/regen\n
/save conversation.json\n
/clear\n
/load conversation.json\n
/load nowhere.json\n
/save here.ses\n
/load here.ses\n
/load nowhere.ses\n
/save\n
"""first line\n
second line"""\n
/exit\n
LINES
seen "/regen"
seen "KV"
seen "tok/s"
seen "layers 0-2"
seen "evicted"
seen "There is no command /hlep. Did you mean /help?"
seen "temperature is now 0.5"
seen "There is no setting 'temperatur'. Did you mean temperature?"
seen "top_p is 9"
seen "Saved to conversation.json"
seen "The conversation begins again."
seen "Loaded conversation.json"
seen "nowhere.json cannot be opened"
seen "Saved to here.ses: "
seen "Going on from here.ses: "
seen "cannot open nowhere.ses"
seen "Usage: /save FILE"
grep -q '"Hello there"' conversation.json || fail "/save: $(head -c 300 conversation.json)"
grep -q '"assistant"' conversation.json || fail "/save holds no answer"
grep -aq $'\x1b\\[2m' screen && fail "NO_COLOR is not respected"
history=home/.local/state/brim/chat_history
grep -q "Hello" "$history" 2>/dev/null || fail "the history was not kept"
[ "$(stat -c %a "$history" 2>/dev/null)" = 600 ] || fail "others may read the history"

type_lines -n 200 --seed 5 --chat-template chatml --kv-budget 25% <<'LINES'
Tell me a long story about a dog\n
\x04
LINES
seen "KV budget: the oldest entries are being"
seen "evicting"
grep -aq $'\x1b\\[2m' screen || fail "no colours on a terminal"
grep -aq $'\x1b\\[1;32m>\x1b\\[0m ' screen || fail "the colour of the prompt runs into what is typed"

# A session saved under learned scores is loaded with those of --kv-scores.
for i in $(seq 1 60); do echo "The fox number $i went over hill $((i * 7 % 13)) and met the hound of valley $((i % 5))."; done >text
"$brim" calibrate -m tiny.gguf -f text --keep-scores scores --windows 4 >out 2>err || fail "calibrate: $(cat err)"
type_lines -n 4 --chat-template chatml --kv-budget 40% --kv-keep learned --kv-scores scores <<'LINES'
Hello\n
/save learned.ses\n
/load learned.ses\n
/exit\n
LINES
seen "Going on from learned.ses: "

# Ctrl-C stops an endless answer but not the program; a second one before the answer has stopped would end the program.
type_lines --chat-template chatml --logit-bias 1-inf --logit-bias 2-inf <<'LINES'
Go on\n
now:\x03
/stats\n
/exit\n
LINES
seen "stopped"
seen "last answer"

# A file that is not a history stays unchanged.
cp tiny.gguf precious.gguf
BRIM_HISTORY=$PWD/precious.gguf type_lines -n 4 <<'LINES'
Hello\n
/exit\n
LINES
cmp -s tiny.gguf precious.gguf || fail "BRIM_HISTORY wrote over a model"
seen "another kind of file"

# What there is no memory for is refused, and the conversation goes on. A build with a sanitizer needs more to start.
if (ulimit -v 250000; "$brim" --version) >out 2>err; then
  { printf '[{"role": "user", "content": "'; head -c 120000000 /dev/zero | tr '\\0' a; printf '"}]'; } >long.json
  (ulimit -v 250000; type_lines -t 1 -n 4) <<'LINES'
/load long.json\n
Hello\n
/stats\n
/exit\n
LINES
  seen "no memory left"
  seen "last answer"
fi
rm -f long.json

# A history that cannot be written whole stays as it was, and that is said.
type_lines -n 4 <<'LINES'
Hello\n
/exit\n
LINES
[ -s "$history" ] || fail "no history is kept"
for i in $(seq 1 900); do printf 'a\\040question\\040that\\040was\\040asked\\040before,\\040and\\040again,\\040with\\040all\\040of\\040its\\040words,\\040number\\040%s\n' "$i"; done >>"$history"
cp "$history" history.before
(ulimit -f 64; type_lines -n 4) <<'LINES'
Hello again\n
/exit\n
LINES
cmp -s "$history" history.before || fail "a history was cut: $(wc -c <"$history") of $(wc -c <history.before) bytes"
seen "history is not kept any longer"

rm -rf home/.local
BRIM_HISTORY="" type_lines -n 4 <<'LINES'
Hello\n
\x03
\x03
LINES
seen "Ctrl-C again"
[ ! -e "$history" ] || fail "BRIM_HISTORY= keeps a history"

finish
