// Many answers at once are what they are alone, byte for byte.
import {deepEqual, ok} from "node:assert/strict";

import {randomNumbers} from "./server.mjs";

/** Requests with prompts of random ids that fit `context`, each with a seed of its own; nothing is used again. */
function randomRequests(count, {context, vocabulary}, seed) {
  const random = randomNumbers(seed);
  const room = Math.min(context - 40, 600);
  return Array.from({length: count}, (_, i) => ({
    prompt: Array.from({length: 1 + Math.floor(random() * room)}, () => 3 + Math.floor(random() * (vocabulary - 3))),
    max_tokens: 16 + Math.floor(random() * 16), seed: i, temperature: 0.8, ignore_eos: true, cache_prompt: false,
  }));
}

const textOf = async (server, body) => (await server.completion(body)).choices[0].text;

/** Sends `count` requests one after another, then all at once: half of them as streams. */
export async function checkTogether(server, count, seed = 1) {
  const {data: [{meta}]} = await (await server.get("/v1/models")).json();
  const requests = randomRequests(count, meta, seed);
  const alone = [];
  for (const body of requests) alone.push(await textOf(server, body));
  ok(new Set(alone).size > count / 2, "the answers are alike, so equal ones say nothing");
  const together = await Promise.all(
    requests.map((body, i) => i % 2 === 0 ? server.streamedText(body) : textOf(server, body)));
  deepEqual(together, alone);
}
