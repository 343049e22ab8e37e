/* Brim's C interface: load a model, create a session with a KV budget, add messages or text, take the answer in pieces.
 *
 *   brim_model_load(path, NULL, NULL, NULL, &model);       load a model, with the default options
 *   brim_session_create(model, NULL, &session);            create a session
 *   brim_session_message(session, "user", text, size);     process a message
 *   brim_session_next(session, &piece);                    the next piece of the answer, until piece.end is not 0
 *   brim_session_free(session); brim_model_free(model);
 *
 * docs/embedding.md has this as a whole program.
 *
 * Rules for all functions
 * - A function that can fail returns a brim_status, BRIM_OK if it succeeded. After a failure brim_last_error() returns one
 *   sentence for the calling thread, valid until that thread's next call. Nothing prints, aborts, exits or throws.
 * - Loading a model creates its helper threads: one less than "threads" says, because the calling thread computes too, or
 *   fewer if the system grants fewer, which the log reports. Helper threads block all signals and end when the model and
 *   its sessions are freed. They do not exist in a child process that fork() creates: there, a model and a session that
 *   were inherited compute on the calling thread alone.
 * - Handles are opaque. A model does not change and may be used by many threads at once. A session may be used by one
 *   thread at a time, except brim_session_cancel(), which any thread may call at any time. A call on a session that is
 *   inside another call returns BRIM_WRONG_STATE and changes nothing. A callback may call functions that only read its
 *   session (statistics, messages), but none that change it.
 * - Strings are UTF-8. They are passed with their size in bytes; a `const char*` without a size ends with a NUL. Pointers
 *   that a function returns are valid until the next call on the same handle. Where a call fails, the handle or the
 *   pointer that it would have returned is NULL.
 * - A struct that Brim fills begins with `size`: set it to sizeof that struct before the call.
 * - The _free functions accept NULL.
 */
#ifndef BRIM_BRIM_H
#define BRIM_BRIM_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define BRIM_API __attribute__((visibility("default")))
#else
#define BRIM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum brim_status {
  BRIM_OK = 0,
  BRIM_INVALID_ARGUMENT = 1, /* an option, a prompt or a path is wrong */
  BRIM_BAD_FILE = 2,         /* a file's content is wrong or truncated */
  BRIM_UNSUPPORTED = 3,      /* well-formed, but Brim does not do it */
  BRIM_IO = 4,               /* the operating system failed a read, write or map */
  BRIM_OUT_OF_MEMORY = 5,    /* a budget or the machine is too small */
  BRIM_CANCELLED = 6,        /* brim_session_cancel or a progress callback asked to stop */
  BRIM_WRONG_STATE = 7,      /* the handle cannot do this now */
  BRIM_INTERNAL = 8          /* a defect in Brim */
} brim_status;

typedef struct brim_options brim_options;
typedef struct brim_model brim_model;
typedef struct brim_session brim_session;

/* One sentence about the last call of this thread that failed, at most 1,023 bytes; an empty string if none has failed. */
BRIM_API const char* brim_last_error(void);
/* The version of the library: "0.1.0". */
BRIM_API const char* brim_version(void);
/* The instruction set in use: "avx512_vnni". */
BRIM_API const char* brim_isa(void);

