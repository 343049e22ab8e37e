// The long runs, which are not tests: node tests/clients/load.mjs WHAT [options], with BRIM=build/release/apps/brim. Each
// prints what it found, and ends with 1 where something is not as it should be.
import {equal, ok} from "node:assert/strict";
import {parseArgs} from "node:util";

import {abortAtRandom} from "./aborts.mjs";
import {besides, flood} from "./hostile.mjs";
import {Server, demoModel, randomNumbers} from "./server.mjs";
import {checkTogether} from "./streams.mjs";

const help = `node tests/clients/load.mjs WHAT [options] -- [options of brim serve]
  streams        rounds of --count answers at once that must be what they are alone (--rounds)
  aborts         --count requests aborted at random moments; resident memory by the thousand
  connections    --count connections that send nothing whole, while another client is served
  conversations  --count conversations of --tokens tokens in all, whose turns come in a random order
Options: --model FILE (the demo model)  --count N  --rounds N (10)  --tokens N (100000)  --seed N (1)`;
const {values, positionals: [what, ...serveOptions]} = parseArgs({allowPositionals: true, options: {
  model: {type: "string", default: demoModel}, count: {type: "string"}, rounds: {type: "string", default: "10"},
  tokens: {type: "string", default: "100000"}, seed: {type: "string", default: "1"}, help: {type: "boolean"},
}});
const count = (otherwise) => Number(values.count ?? otherwise), seed = Number(values.seed);
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(2);

async function streams(server) {
  for (let round = 0; round < Number(values.rounds); ++round) await checkTogether(server, count(16), seed + round);
  console.log(`${values.rounds} rounds of ${count(16)} answers at once: each is what it is alone`);
}

async function aborts(server) {
  await abortAtRandom(server, 500, {seed: seed + 1});
  const first = server.residentBytes();
  for (let left = count(10000), round = 0; left > 0; left -= 1000, ++round) {
    await abortAtRandom(server, Math.min(left, 1000), {seed: seed + 2 + round});
    console.log(`resident ${mebibytes(server.residentBytes())} MiB, ${mebibytes(server.residentBytes() - first)} more than at first`);
  }
  ok(Math.abs(server.residentBytes() - first) <= 2 ** 20, "resident memory changed by more than 1 MiB");
}

async function connections(server) {
  const memory = server.residentBytes();
  await besides(server, async (answers) => {
    const many = await flood(server, count(10000));
    await answers(20);
    console.log(`${count(10000)} connections: ${many.closed()} were closed, and the other client had its answers`);
    await many.end();
  });
  console.log(`resident ${mebibytes(server.residentBytes() - memory)} MiB more`);
}

/** Each turn sends the whole conversation so far and a few random words, as clients do. */
async function conversations(server) {
  const random = randomNumbers(seed), words = ["the", "dog", "cat", "saw", "a", "red", "house", "and", "ran", "home"];
  const all = Array.from({length: count(64)}, () => []);
  const first = server.residentBytes();
  let tokens = 0, cached = 0, turns = 0, highest = first;
  async function turn(conversation) {
    const content = Array.from({length: 8 + Math.floor(random() * 24)}, () => words[Math.floor(random() * words.length)]).join(" ");
    conversation.push({role: "user", content});
    const reply = await server.post("/v1/chat/completions", {messages: conversation, max_tokens: 32, seed: 1});
    const answer = await reply.json();
    equal(reply.status, 200, JSON.stringify(answer));
    conversation.push({role: "assistant", content: answer.choices[0].message.content});
    tokens += answer.usage.total_tokens;
    cached += answer.usage.prompt_tokens_details.cached_tokens;
    highest = Math.max(highest, server.residentBytes());
    if (++turns % 200 === 0) console.log(`${turns} turns, ${tokens} tokens, ${cached} of them cached, resident ${mebibytes(highest)} MiB at most`);
    if (answer.usage.total_tokens > 2000) conversation.length = 0;
  }
  while (tokens < Number(values.tokens)) {
    const some = all.filter(() => random() < 0.2);
    await Promise.all(some.map(turn));
  }
  console.log(`${turns} turns of ${all.length} conversations, ${tokens} tokens, ${cached} cached; resident memory grew by ` +
    `${mebibytes(highest - first)} MiB at most; the server's own counters: ${await server.metric("brim_requests_failed_total")} failed`);
}

const runs = {streams, aborts, connections, conversations};
if (values.help || !(what in runs)) {
  console.log(help);
  process.exitCode = values.help ? 0 : 2;
} else {
  const server = await Server.start(serveOptions, values.model);
  await runs[what](server);
  await server.stop();
}
