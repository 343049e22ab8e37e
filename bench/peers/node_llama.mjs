// One side of a comparison: llama.cpp through the npm package node-llama-cpp, doing what `brim bench --step` does.
//   node node_llama.mjs '{"packages": folder with node_modules, "model", "kind": "pp" | "tg" | "start", "tokens",
//                         "depth", "sequences", "context", "threads", "kv_type"}'
// Each line on standard input requests one repetition and is answered with one JSON line: {"seconds",
// "tokens_per_second" of all sequences, "peak_rss_bytes"}. The first repetition is the warm-up; before it, the cache is filled to its
// depth once. `start` takes no requests: it answers once, with the seconds from before the library loads the model to
// the first token.
import {readFileSync} from "node:fs";
import {createInterface} from "node:readline";
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const wish = JSON.parse(process.argv[2]);
const found = createRequire(wish.packages + "/").resolve("node-llama-cpp");
const {getLlama} = await import(pathToFileURL(found).href);

function answer(value) { process.stdout.write(JSON.stringify(value) + "\n"); }

function peakBytes() {
  const line = readFileSync("/proc/self/status", "utf8").split("\n").find((text) => text.startsWith("VmHWM:"));
  return Number.parseInt(line.slice(6), 10) * 1024;
}

/** The build of ggml's CPU code that was picked for this machine: "zen4" of libggml-cpu-zen4.so. */
function variant() {
  const match = /libggml-cpu-?([\w.]*?)\.so/.exec(readFileSync("/proc/self/maps", "utf8"));
  return match === null ? "unknown" : match[1] || "one build";
}

const started = process.hrtime.bigint();
const since = (moment) => Number(process.hrtime.bigint() - moment) / 1e9;

const llama = await getLlama({gpu: false, build: "never", maxThreads: wish.threads, logLevel: "error"});
const model = await llama.loadModel({modelPath: wish.model});
const type = wish.kv_type.toUpperCase();

// How many passes there were and how many tokens they had in all: the strategy is asked once for each pass.
let passes = 0, rows = 0;
function everythingInOrder({items, size}) {
  const chosen = [];
  let taken = 0;
  for (const item of items) {
    const processAmount = Math.min(item.tokens.length, size - taken);
    if (processAmount > 0) chosen.push({item, processAmount});
    taken += processAmount;
  }
  ++passes;
  rows += taken;
  return chosen;
}
const together = wish.sequences > 1;
const context = await model.createContext({
  contextSize: wish.context, batchSize: 512, sequences: wish.sequences, threads: {ideal: wish.threads, min: wish.threads}, flashAttention: true,
  experimentalKvCacheKeyType: type, experimentalKvCacheValueType: type, failedCreationRemedy: false,
  ...(together ? {batching: {itemPrioritizationStrategy: everythingInOrder}} : {}),
});
const sequences = Array.from({length: wish.sequences}, () => context.getSequence());
const [sequence] = sequences;

// Ordinary tokens, the same in every run; each sequence gets others, because they are taken one after the other.
const ordinary = [...new Set(model.tokenize("the quick brown fox jumps over a lazy dog while seven wizards mix potions"))];
let state = 20240229;
function ids(count) {
  return Array.from({length: count}, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ordinary[(state >>> 8) % ordinary.length];
  });
}

const kGreedy = {temperature: 0, yieldEogToken: true};

async function generate(first, count) {
  let left = count;
  for await (const token of sequence.evaluate(first, kGreedy)) {
    if (token === undefined || --left === 0) break;
  }
  if (left > 0) throw new Error(`the sequence ended ${left} tokens before the test did`);
}

/**
 * All sequences generate `count` tokens each, in step: left to themselves, a sequence that is asked a moment later than
 * the others misses their pass. The token that each begins with is not on the clock. Returns seconds.
 */
async function generateTogether(count) {
  const all = sequences.map((one) => one.evaluate(ids(1), kGreedy));
  const step = () => Promise.all(all.map((one) => one.next()));
  const made = (found) => found.filter(({value, done}) => !done && value !== undefined).length;
  let generated = 0;
  await step();
  passes = rows = 0;
  const start = process.hrtime.bigint();
  for (let i = 0; i < count; ++i) generated += made(await step());
  const seconds = since(start);
  if (generated !== count * all.length) throw new Error(`the sequences generated ${generated} tokens instead of ${count * all.length}`);
  if (passes !== count || rows !== generated) throw new Error(`${rows} tokens were processed in ${passes} passes instead of ${count} full ones`);
  await Promise.all(all.map((one) => one.return()));
  return seconds;
}

async function rewind() {
  for (const one of sequences) {
    if (one.nextTokenIndex > wish.depth) {
      await one.eraseContextTokenRanges([{start: wish.depth, end: one.nextTokenIndex}]);
    }
    if (one.nextTokenIndex !== wish.depth) throw new Error("the cache could not be taken back to its depth");
  }
}

async function repeat(tokens) {
  if (together) return generateTogether(tokens);
  const input = ids(wish.kind === "pp" ? tokens : 1);
  const start = process.hrtime.bigint();
  if (wish.kind === "pp") await sequence.evaluateWithoutGeneratingNewTokens(input);
  else await generate(input, tokens);
  return since(start);
}

if (wish.kind === "start") {
  await generate(ids(wish.tokens), 1);
  answer({seconds: since(started), peak_rss_bytes: peakBytes(), variant: variant()});
} else {
  answer({variant: variant()});
  let warm = false;
  for await (const _ of createInterface({input: process.stdin})) {
    if (!warm && wish.depth > 0) {
      for (const one of sequences) await one.evaluateWithoutGeneratingNewTokens(ids(wish.depth));
    }
    await rewind();
    const tokens = warm ? wish.tokens : Math.min(wish.tokens, wish.kind === "pp" ? 512 : 16);
    const seconds = await repeat(tokens);
    answer({seconds, tokens_per_second: tokens * wish.sequences / seconds, peak_rss_bytes: peakBytes()});
    warm = true;
  }
}
process.exit(0);