/* ---- options: string keys, so that new ones never change this interface ------------------------------------------
 * docs/options.md says more about each.
 * [options: from engine/api/options.def]
 * Model: given when it is loaded
 *   threads             Number of threads (1 to 512; default: the performance cores this process may use)
 *   weights             Where the weights are kept: private, repacked in memory of this process; shared, repacked in a cache file
 *                       that processes share and the next start maps as it is; file, read in place in the model's file, which is
 *                       slower (on the command line --no-repack) (default: private)
 *   kv.pool             Shared limit for the KV budgets of all sessions of the model: a session that does not fit is refused, and
 *                       freeing one returns its budget (default: no shared limit)
 * Session: given when it is created, and fixed then
 *   context             Context length in tokens (default: the model's training context)
 *   kv.budget           Hard limit for the KV cache: a size (64MiB), a share of what the whole context would need (20%), full, or
 *                       auto (default: auto: enough for 16384 tokens of context, or a quarter of the free memory if that is less)
 *   kv.type             Number format of cached keys and values: f32, f16, q8_0, q5_0, q4_0 or q3_0; two of them for keys and values
 *                       separately (q8_0:q4_0) (default: f16)
 *   kv.split            How the budget is divided between layers (default: auto: joint or depth where a profile shows that layers
 *                       differ, else uniform)
 *   kv.profile          Profile of the model's layers, as brim calibrate measured it (default: the profile that the model's file
 *                       carries, if any)
 *   kv.keep             Which entries are kept when the cache is full: window, the first and the newest; snapkv and tova, what
 *                       queries attend to; dynsplit, whole blocks of that; distinct, also those whose keys are unlike the rest;
 *                       learned, also those that a replay of the text is expected to attend to (default: distinct)
 *   kv.scores           Learned scores for kv.keep=learned (--kv-keep learned), as brim calibrate --keep-scores measured them
 *                       (default: the scores that the model's file carries, if any)
 *   kv.read             What a generated token reads of the cache: all, or top=25%, the first and the newest entries and the blocks
 *                       that match its query best, up to that share of the entries kept (default: all)
 *   kv.heads            Whether the KV heads of a layer keep the same entries: together, or apart, each with a quota of its own
 *                       (default: together)
 *   kv.checkpoints      Max number of checkpoints of layers' states and sliding windows: copies of these, in the KV budget, from
 *                       which a changed conversation goes on; -1: as many as the budget allows, 0: none (-1 to 16; default: -1)
 *   chat.template       How messages become a prompt: a built-in template (chatml, llama3, …) or Jinja source, on the command line a
 *                       file with it (default: the model's own template)
 *   spec.type           Speculation: draft several tokens and verify them in one pass, which changes the speed and never the text.
 *                       ngram drafts what followed earlier in the text, where that has been right; none is off (default: none)
 *   spec.draft_max      Max number of tokens drafted at once (1 to 15; default: 15)
 * Session: given then, or changed later by brim_session_set()
 *   system              System message of the conversation, from the next message on
 *   limit               Max number of tokens per answer; -1: no limit (default: -1)
 *   stop.ignore_eos     Whether generation goes on after an end token: 1 or 0 (default: 0)
 *   seed                The same seed gives the same text, whatever the number of threads (default: -1 in the commands, a seed
 *                       chosen at random; 0 in the library)
 *   temperature         Randomness; 0 always takes the most likely token (default: 0.8)
 *   top_k               Only the K most likely tokens; 0: off (default: 40)
 *   top_p               Only the most likely tokens that together reach the probability P; 1: off (0 to 1; default: 0.95)
 *   min_p               Only tokens at least P times as likely as the most likely one; 0: off (0 to 1; default: 0.05)
 *   typical_p           Only tokens about as surprising as expected; 1: off (0 to 1; default: 1)
 *   repeat_penalty      Divides the odds of recently seen tokens; 1: off (1e-6 to 1e6; default: 1)
 *   repeat_last_n       Number of recent tokens that penalties look at; -1: all (default: 64)
 *   frequency_penalty   Penalty for each time that a token was recently seen; 0: off (default: 0)
 *   presence_penalty    Penalty for tokens that were recently seen at all; 0: off (default: 0)
 *   dry_multiplier      Strength of DRY, which stops repeated sequences; 0: off (default: 0)
 *   dry_base            How fast DRY's penalty grows with each repeated token (default: 1.75)
 *   dry_allowed_length  Length in tokens up to which DRY allows repeated sequences (1 to 1048576; default: 2)
 *   dry_penalty_last_n  Number of recent tokens that DRY looks at; -1: all (default: -1)
 *   xtc_probability     How often XTC drops the top choices; 0: off (0 to 1; default: 0)
 *   xtc_threshold       Probability from which a token is a top choice for XTC; above 0.5: off (0 to 1; default: 0.1)
 *   mirostat            Mirostat in place of top-k, typical, top-p, min-p and XTC; 0: off (0 to 2; default: 0)
 *   mirostat_tau        The surprise mirostat aims at, in bits (0 to 1000; default: 5)
 *   mirostat_eta        How fast mirostat corrects itself (0 to 1000; default: 0.1)
 *   logit_bias          Makes a token more or less likely; ID-inf bans it (repeatable)
 *   stop                Ends the answer before this text (repeatable)
 *   max_message_bytes   Max size of a message or prompt, up to 1GiB; a larger one is refused before any work on it (default: 16MiB)
 * [options: end]
 */
