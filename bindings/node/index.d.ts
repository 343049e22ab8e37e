/** The library's version: "0.1.0". */
export const version: string;
/** The instruction set in use: "avx512_vnni". */
export const isa: string;

/** Finite; a bigint where a number would lose digits (seed). */
export type Option = string | number | bigint | boolean;

// Keys of brim.h in camel case: kvBudget is kv.budget, topK is top_k.
// options: from engine/api/options.def
export type ModelOptions = {
  /** Number of threads (1 to 512; default: the performance cores this process may use) */
  threads?: Option;
  /** Where the weights are kept: private, repacked in memory of this process; shared, repacked in a cache file that processes share and the next start maps as it is; file, read in place in the model's file, which is slower (on the command line --no-repack) (default: private) */
  weights?: Option;
  /** Shared limit for the KV budgets of all sessions of the model: a session that does not fit is refused, and freeing one returns its budget (default: no shared limit) */
  kvPool?: Option;
};
export type SessionOptions = {
  /** Context length in tokens (default: the model's training context) */
  context?: Option;
  /** Hard limit for the KV cache: a size (64MiB), a share of what the whole context would need (20%), full, or auto (default: auto: enough for 16384 tokens of context, or a quarter of the free memory if that is less) */
  kvBudget?: Option;
  /** Number format of cached keys and values: f32, f16, q8_0, q5_0, q4_0 or q3_0; two of them for keys and values separately (q8_0:q4_0) (default: f16) */
  kvType?: Option;
  /** How the budget is divided between layers (default: auto: joint or depth where a profile shows that layers differ, else uniform) */
  kvSplit?: Option;
  /** Profile of the model's layers, as brim calibrate measured it (default: the profile that the model's file carries, if any) */
  kvProfile?: Option;
  /** Which entries are kept when the cache is full: window, the first and the newest; snapkv and tova, what queries attend to; dynsplit, whole blocks of that; distinct, also those whose keys are unlike the rest; learned, also those that a replay of the text is expected to attend to (default: distinct) */
  kvKeep?: Option;
  /** Learned scores for kv.keep=learned (--kv-keep learned), as brim calibrate --keep-scores measured them (default: the scores that the model's file carries, if any) */
  kvScores?: Option;
  /** What a generated token reads of the cache: all, or top=25%, the first and the newest entries and the blocks that match its query best, up to that share of the entries kept (default: all) */
  kvRead?: Option;
  /** Whether the KV heads of a layer keep the same entries: together, or apart, each with a quota of its own (default: together) */
  kvHeads?: Option;
  /** Max number of checkpoints of layers' states and sliding windows: copies of these, in the KV budget, from which a changed conversation goes on; -1: as many as the budget allows, 0: none (-1 to 16; default: -1) */
  kvCheckpoints?: Option;
  /** How messages become a prompt: a built-in template (chatml, llama3, …) or Jinja source, on the command line a file with it (default: the model's own template) */
  chatTemplate?: Option;
  /** Speculation: draft several tokens and verify them in one pass, which changes the speed and never the text. ngram drafts what followed earlier in the text, where that has been right; none is off (default: none) */
  specType?: Option;
  /** Max number of tokens drafted at once (1 to 15; default: 15) */
  specDraftMax?: Option;
  /** System message of the conversation, from the next message on */
  system?: Option;
  /** Max number of tokens per answer; -1: no limit (default: -1) */
  limit?: Option;
  /** Whether generation goes on after an end token: 1 or 0 (default: 0) */
  stopIgnoreEos?: Option;
  /** The same seed gives the same text, whatever the number of threads (default: -1 in the commands, a seed chosen at random; 0 in the library) */
  seed?: Option;
  /** Randomness; 0 always takes the most likely token (default: 0.8) */
  temperature?: Option;
  /** Only the K most likely tokens; 0: off (default: 40) */
  topK?: Option;
  /** Only the most likely tokens that together reach the probability P; 1: off (0 to 1; default: 0.95) */
  topP?: Option;
  /** Only tokens at least P times as likely as the most likely one; 0: off (0 to 1; default: 0.05) */
  minP?: Option;
  /** Only tokens about as surprising as expected; 1: off (0 to 1; default: 1) */
  typicalP?: Option;
  /** Divides the odds of recently seen tokens; 1: off (1e-6 to 1e6; default: 1) */
  repeatPenalty?: Option;
  /** Number of recent tokens that penalties look at; -1: all (default: 64) */
  repeatLastN?: Option;
  /** Penalty for each time that a token was recently seen; 0: off (default: 0) */
  frequencyPenalty?: Option;
  /** Penalty for tokens that were recently seen at all; 0: off (default: 0) */
  presencePenalty?: Option;
  /** Strength of DRY, which stops repeated sequences; 0: off (default: 0) */
  dryMultiplier?: Option;
  /** How fast DRY's penalty grows with each repeated token (default: 1.75) */
  dryBase?: Option;
  /** Length in tokens up to which DRY allows repeated sequences (1 to 1048576; default: 2) */
  dryAllowedLength?: Option;
  /** Number of recent tokens that DRY looks at; -1: all (default: -1) */
  dryPenaltyLastN?: Option;
  /** How often XTC drops the top choices; 0: off (0 to 1; default: 0) */
  xtcProbability?: Option;
  /** Probability from which a token is a top choice for XTC; above 0.5: off (0 to 1; default: 0.1) */
  xtcThreshold?: Option;
  /** Mirostat in place of top-k, typical, top-p, min-p and XTC; 0: off (0 to 2; default: 0) */
  mirostat?: Option;
  /** The surprise mirostat aims at, in bits (0 to 1000; default: 5) */
  mirostatTau?: Option;
  /** How fast mirostat corrects itself (0 to 1000; default: 0.1) */
  mirostatEta?: Option;
  /** Makes a token more or less likely; ID-inf bans it (repeatable) */
  logitBias?: Option | Option[];
  /** Ends the answer before this text (repeatable) */
  stop?: Option | Option[];
  /** Max size of a message or prompt, up to 1GiB; a larger one is refused before any work on it (default: 16MiB) */
  maxMessageBytes?: Option;
};
// options: end

