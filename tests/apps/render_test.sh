#!/bin/bash
# render_test.sh COMMAND SCRATCH TINY: prompts from every source of templates, and every way to call the command
# wrongly.
. "$(dirname "$0")/support.sh"
# same WANTED ARGUMENTS…: standard output is exactly WANTED (printf escapes), nothing added.
same() {
  local wanted=$1
  shift
  printf '%b' "$wanted" >wanted
  "$brim" render "$@" >found 2>err || fail "$*: exit code $?: $(cat err)"
  cmp -s wanted found || fail "$*: expected '$(cat wanted)', found '$(cat found)'"
  [ -s err ] && fail "$*: wrote to standard error: $(cat err)"
}
# ends CODE WORD ARGUMENTS…: this exit code, and one sentence with WORD.
ends() {
  does "$1" render "${@:3}"
  one_sentence "$*"
  grep -q -- "$2" err || fail "$*: no '$2' in: $(cat err)"
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

# The template's own words, with nothing that commands a terminal; exit code 1 for any failure while rendering.
ends 1 '^brim: the template refuses: No .*messages: x' --template-file raise.jinja --vars all.json
grep -q "$(printf '\033')" err && fail "an escape sequence reached the terminal"
printf '{{ nope.x }}' >undefined.jinja
ends 1 "'nope' is undefined" --template-file undefined.jinja --vars all.json
ends 1 "line 1" --template-file undefined.jinja --vars all.json

ends 2 "line 2" --template-file syntax.jinja --vars all.json
ends 2 "line 2: the statement 'include' is not supported" --template-file include.jinja --vars all.json
ends 2 "missing.jinja" --template-file missing.jinja --vars all.json
ends 2 "missing.json" --template-file all.jinja --vars missing.json
: >empty.json
ends 2 "empty.json is not JSON: it is empty" --template-file all.jinja --messages empty.json
ends 2 "all.jinja is not JSON: error at byte" --template-file all.jinja --vars all.jinja
# Unlimited nesting is refused while it is parsed, so that nothing recurses over it.
for depth in 402 100000; do
  printf '%*s' "$depth" '' | tr ' ' '[' >deep.json
  printf '%*s' "$depth" '' | tr ' ' ']' >>deep.json
  ends 2 "deep.json nests more than 400 levels deep" --template-file all.jinja --messages deep.json
  ends 2 "deep.json nests more than 400 levels deep" --template-file all.jinja --messages talk.json --tools deep.json
  printf '{"a": ' | cat - deep.json >vars.json
  printf '}' >>vars.json
  ends 2 "vars.json nests more than 400 levels deep" --template-file all.jinja --vars vars.json
done
ends 2 "JSON object" --template-file all.jinja --vars talk.json
ends 2 "array of messages" --template-file all.jinja --messages all.json
ends 2 "array of tools" --template-file all.jinja --messages talk.json --tools all.json
# Every message names its speaker; every tool is an object.
for messages in '[1]' '[null]' '["Hi"]' '[[]]' '[{}]' '[{"content": "Hi"}]' '[{"role": 1}]' '[{"role": null, "content": "Hi"}]' \
  '[{"role": "user", "content": "Hi"}, 2]'; do
  echo "$messages" >wrong.json
  ends 2 'wrong.json: message [12]: expected an object with a text as its "role", found ' --chat-template chatml --messages wrong.json
done
echo '[{"content": "Hi"}]' >wrong.json
ends 2 'its "role", found an object without "role"' --chat-template chatml --messages wrong.json
echo '[{"role": "user", "content": "Hi"}, 2]' >wrong.json
ends 2 'message 2: ' --chat-template chatml --messages wrong.json
grep -q 'message 2: .*found 2' err || fail "the second message: $(cat err)"
echo '[1]' >wrong.json
ends 2 'wrong.json: tool 1: expected an object, found 1' --template-file tools.jinja --messages talk.json --tools wrong.json
printf '[{"role": "assistant", "tool_calls": []}, {"role": "user", "content": [{"type": "text"}]}]' >rich.json
printf '{{ messages|length }}' >count.jinja
same '2' --template-file count.jinja --messages rich.json
same '' --template-file /dev/null --messages <(echo '[]')
# An opened tag must be closed, also at the very end.
for source in '{% raw %}' 'a{% raw %}\n' '{%- raw -%}' '{% raw %}{% endraw' '{#' 'a {#' '{#-' '{# x\n'; do
  printf '%b' "$source" >open.jinja
  ends 2 'missing end of' --template-file open.jinja --vars all.json
done
ends 2 "llama3" --chat-template nope --messages talk.json
ends 2 "needs a template" --messages talk.json
ends 2 "one of --messages" --chat-template chatml
ends 2 "--messages" --chat-template chatml --vars all.json --messages talk.json
ends 2 "--messages" --chat-template chatml --vars all.json --tools tools.json
ends 2 "--template-file" --chat-template chatml --template-file all.jinja --vars all.json
ends 2 "standard input" --template-file - --vars -
ends 2 "standard input" --chat-template chatml --messages - --tools -
for time in 2025-13-01T00:00:00 2025-02-30 2025-07-10T25:00:00 yesterday 2025-07-10T12:00:00Z; do
  ends 2 "--now" --template-file time.jinja --vars all.json --now "$time"
done
ends 2 "missing.gguf" -m missing.gguf --messages talk.json

if [ -n "$write_tiny_model" ]; then
  tiny tiny.gguf
  same '<s>[INST] Hi [/INST]' -m tiny.gguf --chat-template llama2 --messages talk.json
  if ! "$brim" render -m tiny.gguf --messages talk.json >found 2>err; then
    grep -q -- "--chat-template chatml" err || fail "a model without a template: no built-in ones offered: $(cat err)"
  fi
fi

finish
