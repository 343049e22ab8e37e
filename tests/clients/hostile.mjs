// Requests that are meant to do harm, and a client beside them that must not notice.
import {equal, ok} from "node:assert/strict";

import {until} from "./server.mjs";

/** Runs `attack` while another client streams one answer after another, which must all be what they are alone. */
export async function besides(server, attack) {
  const body = {prompt: "Once upon a time", max_tokens: 24, seed: 5, cache_prompt: false};
  const wanted = await server.streamedText(body);
  let on = true, answers = 0;
  const other = (async () => {
    do {
      equal(await server.streamedText(body), wanted);
      ++answers;
    } while (on);
  })();
  other.catch(() => {});  // it is awaited below
  try {
    await attack(() => answers);
  } finally {
    on = false;
    await other;
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

/** `count` connections at once that send nothing whole. Each stays open, is told 503, or is closed. */
export async function flood(server, count, bytes = "GET /hea") {
  const sockets = Array.from({length: count}, () => server.connect());
  let closed = 0;
  const settled = sockets.map((socket) => new Promise((done) => {
    socket.once("connect", () => { socket.write(bytes); done(); });
    socket.once("close", () => { ++closed; done(); });
    socket.on("data", (data) => ok(/^HTTP\/1[.]1 (503|429)/.test(data) || !/^HTTP/.test(data), `${data}`));
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
