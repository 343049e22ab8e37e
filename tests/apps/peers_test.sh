#!/bin/bash
# peers_test.sh COMMAND SCRATCH WRITE_TINY_MODEL: what ./run bench-peers computes from two engines' rates, with a
# stand-in for the other engine whose rates are known. Which engine is faster does not matter for a test.
root=$PWD
. "$(dirname "$0")/support.sh"
node=$(command -v node) && [ "$("$node" -p 'process.versions.node.split(".")[0]')" -ge 18 ] || skip "no Node.js"
tiny tiny.gguf
# Rates of 100, 200, 300, … tokens per second; stores the arguments that it was called with.
cat >llama-bench <<'SCRIPT'
#!/bin/bash
echo "$*" >>asked
echo "[{\"avg_ts\": $(($(wc -l <asked) * 100)), \"build_commit\": \"abc123\"}]"
SCRIPT
chmod +x llama-bench
export BRIM_PEERS="{\"root\": \"$scratch\", \"build\": \"$scratch\", \"packages\": \"$scratch/none\", \"brim\": \"$brim\", \"synth\": \"$scratch/none\"}"
# peers ARGUMENTS…
peers() {
  "$node" "$root/bench/peers/peers.mjs" "$@" >out 2>err
  code=$?
}

peers tiny.gguf --no-npm --llama-bench "$scratch/llama-bench" --tests pp16,tg4@d32 --threads 1 --pairs 3 --json --save kept
[ $code = 0 ] || fail "exit code $code: $(cat err)"
[ "$(wc -l <asked)" = 6 ] || fail "the peer was asked $(wc -l <asked) times, expected 6"
grep -q -- "-p 16 -n 0 -t 1 -r 1 -fa 1" asked && grep -q -- "-p 0 -n 4 .* -d 32" asked || fail "the peer was asked: $(cat asked)"
"$node" - <<'NODE' || fail "the rows: $(cat out)"
const {deepStrictEqual: same, ok} = require("node:assert"), {readFileSync} = require("node:fs");
const rows = JSON.parse(readFileSync("out", "utf8")), kept = JSON.parse(readFileSync("bench/baselines/kept.json", "utf8"));
same(kept.rows, rows);
ok(kept.machine.cpu && kept.machine.command.includes("--pairs 3"));
same(rows.map(({shape, type, test, depth, threads, peer}) => [shape, type, test, depth, threads, peer]),
  [["tiny", "f32", "pp16", 0, 1, 200], ["tiny", "f32", "tg4@d32", 32, 1, 500]]);
for (const row of rows) {
  ok(row.brim > 0 && row.peak_pct > 0 && row.peer_name.includes("llama-bench") && row.pairs === 3);
  const ratios = row.brim_samples.map((value, i) => value / row.peer_samples[i]).sort((a, b) => a - b);
  ok(Math.abs(row.ratio / ratios[1] - 1) < 0.01, "the median of the pairs' ratios");
}
NODE
peers tiny.gguf --no-npm --llama-bench "$scratch/llama-bench" --tests tg4 --pairs 1
[ "$(grep -c '^|' out)" = 3 ] || fail "a table of one row: $(cat out)"

# Another build of Brim: here a stand-in that reports the same rates, but takes twice the time where `slow` exists.
cat >other-brim <<SCRIPT
#!/bin/bash
if [ "\$1" = --version ]; then echo "brim 0.0"; exit; fi
"$brim" "\$@" | while IFS= read -r line; do
  if [ -e "$scratch/slow" ]; then sed -E 's/"tokens_per_second": ?[0-9.e+]+/"tokens_per_second": 1e9/' <<<"\$line"; else echo "\$line"; fi
done
SCRIPT
chmod +x other-brim
peers tiny.gguf --against "$scratch/other-brim" --tests tg4 --pairs 3 --json
[ $code = 0 ] || [ $code = 3 ] || fail "--against: exit code $code: $(cat err)"
grep -q '"ratio_low":.*"ratio_high":.*"verdict":' out || fail "--against: the row is $(cat out)"
grep -q '"peer_name":"brim 0.0, ' out || fail "--against does not name the other build: $(cat out)"
touch slow
peers tiny.gguf --against "$scratch/other-brim" --tests tg4
[ $code = 3 ] && grep -q ": loss" out || fail "a build with a thousandth of the rate: exit code $code: $(cat out err)"
"$node" --input-type=module - "$root" <<'NODE' || fail "what counts as a loss"
const {narrow, verdict, medianInterval} = await import(`${process.argv[2]}/bench/peers/no_loss.mjs`);
const {strictEqual: same, ok} = await import("node:assert");
const around = (middle, spread, count) => Array.from({length: count}, (_, i) => middle + spread * ((i * 7 % 11) / 5 - 1));
same(verdict(around(1, 0.005, 9)), "no loss");
same(verdict(around(0.985, 0.005, 9)), "no loss");
same(verdict(around(0.95, 0.01, 9)), "loss");
same(verdict(around(0.8, 0.1, 40)), "loss");
same(verdict(around(1, 0.4, 40)), "undecided");
ok(!narrow(around(1, 0, 4)) && narrow(around(1, 0, 5)));
const [low, high] = medianInterval(around(1, 0.1, 11));
ok(low < 1 && 1 < high);
NODE

