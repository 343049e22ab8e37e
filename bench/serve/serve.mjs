// ./run bench-serve: what clients of `brim serve` see of its speed. See README.md.
import {once} from "node:events";
import http from "node:http";
import {parseArgs} from "node:util";

import {Server, randomNumbers} from "../../tests/clients/server.mjs";

const help = `./run bench-serve [MODEL.gguf] [options] [-- options of brim serve]
  --only WHAT    pauses or streams (default: both)
  --prompt N     tokens of the prompts that arrive during an answer (default: 4096)
  --tokens N     tokens of an answer (default: 128)
  --streams N    streams together (default: 8)
  --depth N      tokens of each stream's prompt (default: 128)
  --rounds N     how often each kind has its turn (default: 5)
  --json         one line of JSON per row
Rows give the median over rounds, and the smallest and the largest. Without other options, seats have room for all their
tokens (-c, --kv-budget full).`;

function commandLine() {
  const number = (name, value) => ({[name]: {type: "string", default: String(value)}});
  const {values, positionals: [model, ...more]} = parseArgs({allowPositionals: true, options: {
    only: {type: "string"}, json: {type: "boolean"}, help: {type: "boolean", short: "h"}, ...number("prompt", 4096),
    ...number("tokens", 128), ...number("streams", 8), ...number("depth", 128), ...number("rounds", 5)}});
  for (const name of ["prompt", "tokens", "streams", "depth", "rounds"]) {
    if (!/^[1-9]\d*$/.test(values[name])) throw new Error(`--${name}: '${values[name]}' is not a whole number above 0`);
    values[name] = Number(values[name]);
  }
  if (![undefined, "pauses", "streams"].includes(values.only)) throw new Error("--only: one of pauses, streams");
  return {...values, model, more};
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const agent = new http.Agent({keepAlive: true});

/** Ids that no other prompt begins with. */
const random = randomNumbers(1);
const prompt = (count, vocabulary) => Array.from({length: count}, () => 3 + Math.floor(random() * (vocabulary - 3)));

/** An answer as a stream: when its pieces came, in milliseconds, and how many tokens they were. `onPiece` gets their number. */
async function answer(server, ids, tokens, {onPiece, signal} = {}) {
  const body = JSON.stringify({prompt: ids, max_tokens: tokens, temperature: 1, seed: 1, ignore_eos: true,
    cache_prompt: false, stream: true, stream_options: {include_usage: true}});
  const request = http.request(`${server.url}/v1/completions`,
    {agent, method: "POST", signal, headers: {"Content-Length": body.length}});
  request.end(body);
  const [reply] = await once(request, "response");
  if (reply.statusCode !== 200) throw new Error(`the server answered ${reply.statusCode}`);
  const times = [];
  let rest = "", generated = 0;
  for await (const data of reply) {
    const now = performance.now();
    const events = (rest + data).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      if (!event.startsWith("data: {")) {
        if (event.startsWith("event: error")) throw new Error(event);
        continue;
      }
      const {choices: [choice], usage} = JSON.parse(event.slice(6));
      generated = usage?.completion_tokens ?? generated;
      if (!choice?.text) continue;
      times.push(now);
      onPiece?.(times.length);
    }
  }
  if (tokens > 8 && times.length < 8) throw new Error(`${generated} tokens gave only ${times.length} pieces of text`);
  return {times, tokens: generated};
}

const gaps = ({times}) => times.slice(1).map((time, i) => time - times[i]);