BRIM_API brim_status brim_options_create(brim_options** out);
/* Keys and values are checked when the options are used: the call that they are passed to fails for an unknown key or an
 * invalid value. The call reads them, so they can be freed or changed afterwards. */
BRIM_API brim_status brim_options_set(brim_options* options, const char* key, const char* value);
BRIM_API void brim_options_free(brim_options* options);

typedef enum brim_log_level {
  BRIM_LOG_INFO = 0,   /* choices (the instruction set, how weights are kept); that a cache begins to evict */
  BRIM_LOG_WARNING = 1 /* something works less well than it could */
} brim_log_level;
/* `sentence` ends with a NUL and is valid during the callback. The callback is called by threads that are inside a call
 * on the model or on one of its sessions, by one thread at a time. It must return, and must not call functions of Brim. */
typedef void (*brim_log)(void* user, brim_log_level level, const char* sentence);
/* Sets the log callback for models loaded with these options, from brim_model_load() until brim_model_free() returns.
 * It is not called afterwards, even if sessions still exist, and never for other models. NULL disables it. */
BRIM_API brim_status brim_options_on_log(brim_options* options, brim_log log, void* user);

/* Reports that `done` of `total` units are done: bytes when a model is loaded or a session is created or restored, tokens
 * during prefill. Return 0 to stop the call, which then returns BRIM_CANCELLED, else 1. During one call `total` stays the
 * same, and `done` never decreases and is at most `total`. */
typedef int (*brim_progress)(void* user, int64_t done, int64_t total);

/* Sets the callback that brim_session_create() and brim_session_restore() call with these options, on the calling
 * thread, while they prepare the session's memory: with the bytes done and the total; once or several times when
 * everything is done. Restoring counts the bytes of the file once for each phase: reading, checking, preparing memory,
 * copying the state. Returning 0 ends the call with BRIM_CANCELLED. NULL: no callback. */
BRIM_API brim_status brim_options_on_progress(brim_options* options, brim_progress progress, void* user);

/* ---- models ------------------------------------------------------------------------------------------------------ */
/* Loads a GGUF file; of a split model, name its first file. `options` may be NULL (defaults), `progress` too (no callback).
 * BRIM_IO when the file cannot be read; BRIM_BAD_FILE, BRIM_UNSUPPORTED, BRIM_OUT_OF_MEMORY, BRIM_CANCELLED. */
BRIM_API brim_status brim_model_load(const char* path, const brim_options* options, brim_progress progress, void* user,
                                     brim_model** out);
/* Sessions keep alive what they need of the model: freeing a model first is allowed. */
BRIM_API void brim_model_free(brim_model* model);

