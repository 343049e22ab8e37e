// The npm package openai, in the version that BRIM_OPENAI names: openai6 or openai7.
import {deepEqual, equal, ok, rejects} from "node:assert/strict";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, test} from "node:test";

import {client} from "./installed.mjs";
import {Server} from "./server.mjs";

const {default: OpenAI} = client(process.env.BRIM_OPENAI ?? "openai6");
const model = "brim-demo";
const messages = [{role: "system", content: "You are brief."}, {role: "user", content: "My name is Ada. Hello!"}];
const asked = {model, messages, seed: 7, max_completion_tokens: 12};
const endless = {model, messages, seed: 7, ignore_eos: true};
let server, openai;

before(async () => {
  server = await Server.start();
  openai = new OpenAI({baseURL: `${server.url}/v1`, apiKey: "any"});
});
after(() => server?.stop());

/** All that an asynchronous iterator gives. */
async function all(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

test("models", async () => {
  deepEqual((await all(await openai.models.list())).map(({id}) => id), [model]);
  const one = await openai.models.retrieve(model);
  equal(one.object, "model");
  ok(one.created > 0);
  await rejects(openai.models.retrieve("other"), (failure) => failure instanceof OpenAI.NotFoundError);
});

test("a chat, whole and as a stream", async () => {
  const whole = await openai.chat.completions.create(asked);
  equal(whole.object, "chat.completion");
  equal(whole.model, model);
  const {message, finish_reason} = whole.choices[0];
  equal(message.role, "assistant");
  ok(message.content.length > 0 && ["stop", "length"].includes(finish_reason));
  equal(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens);

  const chunks = await all(await openai.chat.completions.create(
    {...asked, stream: true, stream_options: {include_usage: true}}));
  deepEqual(chunks[0].choices[0].delta, {role: "assistant", content: ""});
  const last = chunks.pop();
  deepEqual(last.choices, []);
  equal(last.usage.completion_tokens, whole.usage.completion_tokens);
  ok(last.usage.prompt_tokens_details.cached_tokens > 0);
  ok(chunks.every(({choices, usage}) => choices.length === 1 && usage === null));
  equal(chunks.map(({choices}) => choices[0].delta.content ?? "").join(""), message.content);
  const end = chunks.at(-1).choices[0];
  deepEqual(end.delta, {});
  equal(end.finish_reason, finish_reason);
  equal(new Set(chunks.map(({id}) => id)).size, 1);
});

test("a stream through the client's own helper", async () => {
  const stream = openai.chat.completions.stream(asked);
  let text = "";
  stream.on("content", (delta) => { text += delta; });
  const final = await stream.finalChatCompletion();
  equal(final.choices[0].message.content, text);
  ok(text.length > 0);
});

test("a completion", async () => {
  const whole = await openai.completions.create({model, prompt: "Once upon a time", max_tokens: 8, seed: 7});
  equal(whole.object, "text_completion");
  const chunks = await all(await openai.completions.create(
    {model, prompt: "Once upon a time", max_tokens: 8, seed: 7, stream: true}));
  ok(chunks.every(({choices}) => choices.length === 1));
  equal(chunks.map(({choices}) => choices[0].text).join(""), whole.choices[0].text);
});

test("aborts free their seats", async () => {
  const stream = await openai.chat.completions.create({...endless, stream: true});
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break;  // which aborts it
  }
  const controller = new AbortController();
  const whole = openai.chat.completions.create(endless, {signal: controller.signal});
  const refused = rejects(whole, (failure) => failure instanceof OpenAI.APIUserAbortError);
  controller.abort();
  await refused;
  await server.idle();
});

test("logprobs", async () => {
  const wish = {...asked, temperature: 0, logprobs: true, top_logprobs: 3};
  const {choices: [whole]} = await openai.chat.completions.create(wish);
  ok(whole.logprobs.content.length > 0);
  for (const one of whole.logprobs.content) {
    ok(one.logprob <= 0 && Array.isArray(one.bytes));
    equal(one.top_logprobs.length, 3);
    const values = one.top_logprobs.map(({logprob}) => logprob);
    deepEqual(values, values.toSorted((a, b) => b - a));
    equal(one.top_logprobs[0].logprob, one.logprob, "greedy sampling takes the first one");
    ok(values.reduce((sum, value) => sum + Math.exp(value), 0) <= 1.001);
  }
  const bytes = whole.logprobs.content.flatMap((one) => one.bytes);
  ok(Buffer.from(bytes).toString().startsWith(whole.message.content), "the bytes are not the text");
  const chunks = await all(await openai.chat.completions.create({...wish, stream: true}));
  const streamed = chunks.flatMap(({choices}) => choices[0].logprobs?.content ?? []);
  deepEqual(streamed, whole.logprobs.content);
});

test("logprobs of text that a stop string held back", async () => {
  const whole = await openai.chat.completions.create({...asked, temperature: 0, max_completion_tokens: 8});
  const text = whole.choices[0].message.content;
  const wish = {...asked, temperature: 0, max_completion_tokens: 8, stop: [`${text.slice(-3)}never`], logprobs: true};
  const {choices: [one]} = await openai.chat.completions.create(wish);
  equal(one.message.content, text);
  const streamed = await all(await openai.chat.completions.create({...wish, stream: true}));
  equal(streamed.flatMap(({choices}) => choices[0].logprobs?.content ?? []).length, one.logprobs.content.length);
});

