// Brim for Node: models and sessions over the native half (binding.cpp). Nothing here blocks the event loop for long.
"use strict";

const path = require("node:path");
const { fileURLToPath } = require("node:url");

const { aFunction, outOfRange, wholePairs, wrongType } = require("./arguments.js");
const callbacks = require("./callbacks.js");
const schedulers = require("./scheduler.js");

const native = loadNative(process.env.BRIM_NODE_BINDING || path.join(__dirname, "brim.node"));
const { CANCELLED, Listener, followed, heard } = callbacks(native);
const ENDS = [null, "end", "stop", "limit"];
// options: from engine/api/options.def
const MODEL_OPTIONS = ["threads", "weights", "kvPool"];
const DOTTED = new Map([ // names whose key in the library has a dot
  ["kvPool", "kv.pool"],
  ["kvBudget", "kv.budget"],
  ["kvType", "kv.type"],
  ["kvSplit", "kv.split"],
  ["kvProfile", "kv.profile"],
  ["kvKeep", "kv.keep"],
  ["kvScores", "kv.scores"],
  ["kvRead", "kv.read"],
  ["kvHeads", "kv.heads"],
  ["kvCheckpoints", "kv.checkpoints"],
  ["chatTemplate", "chat.template"],
  ["specType", "spec.type"],
  ["specDraftMax", "spec.draft_max"],
  ["stopIgnoreEos", "stop.ignore_eos"],
]);
// options: end
const GROUPS = new Set([...DOTTED.values()].map((key) => key.split(".")[0])); // of keys with a dot, also unknown ones

// Calls in progress are cancelled when the program ends: Node waits for its worker threads.
process.on("exit", () => native.cancelAll());

function loadNative(file) {
  try {
    return require(path.resolve(file));
  } catch (failure) {
    const reason = failure.code === "MODULE_NOT_FOUND" ? "there is no such file" : failure.message;
    throw new Error(
      `Brim's native half ${path.resolve(file)} cannot be loaded: ${reason}. Build Brim where Node's headers are installed ` +
        "(Debian: libnode-dev), which makes build/release/bindings/brim.node, and name that file in BRIM_NODE_BINDING; or use the " +
        "package that `cmake --install` puts into lib/nodejs/brim.",
      { cause: failure },
    );
  }
}

// {kvBudget: "64MiB", topK: 40, stop: ["a", "b"]} → [["kv.budget", "64MiB"], ["top_k", "40"], ["stop", "a"], ["stop", "b"]]
function key(name) {
  if (typeof name !== "string") throw wrongType("name", "a string", name);
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const [group, ...rest] = words.split("_");
  return DOTTED.get(name) ?? (rest.length > 0 && GROUPS.has(group) ? `${group}.${rest.join("_")}` : words);
}

function text(name, value) {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(Number(value));
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "number") throw wrongType(name, "a string, number, bigint or boolean", value);
  if (!Number.isFinite(value)) {
    throw outOfRange(`${name}: expected a finite number, found ${value}`);
  }
  return String(value);
}

function pairs(options) {
  if (typeof options !== "object" || options === null || Array.isArray(options)) throw wrongType("options", "an object", options);
  return Object.entries(options).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [key(name), text(key(name), one)]),
  );
}

function fileName(file) {
  return file instanceof URL ? fileURLToPath(file) : file;
}

// The calls of one handle that are in progress.
class Calls {
  #running = new Set();

  add(promise) {
    this.#running.add(promise);
    const remove = () => this.#running.delete(promise);
    promise.then(remove, remove);
    return promise;
  }

  async ended() {
    await Promise.allSettled(this.#running);
  }
}

class Model {
  #handle;
  #log;
  #calls = new Calls();

  constructor(handle, log) {
    this.#handle = handle;
    this.#log = log;
  }

  // `log` is called with ("info" or "warning", sentence) until the model is closed. What it throws rejects the call in
  // progress, or the next one.
  static async load(file, options = {}, { log, ...how } = {}) {
    const listener = log === undefined ? undefined : new Listener(aFunction("log", log));
    const make = (progress) => native.load(fileName(file), pairs(options), listener?.handle, progress);
    return new Model(await followed(how, listener, native.closeModel, make), listener);
  }

