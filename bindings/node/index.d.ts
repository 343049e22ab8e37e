/** The library's version: "0.1.0". */
export const version: string;
/** The instruction set in use: "avx512_vnni". */
export const isa: string;

/** Finite; a bigint where a number would lose digits (seed). */
export type Option = string | number | bigint | boolean;

/** Keys of brim.h in camel case: kvBudget is kv.budget, topK is top_k. An array sets a key several times. */
export type Options = Record<string, Option | Option[]>;

export interface ModelInfo {
  name: string;
  architecture: string;
  quantisation: string;
  parameters: number;
  weightBytes: number;
  context: number;
  vocabulary: number;
  layers: number;
  threads: number;
}

export interface Piece {
  /** Whole characters; may be empty. */
  text: string;
  /** The token; -1 when the piece only ends the answer. */
  id: number;
  /** null: more follows. */
  end: null | "end" | "stop" | "limit";
}

export interface Message {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
}

export interface Stats {
  context: number;
  tokens: number;
  kvBudgetBytes: number;
  kvBytes: number;
  kvPeakBytes: number;
  kvFullBytes: number;
  evicted: number;
  promptTokens: number;
  generatedTokens: number;
  promptSeconds: number;
  generateSeconds: number;
  layers: number;
}

/**
 * A GGUF file, loaded; may have many sessions. Failures are Errors whose `status` is the brim_status of brim.h. A wrong type and a
 * NUL in a file's name, a role, a key or a value are TypeErrors, a number that is not finite is a RangeError.
 */
export class Model {
  static load(file: string | URL, options?: Options): Promise<Model>;
  readonly info: ModelInfo;
  session(options?: Options): Promise<Session>;
  /** A session as Session.save left it; options replace what it was saved with, but its memory has to be the same. */
  restore(file: string | URL, options?: Options): Promise<Session>;
  /** Sessions keep what they need of it. Settled when its memory is freed, unless sessions are still open. */
  close(): Promise<void>;
}

/**
 * A conversation with its own memory, all of it booked when it is made. One call at a time: a second one fails with status 7
 * (BRIM_WRONG_STATE), except cancel() and close().
 */
export class Session {
  /** A second session that goes on exactly as this one would, with as much memory of its own. */
  fork(): Promise<Session>;
  /** Writes the session to a file, whole or not at all: KV memory, conversation, sampler, options. */
  save(file: string | URL): Promise<void>;
  append(content: string, how?: { addSpecial?: boolean; parseSpecial?: boolean }): Promise<void>;
  message(role: Message["role"], content: string): Promise<void>;
  next(): Promise<Piece>;
  finish(): Promise<string>;
  reply(content: string, how?: { signal?: AbortSignal }): AsyncGenerator<string, void, void>;
  /** Makes the call inside, or else the next one, fail with status 6 (BRIM_CANCELLED). */
  cancel(): void;
  /** Cancels the call inside, and frees the memory when that has ended; settled then. Without it the garbage collector does. */
  close(): Promise<void>;
  clear(): void;
  set(name: string, value: Option): void;
  readonly messages: Message[];
  readonly stats: Stats;
}
