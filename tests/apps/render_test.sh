#!/bin/bash
# render_test.sh COMMAND SCRATCH TINY: prompts from every source of templates, and every way to hold the command wrong.
set -u
brim=$1
scratch=$2
tiny=${3:-}
cd "$scratch" || exit 1

failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# same WANTED ARGUMENTS…: standard output is exactly WANTED (printf escapes), nothing added.
same() {
  local wanted=$1
  shift
  printf '%b' "$wanted" >wanted
  "$brim" render "$@" >found 2>err || fail "$*: exit code $?: $(cat err)"
  cmp -s wanted found || fail "$*: expected '$(cat wanted)', found '$(cat found)'"
  [ -s err ] && fail "$*: wrote to standard error: $(cat err)"
}
# refused CODE WORD ARGUMENTS…: that exit code, nothing on standard output, one line with WORD on standard error.
refused() {
  local wanted=$1 word=$2 code
  shift 2
  "$brim" render "$@" >found 2>err </dev/null
  code=$?
  [ "$code" -eq "$wanted" ] || fail "$*: exit code $code, expected $wanted"
  [ -s found ] && fail "$*: wrote to standard output"
  grep -q -- "$word" err || fail "$*: no '$word' in: $(cat err)"
}

printf '[{"role": "user", "content": "Hi"}]' >talk.json
printf '[{"type": "function", "function": {"name": "f"}}]' >tools.json
printf '{"messages": [], "a": {"b": [1, 2.0, null, "x"]}}' >all.json
printf '{%% for m in messages %%}\n{{ m.role }}: {{ m.content }}\n{%% endfor %%}\n{{ add_generation_prompt }}[{{ bos_token }}{{ eos_token }}]\n' >talk.jinja
printf '{{ tools|tojson }}{{ tools is defined }}' >tools.jinja
printf '{{ a }}{{ a.b[1] }}{{ bos_token is defined }}{{ add_generation_prompt is defined }}\n\n' >all.jinja
printf '{{ strftime_now("%%d %%b %%Y %%H:%%M:%%S") }}' >time.jinja
printf 'x{%% if not messages %%}{{ raise_exception("No \033[31mmessages: " ~ a.b[3]) }}{%% endif %%}' >raise.jinja
printf 'one\n{%% for x in messages %%}' >syntax.jinja
printf 'one\n{%% include "x" %%}' >include.jinja

same 'user: Hi\nTrue[]' --template-file talk.jinja --messages talk.json
same 'user: Hi\nFalse[]' --template-file talk.jinja --messages talk.json --no-generation-prompt
same '[{"type": "function", "function": {"name": "f"}}]True' --template-file tools.jinja --messages talk.json --tools tools.json
same '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n' --chat-template chatml --messages talk.json
same '<|im_start|>user\nHi<|im_end|>\n' --chat-template chatml --messages talk.json --no-generation-prompt
same "{'b': [1, 2.0, None, 'x']}2.0FalseFalse\n" --template-file all.jinja --vars all.json
same '10 Jul 2025 12:00:00' --template-file time.jinja --vars all.json --now 2025-07-10T12:00:00
same '29 Feb 2024 00:00:00' --template-file time.jinja --vars all.json --now 2024-02-29
"$brim" render --template-file time.jinja --vars all.json | grep -q "$(date +%Y)" || fail "without --now: not this year"
[ "$("$brim" render --template-file - --messages talk.json <talk.jinja)" = "$(printf 'user: Hi\nTrue[]')" ] || fail "template from standard input"
[ "$("$brim" render --template-file all.jinja --vars - <all.json | tail -c 12)" = "0FalseFalse" ] || fail "variables from standard input"

# The template's own words, with nothing that commands a terminal; exit code 1 for whatever fails while rendering.
refused 1 'messages: x' --template-file raise.jinja --vars all.json
grep -q "$(printf '\033')" err && fail "an escape sequence reached the terminal"
printf '{{ nope.x }}' >undefined.jinja
refused 1 "'nope' is undefined" --template-file undefined.jinja --vars all.json
refused 1 "line 1" --template-file undefined.jinja --vars all.json

refused 2 "line 2" --template-file syntax.jinja --vars all.json
refused 2 "line 2: the statement 'include' is not supported" --template-file include.jinja --vars all.json
refused 2 "missing.jinja" --template-file missing.jinja --vars all.json
refused 2 "missing.json" --template-file all.jinja --vars missing.json
refused 2 "all.jinja is not JSON: error at byte" --template-file all.jinja --vars all.jinja
# What nests without end is refused while it is read: nothing recurses over it.
for depth in 402 100000; do
  printf '%*s' "$depth" '' | tr ' ' '[' >deep.json
  printf '%*s' "$depth" '' | tr ' ' ']' >>deep.json
  refused 2 "deep.json nests more than 400 levels deep" --template-file all.jinja --messages deep.json
  refused 2 "deep.json nests more than 400 levels deep" --template-file all.jinja --messages talk.json --tools deep.json
  printf '{"a": ' | cat - deep.json >vars.json
  printf '}' >>vars.json
  refused 2 "vars.json nests more than 400 levels deep" --template-file all.jinja --vars vars.json
done
refused 2 "JSON object" --template-file all.jinja --vars talk.json
refused 2 "array of messages" --template-file all.jinja --messages all.json
refused 2 "array of tools" --template-file all.jinja --messages talk.json --tools all.json
refused 2 "llama3" --chat-template nope --messages talk.json
refused 2 "needs a template" --messages talk.json
refused 2 "one of --messages" --chat-template chatml
refused 2 "--messages" --chat-template chatml --vars all.json --messages talk.json
refused 2 "--messages" --chat-template chatml --vars all.json --tools tools.json
refused 2 "--template-file" --chat-template chatml --template-file all.jinja --vars all.json
refused 2 "standard input" --template-file - --vars -
refused 2 "standard input" --chat-template chatml --messages - --tools -
for time in 2025-13-01T00:00:00 2025-02-30 2025-07-10T25:00:00 yesterday 2025-07-10T12:00:00Z; do
  refused 2 "--now" --template-file time.jinja --vars all.json --now "$time"
done
refused 2 "missing.gguf" -m missing.gguf --messages talk.json

if [ -n "$tiny" ]; then
  "$tiny" tiny.gguf || exit 1
  same '<s>[INST] Hi [/INST]' -m tiny.gguf --chat-template llama2 --messages talk.json
  if ! "$brim" render -m tiny.gguf --messages talk.json >found 2>err; then
    grep -q -- "--chat-template chatml" err || fail "a model without a template: no built-in ones offered: $(cat err)"
  fi
fi

exit $((failures > 0))
