// One side of a comparison: llama.cpp through the npm package node-llama-cpp, doing what `brim bench --step` does.
//   node node_llama.mjs '{"packages": folder with node_modules, "model", "kind": "pp" | "tg" | "start", "tokens",
//                         "depth", "context", "threads", "kv_type"}'
// Each line on standard input requests one repetition and is answered with one JSON line: {"seconds",
// "tokens_per_second", "peak_rss_bytes"}. The first repetition is the warm-up; before it, the cache is filled to its
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
const context = await model.createContext({
  contextSize: wish.context, batchSize: 512, sequences: 1, threads: {ideal: wish.threads, min: wish.threads}, flashAttention: true,
  experimentalKvCacheKeyType: type, experimentalKvCacheValueType: type, failedCreationRemedy: false,
});
const sequence = context.getSequence();

// Ordinary tokens, the same in every run.
const ordinary = [...new Set(model.tokenize("the quick brown fox jumps over a lazy dog while seven wizards mix potions"))];
let state = 20240229;
function ids(count) {
  return Array.from({length: count}, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ordinary[(state >>> 8) % ordinary.length];
  });
}

async function generate(first, count) {
  let left = count;
  for await (const token of sequence.evaluate(first, {temperature: 0, yieldEogToken: true})) {
    if (token === undefined || --left === 0) break;
  }
}

async function rewind() {
  if (sequence.nextTokenIndex > wish.depth) {
    await sequence.eraseContextTokenRanges([{start: wish.depth, end: sequence.nextTokenIndex}]);
  }
  if (sequence.nextTokenIndex !== wish.depth) throw new Error("the cache could not be taken back to its depth");
}

async function repeat(tokens) {
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
    if (!warm && wish.depth > 0) await sequence.evaluateWithoutGeneratingNewTokens(ids(wish.depth));
    await rewind();
    const tokens = warm ? wish.tokens : Math.min(wish.tokens, wish.kind === "pp" ? 512 : 16);
    const seconds = await repeat(tokens);
    answer({seconds, tokens_per_second: tokens / seconds, peak_rss_bytes: peakBytes()});
    warm = true;
  }
}
process.exit(0);
