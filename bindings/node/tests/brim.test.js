// node --test, with BRIM_NODE_BINDING and BRIM_TEST_MODEL (a tiny model) in the environment.
"use strict";

const test = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { Model, version } = require("..");
const { rest } = require("./answers.js");

const MODEL = process.env.BRIM_TEST_MODEL;
const open = async (options) => {
  const model = await Model.load(MODEL, { threads: 1 });
  return model.session({ kvBudget: "full", temperature: 0, limit: 12, ...options });
};
const all = async (pieces) => {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
};

test("a model tells what it is", async () => {
  const model = await Model.load(MODEL);
  assert.equal(model.info.architecture, "llama");
  assert.ok(model.info.layers > 0);
  assert.match(version, /^\d+\.\d+\.\d+$/);
});

test("answers are reproducible and remembered, inside the budget", async () => {
  const texts = [];
  for (let i = 0; i < 2; ++i) {
    const session = await open();
    texts.push(await all(session.reply("Hello")));
    assert.deepEqual(session.messages.map((message) => message.role), ["user", "assistant"]);
    assert.ok(session.stats.kvPeakBytes <= session.stats.kvBudgetBytes);
  }
  assert.equal(texts[0], texts[1]);
});

test("leaving a loop ends the answer", async () => {
  const session = await open({ limit: -1, stopIgnoreEos: true });
  for await (const _ of session.reply("Hello")) break;
  await session.message("user", "Again");
  assert.equal(session.messages[2].content, "Again");
});

test("a signal cancels, and the session goes on", async () => {
  const session = await open({ limit: -1, stopIgnoreEos: true });
  const aborting = new AbortController();
  setTimeout(() => aborting.abort(), 50);
  await assert.rejects(all(session.reply("Hello", { signal: aborting.signal })), { name: "AbortError" });
  session.clear();
  session.set("limit", 3);
  assert.equal(typeof (await all(session.reply("Hello"))), "string");
});

test("two calls at once: the second is refused", async () => {
  const session = await open();
  const results = await Promise.allSettled([session.append("a ".repeat(2000)), session.append("b ".repeat(2000))]);
  const failed = results.filter((result) => result.status === "rejected");
  assert.ok(failed.length <= 1);
  for (const { reason } of failed) assert.match(reason.message, /inside another call/);
});

test("a copy and a restored session go on as the session does", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "brim-node-"));
  try {
    const file = path.join(folder, "saved");
    const session = await open();
    await session.message("user", "Hello");
    await session.next();
    await session.save(file);
    const others = [await session.fork(), await (await Model.load(MODEL, { threads: 1 })).restore(file)];
    const expected = await rest(session);
    for (const other of others) {
      assert.equal(await rest(other), expected);
      assert.deepEqual(other.messages, session.messages);
    }
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test("failures are sentences", async () => {
  await assert.rejects(Model.load("missing.gguf"), /missing\.gguf/);
  await assert.rejects(open({ kvBudget: "much" }), /'much' is not a size/);
  await assert.rejects(open({ colour: "red" }), /unknown option 'colour'/);
  const session = await open();
  assert.throws(() => session.set("temperature", "hot"), /hot/);
});
