// Clients that go away at random moments: in the middle of their request, while they wait, and in the middle of an answer.
import {randomNumbers} from "./server.mjs";

function requestBytes(random) {
  const stream = random() < 0.7;
  const prompt = Array.from({length: 1 + Math.floor(random() * 120)}, () => 3 + Math.floor(random() * 500));
  const body = JSON.stringify({prompt, stream, max_tokens: 1_000_000, ignore_eos: true, cache_prompt: random() < 0.5});
  return {stream, bytes: `POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`};
}

async function abortOne(server, random) {
  const {stream, bytes} = requestBytes(random);
  const socket = server.connect();
  const event = (name) => new Promise((done) => socket.once(name, done));
  const closed = event("close");
  await event("connect");
  const moment = random();
  if (moment < 0.2) {
    socket.write(bytes.slice(0, Math.floor(random() * bytes.length)));
  } else {
    socket.write(bytes);
    // What passes in the meantime is counted in events: pieces of the answer, or replies to other requests.
    for (let events = Math.floor(random() * 12); events > 0 && moment > 0.35; --events) {
      const next = stream ? event("data") : server.get("/health").then((reply) => reply.text());
      await Promise.race([next, closed]);
    }
  }
  if (random() < 0.5) socket.resetAndDestroy();
  else socket.destroy();
  await closed;
}

/** Sends `count` requests, `atOnce` at a time, and aborts every one of them. Afterwards no seat is busy. */
export async function abortAtRandom(server, count, {seed = 1, atOnce = 16} = {}) {
  const random = randomNumbers(seed);
  let left = count;
  await Promise.all(Array.from({length: atOnce}, async () => {
    while (left-- > 0) await abortOne(server, random);
  }));
  await server.idle();
}
