#!/bin/bash
# outputs_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: no command overwrites a file that it reads, under whatever name; and
# other files next to a file that is written are left unchanged.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
fox_text 80 >text
echo "You are a pirate." >system
echo "{{ messages[0]['content'] }}" >chat.jinja
echo "1,2,3,4,5,6,7,8" >ids
"$brim" calibrate -m tiny.gguf -f text -o profile.json --windows 1 --continuation 32 >/dev/null 2>err || fail "calibrate: $(cat err)"
for file in tiny.gguf text system chat.jinja profile.json ids; do
  ln "$file" "hard-$file"
  ln -s "$file" "soft-$file"
done
# A split model of two files, by name: only the existence of the second is checked.
cp tiny.gguf split-00001-of-00002.gguf
cp tiny.gguf split-00002-of-00002.gguf
sums=$(sha256sum -- * 2>/dev/null)

# spared ARGUMENTS…: exit code 2, a sentence that names the kind of file, and no file changed.
spared() {
  local code=0
  timeout 60 "$brim" "$@" >out.tmp 2>err.tmp </dev/null || code=$?
  [ $code = 2 ] || fail "brim $*: exit code $code: $(head -c 300 err.tmp)"
  grep -q 'name another' err.tmp || fail "brim $*: $(head -c 300 err.tmp)"
  rm -f out.tmp err.tmp
  [ "$(sha256sum -- * 2>/dev/null)" = "$sums" ] || fail "brim $*: a file has changed"
}
for name in tiny.gguf hard-tiny.gguf soft-tiny.gguf "./../$(basename "$scratch")/tiny.gguf"; do
  spared quantize tiny.gguf "$name" Q4_0
  spared calibrate -m tiny.gguf -f text -o "$name" --windows 1
  spared calibrate -m tiny.gguf --from profile.json --into "$name"
  spared eval -m tiny.gguf -f text -c 128 --logits-out "$name" --positions 1
  spared chat -m tiny.gguf -p Hello -n 2 --session "$name"
done
for name in text hard-text soft-text; do
  spared calibrate -m tiny.gguf -f text -o "$name" --windows 1
  spared calibrate -m tiny.gguf -f text -o new.json --into "$name" --windows 1
  spared eval -m tiny.gguf -f text -c 128 --logits-out "$name" --positions 1
done
for name in profile.json hard-profile.json soft-profile.json; do
  spared calibrate -m tiny.gguf --from profile.json --into "$name"
  spared eval -m tiny.gguf -f text -c 128 --kv-profile profile.json --logits-out "$name" --positions 1
  spared chat -m tiny.gguf -p Hello -n 2 --kv-profile profile.json --session "$name"
done
for name in soft-ids hard-ids ids; do spared eval -m tiny.gguf --prompt-ids @ids --logits-out "$name" --positions 1; done
for name in soft-system hard-system system; do spared chat -m tiny.gguf -p Hello -n 2 --system @system --session "$name"; done
for name in soft-chat.jinja hard-chat.jinja chat.jinja; do
  spared chat -m tiny.gguf -p Hello -n 2 --chat-template chat.jinja --session "$name"
  spared chat -m tiny.gguf -p Hello -n 2 --chat-template @chat.jinja --session "$name"
done
spared quantize split-00001-of-00002.gguf split-00002-of-00002.gguf Q4_0
spared chat -m split-00001-of-00002.gguf -p Hello -n 2 --session split-00002-of-00002.gguf
spared calibrate -m tiny.gguf -f text -o same --into same --windows 1
spared calibrate -m tiny.gguf -f text -o same --into ./same --windows 1
# Two outputs that are one file which is not there yet, through a link.
ln -s same to-same
sums=$(sha256sum -- * 2>/dev/null)
spared calibrate -m tiny.gguf -f text -o same --into to-same --windows 1
spared calibrate -m tiny.gguf -f text -o to-same --into ./same --windows 1
rm to-same
sums=$(sha256sum -- * 2>/dev/null)
# What is read from standard input, and what is written to standard output, is a file too.
for name in text hard-text soft-text; do
  for command in "calibrate -m tiny.gguf -f - -o $name --windows 1" \
    "eval -m tiny.gguf -f - -c 128 --logits-out $name --positions 1" "chat -m tiny.gguf -n 2 --session $name"; do
    code=0
    # shellcheck disable=SC2086 — words of one command
    timeout 60 "$brim" $command <text >../out.tmp 2>../err.tmp || code=$?
    { [ $code = 2 ] && grep -q 'standard input: name another' ../err.tmp; } || fail "brim $command: $code: $(cat ../err.tmp)"
    [ "$(sha256sum -- * 2>/dev/null)" = "$sums" ] || fail "brim $command <text: a file has changed"
  done
