// Many requests over one model: a scheduler's answers as async generators. Steps run on Node's worker threads, one after
// another, while requests are there.
"use strict";

const { outOfRange, wholePairs, wrongType } = require("./arguments.js");

// What has arrived for one request and was not taken yet.
class Arrivals {
  #events = [];
  #wake = null;
  ended = false; // its last event has arrived
  abandoned = false; // no events are wanted any more

  push(event) {
    if (!this.abandoned) this.#events.push(event);
    this.ended ||= event.end !== null || event.failure !== undefined;
    this.#wake?.();
  }

  async next() {
    while (this.#events.length === 0) await new Promise((resolve) => (this.#wake = resolve));
    return this.#events.shift();
  }
}

function prompt({ messages, text, ids }) {
  const given = Object.entries({ messages, text, ids }).filter(([, value]) => value !== undefined);
  if (given.length !== 1) throw outOfRange(`request: expected exactly one of messages, text and ids, found ${given.length}`);
  const [[kind, value]] = given;
  if (kind !== "messages") return [kind, value];
  if (!Array.isArray(value)) throw wrongType("messages", "an array", value);
  return [kind, JSON.stringify(value, (name, one) => (typeof one === "string" ? wholePairs("messages", one) : one))];
}

module.exports = ({ native, pairs, heard, Calls, ENDS, CANCELLED }) =>
  class Scheduler {
    #handle;
    #log;
    #calls = new Calls();
    #requests = new Map(); // id → Arrivals
    #stepping = false;
    #closed = false;

    constructor(handle, log) {
      this.#handle = handle;
      this.#log = log;
    }

    // The answer to one request, event by event. Leaving the loop early cancels the request, and so does a signal.
    async *answer(request, { signal } = {}) {
      if (typeof request !== "object" || request === null) throw wrongType("request", "an object", request);
      if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType("signal", "an AbortSignal", signal);
      signal?.throwIfAborted();
      const { key = "", reuse = true, timeoutMs = 0, addSpecial = true, parseSpecial = false, options = {} } = request;
      const { logprobs = -1, embedding: pooling = "none" } = request;
      const embedding = ["none", "last", "mean"].indexOf(pooling);
      if (embedding < 0) throw outOfRange(`embedding: expected none, last or mean, found ${pooling}`);
      const how = { key, reuse, timeoutMs, addSpecial, parseSpecial, logprobs, embedding };
      const submitting = native.submit(this.#handle, ...prompt(request), pairs(options), how);
      const id = await this.#calls.add(heard(submitting, [this.#log]));
      const arrivals = this.#arrivals(id);
      if (this.#closed) throw this.#closedError();
      this.#step();
      const stop = () => this.#closed || native.cancelRequest(this.#handle, id);
      signal?.addEventListener("abort", stop);
      if (signal?.aborted) stop();
      try {
        for (;;) {
          const { failure, ...event } = await arrivals.next();
          if (failure !== undefined) throw signal?.aborted && failure.status === CANCELLED ? signal.reason : failure;
          yield event;
          if (event.end !== null) return;
        }
      } finally {
        signal?.removeEventListener("abort", stop);
        arrivals.abandoned = true;
        if (arrivals.ended) this.#requests.delete(id);
        else stop();
      }
    }

    get stats() {
      return native.schedulerStats(this.#handle);
    }

    get seats() {
      return native.schedulerSeats(this.#handle);
    }

    // Ends all requests, with errors; the promise is settled when the memory is freed.
    async close() {
      if (this.#closed) return;
      this.#closed = true;
      native.closeScheduler(this.#handle);
      this.#failAll(this.#closedError());
      await this.#calls.ended();
    }

    #closedError() {
      return Object.assign(new Error("this scheduler is closed"), { status: 7 });
    }

    // A step may have brought a request's first events before submit() has returned its id.
    #arrivals(id) {
      let arrivals = this.#requests.get(id);
      if (arrivals === undefined) this.#requests.set(id, (arrivals = new Arrivals()));
      return arrivals;
    }

    #failAll(failure) {
      for (const arrivals of this.#requests.values()) {
        if (!arrivals.ended) arrivals.push({ failure, end: null });
      }
      this.#requests.clear();
    }

    #busy() {
      return [...this.#requests.values()].some((arrivals) => !arrivals.ended);
    }

    async #step() {
      if (this.#stepping) return;
      this.#stepping = true;
      try {
        while (!this.#closed && this.#busy()) {
          const events = await this.#calls.add(native.step(this.#handle));
          for (const { id, ...event } of this.#closed ? [] : events) {
            const arrivals = this.#arrivals(id);
            arrivals.push({ ...event, end: ENDS[event.end] });
            if (arrivals.ended && arrivals.abandoned) this.#requests.delete(id);
          }
        }
      } catch (failure) {
        this.#failAll(failure);
      } finally {
        this.#stepping = false;
      }
    }
  };