typedef struct brim_model_info {
  size_t size;
  const char* name;         /* general.name or the file's name */
  const char* architecture; /* "llama" */
  const char* quantisation; /* the format most weights have: "Q4_K" */
  int64_t parameters;
  int64_t weight_bytes;
  int64_t context;    /* positions that the model was trained for */
  int64_t vocabulary; /* number of tokens */
  int32_t layers;
  int32_t threads;           /* threads that compute: as many as requested, or as the system granted */
  int32_t has_chat_template; /* 1 when the file carries one */
  int64_t layer_weights;     /* weights multiplied with every token; of experts those in use */
  int64_t output_weights;    /* weights multiplied only where logits are needed */
  int64_t token_bytes;       /* weight bytes read per generated token: both kinds, packed as in the file */
} brim_model_info;
BRIM_API brim_status brim_model_info_get(const brim_model* model, brim_model_info* info);

typedef struct brim_plan {
  size_t size;
  int64_t weight_bytes;    /* kept in memory, in the layout that the model options ask for */
  int64_t kv_budget_bytes; /* the limit that the session would never exceed */
  int64_t kv_full_bytes;   /* the budget that "full" stands for: every entry of the context */
  int64_t kv_min_bytes;    /* smallest valid budget */
  int64_t scratch_bytes;   /* outside the budget: activations, logits, history, the conversation's text, sampling */
  int64_t total_bytes;     /* weights, budget, scratch and stacks; the vocabulary and the program itself come on top */
  int64_t
      available_bytes; /* what this process may still take now: the smallest of the machine's, cgroup's and process's limits */
  int64_t context; /* positions of the session */
  int32_t layers;
  int32_t chunk;        /* tokens that prefill processes in one pass */
  int64_t thread_bytes; /* stacks of the helper threads that loading the model creates: reserved, hardly touched */
} brim_plan;
/* Computes what loading a model and creating one session with these options would take; reads no weights and reserves
 * nothing. The options may be NULL. Fails where loading or creating would fail because of the file, the options or the
 * budget; whether the memory is there is for the caller to compare: total_bytes with available_bytes. */
BRIM_API brim_status brim_plan_get(const char* path, const brim_options* model_options,
                                   const brim_options* session_options, brim_plan* plan);

/* The token ids of a text. `count` is the capacity of `ids` on entry and the number of ids on return. If the capacity is
 * too small, nothing is written to `ids`, the call returns BRIM_INVALID_ARGUMENT, and `count` is the capacity needed.
 * add_special: 1 adds BOS and EOS as the model's file says. parse_special: 1 turns the text of control tokens, such as
 * <|im_end|>, into these tokens. */
BRIM_API brim_status brim_tokenize(const brim_model* model, const char* text, size_t size, int add_special,
                                   int parse_special, int32_t* ids, size_t* count);

/* The text of token ids; `size` is used as `count` above, in bytes. The text may begin or end inside a UTF-8 character.
 * render_special: 1 writes control tokens as their text, 0 leaves them out. */
BRIM_API brim_status brim_detokenize(const brim_model* model, const int32_t* ids, size_t count, int render_special,
                                     char* text, size_t* size);

/* ---- sessions ----------------------------------------------------------------------------------------------------- */
/* Creates a session with all the memory that it will need: the memory is reserved and touched now. If there is not enough,
 * the call fails, and its sentence has the numbers. Afterwards answers (brim_session_next, _finish) allocate nothing. Calls
 * that take text allocate what is needed to render and tokenize it. Where the process has no memory left, they use memory
 * that the session keeps spare for this, enough for a conversation of max length (brim_session_messages).
 * BRIM_OUT_OF_MEMORY remains possible for longer texts and for copies, or when other threads take that memory in between:
 * then nothing has changed, and the session can continue. Can be cancelled by the callback of brim_options_on_progress. */
BRIM_API brim_status brim_session_create(brim_model* model, const brim_options* options, brim_session** out);
/* Not while another thread is inside a call on it. In a callback of a call on it: that call is cancelled, and its end
 * frees the session. */
BRIM_API void brim_session_free(brim_session* session);