# Several sequences together: beside another build of Brim, and beside a stand-in for the npm package that makes passes
# of what it is asked for. $LATE: its first sequence misses the others' pass; $SHORT: it ends after one token.
rm slow
peers tiny.gguf --against "$scratch/other-brim" --tests tg4x3@d8 --pairs 1 --json
grep -q '"test":"tg4x3@d8","depth":8,"sequences":3' out || fail "--against with sequences: $(cat out err)"
mkdir -p packages/node_modules/node-llama-cpp
echo '{"version": "0.0.1", "type": "module", "exports": "./index.js"}' >packages/node_modules/node-llama-cpp/package.json
cat >packages/node_modules/node-llama-cpp/index.js <<'SCRIPT'
class Context {
  constructor({batching, sequences}) { this.choose = batching?.itemPrioritizationStrategy; this.count = sequences; this.asked = []; this.made = 0; }
  getSequence() { return new Sequence(this, this.made++); }
  decode(tokens) {
    return new Promise((done) => {
      if (this.asked.push({tokens, done}) === 1) setImmediate(() => {
        const asked = this.asked;
        this.asked = [];
        this.choose?.({items: asked, size: 512});
        for (const one of asked) one.done();
      });
    });
  }
}
class Sequence {
  constructor(context, number) { this.context = context; this.number = number; this.nextTokenIndex = 0; }
  async evaluateWithoutGeneratingNewTokens(ids) { await this.context.decode(ids); this.nextTokenIndex += ids.length; }
  async eraseContextTokenRanges([{start}]) { this.nextTokenIndex = start; }
  async *evaluate(ids) {
    for (let made = 0; !(process.env.SHORT && made > 1); ++made) {
      if (process.env.LATE && this.number === 0 && made > 0) await new Promise((done) => setTimeout(done, 20));
      await this.context.decode(made === 0 ? ids : [7]);
      this.nextTokenIndex += made === 0 ? ids.length : 1;
      yield 7;
    }
  }
}
const model = {tokenize: () => [3, 4, 5, 6], createContext: async (wish) => new Context(wish)};
export const getLlama = async () => ({loadModel: async () => model});
SCRIPT
BRIM_PEERS=${BRIM_PEERS/"$scratch/none"/"$scratch/packages"}
peers tiny.gguf --tests tg4x3,tg4x3@d0,tg4@d8 --pairs 2 --json
[ $code = 0 ] || fail "sequences beside the npm package: exit code $code: $(cat err)"
"$node" - <<'NODE' || fail "sequences beside the npm package: $(cat out)"
const {deepStrictEqual: same, ok} = require("node:assert");
const rows = JSON.parse(require("node:fs").readFileSync("out", "utf8"));
same(rows.map(({test, depth, sequences, pairs}) => [test, depth, sequences, pairs]), [["tg4x3", 512, 3, 2], ["tg4x3@d0", 0, 3, 2], ["tg4@d8", 8, 1, 2]]);
for (const row of rows) ok(row.brim > 0 && row.peer > 0 && row.peak_pct > 0 && row.peer_name.startsWith("node-llama-cpp 0.0.1"));
NODE
LATE=1 peers tiny.gguf --tests tg4x3@d8 --pairs 1
[ $code = 1 ] && grep -q "tokens were processed in .* passes instead of 4 full ones" err || fail "a sequence that misses passes: exit code $code: $(cat out err)"
SHORT=1 peers tiny.gguf --tests tg4x3@d8 --pairs 1
[ $code = 1 ] && grep -q "generated 3 tokens instead of 12" err || fail "sequences that end early: exit code $code: $(cat out err)"
# A llama-bench has no such test.
peers tiny.gguf --no-npm --llama-bench "$scratch/llama-bench" --tests tg4x2 --pairs 1 --json
[ $code = 0 ] && [ "$(tr -d '[:space:]' <out)" = "[]" ] || fail "sequences beside llama-bench: exit code $code: $(cat out err)"

# expect_refusal PATTERN ARGUMENTS…: exit code 2 and one sentence, nothing on standard output.
expect_refusal() {
  local pattern=$1
  shift
  peers "$@"
  [ $code = 2 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && grep -q -- "$pattern" err || fail "$*: exit code $code: $(cat out err)"
}
expect_refusal "'xx' is none of" tiny.gguf --tests xx
expect_refusal "'tg4x0' is none of" tiny.gguf --tests tg4x0
expect_refusal "'pp4x2' is none of" tiny.gguf --tests pp4x2
expect_refusal "not a whole number above 0" tiny.gguf --pairs 0
expect_refusal "no model file 'missing.gguf'" missing.gguf --no-npm --llama-bench "$scratch/llama-bench"
expect_refusal "no peer" tiny.gguf --no-npm
expect_refusal "no file 'nowhere'" tiny.gguf --against nowhere
expect_refusal "leave --llama-bench out" tiny.gguf --against "$brim" --llama-bench "$scratch/llama-bench"
expect_refusal "--isa: one of" tiny.gguf --isa fast
expect_refusal "Unknown option" --odd
printf '#!/bin/bash\necho broken >&2\nexit 3\n' >llama-bench
peers tiny.gguf --no-npm --llama-bench "$scratch/llama-bench" --tests tg4 --pairs 1
[ $code = 1 ] && grep -q "ended with 3: broken" err || fail "a peer that fails: exit code $code: $(cat err)"

finish
