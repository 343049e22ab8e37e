#!/bin/bash
# bench_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: `brim bench` on a tiny model: the grid has the expected rows, every
# form of output can be parsed and has the same values, and wrong options are refused. Speed is not tested.
. "$(dirname "$0")/support.sh"
tiny tiny.gguf
cp tiny.gguf other.gguf

# bench ARGUMENTS…: runs the command; the streams go to out and err, the exit code to code.
bench() {
  "$brim" bench -m tiny.gguf "$@" >out 2>err </dev/null
  code=$?
}
expect_refusal() { refuse "$1" bench -m tiny.gguf "${@:2}"; }

# The grid: depths × threads × cache types × tests, in that nesting, as JSON lines.
bench -r 1 -p 8,16 -n 4 -d 0,32 -t 1,2 --kv-type f16,q8_0 -o jsonl
expect_code 0 "a grid"
[ ! -s err ] || fail "a grid: standard error is not empty: $(head -c 200 err)"
[ "$(wc -l <out)" = 24 ] || fail "a grid of 2 × 2 × 2 × 3 tests gave $(wc -l <out) rows"
cp out grid
[ "$(head -n 6 grid | grep -oE '"test":"[^"]*"' | tr -d '\n')" = \
  '"test":"pp8""test":"pp16""test":"tg4""test":"pp8@d32""test":"pp16@d32""test":"tg4@d32"' ] ||
  fail "the order of the rows: $(head -n 6 grid | grep -oE '"test":"[^"]*"')"
[ "$(grep -c '"threads":2' grid)" = 12 ] && [ "$(grep -c '"kv_type":"q8_0"' grid)" = 12 ] || fail "the grid's settings"

# All forms have these columns; values that every run of this grid shares are the same in all forms.
bench -r 1 -p 8 -n 4 -o csv
expect_code 0 "csv"
[ "$(wc -l <out)" = 3 ] || fail "csv: expected a header and two rows: $(cat out)"
cp out rows.csv
bench -r 1 -p 8 -n 4 -o json
expect_code 0 "json"
cp out rows.json
bench -r 1 -p 8 -n 4
expect_code 0 "a table"
[ "$(grep -c '^|' out)" = 4 ] || fail "a table of two rows has $(grep -c '^|' out) lines"
grep -q '| pp8 ' out && grep -q '| tg4 ' out || fail "the table lacks a test: $(cat out)"
grep -qE "thread.* GB/s .*GOP/s" out || fail "the table says nothing of the machine: $(cat out)"
awk -F'|' '/^\|/ { if (columns && NF != columns) exit 1; columns = NF }' out || fail "the table's rows differ in columns"
python=$(command -v python3)
if [ -n "$python" ]; then
  "$python" - <<'PYTHON' || fail "what python reads in the outputs"
import csv, json
grid = [json.loads(line) for line in open("grid", encoding="utf-8")]
rows = json.load(open("rows.json", encoding="utf-8"))
table = list(csv.DictReader(open("rows.csv", newline="", encoding="utf-8")))
wanted = """model file quantisation parameters weight_bytes test prompt_tokens generated_tokens depth threads kv_type kv_budget
  context repetitions tokens_per_second tokens_per_second_min tokens_per_second_max first_token_ms token_p50_ms token_p99_ms
  load_ms read_gb_per_second read_peak_gb_per_second read_percent gop_per_second int8_peak_gop_per_second int8_percent
  peak_rss_bytes kv_bytes kv_budget_bytes kv_evicted cpu isa version commit""".split()
assert len(rows) == 2 and len(table) == 2
for row in grid + rows + table:
    assert all(name in row for name in wanted), set(wanted) - set(row)
for row, text in zip(rows, table):
    for name in ("model", "test", "depth", "threads", "kv_type", "isa", "weight_bytes"):
        assert str(row[name]) == text[name], name
for row in grid:
    assert row["tokens_per_second_min"] <= row["tokens_per_second"] <= row["tokens_per_second_max"]
    assert row["tokens_per_second"] > 0 and row["read_peak_gb_per_second"] > 0 and row["int8_percent"] > 0
    generates = row["test"].startswith("tg")
    assert (row["first_token_ms"] is None) == generates
    assert len(row["chunk_tenths_ms"]) == (0 if generates else 1) and all(ms > 0 for ms in row["chunk_tenths_ms"])
    assert (row["token_p50_ms"] is None) == (row["read_percent"] is None) == (not generates)
    if generates:
        assert 0 < row["token_p50_ms"] <= row["token_p99_ms"]
    assert row["kv_evicted"] == 0 and 0 < row["kv_bytes"] <= row["kv_budget_bytes"]
# A deeper cache is larger, and eight-bit entries are smaller.
by = {(row["threads"], row["kv_type"], row["test"]): row for row in grid}
assert by[1, "f16", "tg4@d32"]["kv_bytes"] > by[1, "f16", "tg4"]["kv_bytes"]
assert by[1, "q8_0", "tg4@d32"]["kv_bytes"] < by[1, "f16", "tg4@d32"]["kv_bytes"]
PYTHON
fi

# More than one repetition, several models, only one kind of test, and a budget that must evict.
bench -r 3 -p 0 -n 4 -m other.gguf -o jsonl
expect_code 0 "two models"
[ "$(wc -l <out)" = 2 ] && grep -q '"file":"other.gguf"' out || fail "two models: $(cut -c 1-200 out)"
grep -q '"repetitions":3' out || fail "-r 3: $(cut -c 1-400 out)"
"$brim" bench -m tiny.gguf,other.gguf -r 1 -p 4 -n 0 --no-warmup -o jsonl >out 2>err
[ "$(wc -l <out)" = 2 ] || fail "a list of models: $(cut -c 1-200 out) $(cat err)"
bench -r 2 -p 16 -n 8 -d 200 --kv-budget 10% -o jsonl
expect_code 0 "a small budget"
[ "$(grep -vc '"kv_evicted":0' out)" = 2 ] || fail "a small budget evicts nothing: $(grep -o '"kv_evicted":[0-9]*' out)"

bench -r 1 -p 8 -n 0 --weights private,file -o jsonl
expect_code 0 "--weights"
[ "$(wc -l <out)" = 2 ] && grep -q '"weights":"file"' out || fail "--weights: $(cut -c 1-300 out)"
bench -r 1 -p 8 -n 0 -c 5000 -o jsonl
grep -q '"context":5000' out || fail "-c was not followed: $(grep -o '"context":[0-9]*' out)"

# Sequences that generate together: a row for each number of them; one processes a prompt.
bench -r 1 -p 8 -n 4 -d 32 --sequences 1,3 -o jsonl
expect_code 0 "--sequences"
[ "$(grep -oE '"test":"[^"]*"' out | tr -d '\n')" = '"test":"pp8@d32""test":"tg4@d32""test":"tg4x3@d32"' ] ||
  fail "--sequences: $(grep -oE '"test":"[^"]*"' out)"
of_row() { sed -n "$1p" out | grep -oE "\"$2\":[0-9.]+" | cut -d: -f2; }
[ "$(of_row 2 sequences) $(of_row 3 sequences)" = "1 3" ] || fail "--sequences: $(cut -c 1-400 out)"
[ "$(of_row 3 kv_budget_bytes)" = $((3 * $(of_row 2 kv_budget_bytes))) ] || fail "--sequences: the caches of three"
# --step: one line per repetition; rows appear at once; the end of input ends the run.
mkfifo requests
exec 9<>requests
"$brim" bench -m tiny.gguf -p 0 -n 4 -r 2 -o jsonl --step <requests >steps 2>err 9>&- &
pid=$!
for expected in 1 2 3; do
  echo >&9
  for _ in $(seq 400); do [ "$(wc -l <steps)" -ge $expected ] && break; sleep 0.05; done
  [ "$(wc -l <steps)" = $expected ] || fail "--step: after $expected requests there are $(wc -l <steps) rows: $(cat err)"
done
exec 9>&-
wait $pid || fail "--step: exit code $?"
[ "$(grep -c '"warm_up":true' steps)" = 1 ] && [ "$(grep -c '"test":"tg4"' steps)" = 3 ] || fail "--step: $(cut -c 1-300 steps)"
"$brim" bench -m tiny.gguf -p 8 -n 0 -r 5 -o jsonl --step <<<"" >out 2>err || fail "--step with an end of input"
[ "$(wc -l <out)" = 1 ] || fail "--step: one request gave $(wc -l <out) rows"

# Ctrl-C ends the run, and the output so far stays valid.
in_background "$brim" bench -m tiny.gguf -p 4 -n 4,200000 -d 0 -r 1 -o json >out 2>err
wait_until "the first rows" grep -q '"test":"tg4"' out
ended_by INT bench
[ "$(tail -n 1 out)" = "]" ] || fail "SIGINT: the list is not closed: $(tail -c 100 out)"

expect_refusal "both -p and -n are 0" -p 0 -n 0
expect_refusal "--n-prompt: expected numbers from 0 .*'x'" -p 512,x
expect_refusal "--n-prompt: a value is missing" -p 512,,8
expect_refusal "--n-gen" -n -3
expect_refusal "--n-depth" -d 99999999999
expect_refusal "--threads: expected numbers from 1" -t 0
expect_refusal "repetitions" -r 0
expect_refusal "--sequences: expected numbers from 1" --sequences 0
expect_refusal "kv-type: expected f32" --kv-type f8
expect_refusal "weights: expected private" --weights nowhere
expect_refusal "KV budget .nonsense." --kv-budget nonsense
expect_refusal "kv.split" --kv-split nonsense
expect_refusal "output" -o yaml
expect_refusal "--step needs -o jsonl" --step
expect_refusal "no file missing.gguf" -m missing.gguf
"$brim" bench >out 2>err
code=$?
expect_code 2 "no model"
printf 'no model' >broken.gguf
"$brim" bench -m broken.gguf >out 2>err
code=$?
expect_code 2 "a model that is not a GGUF file"
"$brim" bench --help >out 2>err || fail "--help fails"
awk 'length($0) > 80 { exit 1 }' out || fail "--help is wider than 80 columns: $(awk 'length($0) > 80' out)"

finish
