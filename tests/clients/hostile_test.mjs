// What is sent to do harm gets an error each, takes no memory, and other clients do not notice.
import {equal, ok} from "node:assert/strict";
import {after, before, test} from "node:test";

import {besides, cutOff, flood, pour, refused, statuses} from "./hostile.mjs";
import {Server} from "./server.mjs";

const head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n";
const get = (path, more = "") => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}Connection: close\r\n\r\n`;
const post = (body) => Buffer.concat([
  Buffer.from(`${head}Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`), Buffer.from(body)]);
const MiB = 2 ** 20;
let server;

before(async () => { server = await Server.start(["--seats", "2", "-c", "1024", "--body-limit", String(MiB)]); });
after(() => server?.stop());

test("bodies and headers of 200 MiB", async () => {
  const memory = server.residentBytes();
  await besides(server, async () => {
    const piece = `10000\r\n${"a".repeat(65536)}\r\n`;
    const attacks = Array.from({length: 4}, () =>
      cutOff(server, `${head}Transfer-Encoding: chunked\r\n\r\n`, 413, piece, 200 * MiB));
    attacks.push(cutOff(server, head, 431, `A: ${"a".repeat(65000)}\r\n`, 200 * MiB));
    attacks.push(cutOff(server, "GET /", 431, "a".repeat(65000), 200 * MiB));
    attacks.push(refused(server, `GET /${"a".repeat(20000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431));
    attacks.push(refused(server, `${head}Content-Length: ${200 * MiB}\r\n\r\n`, 413));
    await Promise.all(attacks);
  });
  const grown = server.residentBytes() - memory;
  ok(grown <= 10 * MiB, `eight bodies of 1 MiB may be in memory, but it grew by ${grown} bytes`);
});

test("clients that send a byte at a time", async () => {
  await besides(server, async (answers) => {
    const slow = await flood(server, 100, "P");
    const bodies = await flood(server, 4, `${head}Content-Length: 1000\r\n\r\n{`);
    for (const letter of "OST /v1/comp") {
      for (const socket of [...slow.sockets, ...bodies.sockets]) socket.write(letter);
      await answers(1);
    }
    await slow.end();
    await bodies.end();
  });
});

test("2,000 connections", async () => {
  await besides(server, async (answers) => {
    const many = await flood(server, 2000);
    await answers(3);
    await many.end();
  });
});