  get info() {
    return native.modelInfo(this.#handle);
  }

  async session(options = {}, how = {}) {
    const make = (progress) => this.#calls.add(native.session(this.#handle, pairs(options), progress));
    return new Session(await followed(how, this.#log, native.closeSession, make), this.#log);
  }

  // What loading `file` and one session with these options would take; reads no weights.
  static async plan(file, options = {}) {
    const of = (model) =>
      Object.fromEntries(Object.entries(options).filter(([name, value]) => MODEL_OPTIONS.includes(name) === model && !(model && value === undefined)));
    return native.plan(fileName(file), pairs(of(true)), pairs(of(false)));
  }

  async tokenize(content, { addSpecial = true, parseSpecial = false } = {}) {
    return this.#calls.add(native.tokenize(this.#handle, content, addSpecial, parseSpecial));
  }

  async detokenize(ids, { renderSpecial = false } = {}) {
    const beyond = this.info.vocabulary;
    if ((Array.isArray(ids) || ids instanceof Int32Array) && ids.some((id) => id >= beyond)) {
      throw outOfRange(`ids: expected a whole number from 0 to ${beyond - 1}`);
    }
    return this.#calls.add(native.detokenize(this.#handle, ids, renderSpecial));
  }

  // A session that Session.save wrote. The options replace the saved ones, but its memory must stay the same.
  async restore(file, options = {}, how = {}) {
    const make = (progress) => this.#calls.add(native.restore(this.#handle, fileName(file), pairs(options), progress));
    return new Session(await followed(how, this.#log, native.closeSession, make), this.#log);
  }

  // Many requests inside one memory budget. `options`: of a session; those that are fixed at creation hold for every
  // seat, the others are the defaults of requests. queue 0: no request may wait for a seat.
  async scheduler(options = {}, { seats = 0, queue, prefillChunk = 0, maxGapMs = 0, refuseWhenFull = false, ...how } = {}) {
    const settings = { seats, queue: queue === 0 ? -1 : queue ?? 0, prefillChunk, maxGapMs, refuseWhenFull };
    const make = (progress) => this.#calls.add(native.scheduler(this.#handle, pairs(options), settings, progress));
    return new Scheduler(await followed(how, this.#log, native.closeScheduler, make), this.#log);
  }

  // Sessions keep what they need of the model.
  async close() {
    native.closeModel(this.#handle);
    await this.#calls.ended();
  }
}

// A piece in the form of the public interface; an Error is returned unchanged.
function asPiece(found) {
  return "status" in found ? found : { ...found, end: ENDS[found.end] };
}

let nextPieces; // see Session: it uses private members of Session

class Session {
  #handle;
  #log;
  #progress;
  #calls = new Calls();
  #closed = false;

  constructor(handle, log) {
    this.#handle = handle;
    this.#log = log;
  }

  #call(promise, discard) {
    return this.#calls.add(heard(promise, [this.#progress, this.#log], discard));
  }

  static {
    // next() for different sessions of one model together. If one of them fails, its place has an Error.
    nextPieces = async (sessions) => {
      if (!Array.isArray(sessions)) throw wrongType("sessions", "an array", sessions);
      for (const [i, session] of sessions.entries()) {
        if (!(session instanceof Session)) throw wrongType(`sessions[${i}]`, "a Session", session);
      }
      const listeners = new Set(sessions.flatMap((session) => [session.#progress, session.#log]));
      const taking = heard(native.nextTogether(sessions.map((session) => session.#handle)), listeners);
      for (const session of sessions) session.#calls.add(taking);
      return (await taking).map(asPiece);
    };
  }

  // A second session that continues exactly as this one would, with the same amount of its own memory.
  async fork() {
    return new Session(await this.#call(native.fork(this.#handle), native.closeSession), this.#log);
  }

  async save(file) {
    await this.#call(native.save(this.#handle, fileName(file)));
  }

  // `progress` is called with (tokens done, total tokens) while text is processed; null: no function. What it throws ends
  // the call and rejects its promise.
  onProgress(progress) {
    const listener = progress === null ? undefined : new Listener(aFunction("progress", progress));
    native.onProgress(this.#handle, listener?.handle);
    this.#progress = listener;
  }

  async append(content, { addSpecial = true, parseSpecial = false } = {}) {
    await this.#call(native.append(this.#handle, content, addSpecial, parseSpecial));
  }

  async appendIds(ids) {
    await this.#call(native.appendIds(this.#handle, ids));
  }

  // Replaces the conversation.
  async loadMessages(messages) {
    if (!Array.isArray(messages)) throw wrongType("messages", "an array", messages);
    // JSON would spell half of a surrogate pair as an escape, which no parser takes.
    const json = JSON.stringify(messages, (name, value) => (typeof value === "string" ? wholePairs("messages", value) : value));
    await this.#call(native.loadMessages(this.#handle, json));
  }

  // Replaces everything but the options by a text that questions will be asked about, here or in forks.
  async document(content) {
    await this.#call(native.document(this.#handle, content));
  }

  // Drops the last answer, so that it can begin again.
  async regenerate() {
    await this.#call(native.regenerate(this.#handle));
  }

  // The logits after the last processed token: one for each token of the vocabulary.
  async logits() {
    return this.#call(native.logits(this.#handle));
  }

  // The model's state after that token: as many numbers as the model is wide.
  async embedding() {
    return this.#call(native.embedding(this.#handle));
  }

  async message(role, content) {
    await this.#call(native.message(this.#handle, role, content));
  }

  async next() {
    return asPiece(await this.#call(native.next(this.#handle)));
  }

  async finish() {
    return (await this.#call(native.finish(this.#handle))).text;
  }

  // The answer to the user's text, piece by piece. Leaving the loop early ends the answer there; a signal cancels it.
  async *reply(content, { signal } = {}) {
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType("signal", "an AbortSignal", signal);
    signal?.throwIfAborted();
    const stop = () => this.#closed || native.cancelInside(this.#handle);
    signal?.addEventListener("abort", stop);
    let answering = false;
    try {
      await this.message("user", content);
      answering = true;
      while (answering) {
        signal?.throwIfAborted();
        const piece = await this.next();
        answering = piece.end === null;
        if (piece.text !== "") yield piece.text;
      }
    } catch (failure) {
      if (signal?.aborted && failure?.status === CANCELLED) throw signal.reason;
      throw failure;
    } finally {
      signal?.removeEventListener("abort", stop);
      if (answering && !this.#closed) await this.finish();
    }
  }

  cancel() {
    native.cancel(this.#handle);
  }

  // Cancels the call in progress; the promise is settled when that call has ended and the memory is freed.
  async close() {
    this.#closed = true;
    native.closeSession(this.#handle);
    await this.#calls.ended();
  }

  clear() {
    native.clear(this.#handle);
  }

  set(name, value) {
    native.set(this.#handle, key(name), text(key(name), value));
  }

  // Removes every value of an option that may be given several times: stop, logitBias.
  unset(name) {
    native.unset(this.#handle, key(name));
  }

  // The values that an option was given: none where the default applies, several for stop and logitBias.
  option(name) {
    return native.option(this.#handle, key(name));
  }

  // Drops all but the first `tokens` tokens, where that is exact without processing tokens again.
  rewind(tokens) {
    native.rewind(this.#handle, tokens);
  }

  // One line: the memory that was reserved.
  describe() {
    return native.describe(this.#handle);
  }

  get layers() {
    return native.layers(this.#handle);
  }

  get documentStats() {
    return native.documentStats(this.#handle);
  }

  get messages() {
    return JSON.parse(native.messages(this.#handle));
  }

  get stats() {
    return native.stats(this.#handle);
  }
}

const Scheduler = schedulers({ native, pairs, heard, Calls, ENDS, CANCELLED });

module.exports = { Model, Scheduler, Session, nextPieces, version: native.version, isa: native.isa };
