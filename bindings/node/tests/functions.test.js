// What the binding covers: every function of brim.h and scheduler.h except those named here, and what the newer functions do.
"use strict";

const test = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { Model } = require("..");
const { rest } = require("./answers.js");

const MODEL = process.env.BRIM_TEST_MODEL;
const FOLDER = path.join(__dirname, "..");
const open = async (options) => (await Model.load(MODEL, { threads: 1 })).session({ kvBudget: "full", temperature: 0, limit: 8, ...options });

test("every function of the header is called, but for those that have no place here", () => {
  // for benchmarks; for servers that count a prompt before they submit it; the event loop waits
  const absent = ["brim_measure_machine", "brim_scheduler_prompt", "brim_scheduler_wait", "brim_scheduler_wake"];
  const read = (name) => fs.readFileSync(path.join(FOLDER, "../../engine/include/brim", name), "utf8");
  const header = ["brim.h", "document.h", "scheduler.h"].map(read).join("\n").replace(/\/\*.*?\*\//gs, "");
  const declared = new Set([...header.matchAll(/\b(brim_[a-z_]+)\(/g)].map((match) => match[1]));
  const sources = fs.readdirSync(FOLDER).filter((name) => /\.(cpp|hpp)$/.test(name));
  const code = sources.map((name) => fs.readFileSync(path.join(FOLDER, name), "utf8")).join("\n");
  const unused = [...declared].filter((name) => !new RegExp(`\\b${name}\\b`).test(code));
  assert.deepEqual(unused.sort(), absent.sort());
});

test("tokens there and back, into a session, and what the model computes after them", async () => {
  const model = await Model.load(MODEL, { threads: 1 });
  const ids = await model.tokenize("Once upon a time", { addSpecial: false });
  assert.ok(ids instanceof Int32Array && ids.length > 0);
  assert.equal((await model.detokenize(ids)).trim(), "Once upon a time");
  assert.equal((await model.detokenize([...ids])).trim(), "Once upon a time");
  assert.equal((await model.tokenize("", { addSpecial: false })).length, 0);
  assert.equal(await model.detokenize([]), "");
  assert.equal(await model.detokenize([1], { renderSpecial: true }), "<s>");
  assert.equal(await model.detokenize([1]), "");
  const session = await open();
  await session.appendIds(ids);
  assert.equal(session.stats.tokens, ids.length);
  const [logits, embedding] = [await session.logits(), await session.embedding()];
  assert.equal(logits.length, model.info.vocabulary);
  assert.ok(embedding.length > 0 && embedding.some((value) => value !== 0));
  assert.equal((await session.next()).id, logits.indexOf(Math.max(...logits)));
  for (const wrong of [undefined, "1", 5, {}, ["1"], new Float32Array(1)]) {
    await assert.rejects(session.appendIds(wrong), { name: "TypeError", message: /^ids: expected / });
    await assert.rejects(model.detokenize(wrong), { name: "TypeError", message: /^ids: expected / });
  }
  for (const wrong of [[1.5], [2 ** 31], [NaN], [-(2 ** 40)], [-1], new Int32Array([1, -1])]) {
    await assert.rejects(session.appendIds(wrong), { name: "RangeError", message: /^ids: expected a whole number from 0 to / });
    await assert.rejects(model.detokenize(wrong), { name: "RangeError", message: /^ids: expected a whole number from 0 to / });
  }
  await assert.rejects(model.detokenize([model.info.vocabulary]), { name: "RangeError", message: /^ids: expected / });
  await assert.rejects(session.appendIds([1_000_000]), { status: 1, message: /token id 1000000/ });
  await assert.rejects((await open()).logits(), { status: 7 });
});

test("a session goes back, gives an answer again, and takes over a conversation", async () => {
  const session = await open();
  await session.append("the cat sat on the mat");
  const { tokens } = session.stats;
  await session.append(" and the dog");
  session.rewind(tokens);
  assert.equal(session.stats.tokens, tokens);
  for (const wrong of [-1, 0.5, Infinity, 2 ** 60]) assert.throws(() => session.rewind(wrong), { name: "RangeError" });
  assert.throws(() => session.rewind("1"), { name: "TypeError" });
  session.clear();
  await session.message("user", "Hello");
  const answer = await rest(session);
  await session.regenerate();
  assert.equal(await rest(session), answer);
  const other = await open();
  await other.loadMessages(session.messages);
  assert.deepEqual(other.messages, session.messages);
  await other.loadMessages([{ role: "user", content: "Hello" }]);
  assert.equal(await rest(other), answer);
  await assert.rejects(other.loadMessages([{ role: "narrator", content: "" }]), { status: 1 });
  await assert.rejects(other.loadMessages("[]"), { name: "TypeError" });
});

test("a document is asked about in forks, which begin at the same state", async () => {
  const session = await open();
  await session.message("user", "Hello");
  await session.document("the cat sat on the mat and the dog on the sun");
  const { tokens, kept, keptMin, keptMax } = session.documentStats;
  assert.ok(tokens > 10);
  assert.deepEqual([kept, keptMin, keptMax], [tokens, tokens, tokens]);
  const answers = [];
  for (let round = 0; round < 2; round++) {
    const fork = await session.fork();
    await fork.message("user", "where");
    answers.push(await rest(fork));
    assert.match(fork.messages[0].content, /^the cat sat[^]*\n\nwhere$/);
  }
  assert.equal(answers[0], answers[1]);
  assert.equal(session.stats.tokens, tokens);
  await assert.rejects(session.document(""), { status: 1, message: /empty/ });
  assert.equal(session.documentStats.tokens, tokens);
  session.clear();
  assert.equal(session.documentStats.tokens, 0);
});

test("half of a surrogate pair is refused, wherever a text goes", async () => {
  const model = await Model.load(MODEL, { threads: 1 });
  const session = await model.session({ kvBudget: "full" });
  const half = (name) => ({ name: "TypeError", code: "ERR_INVALID_ARG_VALUE", message: new RegExp(`^${name}: character \\d is half of`) });
  await assert.rejects(model.tokenize("a\ud800"), half("content"));
  await assert.rejects(session.append("\udc00\ud800"), half("content"));
  await assert.rejects(session.message("user", "\ud800b"), half("content"));
  await assert.rejects(session.save("\ud800"), half("file"));
  await assert.rejects(Model.load("/nowhere/\udfff"), { code: "ERR_INVALID_ARG_VALUE" });
  await assert.rejects(session.loadMessages([{ role: "user", content: "\ud800" }]), { name: "TypeError" });
  assert.throws(() => session.set("stop", "\ud83d"), half("stop"));
  const pair = await model.tokenize("\ud83d\ude00\ufffd", { addSpecial: false });
  assert.equal((await model.detokenize(pair)).trim(), "\ud83d\ude00\ufffd");
});

test("options are read and removed", async () => {
  const session = await open({ stop: "one" });
  session.set("stop", "two");
  assert.deepEqual(session.option("stop"), ["one", "two"]);
  assert.deepEqual(session.option("temperature"), ["0"]);
  assert.deepEqual(session.option("topK"), []);
  session.unset("stop");
  assert.deepEqual(session.option("stop"), []);
  assert.throws(() => session.unset("temperature"), { status: 1, message: /cannot be removed/ });
  assert.throws(() => session.unset(5), { name: "TypeError" });
});

test("the plan is what a session takes", async () => {
  const plan = await Model.plan(MODEL, { threads: 1, kvBudget: "60%" });
  const session = await open({ kvBudget: "60%" });
  const { stats, layers } = session;
  assert.equal(plan.kvBudgetBytes, stats.kvBudgetBytes);
  assert.equal(plan.scratchBytes, stats.scratchBytes);
  assert.equal(layers.length, stats.layers);
  assert.equal(layers[0].kvType, "f16");
  assert.equal(stats.kvType, "f16");
  assert.match(session.describe(), /^KV .* f16/);
  assert.ok((await Model.plan(MODEL, { kvPool: "200KiB" })).kvBudgetBytes <= 200 << 10);
  await assert.rejects(Model.plan(MODEL, { kvBudget: "100" }), { status: 5, message: /at least/ });
  const { info } = await Model.load(MODEL);
  assert.equal(info.hasChatTemplate, false);
  assert.ok(info.tokenBytes > 0);
});

test("loading, creating, restoring and reading are followed, and a signal stops them", async () => {
  const delivered = () => new Promise((resolve) => setTimeout(resolve, 20));
  const lines = [];
  let calls = [];
  const progress = (done, total) => calls.push([done, total]);
  const followed = async (work) => {
    calls = [];
    await work();
    await delivered();
    assert.ok(calls.length > 0);
    for (const [i, [done, total]] of calls.entries()) {
      assert.ok(done >= 0 && done <= total && total === calls[0][1] && (i === 0 || done >= calls[i - 1][0]));
    }
  };
  let model, session;
  const log = (level, sentence) => lines.push(`${level}: ${sentence}`);
  await followed(async () => (model = await Model.load(MODEL, { threads: 1 }, { progress, log })));
  assert.ok(lines.includes(`info: the instruction set is ${require("..").isa}, threads: 1`));
  await followed(async () => (session = await model.session({ kvBudget: "full", temperature: 0 }, { progress })));
  session.onProgress(progress);
  await followed(() => session.append("Once upon a time there was a cat. ".repeat(10)));
  session.onProgress(null);
  calls = [];
  await session.append("And a dog. ".repeat(10));
  await delivered();
  assert.deepEqual(calls, []);
  const folder = fs.mkdtempSync(path.join(require("node:os").tmpdir(), "brim-node-"));
  try {
    const file = path.join(folder, "saved");
    await session.save(file);
    await followed(() => model.restore(file, {}, { progress }));
    for (const call of [
      (how) => Model.load(MODEL, {}, how),
      (how) => model.session({}, how),
      (how) => model.restore(file, {}, how),
    ]) {
      const before = new AbortController();
      before.abort();
      await assert.rejects(call({ signal: before.signal }), { name: "AbortError" });
      const inside = new AbortController();
      const made = call({ signal: inside.signal });
      inside.abort(); // before it ends, or when it has ended
      await made.catch((failure) => assert.equal(failure.name, "AbortError"));
      await assert.rejects(call({ signal: "stop" }), { name: "TypeError", message: /^signal: expected an AbortSignal/ });
      await assert.rejects(call({ progress: 5 }), { name: "TypeError", message: /^progress: expected a function/ });
    }
    await assert.rejects(Model.load(MODEL, {}, { log: "x" }), { name: "TypeError", message: /^log: expected a function/ });
    assert.throws(() => session.onProgress(5), { name: "TypeError" });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test("what a progress or log function throws rejects the call, and nothing else", async () => {
  const fails = (name) => () => {
    throw new RangeError(name);
  };
  const rejected = (promise, message) => assert.rejects(promise, { name: "RangeError", message });
  await rejected(Model.load(MODEL, { threads: 1 }, { progress: fails("progress") }), "progress");
  await rejected(Model.load(MODEL, { threads: 1 }, { log: fails("log") }), "log");
  const lines = [];
  let log = (level, sentence) => lines.push(sentence);
  const model = await Model.load(MODEL, { threads: 1 }, { log: (...said) => log(...said) });
  await rejected(model.session({}, { progress: fails("session") }), "session");
  const session = await model.session({ kvBudget: "full", temperature: 0, limit: 2 });
  session.onProgress(fails("reading"));
  const text = "Once upon a time there was a cat. ".repeat(10);
  await rejected(session.append(text), "reading");
  await rejected(session.message("user", "Hello"), "reading");
  session.onProgress(null);
  await session.append(text); // nothing is left of the exceptions
  let calls = 0;
  session.onProgress(() => ++calls);
  await session.append(text);
  assert.ok(calls > 0);
  const small = await model.session({ kvBudget: "60%" });
  log = fails("later");
  await rejected(small.append(text.repeat(2)), "later"); // the cache begins to evict, which is logged
  log = () => {};
  await small.append(text);
});