test("requests one behind the other", async () => {
  const answer = await server.raw("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(500) + get("/v1/models"));
  equal(statuses(answer).filter((status) => status === 200).length, 501);
  const body = JSON.stringify({prompt: "Once", max_tokens: 3, stream: true});
  const order = await server.raw(`${head}Content-Length: ${body.length}\r\n\r\n${body}${get("/health")}`);
  ok(order.indexOf("[DONE]") > 0 && order.indexOf("[DONE]") < order.indexOf('"ok"'), order);
  const memory = server.residentBytes();
  await besides(server, async (answers) => {  // a client that takes no answer is given no more
    const deaf = server.connect();
    deaf.pause();
    const poured = pour(deaf, "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000), 50 * MiB);
    await answers(5);
    deaf.destroy();
    await poured;
  });
  ok(server.residentBytes() - memory <= 4 * MiB, "the answers that were not taken are kept");
});

test("two lengths of one body", async () => {
  const hidden = get("/health");
  const chunks = `0\r\n\r\n${hidden}`;
  for (const fields of ["Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
    "Content-Length: 6\r\nContent-Length: 5\r\n", "Content-Length: 6, 5\r\n", "Content-Length: +6\r\n", "Content-Length: 0x6\r\n",
    "Content-Length: 6 6\r\n", "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding : chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding:\x0bchunked\r\n", "Content-Length: 6\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"]) {
    const answer = await server.raw(`${head}${fields}\r\n${chunks}`);
    const found = statuses(answer);
    ok(found.length === 1 && found[0] >= 400 && !answer.includes('"ok"'), `${JSON.stringify(fields)}: ${answer}`);
  }
  for (const size of ["-1", "0x5", "5;" + "a".repeat(2 ** 20), "ffffffffffffffffff", "5 5", ""]) {
    const answer = await server.raw(`${head}Transfer-Encoding: chunked\r\n\r\n${size}\r\nabcde\r\n${chunks}`);
    ok(statuses(answer).every((status) => status >= 400) && !answer.includes('"ok"'), `a chunk of ${size.slice(0, 20)}: ${answer}`);
  }
});

test("bodies that are not JSON, or too deep", async () => {
  await besides(server, async () => {
    const wrap = (value, name = "temperature") => `{"prompt": "a", "max_tokens": 1, "${name}": ${value}}`;
    for (const body of [Buffer.from('{"prompt": "\xff\xfe"}', "latin1"), Buffer.from('{"prompt": "\xc0\xaf"}', "latin1"),
      Buffer.from('{"prompt": "\xed\xa0\x80"}', "latin1"), '{"prompt": "\\ud800"}', "[".repeat(100000), '{"a":'.repeat(100000),
      `{"prompt": ${"[".repeat(100000)}${"]".repeat(100000)}}`, wrap("1e999"), wrap("-1e999"), wrap("NaN"), wrap("Infinity"),
      wrap("0x10"), wrap("1e30", "top_k"), wrap("99999999999999999999", "max_completion_tokens"), wrap("1.5", "max_completion_tokens"),
      wrap("1e30", "seed"), wrap("-99999999999999999999", "seed"), wrap("[1e999]", "logit_bias"), wrap('{"1e1": 1}', "logit_bias"),
      '{"prompt": [1e30]}', '{"prompt": [-1]}', '{"prompt": [4294967299]}', "", "null", "{} {}", "\ufeff{}"]) {
      const answer = await refused(server, post(body), 400);
      ok(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))).error.message.length > 10);
    }
  });
});

test("hosts and origins of others", async () => {
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "",
    "localhost:80@evil.example", "[::1", "[::1].evil.example", "2130706433", "0x7f.1", "evil.example:11711", "127.0.0.1 evil"]) {
    const answer = await server.raw(`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    ok([400, 403].includes(statuses(answer)[0]), `Host: ${host}: ${answer}`);
  }
  const two = await server.raw("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  ok([400, 403].includes(statuses(two)[0]), `two hosts: ${two}`);
  for (const origin of ["https://evil.example", "null", "http://localhost:1", "http://localhost.evil.example", "file://"]) {
    await refused(server, get("/health", `Origin: ${origin}\r\n`), 403);
    await refused(server, get("/v1/chat/completions", `Origin: ${origin}\r\n`).replace("GET", "OPTIONS"), 403);
  }
  const bothOrigins = await server.raw(get("/health", "Origin: http://localhost\r\nOrigin: https://evil.example\r\n"));
  ok([400, 403].includes(statuses(bothOrigins)[0]), `two origins: ${bothOrigins}`);
});

test("paths that lead elsewhere", async () => {
  for (const path of ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "//etc/passwd", "/etc/passwd",
    "/v1/models/../../../etc/passwd", "/v1/models/..%2f..%2f..%2fetc%2fpasswd", "/v1/models/%252e%252e%252fetc", "/v1/models/%00",
    "/v1/models/brim-demo%00", "/v1/models/brim-demo/", "/v1/models/brim-demo%2f", "/v1/models/%", "/v1/models/%c0%ae",
    "/v1/models/brim-demo.gguf", "http://evil.example/health", "/health/../props", "*", "/licenses/../../etc/passwd",
    "/assets/..%5c..%5cetc", "/v1/models/" + "a".repeat(8000)]) {
    const answer = await server.raw(get(path));
    ok([400, 404].includes(statuses(answer)[0]) && !answer.includes("root:"), `${path.slice(0, 80)}: ${answer.slice(0, 300)}`);
  }
});
