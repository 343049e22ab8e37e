// 1,000 requests that are aborted at random moments leave no seat busy, and the memory that it had before.
import {equal, ok} from "node:assert/strict";
import {test} from "node:test";

import {abortAtRandom} from "./aborts.mjs";
import {Server} from "./server.mjs";

test("1,000 requests aborted at random moments", async () => {
  const server = await Server.start(["--seats", "4", "-c", "1024"]);
  const body = {prompt: "Once upon a time", max_tokens: 20, seed: 3, cache_prompt: false};
  const {choices: [{text}]} = await server.completion(body);
  await abortAtRandom(server, 200, {seed: 2});  // every buffer has been used once
  const before = server.residentBytes();
  await abortAtRandom(server, 1000, {seed: 1});
  const grown = server.residentBytes() - before;
  ok(Math.abs(grown) <= 2 ** 20, `resident memory changed by ${grown} bytes`);
  equal((await server.completion(body)).choices[0].text, text);
  await server.stop();
});
