// Many requests over one model: each is answered as a session answers it, and failures stay alone.
"use strict";

const test = require("node:test");
const assert = require("node:assert");
const { Model, Scheduler } = require("..");
const { rest } = require("./answers.js");

const MODEL = process.env.BRIM_TEST_MODEL;
const OPTIONS = { kvBudget: "full", temperature: 0, limit: 6, stopIgnoreEos: true };
const load = () => Model.load(MODEL, { threads: 1 });

const said = async (scheduler, request, how) => {
  let text = "", last;
  for await (const event of scheduler.answer(request, how)) {
    text += event.text;
    last = event;
  }
  return { text, last };
};

const idle = async (scheduler) => {
  while (scheduler.stats.busy > 0) await new Promise((resolve) => setImmediate(resolve));
};

const alone = async (model, { text, messages }) => {
  const session = await model.session(OPTIONS);
  if (text !== undefined) await session.append(text);
  else await session.loadMessages(messages);
  return rest(session);
};

test("each request is answered as alone", async () => {
  const model = await load();
  const scheduler = await model.scheduler(OPTIONS, { seats: 2 });
  assert.ok(scheduler instanceof Scheduler);
  const requests = [
    { text: "the cat" },
    { messages: [{ role: "user", content: "the dog" }] },
    { text: "a ".repeat(40) },
    { messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Why?" }] },
  ];
  const answers = await Promise.all(requests.map((request) => said(scheduler, request)));
  for (const [i, request] of requests.entries()) {
    assert.equal(answers[i].text, await alone(model, request));
    assert.equal(answers[i].last.end, "limit");
    assert.equal(answers[i].last.generatedTokens, 6);
  }
  const ids = await said(scheduler, { ids: await model.tokenize("the cat") });
  assert.equal(ids.text, answers[0].text);
  assert.equal(scheduler.stats.finished, 5);
  assert.equal(scheduler.stats.busy, 0);
  const seats = scheduler.seats;
  assert.equal(seats.length, 2);
  for (const seat of seats) {
    assert.equal(seat.busy, false);
    assert.ok(seat.tokens > 0 && seat.kvBytes > 0 && seat.kvBytes <= seat.kvBudgetBytes);
  }
  await scheduler.close();
});

test("options, keys, and what is used again", async () => {
  const scheduler = await (await load()).scheduler(OPTIONS, { seats: 1 });
  const text = "a".repeat(50);
  const cached = async (how) => (await said(scheduler, { text, ...how })).last.cachedTokens;
  assert.equal(await cached({ key: "one" }), 0);
  assert.ok((await cached({ key: "one" })) > 40);
  assert.equal(await cached({ key: "one", reuse: false }), 0);
  assert.equal(await cached({ key: "other" }), 0);
  assert.equal((await said(scheduler, { text, options: { limit: 2 } })).last.generatedTokens, 2);
});

test("leaving the loop, a signal and a full queue end one request alone", async () => {
  const model = await load();
  const scheduler = await model.scheduler({ ...OPTIONS, limit: 40 }, { seats: 2, queue: 0 });
  for await (const event of scheduler.answer({ text: "the dog" })) {
    assert.equal(event.end, null);
    break;
  }
  await idle(scheduler);
  const aborting = new AbortController();
  const events = scheduler.answer({ text: "the dog" }, { signal: aborting.signal });
  const other = said(scheduler, { text: "the cat", options: { limit: 6 } });
  await events.next();
  aborting.abort(new Error("enough"));
  await assert.rejects(async () => {
    for await (const event of events) assert.equal(event.end, null);
  }, { message: "enough" });
  assert.equal((await other).text, await alone(model, { text: "the cat" }));
  const none = new AbortController();
  none.abort();
  await assert.rejects(said(scheduler, { text: "x" }, { signal: none.signal }), { name: "AbortError" });
  await idle(scheduler);
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => said(scheduler, { text: "the dog" })));
  for (const { reason } of outcomes.filter((outcome) => outcome.status === "rejected")) {
    assert.equal(reason.status, 7);
    assert.match(reason.message, /^the queue is full/);
  }
  assert.ok(outcomes.filter((outcome) => outcome.status === "fulfilled").length >= 2);
});

