// Brim for Node: models and sessions over the native half (binding.cpp). Nothing here blocks the event loop for long.
"use strict";

const path = require("node:path");

const native = require(process.env.BRIM_NODE_BINDING || path.join(__dirname, "brim.node"));
const CANCELLED = 6;
const ENDS = [null, "end", "stop", "limit"];
const DOTTED = new Set(["kv", "spec", "chat", "stop"]); // groups whose keys have a dot after the group's name

// {kvBudget: "64MiB", topK: 40, stop: ["a", "b"]} → [["kv.budget", "64MiB"], ["top_k", "40"], ["stop", "a"], ["stop", "b"]]
function key(name) {
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const [group, ...rest] = words.split("_");
  return rest.length > 0 && DOTTED.has(group) ? `${group}.${rest.join("_")}` : words;
}

function text(value) {
  return typeof value === "boolean" ? String(Number(value)) : String(value);
}

function pairs(options) {
  return Object.entries(options).flatMap(([name, value]) => [value].flat().map((one) => [key(name), text(one)]));
}

class Model {
  #handle;

  constructor(handle) {
    this.#handle = handle;
  }

  static async load(file, options = {}) {
    return new Model(await native.load(String(file), pairs(options)));
  }

  get info() {
    return native.modelInfo(this.#handle);
  }

  async session(options = {}) {
    return new Session(await native.session(this.#handle, pairs(options)), this);
  }

  // A session as Session.save left it; options replace what it was saved with, but its memory has to be the same.
  async restore(file, options = {}) {
    return new Session(await native.restore(this.#handle, String(file), pairs(options)), this);
  }
}

class Session {
  #handle;
  #model; // lives at least as long

  constructor(handle, model) {
    this.#handle = handle;
    this.#model = model;
  }

  // A second session that goes on exactly as this one would, with as much memory of its own.
  async fork() {
    return new Session(await native.fork(this.#handle), this.#model);
  }

  save(file) {
    return native.save(this.#handle, String(file));
  }

  append(content, { addSpecial = true, parseSpecial = false } = {}) {
    return native.append(this.#handle, content, addSpecial, parseSpecial);
  }

  message(role, content) {
    return native.message(this.#handle, role, content);
  }

  async next() {
    const piece = await native.next(this.#handle);
    return { ...piece, end: ENDS[piece.end] };
  }

  async finish() {
    return (await native.finish(this.#handle)).text;
  }

  // The answer to what the user says, piece by piece. Leaving the loop early ends it there; a signal cancels it.
  async *reply(content, { signal } = {}) {
    signal?.throwIfAborted();
    const stop = () => this.cancel();
    signal?.addEventListener("abort", stop);
    let ended = false;
    try {
      await this.message("user", content);
      while (!ended) {
        const piece = await this.next();
        ended = piece.end !== null;
        if (piece.text !== "") yield piece.text;
      }
    } catch (failure) {
      if (signal?.aborted && failure.status === CANCELLED) throw signal.reason;
      throw failure;
    } finally {
      signal?.removeEventListener("abort", stop);
      if (!ended) await this.finish();
    }
  }

  cancel() {
    native.cancel(this.#handle);
  }

  clear() {
    native.clear(this.#handle);
  }

  set(name, value) {
    native.set(this.#handle, key(name), text(value));
  }

  get messages() {
    return JSON.parse(native.messages(this.#handle));
  }

  get stats() {
    return native.stats(this.#handle);
  }
}

module.exports = { Model, Session, version: native.version, isa: native.isa };
