#!/bin/bash
# outputs_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: no command writes over a file that it reads, under whatever name; and what
# stands beside a file that is written is left alone.
set -u
brim=$1
scratch=$2
[ $# -ge 3 ] || { echo "no tool writes a tiny model"; exit 77; }
cd "$scratch" || exit 1
export BRIM_HISTORY=
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
"$3" tiny.gguf || exit 1
for i in $(seq 1 80); do echo "The fox number $i went over hill $((i * 7 % 13)) and met the hound of valley $((i % 5))."; done >text
echo "You are a pirate." >system
echo "{{ messages[0]['content'] }}" >chat.jinja
echo "1,2,3,4,5,6,7,8" >ids
"$brim" calibrate -m tiny.gguf -f text -o profile.json --windows 1 --continuation 32 >/dev/null 2>err || fail "calibrate: $(cat err)"
for file in tiny.gguf text system chat.jinja profile.json ids; do
  ln "$file" "hard-$file"
  ln -s "$file" "soft-$file"
done
# A split model of two parts, by name: the second is only looked for.
cp tiny.gguf split-00001-of-00002.gguf
cp tiny.gguf split-00002-of-00002.gguf
sums=$(sha256sum -- * 2>/dev/null)

# refused ARGUMENTS…: exit code 2, a sentence that names what the file is, and nothing changed.
refused() {
  local code=0
  timeout 60 "$brim" "$@" >out.tmp 2>err.tmp </dev/null || code=$?
  [ $code = 2 ] || fail "brim $*: exit code $code: $(head -c 300 err.tmp)"
  grep -q 'name another' err.tmp || fail "brim $*: $(head -c 300 err.tmp)"
  rm -f out.tmp err.tmp
  [ "$(sha256sum -- * 2>/dev/null)" = "$sums" ] || fail "brim $*: a file has changed"
}
for name in tiny.gguf hard-tiny.gguf soft-tiny.gguf "./../$(basename "$scratch")/tiny.gguf"; do
  refused quantize tiny.gguf "$name" Q4_0
  refused calibrate -m tiny.gguf -f text -o "$name" --windows 1
  refused calibrate -m tiny.gguf --from profile.json --into "$name"
  refused eval -m tiny.gguf -f text -c 128 --logits-out "$name" --positions 1
  refused chat -m tiny.gguf -p Hello -n 2 --session "$name"
done
for name in text hard-text soft-text; do
  refused calibrate -m tiny.gguf -f text -o "$name" --windows 1
  refused calibrate -m tiny.gguf -f text -o new.json --into "$name" --windows 1
  refused eval -m tiny.gguf -f text -c 128 --logits-out "$name" --positions 1
done
for name in profile.json hard-profile.json soft-profile.json; do
  refused calibrate -m tiny.gguf --from profile.json --into "$name"
  refused eval -m tiny.gguf -f text -c 128 --kv-profile profile.json --logits-out "$name" --positions 1
  refused chat -m tiny.gguf -p Hello -n 2 --kv-profile profile.json --session "$name"
done
for name in soft-ids hard-ids ids; do refused eval -m tiny.gguf --prompt-ids @ids --logits-out "$name" --positions 1; done
for name in soft-system hard-system system; do refused chat -m tiny.gguf -p Hello -n 2 --system @system --session "$name"; done
for name in soft-chat.jinja hard-chat.jinja chat.jinja; do
  refused chat -m tiny.gguf -p Hello -n 2 --chat-template chat.jinja --session "$name"
  refused chat -m tiny.gguf -p Hello -n 2 --chat-template @chat.jinja --session "$name"
done
refused quantize split-00001-of-00002.gguf split-00002-of-00002.gguf Q4_0
refused chat -m split-00001-of-00002.gguf -p Hello -n 2 --session split-00002-of-00002.gguf
refused calibrate -m tiny.gguf -f text -o same --into same --windows 1
refused calibrate -m tiny.gguf -f text -o same --into ./same --windows 1
# The file of what was measured so far is written too.
mv text same.partial
sums=$(sha256sum -- * 2>/dev/null)
refused calibrate -m tiny.gguf -f same.partial -o same --windows 1
mv same.partial text
mkdir drawn
mv text drawn/quality.tsv
sums=$(sha256sum -- * 2>/dev/null)
refused eval -m tiny.gguf -f drawn/quality.tsv --suite kv --seeds 1 --ratios .5 --permutations 1 --pictures drawn
mv drawn/quality.tsv text

# What stands beside the name of an output belongs to somebody else.
echo precious >other
for end in part new partial.new; do ln -f other "out.$end"; done
mkfifo out.gguf.part
"$brim" quantize tiny.gguf out.gguf Q4_0 >out.tmp 2>err.tmp || fail "quantize: $(cat err.tmp)"
timeout 60 "$brim" calibrate -m tiny.gguf -f text -o out --windows 1 --continuation 32 >out.tmp 2>err.tmp || fail "calibrate: $(cat err.tmp)"
timeout 60 "$brim" eval -m tiny.gguf -f text -c 128 --logits-out rows --positions 1 >out.tmp 2>err.tmp || fail "eval: $(cat err.tmp)"
[ "$(cat other)" = precious ] || fail "a link beside an output was written through"
[ -p out.gguf.part ] || fail "the pipe beside an output is gone"
[ "$(stat -c %a rows)" = "$(umask -S >/dev/null; printf '%o' $((0666 & ~$(umask))))" ] || fail "rows has mode $(stat -c %a rows)"
# A pipe as an output is refused, and does not block.
timeout 20 "$brim" eval -m tiny.gguf -f text -c 128 --logits-out out.gguf.part --positions 1 >out.tmp 2>err.tmp && fail "a pipe was written to"
grep -q 'is not a regular file' err.tmp || fail "a pipe: $(cat err.tmp)"
# An output that exists keeps its mode and its links; a disk that takes no more is a sentence, and the old file stays.
echo old >rows
chmod 640 rows
ln -s rows rows-link
timeout 60 "$brim" eval -m tiny.gguf -f text -c 128 --logits-out rows-link --positions 1 >out.tmp 2>err.tmp || fail "eval: $(cat err.tmp)"
[ -L rows-link ] && [ "$(stat -c %a rows)" = 640 ] || fail "the link or the mode of an output was lost"
echo old >limited
(ulimit -f 1; exec "$brim" quantize tiny.gguf limited Q4_0) >out.tmp 2>err.tmp
code=$?
[ $code = 2 ] || [ $code = 1 ] || fail "a limit on file sizes: exit code $code"
grep -q 'RLIMIT_FSIZE' err.tmp || fail "a limit on file sizes: $(cat err.tmp)"
[ "$(cat limited)" = old ] || fail "the old file is gone"
compgen -G '*.part-*' >/dev/null && fail "temporary files stayed: $(ls)"

# Stopped by a signal in the middle: nothing stays.
for signal in HUP TERM INT; do
  "$brim" quantize tiny.gguf stopped.gguf Q2_K -t 1 >out.tmp 2>err.tmp &
  kill -s "$signal" $! 2>/dev/null
  wait $! 2>/dev/null
done
compgen -G 'stopped.gguf.part*' >/dev/null && fail "a stopped command left: $(ls)"
[ $failures = 0 ] || exit 1
