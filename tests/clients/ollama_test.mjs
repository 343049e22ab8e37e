// The npm package ollama: /api.
import {deepEqual, equal, ok, rejects} from "node:assert/strict";
import {after, before, test} from "node:test";

import {client} from "./installed.mjs";
import {Server} from "./server.mjs";

const {Ollama} = client("ollama");
const model = "brim-demo";
const messages = [{role: "user", content: "My name is Ada. Hello!"}];
const asked = {model, options: {temperature: 0, num_predict: 12}};
let server, ollama;

before(async () => {
  server = await Server.start();
  ollama = new Ollama({host: server.url});
});
after(() => server?.stop());

/** All objects of a stream, and the text that they make up. */
async function all(stream, textOf) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return [parts, parts.map(textOf).join("")];
}

function checkEnd(last) {
  equal(last.done, true);
  ok(["stop", "length"].includes(last.done_reason));
  for (const count of ["prompt_eval_count", "eval_count", "total_duration", "prompt_eval_duration", "eval_duration"]) {
    ok(Number.isInteger(last[count]) && last[count] > 0, `${count}: ${last[count]}`);
  }
  ok(last.load_duration >= 0 && last.total_duration >= last.eval_duration);
}

test("list, show, ps and version", async () => {
  const {models} = await ollama.list();
  deepEqual(models.map(({name}) => name), [`${model}:latest`]);
  const shown = await ollama.show({model});
  equal(shown.details.format, "gguf");
  ok(shown.capabilities.includes("completion"));
  deepEqual((await ollama.ps()).models.map(({name}) => name), [`${model}:latest`]);
  ok((await ollama.version()).version.length > 0);
  await rejects(ollama.show({model: "other"}), (failure) => failure.status_code === 404 && /other/.test(failure.error));
});

test("a chat, whole and as a stream", async () => {
  const whole = await ollama.chat({...asked, messages});
  equal(whole.message.role, "assistant");
  ok(whole.message.content.length > 0);
  checkEnd(whole);
  const [parts, text] = await all(await ollama.chat({...asked, model: `${model}:latest`, messages, stream: true}),
    ({message}) => message.content);
  equal(text, whole.message.content);
  checkEnd(parts.pop());
  ok(parts.every(({done}) => done === false));
});

test("generate, whole and as a stream", async () => {
  const whole = await ollama.generate({...asked, prompt: "My name is Ada. Hello!"});
  checkEnd(whole);
  equal(whole.response, (await ollama.chat({...asked, messages})).message.content, "generate renders the template too");
  const [parts, text] = await all(await ollama.generate({...asked, prompt: "My name is Ada. Hello!", stream: true}),
    ({response}) => response);
  equal(text, whole.response);
  checkEnd(parts.pop());
  const raw = await ollama.generate({...asked, prompt: "Once upon a time", raw: true});
  const {choices} = await server.completion({prompt: "Once upon a time", temperature: 0, max_tokens: 12});
  equal(raw.response, choices[0].text);
});

test("a stream is the default of the interface, as lines of JSON", async () => {
  const reply = await server.post("/api/chat", {...asked, messages});
  equal(reply.headers.get("content-type"), "application/x-ndjson");
  const lines = (await reply.text()).trimEnd().split("\n").map((line) => JSON.parse(line));
  ok(lines.length > 1);
  checkEnd(lines.at(-1));
});

test("embed", async () => {
  const {embeddings, prompt_eval_count} = await ollama.embed({model, input: ["the dog", "the cat"]});
  equal(embeddings.length, 2);
  for (const vector of embeddings) ok(Math.abs(Math.hypot(...vector) - 1) < 1e-4, "not of unit length");
  ok(prompt_eval_count > 0);
  const {embeddings: [alone]} = await ollama.embed({model, input: "the dog"});
  deepEqual(alone, embeddings[0]);
});

test("an abort frees its seat", async () => {
  const stream = await ollama.chat({model, messages, stream: true, options: {num_predict: -1, ignore_eos: true}});
  await rejects(async () => {
    for await (const part of stream) {
      if (part.message.content) stream.abort();
    }
  });
  await server.idle();
});

test("errors", async () => {
  const fails = (body, status, names) => rejects(ollama.chat({...asked, messages, ...body}), (failure) => {
    equal(failure.status_code, status);
    ok(names.test(failure.error), failure.error);
    return true;
  });
  await fails({format: "json"}, 400, /format/);
  await fails({options: {temperature: "hot"}}, 400, /temperature/);
  await fails({model: "other"}, 404, /other/);
  const hasty = await Server.start(["--request-timeout", "1"]);
  const stream = await new Ollama({host: hasty.url}).chat(
    {model, messages, stream: true, options: {num_predict: 1_000_000, ignore_eos: true}});
  await rejects(all(stream, () => ""), /request-timeout/);
  await hasty.stop();
});
