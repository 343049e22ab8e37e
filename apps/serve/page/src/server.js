// The server, as the page uses it. Every failure is a ServerError with a sentence for people.
import {EventParser} from "./sse.js";

export class ServerError extends Error {
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}

const unreachable = "The server cannot be reached. Check that brim serve is still running.";

function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : first + ".";
}

async function failureOf(reply) {
  let said = "";
  try {
    const {error} = await reply.json();
    said = typeof error === "string" ? error : error?.message ?? "";
  } catch {
    // Not from brim, but from a proxy before the server.
  }
  return new ServerError(said ? sentence(said) : `The server answered with status ${reply.status}.`, reply.status);
}

export class Server {
  key = "";

  constructor(fetch) {
    this.fetch = fetch;
  }

  async #send(path, options = {}) {
    const headers = {...options.headers};
    if (this.key) headers.Authorization = `Bearer ${this.key}`;
    let reply;
    try {
      reply = await this.fetch(path, {...options, headers});
    } catch (failure) {
      if (failure.name === "AbortError") throw failure;
      throw new ServerError(unreachable);
    }
    if (!reply.ok) throw await failureOf(reply);
    return reply;
  }

  /** A reply as JSON. */
  async get(path) {
    return (await this.#send(path)).json();
  }

  /** The chunks of an answer, in their order. Ends without an error only after [DONE]. */
  async* answer(body, signal) {
    const headers = {"Content-Type": "application/json"};
    const reply = await this.#send("/v1/chat/completions", {method: "POST", body: JSON.stringify(body), headers, signal});
    const parser = new EventParser();
    const pieces = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const {value, done} = await pieces.read().catch((failure) => {
        if (failure.name === "AbortError") throw failure;
        throw new ServerError("The connection was lost before the answer was complete.");
      });
      if (done) throw new ServerError("The server ended the connection before the answer was complete.");
      for (const {name, data} of parser.push(value)) {
        if (data === "[DONE]") return;
        const chunk = JSON.parse(data);
        if (name === "error" || chunk.error) {
          throw new ServerError(sentence(chunk.error?.message ?? "the answer failed"));
        }
        yield chunk;
      }
    }
  }
}