/* Creates a second session that continues exactly as this one would, with as much memory as this one has. If not enough
 * memory is available, the call fails, and its sentence has the numbers. Afterwards each session is independent of the
 * other; the progress callback is not copied. BRIM_WRONG_STATE when prefill was interrupted and the tokens have to be
 * processed again. */
BRIM_API brim_status brim_session_fork(brim_session* session, brim_session** out);
/* Writes the session to a file, from which brim_session_restore() continues exactly at this state: KV memory, text,
 * conversation, sampler, options. The file is written without a name or as PATH.part-PID-N, synced and then renamed, so
 * that PATH is always the complete old file or the complete new one. If PATH is a link, the file that it names is
 * replaced. The file is readable by its owner alone, and contains the text of the conversation. BRIM_INVALID_ARGUMENT when
 * PATH is the model's file or cannot be a file; BRIM_WRONG_STATE as for brim_session_fork(); BRIM_IO. */
BRIM_API brim_status brim_session_save(brim_session* session, const char* path);
/* Creates a session from a file that brim_session_save() wrote with the same model. `options` may be NULL. They replace
 * the options that the session was saved with (equal values change nothing); but those that its memory depends on
 * (context, kv.*) must lead to the memory that it was saved with. An altered or truncated file, or one of another model, is
 * refused with BRIM_BAD_FILE before memory is reserved. Restoring opens no file that the session names: a profile is
 * saved in the session's file. The file says how much memory the session takes: for files from untrusted sources, set
 * context and kv.budget. */
BRIM_API brim_status brim_session_restore(brim_model* model, const brim_options* options, const char* path,
                                          brim_session** out);

/* Sets the callback for prefill; may be NULL. BRIM_WRONG_STATE, with the callback unchanged, while the session is
 * inside another call: that call continues to use the old one. */
BRIM_API brim_status brim_session_on_progress(brim_session* session, brim_progress progress, void* user);
/* Requests that the call in progress on this session, or else the next one, ends with BRIM_CANCELLED. The request ends one
 * call of brim_session_append, _append_ids, _message, _regenerate, _load_messages, _next, _fork or _save, and waits until
 * then: it is never lost, and several requests before that count as one. Other calls neither end because of the request
 * nor use it up. A call that finds a request when it begins changes nothing. So a request that comes just after an answer
 * has ended by itself ends the next call: repeat that call. The session checks for requests every few milliseconds, on a
 * slow processor at least every 50, but not while the system writes a file to the disk (fsync). May be called by any
 * thread at any time, also in a callback or a signal handler. */
BRIM_API void brim_session_cancel(brim_session* session);

/* Processes plain text, outside any conversation. add_special: 1 adds BOS where the session is empty; parse_special: as
 * for brim_tokenize(). */
BRIM_API brim_status brim_session_append(brim_session* session, const char* text, size_t size, int add_special,
                                         int parse_special);
BRIM_API brim_status brim_session_append_ids(brim_session* session, const int32_t* ids, size_t count);
/* Adds a message to the conversation, renders it with the chat template and processes the new tokens, up to the place
 * where the assistant answers: call brim_session_next() next. A message of the system or the assistant is processed
 * together with the next one of the user. `role` is "system", "user", "assistant" or "tool". If the call fails, the
 * message is removed again; if prefill had not begun, an answer in progress can continue. */
BRIM_API brim_status brim_session_message(brim_session* session, const char* role, const char* text, size_t size);
/* Removes the last message of the assistant, complete or not, and goes back to where it began: call brim_session_next() for
 * another answer. */
BRIM_API brim_status brim_session_regenerate(brim_session* session);

typedef struct brim_piece {
  size_t size;
  const char* text; /* whole UTF-8 characters; may be empty */
  size_t text_size;
  int32_t id;     /* the token, -1 when the piece only ends the answer */
  int32_t end;    /* 0: more follows; else why it ended: 1 end token, 2 stop string, 3 limit */
  int32_t status; /* of this session in brim_sessions_next(): if not BRIM_OK, text is the error message */
} brim_piece;
/* Chooses the next token and returns the text that is complete with it. The answer is part of the conversation as it
 * grows. After a stop string the answer has ended: further calls return an empty piece with the same `end`. BRIM_BAD_FILE when the
 * model computed logits that are not numbers, which happens with damaged files; BRIM_INVALID_ARGUMENT when the options
 * ban every token. */
