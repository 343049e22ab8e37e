// What the page does without a browser: events, thinking, conversations, errors, and the order of an answer's states.
import {deepEqual, equal, ok, rejects} from "node:assert/strict";
import {test} from "node:test";
import {Controller} from "../../apps/serve/page/src/controller.js";
import * as kept from "../../apps/serve/page/src/conversations.js";
import {bytesText, lastUsage, totalOf} from "../../apps/serve/page/src/quantities.js";
import {samplingOf} from "../../apps/serve/page/src/sampling.js";
import {Server, ServerError} from "../../apps/serve/page/src/server.js";
import {EventParser} from "../../apps/serve/page/src/sse.js";
import {splitThinking} from "../../apps/serve/page/src/thinking.js";

class Storage {
  entries = new Map();
  get length() { return this.entries.size; }
  key(index) { return [...this.entries.keys()][index]; }
  getItem(key) { return this.entries.get(key) ?? null; }
  setItem(key, value) { this.entries.set(key, String(value)); }
  removeItem(key) { this.entries.delete(key); }
}

const chunk = (delta, rest = {}) => `data: ${JSON.stringify({choices: [{index: 0, delta, ...rest}]})}\n\n`;
const json = (value, status = 200) => new Response(JSON.stringify(value), {status});

/** A fetch whose chat answers with these pieces of a stream, each a text, or a function that is awaited. */
function fetchOf(pieces, requests = []) {
  return async (path, options) => {
    requests.push({path, ...options});
    if (path === "/v1/models") return json({data: [{id: "one"}, {id: "two"}]});
    if (path === "/props") return json({total_slots: 1, kv_budget_bytes: 1024, context: 64});
    if (path === "/slots") return json({error: {message: "there is no '/slots' here"}}, 404);
    const stream = new ReadableStream({
      async start(out) {
        options.signal?.addEventListener("abort", () => out.error(new DOMException("aborted", "AbortError")));
        for (const piece of pieces) {
          const text = typeof piece === "function" ? await piece() : piece;
          if (options.signal?.aborted) return;
          out.enqueue(new TextEncoder().encode(text));
        }
        out.close();
      },
    });
    return new Response(stream);
  };
}

test("events come out alike wherever the text is cut", () => {
  const text = ": comment\r\n\r\nevent: error\r\ndata: a\r\ndata:b\r\n\r\ndata: ä:\n\nid: 1\n\ndata\n\n";
  const expected = [{name: "error", data: "a\nb"}, {name: "", data: "ä:"}, {name: "", data: ""}];
  for (let size = 1; size <= text.length; ++size) {
    const parser = new EventParser(), events = [];
    for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)));
    deepEqual(events, expected, `pieces of ${size}`);
  }
});

test("thinking is divided from the answer, also while it grows", () => {
  deepEqual(splitThinking("plain <b>"), {thinking: "", answer: "plain <b>", open: false});
  deepEqual(splitThinking(""), {thinking: "", answer: "", open: false});
  deepEqual(splitThinking("\n<thi"), {thinking: "", answer: "", open: true});
  deepEqual(splitThinking("<think>\nhm"), {thinking: "hm", answer: "", open: true});
  deepEqual(splitThinking("<think>\nhm\n</think>\n\nyes"), {thinking: "hm", answer: "yes", open: false});
  deepEqual(splitThinking("hm\n</think>\nyes"), {thinking: "hm", answer: "yes", open: false});
});

test("settings that are not numbers in their range are not sent", () => {
  deepEqual(samplingOf({temperature: "0.7", top_k: "1.5", top_p: "2", min_p: "", seed: "7", other: "1"}),
    {temperature: 0.7, seed: 7});
  deepEqual(samplingOf({temperature: "0", max_tokens: "0", repeat_penalty: "x"}), {temperature: 0});
});

test("a conversation is kept, found again, and removed alone", () => {
  const storage = new Storage();
  storage.setItem("another", "{}");
  storage.setItem("brim.conversation.damaged", '{"id": "dam');
  storage.setItem("brim.conversation.foreign", '{"id": "foreign", "messages": [{"role": "system", "content": 1}]}');
  const first = kept.asked(kept.newConversation("a", 1), "Hello\nthere", 2);
  const second = kept.asked(kept.newConversation("b", 1), "x".repeat(60), 3);
  for (const one of [first, second]) kept.saveConversation(storage, one);
  deepEqual(kept.loadConversations(storage), [second, first]);
  equal(first.title, "Hello");
  equal(second.title.length, 48);
  kept.removeConversation(storage, "b");
  deepEqual(kept.loadConversations(storage), [first]);
  equal(storage.length, 4);
});

test("a name that was given is not replaced, and an empty one is not taken", () => {
  const named = kept.renamed(kept.newConversation("a", 1), " Mine ");
  equal(kept.asked(named, "Hello", 2).title, "Mine");
  equal(kept.renamed(named, "  ").title, "Mine");
});

test("an edited message has nothing after it, and a new answer begins after the last question", () => {
  let talk = kept.asked(kept.newConversation("a", 1), "one", 1);
  talk = {...talk, messages: [...talk.messages, {role: "assistant", content: "1"}]};
  talk = kept.asked(talk, "two", 2);
  talk = {...talk, messages: [...talk.messages, {role: "assistant", content: "2"}]};
  deepEqual(kept.edited(talk, 2, "three", 3).messages.map(({content}) => content), ["one", "1", "three"]);
  deepEqual(kept.unanswered(talk).messages.map(({content}) => content), ["one", "1", "two"]);
  equal(talk.messages.length, 4);
});

