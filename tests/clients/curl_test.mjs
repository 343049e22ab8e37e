// The command curl, as docs/server.md shows it, and promtool's opinion of /metrics. Needs both commands.
import {equal, match, ok} from "node:assert/strict";
import {spawn, spawnSync} from "node:child_process";
import {after, before, test} from "node:test";

import {Server} from "./server.mjs";

const chat = JSON.stringify({messages: [{role: "user", content: "Hello!"}], max_tokens: 8, temperature: 0});
const found = (command) => spawnSync(command, ["--version"]).error === undefined;
let server;

before(async () => { server = await Server.start(); });
after(() => server?.stop());

/** Runs a command with this on its standard input. */
function run(command, words, input = "") {
  return new Promise((done, fail) => {
    const child = spawn(command, words);
    let out = "", err = "";
    child.stdout.on("data", (data) => { out += data; });
    child.stderr.on("data", (data) => { err += data; });
    child.once("error", fail);
    child.once("close", (code) => done({code, out, err}));
    child.stdin.end(input);
  });
}
const curl = (...words) => run("curl", ["-sS", "--max-time", "60", ...words]);

test("curl", {skip: !found("curl") && "no curl"}, async () => {
  const whole = await curl(`${server.url}/v1/chat/completions`, "-d", chat);
  equal(whole.code, 0, whole.err);
  const {message} = JSON.parse(whole.out).choices[0];
  ok(message.content.length > 0);
  const streamed = await curl("-N", `${server.url}/v1/chat/completions`, "-d", chat.replace("{", '{"stream":true,'));
  match(streamed.out, /^data: .*\n\ndata: /);
  match(streamed.out, /\n\ndata: \[DONE\]\n\n$/);
  const asked = await curl("-H", "Expect: 100-continue", "-w", "%{http_code}", `${server.url}/v1/chat/completions`, "-d", chat);
  match(asked.out, /200$/);
  const head = await curl("-I", `${server.url}/health`);
  match(head.out, /^HTTP\/1[.]1 200 OK\r\n/);
  const old = await curl("-0", `${server.url}/v1/models`);
  equal(JSON.parse(old.out).data.length, 1);
  const refused = await curl("--fail", "-H", "Host: evil.example", `${server.url}/health`);
  equal(refused.code, 22, "a foreign Host");
  const raw = await curl("--path-as-is", "-w", "%{http_code}", "-o", "/dev/null", `${server.url}/../../etc/passwd`);
  equal(raw.out, "404");
  const two = await curl(`${server.url}/health`, `${server.url}/health`, "-v");
  match(two.err, /Re-using existing connection/);
});

test("promtool takes the counters", {skip: !found("promtool") && "no promtool"}, async () => {
  await (await server.post("/v1/completions", {prompt: "Once", max_tokens: 2})).json();
  const counters = await server.get("/metrics");
  match(counters.headers.get("content-type"), /^text\/plain; version=0[.]0[.]4/);
  const {code, out, err} = await run("promtool", ["check", "metrics"], await counters.text());
  equal(code, 0, out + err);
  equal(out + err, "");
  ok(await server.metric("brim_generated_tokens_total") >= 2);
});