BRIM_API brim_status brim_session_next(brim_session* session, brim_piece* piece);
/* brim_session_next() for `count` sessions of one model together: the weights are read once for all of them, so that
 * several answers take little longer than one. Each session gets the piece that it would get alone, bit for bit, in
 * pieces[i]; the pieces are pieces[0].size bytes apart. More than 16 sessions take several passes. A failure of one
 * session, including cancelling, concerns that session alone: see `status` of its piece. The call itself fails, with
 * nothing done, where a session is NULL, occurs twice, is inside another call or belongs to another model than the
 * first, and where pieces[0].size is smaller than brim_piece. */
BRIM_API brim_status brim_sessions_next(brim_session* const* sessions, size_t count, brim_piece* pieces);
/* One logit per token of the vocabulary, as the model computes them, after the last token that was processed; valid
 * until the next call on the session. A token that brim_session_next() returned is processed at the next call of
 * brim_session_next(). BRIM_WRONG_STATE when no token was processed. */
BRIM_API brim_status brim_session_logits(brim_session* session, const float** logits, size_t* count);
/* The model's state after the last token that was processed, from which the logits are computed: the last layer's
 * output with the final norm applied, as many values as the model is wide, unscaled. For a text's embedding, append it
 * to an empty session; models made for embeddings may need another pooling. Validity and errors as for
 * brim_session_logits(). */
BRIM_API brim_status brim_session_embedding(brim_session* session, const float** values, size_t* count);
/* Ends an answer early. `piece`, which may be NULL, returns text that was held back, because it might have been the
 * beginning of a stop string or of a character. */
BRIM_API brim_status brim_session_finish(brim_session* session, brim_piece* piece);

/* Removes everything except the options: text, conversation and cache. BRIM_OUT_OF_MEMORY, with nothing changed, where there is no memory for the system
 * message. */
BRIM_API brim_status brim_session_clear(brim_session* session);
/* Drops all but the first `tokens` of the processed tokens, exactly and without processing any token again; append what
 * comes next. BRIM_WRONG_STATE, with nothing changed, where entries that are needed again were evicted, slid out of a
 * window or moved; with kv.keep=distinct and a budget below `full` also at any other place than one token before the end
 * of one of the last two appended texts. Then use clear and append. */
BRIM_API brim_status brim_session_rewind(brim_session* session, int64_t tokens);
/* Changes one sampling, stop or system option of a session. This is allowed in the middle of an answer, too: text that
 * the old stop strings held back and the new ones do not comes with the next piece; where it contains a new one, the
 * answer ends there. A call that fails, also for lack of memory, has changed nothing. */
BRIM_API brim_status brim_session_set(brim_session* session, const char* key, const char* value);
/* Removes every value of an option that may be given several times: "stop", "logit_bias". BRIM_INVALID_ARGUMENT for other
 * keys, which always have one value: set it. */
BRIM_API brim_status brim_session_unset(brim_session* session, const char* key);
/* The value that was given for an option: at creation, by the saved session that this one continues, or since. `index`
 * counts the values of an option that may be given several times, from 0. NULL in `value`: the option has no value
 * number `index`; without any, the default applies. Owned by the session, valid until its options change. */
BRIM_API brim_status brim_session_option(const brim_session* session, const char* key, size_t index,
                                         const char** value);
/* The conversation as a JSON array of {"role", "content"}, as far as it is kept: eight bytes of text per position of
 * the context, at least 128 KiB. Of a longer conversation the oldest exchanges are dropped, and of the messages added
 * after the user's last message the oldest ones. */
