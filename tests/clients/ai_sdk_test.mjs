// The npm package @ai-sdk/openai-compatible: the model's own interface, which the functions of package ai are built on.
import {deepEqual, equal, ok, rejects} from "node:assert/strict";
import {after, before, test} from "node:test";

import {client} from "./installed.mjs";
import {Server} from "./server.mjs";

const {createOpenAICompatible} = client("@ai-sdk/openai-compatible");
const prompt = [{role: "system", content: "You are brief."},
  {role: "user", content: [{type: "text", text: "My name is Ada. Hello!"}]}];
const asked = {prompt, temperature: 0, maxOutputTokens: 12};
let server, provider;

before(async () => {
  server = await Server.start();
  provider = createOpenAICompatible({name: "brim", baseURL: `${server.url}/v1`, includeUsage: true});
});
after(() => server?.stop());

async function all(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}
const kind = (reason) => reason.unified ?? reason;
const total = (count) => count.total ?? count;

test("a chat, whole and as a stream", async () => {
  const whole = await provider.chatModel("brim-demo").doGenerate(asked);
  const [{type, text}] = whole.content;
  equal(type, "text");
  ok(text.length > 0 && total(whole.usage.outputTokens) > 0);
  const parts = await all((await provider.chatModel("brim-demo").doStream(asked)).stream);
  ok(!parts.some((part) => part.type === "error"), JSON.stringify(parts.find((part) => part.type === "error")));
  equal(parts.filter((part) => part.type === "text-delta").map(({delta}) => delta).join(""), text);
  const end = parts.at(-1);
  equal(end.type, "finish");
  equal(kind(end.finishReason), kind(whole.finishReason));
  equal(total(end.usage.outputTokens), total(whole.usage.outputTokens));
});

test("a completion", async () => {
  const {content: [{text}]} = await provider.completionModel("brim-demo").doGenerate(asked);
  ok(text.length > 0);
});

test("an abort frees its seat", async () => {
  const controller = new AbortController();
  const {stream} = await provider.chatModel("brim-demo").doStream(
    {prompt, maxOutputTokens: 1_000_000, abortSignal: controller.signal, providerOptions: {brim: {ignore_eos: true}}});
  await rejects(async () => {
    for await (const part of stream) {
      if (part.type === "text-delta") controller.abort();
    }
  });
  await server.idle();
});

test("embeddings", async () => {
  const {embeddings, usage} = await provider.embeddingModel("brim-demo").doEmbed({values: ["the dog", "the cat"]});
  deepEqual(embeddings.map((vector) => Math.abs(Math.hypot(...vector) - 1) < 1e-4), [true, true]);
  ok(usage.tokens > 0);
});

test("errors", async () => {
  await rejects(provider.chatModel("other").doGenerate(asked), (failure) =>
    failure.statusCode === 404 && failure.isRetryable === false && /other/.test(failure.message));
  const json = {...asked, responseFormat: {type: "json", schema: {type: "object"}}};
  await rejects(provider.chatModel("brim-demo").doGenerate(json), (failure) =>
    failure.statusCode === 400 && /response_format/.test(failure.message));
  const hasty = await Server.start(["--request-timeout", "1"]);
  const late = createOpenAICompatible({name: "brim", baseURL: `${hasty.url}/v1`});
  const {stream} = await late.chatModel("brim-demo").doStream(
    {prompt, maxOutputTokens: 1_000_000, providerOptions: {brim: {ignore_eos: true}}});
  const parts = await all(stream);
  ok(parts.some((part) => part.type === "error"), "an answer that was cut looks like a whole one");
  await hasty.stop();
});