/** Also accepts keys that a newer library has. An array sets a key several times. */
export type Options = ModelOptions & SessionOptions & Record<string, Option | Option[]>;

/**
 * Called on the event loop, a little after the work. What it throws ends the work and rejects the call; so does the
 * signal, with the signal's reason.
 */
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
  /** Weights that every token is multiplied with; for experts, only those in use. */
  layerWeights: number;
  /** Weights that are multiplied only where logits are needed. */
  outputWeights: number;
  /** Bytes of weights that are read for one generated token. */
  tokenBytes: number;
}

/** What loading a model and one session would take: brim_plan of brim.h. */
export interface Plan {
  weightBytes: number;
  kvBudgetBytes: number;
  kvFullBytes: number;
  kvMinBytes: number;
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

/** What a session has of its document: brim_document_stats of document.h. */
export interface DocumentStats {
  tokens: number;
  kept: number;
  keptMin: number;
  keptMax: number;
  layers: number;
  looked: number;
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
 * A loaded GGUF file; may have many sessions. Failures are Errors whose `status` is the brim_status of brim.h. A wrong
 * type and a NUL in a file's name, a role, a key or a value are TypeErrors, a number that is not finite is a RangeError.
 */
export class Model {
  /**
   * `log` is called with one sentence at a time until the model is closed. What it throws rejects the call in progress, or
   * the next one.
   */
  static load(
    file: string | URL,
    options?: Options,
    how?: Following & { log?: (level: "info" | "warning", sentence: string) => void },
  ): Promise<Model>;
  /** What `load` and one `session` with these options would take; reads no weights. Accepts the options of both. */
  static plan(file: string | URL, options?: Options): Promise<Plan>;
  readonly info: ModelInfo;
  tokenize(content: string, how?: { addSpecial?: boolean; parseSpecial?: boolean }): Promise<Int32Array>;
  detokenize(ids: number[] | Int32Array, how?: { renderSpecial?: boolean }): Promise<string>;
  session(options?: Options, how?: Following): Promise<Session>;
  /** A session that Session.save wrote. The options replace the saved ones, but its memory must stay the same. */
  restore(file: string | URL, options?: Options, how?: Following): Promise<Session>;
  /**
   * Many requests inside one memory budget. `options` that are fixed at creation hold for every seat, the others are the
   * defaults of requests. `settings` are those of scheduler.h; 0 is the default, and a queue of 0 lets no request wait.
   */
  scheduler(
    options?: Options,
    settings?: Following & {
      seats?: number;
      queue?: number;
      prefillChunk?: number;
      maxGapMs?: number;
      /** Refuse requests that outgrow a seat (SchedulerStats.keptTokens), instead of evicting. */
      refuseWhenFull?: boolean;
    },
  ): Promise<Scheduler>;
  /** Sessions keep what they need. The promise is settled when the memory is freed, unless sessions are still open. */
  close(): Promise<void>;
}

/**
 * A conversation with its own memory, which is reserved completely when the session is created. One call at a time: a
 * second one fails with status 7 (BRIM_WRONG_STATE), except cancel() and close().
 */
export class Session {
  /** A second session that continues exactly as this one would, with the same amount of its own memory. */
  fork(): Promise<Session>;
  /** Writes the session to a file, whole or not at all: KV memory, conversation, sampler, options. */
  save(file: string | URL): Promise<void>;
  /** Called with (tokens done, total tokens) while text is processed; null: no function. */
  onProgress(progress: Progress | null): void;
  append(content: string, how?: { addSpecial?: boolean; parseSpecial?: boolean }): Promise<void>;
  appendIds(ids: number[] | Int32Array): Promise<void>;
  /** Replaces the conversation. */
  loadMessages(messages: Message[]): Promise<void>;
  /**
   * Replaces everything but the options by a text that questions will be asked about, here or in forks: it becomes the
   * beginning of the user's first message. Where it fails after processing began, the session is as after clear().
   */
  document(content: string): Promise<void>;
  /** What the session has of its document now. */
  readonly documentStats: DocumentStats;
  /** Drops the last answer, so that it can begin again. */
  regenerate(): Promise<void>;
  /** The logits after the last processed token: one for each token of the vocabulary. */
  logits(): Promise<Float32Array>;
  /** The model's state after that token: as many numbers as the model is wide. */
  embedding(): Promise<Float32Array>;
  message(role: Message["role"], content: string): Promise<void>;
  next(): Promise<Piece>;
  finish(): Promise<string>;
  reply(content: string, how?: { signal?: AbortSignal }): AsyncGenerator<string, void, void>;
  /** Makes the call in progress, or else the next one, fail with status 6 (BRIM_CANCELLED). */
  cancel(): void;
  /**
   * Cancels the call in progress, and frees the memory when that call has ended; the promise is settled then. Without
   * close() the garbage collector frees the memory.
   */
  close(): Promise<void>;
  clear(): void;
  set(name: string, value: Option): void;
  /** Removes every value of an option that may be given several times: stop, logitBias. */
  unset(name: string): void;
  /** The values that an option was given: none where the default applies, several for stop and logitBias. */
  option(name: string): string[];
  /**
   * Drops all but the first `tokens` tokens, where that is exact without processing tokens again; else an Error with
   * status 7.
   */
  rewind(tokens: number): void;
  /** One line: the memory that was reserved. */
  describe(): string;
  readonly layers: LayerStats[];
  readonly messages: Message[];
  readonly stats: Stats;
}

/**
 * Session.next() for different sessions of one model together: the weights are read once for all sessions, so that
 * several answers take little longer than one. The result has, in order, the piece that each session would get alone.
 * If a session alone fails, as after its cancel() or close(), its place has the Error. Rejected, with nothing done, if a
 * session is closed or inside another call (status 7), or if a session comes twice or belongs to another model than the
 * first (status 1). An argument that is not a Session is a TypeError.
 */
export function nextPieces(sessions: readonly Session[]): Promise<(Piece | Failure)[]>;

/** A prompt, exactly one of messages, text and ids, and how it is answered: brim_request of scheduler.h. */
export interface Request {
  messages?: Message[];
  text?: string;
  ids?: number[] | Int32Array;
  /** For text, as in Model.tokenize (defaults: true, false). */
  addSpecial?: boolean;
  parseSpecial?: boolean;
  /** What a session may change, except system. */
  options?: Options;
  /** What was processed is used again only between requests with an equal key. */
  key?: string;
  /** Whether the prompt may begin with what a seat holds already (default: true). */
  reuse?: boolean;
  /** From now to the end of the answer; 0: no limit. */
  timeoutMs?: number;
  /** Events have the logprob of their token, and of so many of the most probable ones, 0 to 20. */
  logprobs?: number;
  /** One event with a vector for the prompt, of unit length, in place of an answer. */
  embedding?: "none" | "last" | "mean";
}

/** The natural logarithm of a token's probability, from the raw logits; bytes are not always whole characters. */
export interface Logprob {
  token: number;
  logprob: number;
  bytes: Buffer;
}

export interface AnswerEvent {
  /** Whole characters; may be empty. */
  text: string;
  /** The token; -1 when the event only ends the answer. */
  token: number;
  /** null: more follows. */
  end: null | "end" | "stop" | "limit";
  promptTokens: number;
  /** Of the prompt, those that a seat held already. */
  cachedTokens: number;
  /** So far. */
  generatedTokens: number;
  /** Of the token, then of the most probable ones, where requested. */
  logprobs?: Logprob[];
  /** Where requested, in the last event. */
  embedding?: Float32Array;
}

export interface SchedulerStats {
  seats: number;
  busy: number;
  waiting: number;
  kvBudgetBytes: number;
  scratchBytes: number;
  finished: number;
  failed: number;
  refused: number;
  promptTokens: number;
  cachedTokens: number;
  generatedTokens: number;
  passes: number;
  chunk: number;
  /** Of one text that a seat keeps before anything is evicted. */
  keptTokens: number;
}

/** What a seat holds, after the last pass that it took part in: brim_seat of scheduler.h. */
export interface Seat {
  busy: boolean;
  tokens: number;
  kvBytes: number;
  kvBudgetBytes: number;
}

/** Many requests over one model: each is answered as if it were alone, in passes that all share. */
export class Scheduler {
  /**
   * Rejected with a Failure: status 7 when the queue is full, 6 after a time limit; with the signal's reason after that.
   * Leaving the loop early cancels the request.
   */
  answer(request: Request, how?: { signal?: AbortSignal }): AsyncGenerator<AnswerEvent, void, void>;
  readonly stats: SchedulerStats;
  readonly seats: Seat[];
  /** Ends all requests, with errors; the promise is settled when the memory is freed. */
  close(): Promise<void>;
}