done
# A file that only has the name of the measurements so far.
echo "mine" >own.partial
sums=$(sha256sum -- * 2>/dev/null)
spared calibrate -m tiny.gguf -f text -o own --windows 1
rm own.partial
# The file with the measurements so far is written too.
mv text same.partial
sums=$(sha256sum -- * 2>/dev/null)
spared calibrate -m tiny.gguf -f same.partial -o same --windows 1
mv same.partial text
mkdir drawn
mv text drawn/quality.tsv
sums=$(sha256sum -- * 2>/dev/null)
spared eval -m tiny.gguf -f drawn/quality.tsv --suite kv --seeds 1 --ratios .5 --permutations 1 --pictures drawn
mv drawn/quality.tsv text

# Output that cannot be written is reported before the work, with the same sentence everywhere and with exit code 2: the
# model is never loaded, the text never read.
head -c 3000 tiny.gguf >damaged.gguf
mkdir folder closed
mkfifo pipe
long=$(printf '%0300d' 0)
near=$(printf '%0252d' 0) # fits, but not with .partial appended
sums=$(ls)
# unwritable REASON PATH
unwritable() {
  local reason=$1 path=$2
  for words in "chat -m damaged.gguf -p Hello --session" "eval -m damaged.gguf -f text --positions 1 --logits-out" \
    "calibrate -m damaged.gguf -f text -o" "calibrate -m damaged.gguf -f text -o new.json --into" \
    "calibrate -m damaged.gguf --from profile.json --into"; do
    # shellcheck disable=SC2086 — several words
    refuse "$reason" $words "$path"
    mv err first
    # shellcheck disable=SC2086
    refuse "$reason" quantize tiny.gguf "$path" Q4_0
    [ "$words" != "${words#chat}" ] || cmp -s first err || fail "$words says '$(cat first)', quantize '$(cat err)'"
  done
}
unwritable 'cannot write .*: No such file or directory$' nowhere/out
unwritable 'cannot write .*: Not a directory$' text/out
unwritable 'cannot write .*: File name too long$' "$long"
unwritable 'cannot write .*: File name too long$' "nowhere$long/out"
unwritable 'folder is not a regular file, so it cannot be replaced: name another file$' folder
unwritable 'pipe is not a regular file, so it cannot be replaced: name another file$' pipe
[ ! -e /dev/full ] || unwritable '/dev/full is not a regular file' /dev/full
chmod 500 closed
[ -w closed ] || unwritable 'cannot write .*: Permission denied$' closed/out
refuse 'cannot write .*[.]partial: File name too long$' calibrate -m damaged.gguf -f text -o "$near"
rm -f first
[ "$(ls | grep -vxE 'out|err')" = "$(grep -vxE 'out|err' <<<"$sums")" ] || fail "a refused output left: $(ls)"
does 0 eval -m tiny.gguf --prompt-ids 1,2,3 --logits-out "$near" --positions 1
[ -s "$near" ] || fail "a name of 252 characters is not written"
rm -f "$near"
if command -v gnuplot >/dev/null; then
  refuse 'quality.tsv: No such file|--pictures: the folder .* cannot be made' eval -m damaged.gguf -f text --suite kv --pictures text/drawn
else
  does 1 eval -m damaged.gguf -f text --suite kv --pictures drawn2
  says '^brim: --pictures needs gnuplot, which is not installed' err
  [ ! -e drawn2 ] || fail "--pictures without gnuplot makes a folder"
fi
# The same holds for other errors that can be found by checking the options alone, and for missing texts.
refuse '[-]-logits-out and --positions go together' eval -m damaged.gguf -f text --positions 1
refuse 'missing.txt cannot be opened' eval -m damaged.gguf -f missing.txt
refuse 'missing.txt cannot be opened' eval -m damaged.gguf -f missing.txt --suite kv
refuse 'missing.txt cannot be opened' calibrate -m damaged.gguf -f missing.txt -o new.json
refuse 'expected some of full' eval -m damaged.gguf -f text --suite kv --arms nosuch
rm -rf folder closed pipe damaged.gguf

# Files next to the name of an output belong to someone else.
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
# An existing output keeps its mode and its links; a full disk is reported with a sentence, and the old file stays.
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

# Stopped by a signal in the middle: nothing is left behind.
for signal in HUP TERM INT; do
  "$brim" quantize tiny.gguf stopped.gguf Q2_K -t 1 >out.tmp 2>err.tmp &
  kill -s "$signal" $! 2>/dev/null
  wait $! 2>/dev/null
done
compgen -G 'stopped.gguf.part*' >/dev/null && fail "a stopped command left: $(ls)"
finish
