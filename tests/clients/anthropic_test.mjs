// The npm package @anthropic-ai/sdk: /v1/messages.
import {deepEqual, equal, ok, rejects} from "node:assert/strict";
import {after, before, test} from "node:test";

import {client} from "./installed.mjs";
import {Server} from "./server.mjs";

const {default: Anthropic} = client("@anthropic-ai/sdk");
const asked = {model: "brim-demo", system: "You are brief.", max_tokens: 12, temperature: 0,
  messages: [{role: "user", content: [{type: "text", text: "My name is Ada. Hello!"}]}]};
let server, anthropic;

before(async () => {
  server = await Server.start();
  anthropic = new Anthropic({baseURL: server.url, apiKey: "any"});
});
after(() => server?.stop());

test("a message, whole and as a stream", async () => {
  const whole = await anthropic.messages.create(asked);
  equal(whole.type, "message");
  equal(whole.role, "assistant");
  ok(["end_turn", "max_tokens"].includes(whole.stop_reason));
  const [{type, text}] = whole.content;
  equal(type, "text");
  ok(text.length > 0 && whole.usage.output_tokens > 0);

  const events = [];
  for await (const event of await anthropic.messages.create({...asked, stream: true})) events.push(event);
  const names = events.map(({type}) => type);
  deepEqual(names.filter((name, i) => name !== names[i - 1]), ["message_start", "content_block_start",
    "content_block_delta", "content_block_stop", "message_delta", "message_stop"]);
  const {usage} = events[0].message;
  const prompt = whole.usage.input_tokens + whole.usage.cache_read_input_tokens;
  equal(usage.input_tokens + usage.cache_read_input_tokens, prompt);
  ok(usage.cache_read_input_tokens > 0, "what was cached is not counted as such");
  const end = events.find(({type}) => type === "message_delta");
  equal(end.delta.stop_reason, whole.stop_reason);
  equal(end.usage.output_tokens, whole.usage.output_tokens);

  const stream = anthropic.messages.stream(asked);
  equal(await stream.finalText(), text);
});

test("a stop sequence", async () => {
  const {content: [{text}]} = await anthropic.messages.create(asked);
  const stop = text.slice(2, 5);
  const stopped = await anthropic.messages.create({...asked, stop_sequences: [stop]});
  equal(stopped.stop_reason, "stop_sequence");
  equal(stopped.stop_sequence, stop);
  equal(stopped.content[0]?.text ?? "", text.slice(0, text.indexOf(stop)));
});

test("tokens are counted as they are used", async () => {
  const {max_tokens, temperature, ...prompt} = asked;
  const {input_tokens} = await anthropic.messages.countTokens(prompt);
  const {usage} = await anthropic.messages.create({...asked, max_tokens: 1});
  equal(input_tokens, usage.input_tokens + usage.cache_read_input_tokens);
});

test("an abort frees its seat", async () => {
  const stream = anthropic.messages.stream({...asked, max_tokens: 1_000_000, ignore_eos: true});
  for await (const event of stream) {
    if (event.type === "content_block_delta") break;
  }
  await server.idle();
});

test("errors", async () => {
  const fails = (body, kind, word) => rejects(anthropic.messages.create(body), (failure) => {
    ok(failure instanceof kind, `${failure}`);
    equal(failure.error.type, "error");
    equal(failure.error.error.type, word);
    return true;
  });
  await fails({...asked, temperature: "hot"}, Anthropic.BadRequestError, "invalid_request_error");
  await fails({...asked, model: "claude"}, Anthropic.NotFoundError, "not_found_error");
  await fails({...asked, tools: [{name: "a", input_schema: {type: "object"}}]}, Anthropic.BadRequestError, "invalid_request_error");
  const hasty = await Server.start(["--request-timeout", "1"]);
  const one = new Anthropic({baseURL: hasty.url, apiKey: "any", maxRetries: 0});
  await rejects(one.messages.stream({...asked, max_tokens: 1_000_000, ignore_eos: true}).finalMessage(), (failure) =>
    failure instanceof Anthropic.APIError && /request-timeout/.test(failure.message));
  await hasty.stop();
});
