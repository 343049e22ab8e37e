// Requests that are meant to do harm, and a client beside them that must not notice.
import {equal, ok} from "node:assert/strict";
import http from "node:http";

import {until} from "./server.mjs";

/** The body of the reply to a completion over this agent's connection. */
function answerOver(agent, server, body) {
  return new Promise((done, fail) => {
    const options = {agent, method: "POST", headers: {"Content-Length": body.length}};
    const request = http.request(`${server.url}/v1/completions`, options, async (reply) => {
      const parts = [];
      for await (const part of reply) parts.push(part);
      const text = Buffer.concat(parts).toString();
      if (reply.statusCode === 200) done(text);
      else fail(new Error(`another client got ${reply.statusCode}: ${text}`));
    });
    request.once("error", fail);
    request.end(body);
  });
}

/** The texts of a stream's events, which must end as they should. */
function textsOf(stream) {
  const events = stream.split("\n\n").filter((event) => event.startsWith("data: "));
  equal(events.pop(), "data: [DONE]");
  return events.map((event) => JSON.parse(event.slice(6)).choices[0].text).join("");
}

/** Runs `attack` while another client, over one connection that it keeps, gets one stream after another: each must be what
 * it is alone. `attack` is given a function that waits until `count` more have ended. */
export async function besides(server, attack) {
  const agent = new http.Agent({keepAlive: true, maxSockets: 1});
  const body = JSON.stringify(
    {prompt: "Once upon a time", max_tokens: 24, seed: 5, cache_prompt: false, stream: true});
  const wanted = textsOf(await answerOver(agent, server, body));
  const waiting = [];
  const answers = async (count) => {
    for (; count > 0; --count) await new Promise((done) => waiting.push(done));
  };
  let on = true;
  const other = (async () => {
    do {
      equal(textsOf(await answerOver(agent, server, body)), wanted);
      for (const done of waiting.splice(0)) done();
    } while (on);
  })();
  const failed = other.then(() => new Promise(() => {}));  // settles only where the other client fails
  try {
    await Promise.race([attack(answers), failed]);
  } finally {
    on = false;
    await other.finally(() => agent.destroy());
  }
}

/** Writes `piece` until `total` bytes are sent or the server ends the connection. */
export async function pour(socket, piece, total) {
  const event = (name) => new Promise((done) => socket.once(name, done));
  const closed = event("close");
  for (let sent = 0; sent < total && socket.writable; sent += piece.length) {
    if (!socket.write(piece)) await Promise.race([event("drain"), closed]);
  }
}

/** Statuses of the replies in what a connection sent. */
export const statuses = (answer) => [...answer.matchAll(/^HTTP\/1[.]1 (\d+)/gm)].map(([, status]) => Number(status));

/** The only reply to these bytes is this one. */
export async function refused(server, bytes, status) {
  const answer = await server.raw(bytes);
  ok(statuses(answer).join() === String(status), `${bytes.slice(0, 100)}: ${answer.slice(0, 200)}, expected ${status}`);
  return answer;
}

/** The same where the client pours on: when it does not listen in time, the end of the connection takes the reply back. */
export async function cutOff(server, bytes, status, piece, total) {
  const answer = await server.raw(bytes, (socket) => pour(socket, piece, total));
  ok(["", String(status)].includes(statuses(answer).join()), `${bytes.slice(0, 100)}: ${answer.slice(0, 200)}, expected ${status}`);
}

/** `count` connections at once that send nothing whole. Each stays open, is refused, or is closed. */
export async function flood(server, count, bytes = "GET /hea") {
  const sockets = Array.from({length: count}, () => server.connect());
  let closed = 0;
  const settled = sockets.map((socket) => new Promise((done) => {
    socket.once("connect", () => { socket.write(bytes); done(); });
    socket.once("close", () => { ++closed; done(); });
    socket.on("data", (data) => ok(!/^HTTP\/1[.]1 200/.test(data), `${data}`));
  }));
  await Promise.all(settled);
  return {sockets, closed: () => closed, async end() {
    for (const socket of sockets) socket.destroy();
    await until("room for a new client", async () => {
      const answer = await server.raw("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      return answer.startsWith("HTTP/1.1 200");
    });
  }};
}
