// Several sessions in one call: each gets what it would get alone, and an error of one session affects only that
// session.
"use strict";

const test = require("node:test");
const assert = require("node:assert");
const { Model, Session, nextPieces } = require("..");

const MODEL = process.env.BRIM_TEST_MODEL;
const ROUNDS = 20;
const TALKERS = [
  ["Hello", { temperature: 0 }],
  ["Once upon a time there was a cat.", { temperature: 0.9, seed: 7 }],
  ["Why is the sky blue?", { temperature: 1.2, seed: 8, topK: 20, stopIgnoreEos: true }],
  ["Count.", { temperature: 0, limit: 3, stopIgnoreEos: true }],
  ["Again and again and again and again", { temperature: 0, kvBudget: "60%", specType: "none" }],
];

async function talker(model, content, options) {
  const session = await model.session({ kvBudget: "full", temperature: 0, stopIgnoreEos: true, ...options });
  if (content !== "") await session.message("user", content);
  return session;
}

async function talkers(model) {
  const sessions = [];
  for (const [content, options] of TALKERS) {
    sessions.push(await talker(model, content, { limit: 12, stopIgnoreEos: false, ...options }));
  }
  return sessions;
}

const load = () => Model.load(MODEL, { threads: 1 });

test("each session says what it says alone", async () => {
  const model = await load();
  const alone = [];
  for (const session of await talkers(model)) {
    const pieces = [];
    for (let round = 0; round < ROUNDS; ++round) pieces.push(await session.next());
    alone.push(pieces);
  }
  assert.ok(alone.flat().some((piece) => piece.end === "limit"));
  for (const order of [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1]]) {
    const all = await talkers(model);
    const sessions = order.map((at) => all[at]);
    const together = order.map(() => []);
    for (let round = 0; round < ROUNDS; ++round) {
      for (const [i, piece] of (await nextPieces(sessions)).entries()) together[i].push(piece);
    }
    assert.deepEqual(together, order.map((at) => alone[at]));
  }
  assert.deepEqual(await nextPieces([]), []);
});

test("what fails for one fails for it alone", async () => {
  const model = await load();
  const [first, silent, last] = [await talker(model, "Hello"), await talker(model, ""), await talker(model, "Why?")];
  const expected = [await (await talker(model, "Hello")).next(), await (await talker(model, "Why?")).next()];
  const found = await nextPieces([first, silent, last]);
  assert.deepEqual([found[0], found[2]], expected);
  assert.ok(found[1] instanceof Error);
  assert.equal(found[1].status, 7);
  await assert.rejects(silent.next(), { status: 7, message: found[1].message });
});

test("a cancelled session fails alone and goes on", async () => {
  const model = await load();
  const [first, second] = [await talker(model, "Hello"), await talker(model, "Why?")];
  const [twin, other] = [await talker(model, "Hello"), await talker(model, "Why?")];
  for (let round = 0; round < 6; ++round) {
    if (round === 3) first.cancel();
    const found = await nextPieces([first, second]);
    assert.deepEqual(found[1], await other.next());
    if (round === 3) {
      assert.ok(found[0] instanceof Error);
      assert.equal(found[0].status, 6);
      assert.match(found[0].message, /cancel/);
    } else {
      assert.deepEqual(found[0], await twin.next());
    }
  }
});

test("a signal that ends a reply leaves no cancel behind", async () => {
  const model = await load();
  const other = await talker(model, "Why?");
  for (let round = 0; round < 20; ++round) {
    const session = await talker(model, "");
    const aborting = new AbortController();
    const pieces = session.reply("Hello", { signal: aborting.signal });
    await pieces.next();
    const taking = nextPieces([session, other]);
    for (let turns = 0; turns < round % 4; ++turns) await new Promise((resolve) => setImmediate(resolve));
    aborting.abort(); // while the call is in progress, or after it
    const [found, piece] = await taking;
    assert.ok(found.status === 6 || typeof found.text === "string");
    assert.equal(typeof piece.text, "string");
    assert.equal(typeof (await session.next()).text, "string");
    await assert.rejects(pieces.next(), { name: "AbortError" });
    await session.close();
  }
});

test("misuse is refused and does nothing", async () => {
  const model = await load();
  const [first, second, twin] = [await talker(model, "Hello"), await talker(model, "Why?"), await talker(model, "Hello")];
  const wrongType = (message) => ({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE", message });
  for (const wrong of [undefined, null, 5, "sessions", {}, first, new Set([first])]) {
    await assert.rejects(nextPieces(wrong), wrongType(/^sessions: expected an array, found /));
  }
  for (const wrong of [undefined, null, 5, "session", {}, [second], model]) {
    await assert.rejects(nextPieces([first, wrong]), wrongType(/^sessions\[1\]: expected a Session, found /));
  }
  await assert.rejects(nextPieces([first, Object.create(Session.prototype)]), { name: "TypeError" });
  await assert.rejects(nextPieces([first, second, first]), { status: 1, message: /^sessions\[2\] is sessions\[0\]/ });
  const foreign = await talker(await load(), "Hello");
  await assert.rejects(nextPieces([first, foreign]), { status: 1, message: /^sessions\[1\] belongs to another model/ });
  const closed = await talker(model, "Hello");
  await closed.close();
  await assert.rejects(nextPieces([first, closed]), { status: 7, message: "this session is closed" });
  const reading = second.append("a ".repeat(50));
  await assert.rejects(nextPieces([first, second]), { status: 7, message: /inside another call/ });
  await reading;
  assert.deepEqual(await nextPieces([first]), [await twin.next()]);
});
