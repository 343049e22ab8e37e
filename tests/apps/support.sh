# support.sh: what every *_test.sh begins with, sourced with the script's own arguments: COMMAND SCRATCH
# [WRITE_TINY_MODEL]. Afterwards the working directory is SCRATCH, which is empty. A test ends with `finish`.
set -u
brim=$1
scratch=$2
write_tiny_model=${3:-}
failures=0
cd "$scratch" || exit 1
export HOME=$scratch BRIM_HISTORY=
unset XDG_STATE_HOME

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# skip REASON: something that the test needs is missing here.
skip() {
  echo "skipped: $*"
  exit 77
}
finish() { exit $((failures > 0)); }
# tiny FILE [KIND]: a tiny model (tests/support/tiny_model).
tiny() {
  [ -n "$write_tiny_model" ] || skip "no tool writes a tiny model"
  "$write_tiny_model" "$@" || exit 1
}
# fox_text LINES: so many different sentences.
fox_text() {
  local i
  for ((i = 0; i < $1; ++i)); do echo "The fox number $i went over hill $((i * 7 % 13)) and met the hound of valley $((i % 5))."; done
}
# does CODE ARGUMENTS…: brim ends with this exit code; the streams go to out and err.
does() {
  local expected=$1 code=0
  shift
  "$brim" "$@" >out 2>err </dev/null || code=$?
  [ "$code" = "$expected" ] || fail "brim $*: exit code $code, expected $expected: $(head -c 300 err)"
}
# expect_code CODE WHAT: for a command that left its exit code in $code.
expect_code() { [ "$code" = "$1" ] || fail "$2: exit code $code, expected $1: $(head -c 300 err)"; }
# prompt_tokens: prints how many tokens the prompt had, from the JSON in out.
prompt_tokens() { grep -oE '"prompt": [0-9]+' out | grep -oE '[0-9]+'; }
# says PATTERN FILE: a line matches the extended regular expression.
says() { grep -qaE -- "$1" "$2" || fail "'$1' does not stand in $2: $(head -c 600 "$2")"; }
# one_sentence WHAT: standard output is empty, and standard error one line that begins with brim:.
one_sentence() {
  [ ! -s out ] || fail "$1: standard output is not empty: $(head -c 200 out)"
  [ "$(wc -l <err)" = 1 ] && grep -q '^brim: ' err || fail "$1: not one line that begins with brim: $(head -c 400 err)"
}
# refused SENTENCE ARGUMENTS…: exit code 2 and one sentence that contains SENTENCE literally.
refused() {
  local sentence=$1
  shift
  does 2 "$@"
  one_sentence "brim $*"
  grep -qF -- "$sentence" err || fail "brim $*: '$sentence' is not in: $(cat err)"
}
# refuse PATTERN ARGUMENTS…: the same, where an extended regular expression matches.
refuse() {
  local pattern=$1
  shift
  does 2 "$@"
  one_sentence "brim $*"
  says "$pattern" err
}
# wait_until WHAT COMMAND…: until the command succeeds, for at most 20 seconds.
wait_until() {
  local what=$1
  shift
  for _ in $(seq 400); do
    "$@" && return
    sleep 0.05
  done
  fail "$what: it never came"
}
# in_background COMMAND…: starts it with SIGINT as an interactive shell would have it; its process is $pid.
in_background() {
  set -m # with job control, background programs do not begin with SIGINT ignored
  "$@" &
  pid=$!
  set +m
}
# ended_by SIGNAL WHAT: sends the signal to $pid, which must end by it.
ended_by() {
  local number code=0
  number=$(kill -l "$1")
  kill -s "$1" "$pid"
  wait "$pid" || code=$?
  [ "$code" = $((128 + number)) ] || fail "$2: SIG$1: exit code $code, expected $((128 + number)): $(head -c 300 err)"
}
