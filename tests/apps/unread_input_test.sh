#!/bin/bash
# unread_input_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: if an option names a text, a text on standard input is used or
# refused, never dropped; no text there, or a pipe that is never written to, is neither an error nor waited for.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
fox_text 80 >text
printf '[{"role": "user", "content": "Hi"}]' >talk.json
printf '{"messages": []}' >all.json
echo '{{ 1 }}' >one.jinja
echo "1,2,3" >ids
does 0 calibrate -m tiny.gguf -f text -o profile.json --windows 1 --continuation 16 -c 64

commands=(
  "run -m tiny.gguf -f text -n 1"
  "run -m tiny.gguf --prompt-ids 1,2,3 -n 1"
  "run -m tiny.gguf --prompt-ids @ids -n 1"
  "tokenize -m tiny.gguf -p a"
  "tokenize -m tiny.gguf -f ids"
  "tokenize -m tiny.gguf --detokenize 1,2"
  "tokenize -m tiny.gguf --detokenize @ids"
  "eval -m tiny.gguf -f ids"
  "eval -m tiny.gguf --prompt-ids 1,2,3"
  "eval -m tiny.gguf -f text --suite kv --arms window --seeds 1 --ratios .5 -c 64 --continuation 16"
  "calibrate -m tiny.gguf -f text -o other.json --windows 1 --continuation 16 -c 64"
  "calibrate -m tiny.gguf --from profile.json --into carrying.gguf"
  "render --chat-template chatml --messages talk.json"
  "render --template-file one.jinja --vars all.json"
)
mkfifo idle
exec 8<>idle
for words in "${commands[@]}"; do
  # shellcheck disable=SC2086 — several words
  for way in pipe file; do
    case $way in
      pipe) printf 'more text\n' | "$brim" $words >out 2>err ;;
      file) "$brim" $words <text >out 2>err ;;
    esac
    code=$?
    [ $code = 2 ] || fail "a $way beside brim $words: exit code $code, expected 2: $(head -c 300 err)"
    one_sentence "a $way beside brim $words"
    grep -q 'standard input holds text that would not be read: ' err || fail "a $way beside brim $words: $(cat err)"
  done
  # shellcheck disable=SC2086
  for way in null closed empty idle read; do
    case $way in
      null) "$brim" $words </dev/null >out 2>err ;;
      closed) "$brim" $words <&- >out 2>err ;;
      empty) printf '' | "$brim" $words >out 2>err ;;
      idle) timeout 60 "$brim" $words <idle >out 2>err 8>&- ;;
      read) { cat >/dev/null; "$brim" $words >out 2>err; } <text ;;
    esac
    code=$?
    [ $code = 0 ] || fail "brim $words with standard input $way: exit code $code: $(head -c 300 err)"
  done
done

# If an option names standard input, it is read.
[ "$(printf 'A' | "$brim" tokenize -m tiny.gguf -f - --no-add-special)" = "259 292" ] || fail "tokenize -f -"
[ "$(echo 1,2 | "$brim" tokenize -m tiny.gguf --detokenize @-)" = "<s></s>" ] || fail "tokenize --detokenize @-"
"$brim" render --chat-template chatml --messages - <talk.json >out 2>err || fail "render --messages -: $(cat err)"
"$brim" render --template-file - --messages talk.json <one.jinja >out 2>err || fail "render --template-file -: $(cat err)"
"$brim" eval -m tiny.gguf -f - <text >out 2>err || fail "eval -f -: $(cat err)"
"$brim" run -m tiny.gguf --prompt-ids @- -n 1 <ids >out 2>err || fail "run --prompt-ids @-: $(cat err)"
"$brim" calibrate -m tiny.gguf -f - -o other.json --windows 1 --continuation 16 -c 64 <text >out 2>err || fail "calibrate -f -: $(cat err)"

# Two options, or an option and the question, cannot have the same text.
chat=(chat -m tiny.gguf --chat-template chatml -n 1 --json)
does 0 "${chat[@]}" -p Hi --system "Be brief."
expected=$(prompt_tokens)
printf 'Be brief.' | "$brim" "${chat[@]}" -p Hi --system @- >out 2>err || fail "--system @-: $(cat err)"
[ "$(prompt_tokens)" = "$expected" ] || fail "--system @- is not --system TEXT: $(prompt_tokens) tokens, expected $expected"
printf 'Be brief.' | "$brim" "${chat[@]}" --system @- >out 2>err && fail "--system @- without a question"
grep -q -- '--system @- reads standard input: the question goes after -p' err || fail "--system @- without a question: $(cat err)"

# Programs in other languages give children a socket: text through a socket is handled as through a pipe.
python=$(command -v python3)
if [ -n "$python" ]; then
  "$python" - "$brim" <<'PYTHON' || fail "sockets"
import json, socket, subprocess, sys
brim = sys.argv[1]
def run(words, text):
    ours, theirs = socket.socketpair()
    child = subprocess.Popen([brim, *words], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    theirs.close()
    if text is not None:
        ours.sendall(text)
        ours.shutdown(socket.SHUT_WR)
    out, err = child.communicate(timeout=60)
    ours.close()
    return child.returncode, out, err
def prompt(words, text):
    code, out, err = run(words, text)
    assert code == 0, err
    return json.loads(out)["tokens"]["prompt"]
words = ["chat", "-m", "tiny.gguf", "-n", "1", "--json", "-p"]
plain = subprocess.run([brim, *words, "Sum up:\n\nthe text"], stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
assert prompt([*words, "Sum up:"], b"the text") == json.loads(plain)["tokens"]["prompt"], "a socket beside -p is dropped"
alone = subprocess.run([brim, *words, "Sum up:"], stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout
assert prompt([*words, "Sum up:"], None) == json.loads(alone)["tokens"]["prompt"], "an idle socket"
code, out, err = run(["tokenize", "-m", "tiny.gguf", "-p", "a"], b"text")
assert code == 2 and b"would not be read" in err and not out, (code, out, err)
code, out, err = run(["tokenize", "-m", "tiny.gguf", "-p", "a"], None)
assert code == 0 and not err, (code, out, err)
PYTHON
else
  echo "not checked: sockets (no python3)"
fi
finish
