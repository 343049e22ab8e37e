/* Many requests over one model inside one memory budget: brim_scheduler. Part of Brim's C interface; the rules of brim.h
 * hold here too.
 *
 *   brim_scheduler_create(model, options, NULL, &scheduler);      books all seats
 *   brim_scheduler_submit(scheduler, &request, &id);              any thread, at any time
 *   for (;;) {                                                    one thread computes:
 *     size_t count = 32;
 *     events[0].size = sizeof *events;
 *     brim_scheduler_step(scheduler, events, &count);             one pass; the pieces of all answers
 *     if (count == 0) brim_scheduler_wait(scheduler, 1000, NULL); sleeps while there is nothing to do
 *   }
 *
 * A scheduler has seats: places with a KV budget of their own, booked when it is created. A request waits in a bounded
 * queue until a seat is free, its prompt is processed in pieces that share passes with the answers of other requests, and
 * then its answer comes piece by piece. A seat keeps its text when an answer has ended: the next request whose prompt
 * begins like it, with an equal key, does not process that beginning again.
 *
 * An answer does not depend on what else is being answered, bit for bit. With `reuse` 0 it depends on the request alone;
 * otherwise also on the tokens that were taken from a seat (cached_tokens) and how these were processed before.
 *
 * Nothing computes by itself: there are no threads besides the model's helpers. brim_scheduler_step() is for one thread at
 * a time, every other function for any thread at any time. Sessions of the same model may be used beside a scheduler; they
 * wait for its passes, and it for theirs.
 */
#ifndef BRIM_SCHEDULER_H
#define BRIM_SCHEDULER_H

#include <brim/brim.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct brim_scheduler brim_scheduler;

typedef struct brim_scheduler_settings {
  size_t size;
  int32_t seats; /* requests that are worked on at a time, 1 to 256; 0: 4 */
  int32_t queue; /* requests that may wait for a seat, up to 65536; 0: 64; -1: none may wait */
  /* Where the budget holds less than the context, the max number of tokens of a prompt that a pass processes: 32 to 512,
   * a power of two (another number is rounded down); 0: 64. It decides what is evicted, and so what is answered. */
  int32_t prefill_chunk;
  /* A piece of a prompt may lengthen a pass to this time or to three times what a pass takes without one, whichever is
   * longer, but has at least 32 tokens; 0: 250. */
  int32_t max_gap_ms;
  /* 0: a text that outgrows a seat is evicted by the rules of kv.keep; 1: a request whose prompt and limit together are
   * more than brim_scheduler_stats.kept_tokens is refused, and one without a limit ends there. */
  int32_t when_full;
  /* NULL, or the absolute path of a folder for texts that lose their seat, and when the scheduler is freed; it is created
   * with access for this user alone. A later scheduler with the same folder, model and options continues them, for equal
   * keys. One scheduler at a time. `park_bytes`: of all files, at least 1. */
  const char* park_folder;
  int64_t park_bytes;
} brim_scheduler_settings;
/* Creates a scheduler with all its memory. `options` (may be NULL): of a session; those that are fixed at creation hold for
 * every seat, kv.budget for each of them (auto: what is available is divided between them), the others are the defaults of
 * requests; "system" is refused. `settings` may be NULL. BRIM_OUT_OF_MEMORY when a budget does not fit the model's kv.pool
 * or the machine: the sentence has the seat and the numbers. brim_options_on_progress() works as for a session. */
BRIM_API brim_status brim_scheduler_create(brim_model* model, const brim_options* options,
                                           const brim_scheduler_settings* settings, brim_scheduler** out);
/* Not while another thread is inside a call on it. Parks what seats hold. Requests end without an event. The model may be freed first. */
BRIM_API void brim_scheduler_free(brim_scheduler* scheduler);

typedef struct brim_request {
  size_t size;
  /* The prompt: one of these three, the others NULL. */
  /* A JSON array of {"role", "content"}, which the chat template renders up to where the assistant answers; a last message
   * of the assistant goes on where its content ends. */
  const char* messages;
  size_t messages_size;
  const char* text; /* plain text */
  size_t text_size;
  const int32_t* ids; /* token ids, as they are */
  size_t ids_count;
  int32_t add_special;         /* for text: as brim_tokenize() */
  int32_t parse_special;       /* the same */
  const brim_options* options; /* NULL: the defaults; else options that a living session may change, except "system" */
  const char* key;             /* NULL or up to 256 bytes: text is used again only between requests with an equal key */
  size_t key_size;
  int32_t reuse;        /* 1: the prompt may begin with what a seat holds; 0: every token is processed */
  int32_t timeout_ms;   /* from now to the end of the answer, then it ends with BRIM_CANCELLED; 0: no limit */
  int32_t logprobs;     /* 1: events have the logarithm of their token's probability; 0: they do not */
  int32_t top_logprobs; /* with logprobs: and of this many of the most probable tokens, 0 to 20 */
  /* 0: an answer; 1, 2: one event with a vector for the prompt instead, of unit length and as wide as the model: its state
   * after the last token (as brim_session_embedding()), or the mean of its states after all tokens. Every token is
   * processed; a prompt of more than brim_scheduler_stats.kept_tokens is refused and never cut. */
  int32_t embedding;
} brim_request;
/* Renders and tokenizes the prompt on the calling thread and queues the request; everything is copied. `id` gets a number
 * above 0 that is used only once. BRIM_WRONG_STATE, with the numbers, when the queue is full: nothing is wrong with the
 * request, try again later. BRIM_INVALID_ARGUMENT for a wrong request. */