test("errors", async () => {
  const fails = (body, kind, param) => rejects(openai.chat.completions.create(body), (failure) => {
    ok(failure instanceof kind, `${failure}`);
    equal(failure.param, param);
    equal(failure.headers.get("x-should-retry"), "false");
    return true;
  });
  await fails({...asked, temperature: "hot"}, OpenAI.BadRequestError, "temperature");
  await fails({...asked, n: 2}, OpenAI.BadRequestError, "n");
  await fails({...asked, guided_regex: "a+"}, OpenAI.BadRequestError, "guided_regex");
  await fails({...asked, model: "gpt-9"}, OpenAI.NotFoundError, "model");
  await fails({...asked, messages: [{role: "user", content: [{type: "image_url", image_url: {url: "data:"}}]}]},
    OpenAI.BadRequestError, "messages[0].content[0].type");
});

test("a full queue is tried again until it is not", async () => {
  const small = await Server.start(["--seats", "1", "--queue", "0"]);
  const one = new OpenAI({baseURL: `${small.url}/v1`, apiKey: "any", maxRetries: 0});
  const busy = await one.chat.completions.create({...endless, stream: true});
  await rejects(one.chat.completions.create(asked), (failure) =>
    failure instanceof OpenAI.RateLimitError && failure.headers.get("retry-after") === "1");
  let tries = 0;
  const patient = new OpenAI({baseURL: `${small.url}/v1`, apiKey: "any", maxRetries: 5, fetch: (...request) => {
    if (++tries === 2) busy.controller.abort();
    return fetch(...request);
  }});
  ok((await patient.chat.completions.create(asked)).choices.length === 1);
  ok(tries >= 2);
  await small.stop();
});

test("an error in the middle of a stream", async () => {
  const hasty = await Server.start(["--request-timeout", "1"]);
  const one = new OpenAI({baseURL: `${hasty.url}/v1`, apiKey: "any", maxRetries: 0});
  const parts = [];
  await rejects(async () => {
    for await (const chunk of await one.chat.completions.create({...endless, max_tokens: 1e9, stream: true})) parts.push(chunk);
  }, (failure) => failure instanceof OpenAI.APIError && /request-timeout/.test(failure.message));
  ok(parts.length > 1);
  await hasty.stop();
});

test("embeddings: base64 unasked, and float", async () => {
  const input = ["the dog", "the cat"];
  const {data, usage, model: served} = await openai.embeddings.create({model, input});
  equal(served, model);
  deepEqual(data.map(({index}) => index), [0, 1]);
  for (const {embedding} of data) {
    ok(embedding.length > 1);
    ok(Math.abs(Math.hypot(...embedding) - 1) < 1e-4, "not of unit length");
  }
  ok(usage.prompt_tokens > 0 && usage.total_tokens === usage.prompt_tokens);
  const {data: [float]} = await openai.embeddings.create({model, input: input[0], encoding_format: "float"});
  float.embedding.forEach((value, i) => ok(Math.abs(value - data[0].embedding[i]) < 1e-6));
  await rejects(openai.embeddings.create({model, input: []}), (failure) => failure.status === 400);
  await rejects(openai.embeddings.create({model, input: "a", dimensions: 3}), (failure) => failure.status === 400);
});

test("a response, whole and as a stream", async () => {
  const wish = {model, instructions: "You are brief.", input: "My name is Ada. Hello!", temperature: 0, max_output_tokens: 12};
  const whole = await openai.responses.create(wish);
  equal(whole.object, "response");
  ok(whole.output_text.length > 0 && ["completed", "incomplete"].includes(whole.status));
  equal(whole.usage.total_tokens, whole.usage.input_tokens + whole.usage.output_tokens);
  const events = await all(await openai.responses.create({...wish, stream: true}));
  deepEqual(events.map(({sequence_number}) => sequence_number), events.map((_, i) => i));
  const names = events.map(({type}) => type.replace(/^response[.]/, ""));
  deepEqual(names.filter((name, i) => name !== names[i - 1]), ["created", "in_progress", "output_item.added",
    "content_part.added", "output_text.delta", "output_text.done", "content_part.done", "output_item.done", whole.status]);
  equal(events.filter(({type}) => type === "response.output_text.delta").map(({delta}) => delta).join(""), whole.output_text);
  const final = await openai.responses.stream(wish).finalResponse();
  equal(final.output_text, whole.output_text);
  for (const body of [{previous_response_id: "resp_1"}, {conversation: "conv_1"}, {background: true}]) {
    await rejects(openai.responses.create({...wish, ...body}), (failure) =>
      failure instanceof OpenAI.BadRequestError && failure.param === Object.keys(body)[0]);
  }
});

test("keys, and a path that is not there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "brim-keys-"));
  writeFileSync(join(folder, "keys"), "the-key\n");
  const guarded = await Server.start(["--api-key-file", join(folder, "keys")]);
  const list = (apiKey, base = "/v1") => new OpenAI({baseURL: guarded.url + base, apiKey}).models.list();
  equal((await list("the-key")).data.length, 1);
  await rejects(list("another-key"), (failure) => failure instanceof OpenAI.AuthenticationError);
  await rejects(list("the-key", "/nowhere"), (failure) => failure instanceof OpenAI.NotFoundError);
  await guarded.stop();
  rmSync(folder, {recursive: true});
});