/** One answer, alone; then the same one while a prompt is always being processed beside it. */
async function pausesOf(server, {tokens, depth, prompt: size}, vocabulary) {
  const ids = prompt(depth, vocabulary);
  const alone = await answer(server, ids, tokens);
  const controller = new AbortController();
  let prompts = 0, others;
  const arrive = async () => {
    while (!controller.signal.aborted) {
      await answer(server, prompt(size, vocabulary), 1, {signal: controller.signal});
      ++prompts;
    }
  };
  const loaded = await answer(server, ids, tokens, {onPiece: (count) => { if (count === 4) others = arrive(); }});
  controller.abort();
  await others?.catch((failure) => { if (!controller.signal.aborted) throw failure; });
  const kept = gaps(loaded).slice(4);
  return {alone: median(gaps(alone)), longestAlone: Math.max(...gaps(alone)), beside: median(kept), longest: Math.max(...kept),
    prompts};
}

/** Tokens per second of `count` streams while all of them generate. */
async function rateOf(server, count, {tokens, depth}, vocabulary) {
  const answers = await Promise.all(Array.from({length: count}, () => answer(server, prompt(depth, vocabulary), tokens)));
  const from = Math.max(...answers.map(({times}) => times[0])), to = Math.min(...answers.map(({times}) => times.at(-1)));
  if (from >= to) throw new Error("the streams were never all in progress: give more --tokens");
  // A piece may have several tokens, where the text of one alone is not a whole character.
  const inside = answers.map((one) => one.times.filter((time) => time > from && time <= to).length * one.tokens / one.times.length);
  return inside.reduce((sum, value) => sum + value, 0) / (to - from) * 1e3;
}

function row(wish, name, unit, list) {
  const sorted = [...list].sort((a, b) => a - b), [low, high] = [sorted[0], sorted.at(-1)];
  const middle = median(list);
  console.log(wish.json ? JSON.stringify({name, unit, median: middle, low, high, rounds: list.length})
    : `${name.padEnd(60)} ${middle.toFixed(2).padStart(9)} ${unit.padEnd(6)} (${low.toFixed(2)} to ${high.toFixed(2)})`);
}

async function rounds(server, wish) {
  const {data: [{meta}]} = await (await server.get("/v1/models")).json();
  await answer(server, prompt(wish.depth, meta.vocabulary), wish.tokens);  // the first pass pays for what it touches first
  const pauses = [], single = [], together = [];
  for (let round = 0; round < wish.rounds; ++round) {
    if (wish.only !== "streams") pauses.push(await pausesOf(server, wish, meta.vocabulary));
    if (wish.only !== "pauses") {
      single.push(await rateOf(server, 1, wish, meta.vocabulary));
      together.push(await rateOf(server, wish.streams, wish, meta.vocabulary));
    }
  }
  return {pauses, single, together};
}

function print(wish, {pauses, single, together}) {
  if (pauses.length > 0) {
    const of = (name, unit, value) => row(wish, name, unit, pauses.map(value));
    of("between two pieces of an answer, alone", "ms", ({alone}) => alone);
    of("  the longest of an answer", "ms", ({longestAlone}) => longestAlone);
    of(`between two pieces while prompts of ${wish.prompt} tokens arrive`, "ms", ({beside}) => beside);
    of("  the longest of an answer", "ms", ({longest}) => longest);
    of("  prompts that were processed meanwhile", "", ({prompts}) => prompts);
  }
  if (single.length > 0) {
    row(wish, "one stream", "tok/s", single);
    row(wish, `${wish.streams} streams together`, "tok/s", together);
    row(wish, "  over one", "times", together.map((rate, i) => rate / single[i]));
  }
}

async function measure(wish) {
  const context = Math.max(wish.prompt, wish.depth) + wish.tokens + 16;
  const server = await Server.start(["--seats", String(Math.max(wish.streams, 2)), "-c", String(context), "--kv-budget", "full",
    ...wish.more], wish.model);
  try {
    print(wish, await rounds(server, wish));
  } finally {
    await server.stop();
  }
}

try {
  const wish = commandLine();
  if (wish.help || !wish.model) console.log(help);
  else await measure(wish);
} catch (failure) {
  process.stderr.write(`bench-serve: ${failure.message}\n`);
  process.exitCode = 1;
} finally {
  agent.destroy();
}