test("a request has the system message first, and neither thinking nor empty answers", () => {
  const talk = {...kept.newConversation("a", 1), system: "Be brief.", settings: {temperature: "0"}, messages: [
    {role: "user", content: "one"}, {role: "assistant", content: "", error: "no"}, {role: "user", content: "two"},
    {role: "assistant", content: "2", reasoning: "hm"}, {role: "user", content: "three"}]};
  deepEqual(kept.requestBody(talk, "one"), {model: "one", messages: [
    {role: "system", content: "Be brief."}, {role: "user", content: "one"}, {role: "user", content: "two"},
    {role: "assistant", content: "2"}, {role: "user", content: "three"}],
  stream: true, stream_options: {include_usage: true}, temperature: 0});
});

test("failures are sentences", async () => {
  const failing = (fetch) => new Server(fetch).get("/props");
  await rejects(failing(async () => { throw new TypeError("fetch failed"); }), /cannot be reached/);
  await rejects(failing(async () => new Response("<html>", {status: 502})), {message: "The server answered with status 502."});
  await rejects(failing(async () => json({error: {message: "no seat"}}, 503)), {message: "No seat.", status: 503});
  const answer = async (pieces) => {
    for await (const piece of new Server(fetchOf(pieces)).answer({}, undefined)) ok(piece);
  };
  await rejects(answer([chunk({content: "a"})]), /before the answer was complete/);
  await rejects(answer([chunk({content: "a"}), 'event: error\ndata: {"error": {"message": "out of memory"}}\n\n']),
    (failure) => failure instanceof ServerError && failure.message === "Out of memory.");
  await answer([chunk({content: "a"}), "data: [DONE]\n\n"]);
});

test("an answer is put together, kept and marked as complete", async () => {
  const storage = new Storage(), session = new Storage(), requests = [];
  const usage = {prompt_tokens: 3, completion_tokens: 2, total_tokens: 5};
  const pieces = [chunk({role: "assistant", content: ""}), chunk({reasoning_content: "hm"}), chunk({content: "a"}),
    chunk({content: "b"}), chunk({}, {finish_reason: "length"}), `data: ${JSON.stringify({choices: [], usage})}\n\n`,
    "data: [DONE]\n\n"];
  const controller = new Controller(new Server(fetchOf(pieces, requests)), storage, session);
  await controller.connect();
  deepEqual(controller.state.models, ["one", "two"]);
  controller.chooseModel("two");
  await controller.send("Hello");
  const [, answer] = controller.conversation.messages;
  deepEqual(answer, {role: "assistant", content: "ab", reasoning: "hm", end: "length", usage});
  equal(JSON.parse(requests.find(({method}) => method === "POST").body).model, "two");
  deepEqual(kept.loadConversations(storage), [controller.conversation]);
  equal(controller.state.answering.size, 0);
  equal(controller.state.seats, null);
  const again = new Controller(new Server(fetchOf([])), storage, session);
  deepEqual(again.conversation, controller.conversation);
  deepEqual(lastUsage(controller.conversation), usage);
});

test("an answer that is stopped keeps what came, and another one can follow", async () => {
  const controller = new Controller(new Server(fetchOf([chunk({content: "a"}), () => new Promise(() => {})])),
    new Storage(), new Storage());
  const sent = controller.send("Hello");
  while (controller.conversation.messages.length < 2) await new Promise((done) => setTimeout(done, 1));
  controller.stop();
  await sent;
  const {content, stopped, error} = controller.conversation.messages[1];
  deepEqual({content, stopped, error}, {content: "a", stopped: true, error: undefined});
  equal(controller.state.answering.size, 0);
});

test("a conversation that is deleted while it is answered does not come back", async () => {
  const storage = new Storage();
  const controller = new Controller(new Server(fetchOf([chunk({content: "a"}), () => new Promise(() => {})])), storage,
    new Storage());
  const sent = controller.send("Hello");
  controller.remove(controller.conversation.id);
  await sent;
  deepEqual(controller.state.conversations, []);
  equal(storage.length, 0);
});

test("a server with keys is asked again with the key, which only the session keeps", async () => {
  const storage = new Storage(), session = new Storage();
  const fetch = async (path, {headers}) => headers.Authorization === "Bearer secret"
    ? fetchOf([])(path, {}) : json({error: {message: "a key is needed"}}, 401);
  const controller = new Controller(new Server(fetch), storage, session);
  await controller.connect();
  equal(controller.state.needsKey, true);
  await controller.useKey(" wrong ");
  equal(controller.state.problem, "The server does not know this key.");
  await controller.useKey("secret");
  equal(controller.state.needsKey, false);
  equal(session.getItem("brim.key"), "secret");
  equal(storage.length, 0);
});

test("quantities are for people", () => {
  equal(bytesText(1023), "1023 bytes");
  equal(bytesText(1536), "1.50 KiB");
  equal(bytesText(64 << 20), "64.0 MiB");
  deepEqual(totalOf([{kv_bytes: 1, kv_budget_bytes: 4}, {kv_bytes: 2, kv_budget_bytes: 4}]), {bytes: 3, budget: 8});
  equal(totalOf([{is_processing: true}]), null);
  equal(totalOf(null), null);
});
