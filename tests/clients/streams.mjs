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

const words = ["the", "dog", "cat", "saw", "a", "red", "house", "and", "ran", "home", "to", "eat"];

/** Three turns of a conversation: each prompt is all that was said before and some words more. Texts and cached tokens. */
async function turnsOf(server, seed) {
  const random = randomNumbers(seed + 1), turns = [];
  let prompt = `Story ${seed}.`;
  for (let turn = 0; turn < 3; ++turn) {
    const count = turn === 0 ? 150 : 20;
    prompt += Array.from({length: count}, () => ` ${words[Math.floor(random() * words.length)]}`).join("");
    const {choices: [{text}], usage} = await server.completion(
      {prompt, max_tokens: 24, seed, temperature: 0.8, ignore_eos: true, cache_prompt: turn > 0});
    turns.push({text, cached: usage.prompt_tokens_details.cached_tokens});
    prompt += text;
  }
  return turns;
}

/** `start` gives a new server with twelve seats: six conversations, one after another, then all at once. */
export async function checkConversations(start) {
  const seeds = [1, 2, 3, 4, 5, 6], alone = [];
  const first = await start();
  for (const seed of seeds) alone.push(await turnsOf(first, seed));
  await first.stop();
  // An answer that is not divided into tokens again as it was generated is not continued where entries were evicted.
  const continued = alone.filter(([, second, third]) => second.cached > 100 && third.cached > second.cached);
  ok(continued.length > seeds.length / 2, JSON.stringify(alone));
  const second = await start();
  deepEqual(await Promise.all(seeds.map((seed) => turnsOf(second, seed))), alone);
  await second.stop();
}