BRIM_API brim_status brim_scheduler_submit(brim_scheduler* scheduler, const brim_request* request, int64_t* id);
/* The token ids of a request's prompt, as brim_scheduler_submit() would process them; nothing is queued, and of the request
 * only the prompt is looked at. `count` as for brim_tokenize(). A caller that gives these ids in place of messages or text
 * gets the same answer, and knows before what is left of the context. */
BRIM_API brim_status brim_scheduler_prompt(const brim_scheduler* scheduler, const brim_request* request, int32_t* ids,
                                           size_t* count);
/* Ends a request before the next pass; a pass that only it takes part in ends early. Its last event has BRIM_CANCELLED, or
 * is the end that it reached before. Does nothing where the request has ended, or `scheduler` is NULL. */
BRIM_API void brim_scheduler_cancel(brim_scheduler* scheduler, int64_t id);

/* The natural logarithm of a token's probability: the log-softmax of the raw logits, before penalties, filters and
 * temperature; -infinity where it cannot occur. */
typedef struct brim_logprob {
  int32_t token;
  float logprob;
  /* The token's text: for an event's own token what it adds to the answer, for others control tokens by name; not always
   * whole characters. Valid as long as the model. */
  const char* bytes;
  size_t bytes_size;
} brim_logprob;
typedef struct brim_event {
  size_t size;
  int64_t id;       /* of the request */
  const char* text; /* whole UTF-8 characters, may be empty; if status is not BRIM_OK, the error message */
  size_t text_size;
  int32_t token;            /* -1 when the event only ends the answer */
  int32_t end;              /* as brim_piece.end; 0 with BRIM_OK: more follows */
  int32_t status;           /* if not BRIM_OK, the request has ended without an answer, or in the middle of one */
  int64_t prompt_tokens;    /* of the whole prompt */
  int64_t cached_tokens;    /* of those, the ones that a seat held already */
  int64_t generated_tokens; /* so far */
  /* Of `token`, then of the most probable ones, the best first; NULL where not requested and where `token` is -1. Belongs
   * to the scheduler, valid until the next step. */
  const brim_logprob* logprobs;
  size_t logprobs_count;
  const float* embedding; /* NULL but in the last event of a request for one; valid until the next step */
  size_t embedding_count;
} brim_event;
/* Ends requests that are cancelled or late, gives free seats to waiting requests, and makes at most one pass. `count`: the
 * capacity of `events` on entry, at least 2, and the number of events on return; there is at most one piece per request. The
 * events are events[0].size bytes apart, which is at least sizeof(brim_event). Texts are valid until the next step. With 17
 * or more nothing has to wait for the next step. After creation a step allocates only where a request gets a seat, or
 * fails. The call itself fails for wrong arguments, and with BRIM_WRONG_STATE, with nothing done, while another thread is
 * inside it. */
BRIM_API brim_status brim_scheduler_step(brim_scheduler* scheduler, brim_event* events, size_t* count);
/* Waits until there is a request, brim_scheduler_wake() was called or the time has passed; returns at once while requests
 * are being worked on. `work` (may be NULL) becomes 1 where a step has something to do, else 0. */
BRIM_API brim_status brim_scheduler_wait(brim_scheduler* scheduler, int64_t milliseconds, int32_t* work);
/* Ends a wait, or else the next one. */
BRIM_API void brim_scheduler_wake(brim_scheduler* scheduler);

typedef struct brim_scheduler_stats {
  size_t size;
  int32_t seats;
  int32_t busy;             /* seats that have a request */
  int64_t waiting;          /* requests without a seat */
  int64_t kv_budget_bytes;  /* of each seat */
  int64_t scratch_bytes;    /* of each seat, outside the budget; what all seats share is counted in each */
  int64_t finished;         /* requests that reached an end */
  int64_t failed;           /* requests that ended otherwise, cancelled ones included */
  int64_t refused;          /* requests that found the queue full */
  int64_t prompt_tokens;    /* of all requests that have ended and had a seat */
  int64_t cached_tokens;    /* the same */
  int64_t generated_tokens; /* the same */
  int64_t passes;
  int32_t chunk;          /* max number of tokens of a prompt that a pass processes */
  int64_t parked;         /* texts that were written to the folder */
  int64_t restored;       /* texts that came back */
  int64_t parking_failed; /* texts that could not be written, or not be used again; no request fails by that */
  int64_t parked_bytes;   /* of the files that are there */
  int64_t kept_tokens;    /* of one text that a seat keeps before anything is evicted */
} brim_scheduler_stats;
BRIM_API brim_status brim_scheduler_stats_get(const brim_scheduler* scheduler, brim_scheduler_stats* stats);

typedef struct brim_seat {
  size_t size;
  int32_t busy;            /* 1: it has a request */
  int64_t tokens;          /* that it holds, of its request or of the one before, after the last pass that it was in */
  int64_t kv_bytes;        /* in use then */
  int64_t kv_budget_bytes; /* the limit, which is never exceeded */
} brim_seat;
/* `number`: 0 to one less than brim_scheduler_stats.seats, else BRIM_INVALID_ARGUMENT. */
BRIM_API brim_status brim_scheduler_seat_get(const brim_scheduler* scheduler, int32_t number, brim_seat* seat);

#ifdef __cplusplus
}
#endif
#endif