BRIM_API brim_status brim_session_messages(brim_session* session, const char** json, size_t* size);
/* Replaces the conversation by a JSON array of this form and processes it, as far as the cache does not hold it
 * already. Where the last message is the user's or a tool's, up to where the assistant answers: call
 * brim_session_next() next. Where it is the assistant's or the system's, up to its end: continue with
 * brim_session_message(). An empty array clears the cache too. On failure the messages are the previous ones.
 * Content may be null, or an array of {"type": "text", "text": …}. Other members of a message, such as tool calls, are
 * not kept, and a warning in the log says which.
 * BRIM_INVALID_ARGUMENT also for JSON that is longer than the kept text plus two messages of max_message_bytes, at six
 * bytes for each byte. */
BRIM_API brim_status brim_session_load_messages(brim_session* session, const char* json, size_t size);

typedef struct brim_stats {
  size_t size;
  int64_t context;         /* positions */
  int64_t tokens;          /* processed and generated since the session was cleared */
  int64_t position;        /* next rotary position */
  int64_t kv_budget_bytes; /* the limit, which is never exceeded */
  int64_t kv_bytes;        /* in use now, staging included */
  int64_t kv_peak_bytes;   /* the peak, staging included */
  int64_t kv_full_bytes;   /* the budget that "full" stands for */
  int64_t scratch_bytes;   /* activations, logits, history, speculation, text, sampling: booked outside the budget */
  int64_t evicted;         /* entries evicted, over all layers */
  int64_t prompt_tokens;   /* since the last message or append */
  int64_t generated_tokens;
  double prompt_seconds;
  double generate_seconds;
  int32_t layers;
  int32_t chunk;           /* tokens processed at a time */
  int64_t drafted_tokens;  /* drafted and verified since the last message or append */
  int64_t accepted_tokens; /* of those, the ones that were right: each saved a pass */
  const char* kv_type;     /* "f16", "q8_0:q4_0", or "mixed" where layers differ; valid as long as the program */
} brim_stats;
BRIM_API brim_status brim_session_stats(const brim_session* session, brim_stats* stats);

typedef struct brim_layer_stats {
  size_t size;
  int64_t quota; /* entries the layer may keep */
  int64_t used;
  int64_t evicted;
  int64_t entry_bytes; /* the key and value of one entry, all heads: the bytes that attention reads */
  const char* kv_type; /* how they are stored: "f16", "q8_0:q4_0", or "" for a layer that keeps no entries; valid as
                          long as the program */
} brim_layer_stats;
BRIM_API brim_status brim_session_layer_stats(const brim_session* session, int32_t layer, brim_layer_stats* stats);

/* One line for people: what was booked, "KV 16.0 MiB f16 (uniform, window): 2,048 of 4,096 entries per layer". */
BRIM_API const char* brim_session_describe(brim_session* session);

/* ---- the machine --------------------------------------------------------------------------------------------------- */
typedef struct brim_machine {
  size_t size;
  const char* cpu;              /* as the processor says: "AMD EPYC 9355"; valid as long as the program */
  const char* isa;              /* brim_isa() */
  int32_t threads;              /* threads that were measured: as many as requested, or as the system granted */
  int32_t read_streams;         /* streams that each thread read at the same time when reading was fastest */
  double read_bytes_per_second; /* from memory: a buffer several times the largest cache, huge pages if possible */
  double
      int8_operations_per_second; /* multiplications and additions of 8-bit values, by the set in use, in registers */
} brim_machine;
/* Measures the machine's peak rates, as a reference for measured rates. Takes about half a second and, during that
 * time, up to 1 GiB. threads: 1…512. BRIM_OUT_OF_MEMORY when not even 64 MiB are available. */
BRIM_API brim_status brim_measure_machine(int32_t threads, brim_machine* machine);

#ifdef __cplusplus
}
#endif
#endif
