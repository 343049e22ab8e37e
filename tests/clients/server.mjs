// `brim serve` in the background, on a free port. BRIM is the command; a suite ends with the server that it started.
import {ok} from "node:assert/strict";
import {spawn} from "node:child_process";
import {readFileSync} from "node:fs";
import net from "node:net";
import {fileURLToPath} from "node:url";

export const demoModel = fileURLToPath(new URL("../../models/brim-demo.gguf", import.meta.url));
const limitMs = 60_000;  // for anything that takes moments on an idle machine

/** The first value of `condition` that is true. Each try is a request to the server, or another event. */
export async function until(what, condition) {
  for (const end = Date.now() + limitMs; Date.now() < end;) {
    const value = await condition();
    if (value) return value;
  }
  throw new Error(`${what}: it never came`);
}

export class Server {
  /** Starts it with further options; `model` is a file. */
  static async start(options = [], model = demoModel) {
    const server = new Server();
    const words = ["serve", "-m", model, "--listen", "127.0.0.1:0", "--metrics", "-t", "2", ...options];
    server.process = spawn(process.env.BRIM, words, {stdio: ["ignore", "ignore", "pipe"]});
    process.once("exit", () => server.process.kill("SIGKILL"));
    server.ended = new Promise((done) => server.process.once("exit", (code, signal) => done(signal ?? code)));
    server.said = "";
    const failure = await new Promise((done) => {
      server.process.once("error", done);
      server.process.stderr.on("data", (data) => {
        server.said += data;
        const found = /http:\/\/127\.0\.0\.1:(\d+)\/v1/.exec(server.said);
        if (!found) return;
        server.port = Number(found[1]);
        done();
      });
      server.process.stderr.once("close", () => done(new Error(`brim serve ended: ${server.said}`)));
    });
    if (failure) throw failure;
    server.url = `http://127.0.0.1:${server.port}`;
    return server;
  }

  /** Asks for its end, which must come by the signal. */
  async stop() {
    this.process.kill("SIGTERM");
    const end = await this.ended;
    ok(end === "SIGTERM", `the server ended with ${end}: ${this.said.slice(-2000)}`);
  }

  get(path, options = {}) { return fetch(this.url + path, options); }
  post(path, body, options = {}) {
    return fetch(this.url + path, {method: "POST", body: JSON.stringify(body), ...options});
  }

  /** A completion as parsed JSON. */
  async completion(body) {
    const reply = await this.post("/v1/completions", body);
    const answer = await reply.json();
    ok(reply.status === 200, `${reply.status}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** The text of a completion that comes as a stream, whose events must end as they should. */
  async streamedText(body) {
    const reply = await this.post("/v1/completions", {...body, stream: true});
    ok(reply.status === 200, `a stream: ${reply.status}`);
    const events = (await reply.text()).split("\n\n").filter((event) => event.startsWith("data: "));
    ok(events.pop() === "data: [DONE]", "a stream without its end");
    return events.map((event) => JSON.parse(event.slice(6)).choices[0].text).join("");
  }

  /** A number of /metrics. */
  async metric(name) {
    const text = await (await this.get("/metrics")).text();
    const found = new RegExp(`^${name} (\\S+)$`, "m").exec(text);
    ok(found, `/metrics has no ${name}: ${text}`);
    return Number(found[1]);
  }

  /** When no seat has a request and none waits. */
  idle() {
    return until("free seats", async () =>
      await this.metric("brim_seats_busy") === 0 && await this.metric("brim_requests_waiting") === 0);
  }

  /** Resident memory in bytes (Linux). Always 0 under a sanitizer, which keeps freed memory for a while. */
  residentBytes() {
    if (process.env.BRIM_SANITIZED) return 0;
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.process.pid}/status`, "utf8"))[1]) * 1024;
  }

  connect() {
    const socket = net.connect(this.port, "127.0.0.1");
    socket.on("error", () => {});  // it may close before it has got everything
    return socket;
  }

  /** What comes for these bytes until the server closes the connection. `feed(socket)` may send more. */
  raw(bytes, feed) {
    return new Promise((done) => {
      const socket = this.connect();
      const parts = [];
      socket.on("data", (data) => parts.push(data));
      socket.once("close", () => done(Buffer.concat(parts).toString("latin1")));
      socket.write(bytes);
      feed?.(socket);
    });
  }
}

/** Numbers from 0 to below 1 that are the same in each run (xorshift32; Marsaglia 2003). */
export function randomNumbers(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
