// Each case of lifetime_cases.js in its own process: it passes, prints nothing else, and ends in time.
"use strict";

const test = require("node:test");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { spawnSync } = require("node:child_process");

const file = path.join(__dirname, "lifetime_cases.js");
for (const [, name] of fs.readFileSync(file, "utf8").matchAll(/^ {2}async (\w+)\(\) \{/gm)) {
  if (name === "inWorker") continue;
  test(name, () => {
    const ended = spawnSync(process.execPath, ["--expose-gc", file, name], { encoding: "utf8", timeout: 60_000 });
    assert.deepEqual([ended.status, ended.signal, ended.stdout, ended.stderr], [0, null, "passed\n", ""]);
  });
}
