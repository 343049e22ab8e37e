// Functions of the program that are called while a call is in progress: they follow it, and what they throw ends it.
"use strict";

const { aFunction, wrongType } = require("./arguments.js");

const CANCELLED = 6;

module.exports = (native) => {
  // A function of the program that the event loop calls with what the library's threads report. What it throws ends the
  // work and rejects the call in progress, or the next one: see heard().
  class Listener {
    #state = { thrown: undefined, flushed: [] };

    constructor(called) {
      const state = this.#state; // not `this`: the native half holds this function, which must not hold the handle
      this.handle = native.listener((...said) => {
        if (said.length === 0) state.flushed.shift()();
        else if (state.thrown === undefined) {
          try {
            called(...said);
          } catch (failure) {
            state.thrown = { failure };
          }
        }
        return state.thrown === undefined;
      });
    }

    // Waits until everything that was reported is delivered; then what the function threw, as { failure }, or undefined.
    async thrown() {
      await new Promise((resolve) => {
        this.#state.flushed.push(resolve);
        if (!native.flush(this.handle)) this.#state.flushed.pop()();
      });
      const { thrown } = this.#state;
      this.#state.thrown = undefined;
      if (thrown !== undefined) native.resume(this.handle);
      return thrown;
    }
  }

  // The result of `promise`, unless the function of one of these listeners (or undefined) threw during the call: then that
  // exception. `discard` is called with a result that is not returned.
  async function heard(promise, listeners, discard = () => {}) {
    const [settled] = await Promise.allSettled([promise]);
    const thrown = [];
    for (const listener of listeners) thrown.push(await listener?.thrown());
    const first = thrown.find((one) => one !== undefined);
    if (first === undefined) return promise;
    if (settled.status === "fulfilled") discard(settled.value);
    throw first.failure;
  }

  // The result of call(handle of a listener): `progress` is called with (done, total) as it goes, and an aborted signal ends
  // it. What `log`, a listener or undefined, throws rejects it too. `discard`: see heard().
  async function followed({ progress, signal }, log, discard, call) {
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrongType("signal", "an AbortSignal", signal);
    if (progress !== undefined) aFunction("progress", progress);
    if (progress === undefined && signal === undefined) return heard(call(undefined), [log], discard);
    signal?.throwIfAborted();
    const listener = new Listener(progress ?? (() => {}));
    const stop = () => native.stop(listener.handle);
    signal?.addEventListener("abort", stop);
    try {
      return await heard(call(listener.handle), [listener, log], discard);
    } catch (failure) {
      if (signal?.aborted && failure?.status === CANCELLED) throw signal.reason;
      throw failure;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  return { CANCELLED, Listener, followed, heard };
};
