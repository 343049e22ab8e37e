// node --expose-gc lifetime_cases.js NAME: one case of what may happen to handles while a call is in progress.
// lifetime.test.js runs each case in its own process, with a time limit. A call is in progress from the moment it is
// made, so nothing here sleeps.
"use strict";

const assert = require("node:assert");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");
const { Model, nextPieces } = require("..");
const native = require(process.env.BRIM_NODE_BINDING);

const MODEL = process.env.BRIM_TEST_MODEL;
const LONG = "Once upon a time there was a cat. ".repeat(20000); // takes some minutes if nothing ends it
const ENDLESS = { kvBudget: "full", temperature: 0, stopIgnoreEos: true };
const load = () => Model.load(MODEL, { threads: 1 });
const open = async (options) => (await load()).session({ ...ENDLESS, ...options });
const cancelled = { status: 6 };
const wrongState = { status: 7 };
const turn = () => new Promise((resolve) => setImmediate(resolve));

const cases = {
  async closeWhileInside() {
    const model = await Model.load(MODEL, { threads: 1, kvPool: await fullBudget() });
    for (let i = 0; i < 5; ++i) {
      const session = await model.session(ENDLESS); // the pool has room for one
      const reading = session.append(LONG);
      const closing = session.close();
      await assert.rejects(reading, cancelled);
      await closing;
      await session.close();
      for (const use of [() => session.next(), () => session.save("nowhere"), () => session.fork(), () => session.finish()]) {
        await assert.rejects(use(), { ...wrongState, message: "this session is closed" });
      }
      for (const use of [() => session.cancel(), () => session.clear(), () => session.stats, () => session.set("limit", 1)]) {
        assert.throws(use, { ...wrongState, message: "this session is closed" });
      }
    }
  },

  async closeOneOfSeveral() {
    const model = await load();
    for (let i = 0; i < 10; ++i) {
      const [leaving, staying] = [await model.session(ENDLESS), await model.session(ENDLESS)];
      for (const session of [leaving, staying]) await session.append("Hello");
      const taking = nextPieces([leaving, staying]);
      for (const use of [() => leaving.next(), () => staying.next(), () => nextPieces([staying])]) {
        await assert.rejects(use(), { ...wrongState, message: /inside another call/ });
      }
      const closing = leaving.close();
      const [ended, piece] = await taking;
      assert.ok(ended.status === 6 || typeof ended.text === "string"); // before it was taken, or after it
      assert.equal(typeof piece.text, "string");
      await closing;
      await assert.rejects(nextPieces([staying, leaving]), { ...wrongState, message: "this session is closed" });
      assert.equal(typeof (await staying.next()).text, "string");
    }
  },

  async closeWhileForking() {
    const session = await open();
    await session.append("Hello");
    const forking = session.fork();
    await session.close();
    const copy = await forking.catch((failure) => assert.equal(failure.status, 6));
    if (copy) assert.equal(typeof (await copy.next()).text, "string");
  },

  async modelClosesWhileSessionsAreCreated() {
    const model = await load();
    const making = [model.session(ENDLESS), model.session(ENDLESS)];
    await model.close();
    for (const session of await Promise.all(making)) assert.equal(typeof (await all(session.append("Hello").then(() => session.next()))).text, "string");
    await assert.rejects(model.session(), { ...wrongState, message: "this model is closed" });
    assert.throws(() => model.info, { ...wrongState, message: "this model is closed" });
  },

  async secondCallIsRefused() {
    const session = await open();
    const reading = session.append(LONG);
    for (const use of [() => session.append("b"), () => session.next(), () => session.save("nowhere"), () => session.fork()]) {
      await assert.rejects(use(), { ...wrongState, message: /inside another call/ });
    }
    for (const use of [() => session.messages, () => session.stats, () => session.clear(), () => session.set("limit", 1)]) {
      assert.throws(use, { ...wrongState, message: /inside another call/ });
    }
    session.cancel();
    await assert.rejects(reading, cancelled);
    session.clear();
    await session.append("Hello");
  },

  async collectedWhileInside() {
    const left = [];
    for (let i = 0; i < 10; ++i) {
      let session = await open();
      left.push(session.append("Once upon a time. ".repeat(10)));
      session = null;
      global.gc();
      await turn();
    }
    await Promise.all(left);
    for (let i = 0; i < 5; ++i) {
      global.gc();
      await turn();
    }
  },

  async handlesSwapped() {
    const model = await native.load(MODEL, [["threads", "1"]]);
    const session = await native.session(model, [["kv.budget", "full"]]);
    const others = [undefined, null, 5, "handle", {}, [], () => {}, Symbol("handle"), 5n, Object.create(session), { ...session }];
    for (const wrong of [model, ...others]) {
      for (const name of ["append", "message", "next", "finish", "cancel", "cancelInside", "closeSession", "set", "clear", "messages", "stats", "save", "fork"]) {
        assert.throws(() => native[name](wrong, "limit", "1", false), { name: "TypeError", code: "ERR_INVALID_ARG_TYPE" }, name);
      }
      assert.throws(() => native.nextTogether([session, wrong]), { name: "TypeError", message: /^sessions\[1\]: expected a handle/ });
    }
    for (const wrong of [session, undefined, null, 5, "handle", {}]) {
      assert.throws(() => native.nextTogether(wrong), { name: "TypeError", message: /^sessions: expected an array/ });
    }
    for (const wrong of [session, ...others]) {
      for (const name of ["modelInfo", "closeModel", "session", "restore"]) {
        assert.throws(() => native[name](wrong, [], []), { name: "TypeError", code: "ERR_INVALID_ARG_TYPE" }, name);
      }
    }
    for (const wrong of [undefined, null, "threads", {}, [5], [["threads"]], [["threads", 1]], [[1, "threads"]]]) {
      assert.throws(() => native.load(MODEL, wrong), { name: "TypeError" });
    }
  },

  async aborted() {
    const session = await open();
    for (let at = 0; at < 40; ++at) {
      const aborting = new AbortController();
      const answer = all(session.reply("Hello ".repeat(1 + (at % 3) * 200), { signal: aborting.signal }));
      for (let i = 0; i < at; ++i) await turn();
      aborting.abort();
      await assert.rejects(answer, { name: "AbortError" });
      session.clear();
      await session.append("Hello"); // no cancel is left over
    }
    const aborting = new AbortController();
    const pieces = session.reply("Hello", { signal: aborting.signal });
    await pieces.next();
    await session.close();
    aborting.abort();
    await assert.rejects(pieces.next(), { name: "AbortError" });
  },

  async exitWhileInside() {
    for (let i = 0; i < 3; ++i) (await open()).append(LONG).catch(() => {});
    load().catch(() => {});
    process.on("exit", () => console.log("passed"));
    await turn();
    process.exit(0);
  },

  async uncaughtWhileInside() {
    (await open()).append(LONG).catch(() => {});
    process.on("uncaughtException", () => {
      console.log("passed");
      process.exit(0);
    });
    await turn();
    throw new Error("mine");
  },

  async workerEnds() {
    for (const how of ["terminate", "exit", "terminate", "exit"]) {
      const worker = new Worker(__filename, { workerData: how, argv: ["inWorker"] });
      // When a worker exits, the message that was being processed may be lost with it.
      const exited = new Promise((resolve) => worker.once("exit", resolve));
      await Promise.race([exited, new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject))]);
      if (how === "terminate") await worker.terminate();
      await exited;
    }
  },

  async inWorker() {
    const session = await open();
    // The call that terminate() interrupts cannot be cancelled, so it is short.
    session.append(workerData === "exit" ? LONG : "Once upon a time. ".repeat(20)).catch(() => {});
    session.next().catch(() => {});
    parentPort.postMessage("inside");
    if (workerData === "exit") process.exit(0);
  },
};

async function all(pieces) {
  if (pieces instanceof Promise) return pieces;
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

async function fullBudget() {
  return String((await open()).stats.kvBudgetBytes);
}

const name = process.argv[2];
cases[name]().then(
  () => isMainThread && console.log("passed"),
  (failure) => {
    if (failure.message === "mine") throw failure;
    console.log(failure);
    process.exit(1);
  },
);