test("wrong requests are refused", async () => {
  const model = await load();
  const scheduler = await model.scheduler(OPTIONS);
  const refused = (request, expected) => assert.rejects(said(scheduler, request), expected);
  await refused({}, { name: "RangeError", message: /exactly one of messages, text and ids, found 0/ });
  await refused({ text: "a", ids: [1] }, { name: "RangeError", message: /found 2/ });
  await refused(5, { name: "TypeError", message: /^request: expected an object/ });
  await refused({ text: 5 }, { name: "TypeError", message: /^text: expected a string/ });
  await refused({ ids: "1" }, { name: "TypeError", message: /^ids: expected / });
  await refused({ messages: "[]" }, { name: "TypeError", message: /^messages: expected an array/ });
  await refused({ text: "a", key: 5 }, { name: "TypeError", message: /^key: expected a string/ });
  await refused({ text: "a", reuse: 1 }, { name: "TypeError", message: /^reuse: expected a boolean/ });
  await refused({ text: "a", timeoutMs: -1 }, { name: "RangeError", message: /^timeoutMs: expected a whole number/ });
  await refused({ text: "a", options: { kvBudget: "full" } }, { status: 1, message: /fixed when a session is created/ });
  await refused({ messages: [{ role: "narrator", content: "Yes" }] }, { status: 1, message: /message 1: expected/ });
  await assert.rejects(model.scheduler(OPTIONS, { seats: 300 }), { status: 1, message: /seats: expected 1 to 256, found 300/ });
  await assert.rejects(model.scheduler(OPTIONS, { seats: "2" }), { name: "TypeError", message: /^seats: expected a number/ });
  assert.equal((await said(scheduler, { text: "the cat" })).text, await alone(model, { text: "the cat" }));
});

test("logprobs and embeddings", async () => {
  const model = await load();
  const scheduler = await model.scheduler(OPTIONS, { seats: 2, refuseWhenFull: true });
  const text = [];
  for await (const event of scheduler.answer({ text: "the cat", logprobs: 3 })) {
    if (event.token < 0) continue;
    assert.equal(event.logprobs.length, 4);
    assert.equal(event.logprobs[0].token, event.token);
    assert.deepEqual(event.logprobs[1].token, event.token); // temperature 0
    assert.ok(event.logprobs[1].logprob >= event.logprobs[2].logprob && event.logprobs[0].logprob <= 0);
    text.push(event.logprobs[0].bytes);
  }
  const whole = (said) => said.replaceAll("\ufffd", "");
  assert.equal(whole(Buffer.concat(text).toString()), whole(await alone(model, { text: "the cat" })));
  for (const embedding of ["last", "mean"]) {
    const { last, text: none } = await said(scheduler, { text: "the cat", embedding });
    assert.equal(none, "");
    assert.ok(last.embedding instanceof Float32Array && last.embedding.length > 1);
    assert.ok(Math.abs(last.embedding.reduce((sum, value) => sum + value * value, 0) - 1) < 1e-4);
  }
  assert.ok(scheduler.stats.keptTokens > 0);
  const tooLong = { text: "the cat", options: { limit: scheduler.stats.keptTokens } };
  await assert.rejects(said(scheduler, tooLong), { status: 1, message: /keeps without evicting/ });
  await assert.rejects(said(scheduler, { text: "a", embedding: "max" }), { name: "RangeError", message: /^embedding: expected/ });
});

test("closing ends requests with an error", async () => {
  const scheduler = await (await load()).scheduler({ ...OPTIONS, limit: 100000 }, { seats: 1 });
  const events = scheduler.answer({ text: "the dog" });
  await events.next();
  const going = assert.rejects(async () => {
    for await (const event of events) assert.equal(event.end, null);
  }, { status: 7, message: "this scheduler is closed" });
  await scheduler.close();
  await going;
  await assert.rejects(said(scheduler, { text: "x" }), { status: 7, message: "this scheduler is closed" });
  await scheduler.close();
});
