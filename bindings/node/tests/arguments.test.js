// Wrong types and texts that C would cut are TypeErrors; a number that is not finite is a RangeError; neither changes
// anything.
"use strict";

const test = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { spawnSync } = require("node:child_process");
const { pathToFileURL } = require("node:url");
const { Model } = require("..");

const MODEL = process.env.BRIM_TEST_MODEL;
const INDEX = path.join(__dirname, "..", "index.js");
const open = async () => (await Model.load(MODEL, { threads: 1 })).session({ kvBudget: "full", temperature: 0, limit: 4 });
const wrongType = (message) => ({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE", message });
const wrongValue = (message) => ({ name: "TypeError", code: "ERR_INVALID_ARG_VALUE", message });
const noTexts = [undefined, null, 5, true, {}, ["text"], Symbol("text"), 5n, () => "text", new String("text")];

test("texts are strings", async () => {
  const session = await open();
  for (const wrong of noTexts) {
    await assert.rejects(session.append(wrong), wrongType(/^content: expected a string, found /));
    await assert.rejects(session.message("user", wrong), wrongType(/^content: expected a string, found /));
    await assert.rejects(session.message(wrong, "text"), wrongType(/^role: expected a string, found /));
    await assert.rejects(session.reply(wrong).next(), wrongType(/^content: expected a string, found /));
  }
  await assert.rejects(session.append("text", { addSpecial: "no" }), wrongType("addSpecial: expected a boolean, found a string"));
  await assert.rejects(session.append("text", { parseSpecial: null }), wrongType("parseSpecial: expected a boolean, found null"));
  await assert.rejects(session.message("user\0x", "text"), wrongValue(/^role: byte 4 is NUL/));
  await assert.rejects(session.reply("text", { signal: "stop" }).next(), wrongType(/^signal: expected an AbortSignal/));
  assert.deepEqual([session.stats.tokens, session.messages], [0, []]);
});

test("a text with NUL is not cut", async () => {
  const [whole, part] = [await open(), await open()];
  await whole.message("user", "cat\0dog");
  await part.message("user", "cat");
  assert.equal(whole.messages[0].content, "cat\0dog");
  assert.ok(whole.stats.tokens > part.stats.tokens);
});

test("files are strings or file URLs", async () => {
  const session = await open();
  const model = await Model.load(pathToFileURL(MODEL), { threads: 1 });
  for (const wrong of noTexts) {
    await assert.rejects(Model.load(wrong), wrongType(/^file: expected a string, found /));
    await assert.rejects(model.restore(wrong), wrongType(/^file: expected a string, found /));
    await assert.rejects(session.save(wrong), wrongType(/^file: expected a string, found /));
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "brim-node-"));
  try {
    const file = path.join(folder, "saved");
    await assert.rejects(session.save(`${file}\0evil`), wrongValue(/^file: byte \d+ is NUL/));
    assert.deepEqual(fs.readdirSync(folder), []);
    await assert.rejects(model.restore(`${file}\0evil`), wrongValue(/^file: byte \d+ is NUL/));
    await session.save(pathToFileURL(file));
    await model.restore(pathToFileURL(file));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  await assert.rejects(Model.load(`${MODEL}\0.evil`), wrongValue(/^file: byte \d+ is NUL/));
});

test("options", async () => {
  const session = await open();
  const model = await Model.load(MODEL, { threads: 1 });
  for (const wrong of [null, "threads", 5, true, ["threads"], () => {}]) {
    await assert.rejects(Model.load(MODEL, wrong), wrongType(/^options: expected an object, found /));
    await assert.rejects(model.session(wrong), wrongType(/^options: expected an object, found /));
  }
  for (const wrong of [undefined, null, {}, Symbol("a"), () => 1, [[1]]]) {
    await assert.rejects(model.session({ temperature: wrong }), wrongType(/^temperature: expected a string, number/));
    assert.throws(() => session.set("temperature", wrong), wrongType(/^temperature: expected a string, number/));
  }
  assert.throws(() => session.set("stop", ["a", "b"]), wrongType(/^stop: expected .*, found an array/));
  assert.throws(() => session.set(5, 1), wrongType("name: expected a string, found number"));
  for (const wrong of [NaN, Infinity, -Infinity]) {
    await assert.rejects(model.session({ topP: wrong }), { name: "RangeError", message: /^top_p: expected a finite number/ });
    assert.throws(() => session.set("topP", wrong), { name: "RangeError", message: /^top_p: expected a finite number/ });
  }
  await assert.rejects(model.session({ system: "Hello\0there" }), wrongValue(/^system: byte 5 is NUL/));
  assert.throws(() => session.set("stop", "\0"), wrongValue(/^stop: byte 0 is NUL/));
  assert.throws(() => session.set("stop\0", "a"), wrongValue(/^name: byte 4 is NUL/));
  await assert.rejects(model.session({ "stop\0": "a" }), wrongValue(/^option: byte 4 is NUL/));
  await assert.rejects(model.session({ colour: "red" }), { name: "Error", status: 1, message: /unknown option 'colour'/ });
  await assert.rejects(model.session({ temperature: "warm" }), { name: "Error", status: 1 });
  await model.session({ kvBudget: "full", seed: 2n ** 64n - 1n, stop: ["a", "b"], stopIgnoreEos: false, temperature: 1e-7 });
});

test("a native half that is missing or broken says what to do", () => {
  for (const file of ["/nowhere/brim.node", __filename.replace(/test\.js$/, "none.node"), MODEL]) {
    const ended = spawnSync(process.execPath, ["-e", `require(${JSON.stringify(INDEX)})`], {
      encoding: "utf8",
      env: { ...process.env, BRIM_NODE_BINDING: file },
    });
    assert.notEqual(ended.status, 0);
    assert.match(ended.stderr, /Error: Brim's native half .* cannot be loaded: .* name that file in BRIM_NODE_BINDING/);
  }
});
