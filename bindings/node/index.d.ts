/** The library's version: "0.1.0". */
export const version: string;
/** The instruction set in use: "avx512_vnni". */
export const isa: string;

/** Finite; a bigint where a number would lose digits (seed). */
export type Option = string | number | bigint | boolean;

/** Keys of brim.h in camel case: kvBudget is kv.budget, topK is top_k. An array sets a key several times. */
export type Options = Record<string, Option | Option[]>;

/** Called on the event loop, a little after the work; it cannot stop it: the signal does, and the call then fails with its reason. */
export type Progress = (done: number, total: number) => void;

export interface Following {
  progress?: Progress;
  signal?: AbortSignal;
}

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
  hasChatTemplate: boolean;
  /** Weights that every token is multiplied with; of experts those in use. */
  layerWeights: number;
  /** Weights that are multiplied only where logits are wanted. */
  outputWeights: number;
  /** Bytes of weights that are read for one generated token. */
  tokenBytes: number;
}

/** What loading a model and one session would take: brim_plan of brim.h. */
export interface Plan {
  weightBytes: number;
  kvBudgetBytes: number;
  kvFullBytes: number;
  kvLeastBytes: number;
  scratchBytes: number;
  totalBytes: number;
  availableBytes: number;
  context: number;
  layers: number;
  chunk: number;
  threadBytes: number;
}

/** How one layer is kept: brim_layer_stats of brim.h. */
export interface LayerStats {
  quota: number;
  used: number;
  evicted: number;
  entryBytes: number;
  kvType: string;
}

export interface Piece {
  /** Whole characters; may be empty. */
  text: string;
  /** The token; -1 when the piece only ends the answer. */
  id: number;
  /** null: more follows. */
  end: null | "end" | "stop" | "limit";
}

/** Why a call failed: a brim_status of brim.h and its sentence. */
export interface Failure extends Error {
  status: number;
}

export interface Message {
  role: "system" | "user" | "assistant" | "tool";
  content: string;
}

export interface Stats {
  context: number;
  tokens: number;
  position: number;
  kvBudgetBytes: number;
  kvBytes: number;
  kvPeakBytes: number;
  kvFullBytes: number;
  scratchBytes: number;
  evicted: number;
  promptTokens: number;
  generatedTokens: number;
  promptSeconds: number;
  generateSeconds: number;
  layers: number;
  chunk: number;
  draftedTokens: number;
  acceptedTokens: number;
  kvType: string;
}

/**
 * A GGUF file, loaded; may have many sessions. Failures are Errors whose `status` is the brim_status of brim.h. A wrong type and a
 * NUL in a file's name, a role, a key or a value are TypeErrors, a number that is not finite is a RangeError.
 */
export class Model {
  /** `log` is called with a sentence at a time until the model is closed. */
  static load(
    file: string | URL,
    options?: Options,
    how?: Following & { log?: (level: "info" | "warning", sentence: string) => void },
  ): Promise<Model>;
  /** What `load` and one `session` with these options would take; reads no weights. threads, weights and kvPool are the model's. */
  static plan(file: string | URL, options?: Options): Promise<Plan>;
  readonly info: ModelInfo;
  tokenize(content: string, how?: { addSpecial?: boolean; parseSpecial?: boolean }): Promise<Int32Array>;
  detokenize(ids: number[] | Int32Array, how?: { renderSpecial?: boolean }): Promise<string>;
  session(options?: Options, how?: Following): Promise<Session>;
  /** A session as Session.save left it; options replace what it was saved with, but its memory has to be the same. */
  restore(file: string | URL, options?: Options, how?: Following): Promise<Session>;
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
  /** Called with tokens done and tokens in all while text is read; null: no function. */
  onProgress(progress: Progress | null): void;
  append(content: string, how?: { addSpecial?: boolean; parseSpecial?: boolean }): Promise<void>;
  appendIds(ids: number[] | Int32Array): Promise<void>;
  /** Replaces the conversation. */
  loadMessages(messages: Message[]): Promise<void>;
  /** Drops the last answer and stands again where it was to begin. */
  regenerate(): Promise<void>;
  /** After the last token that was read: one for each token of the vocabulary. */
  logits(): Promise<Float32Array>;
  /** The model's state after that token: as many numbers as the model is wide. */
  embedding(): Promise<Float32Array>;
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
  /** Removes every value of an option that may be given several times: stop, logitBias. */
  unset(name: string): void;
  /** The values that an option was given: none where the default holds, several for stop and logitBias. */
  option(name: string): string[];
  /** Forgets all but the first `tokens` tokens, where that is exact without reading again; else an Error with status 7. */
  rewind(tokens: number): void;
  /** One line: what was booked. */
  describe(): string;
  readonly layers: LayerStats[];
  readonly messages: Message[];
  readonly stats: Stats;
}

/**
 * Session.next() for different sessions of one model together: the model is read once for all of them, so that several answers
 * take little longer than one. Each gets the piece that it would get alone, in its place; where it alone fails, as after its
 * cancel() or close(), the Error stands there. Rejected, with nothing done, where one is closed or inside another call (status 7),
 * comes twice or belongs to another model than the first (status 1); no Session is a TypeError.
 */
export function nextPieces(sessions: readonly Session[]): Promise<(Piece | Failure)[]>;
