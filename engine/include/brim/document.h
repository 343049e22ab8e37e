/* Brim's C interface for texts that are processed once and asked about many times. In addition to brim.h, whose rules hold
 * here too.
 *
 *   brim_session_document(session, text, size);            process the document
 *   brim_session_fork(session, &question);                 as often as there are questions
 *   brim_session_message(question, "user", ask, length);
 *   brim_session_next(question, &piece);                   the answer, as always
 */
#ifndef BRIM_DOCUMENT_H
#define BRIM_DOCUMENT_H

#include <brim/brim.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Replaces everything in the session but its options by a text that questions will be asked about. The text becomes the
 * beginning of the user's first message: brim_session_message(session, "user", …) adds the question behind it, with an
 * empty line between. Until then the session can be saved, and forked for one question each; all forks begin at the same
 * state, bit for bit.
 * Where kv.budget evicts, the document is processed in pieces of at most 256 tokens, each of which is processed a second
 * time: what this replay attends to is kept, whatever is asked later. That holds in layers that may keep four pieces or
 * more; in the others kv.keep alone decides, and a warning in the log says so where there are no others. The budget holds
 * all the time. BRIM_INVALID_ARGUMENT for an empty text, one of more than max_message_bytes, and where the budget evicts
 * under another rule than kv.keep=distinct and kv.keep=learned: nothing is changed then. Reports progress in tokens, and
 * can be cancelled, as brim_session_append(). Where processing fails or is cancelled, the session is as after
 * brim_session_clear(). */
BRIM_API brim_status brim_session_document(brim_session* session, const char* text, size_t size);

typedef struct brim_document_stats {
  size_t size;
  int64_t tokens;   /* of the document, and of what the template writes before it; 0: the session has none */
  int64_t kept;     /* how many of them a layer that keeps entries still has, mean over these layers, rounded down */
  int64_t kept_min; /* the same of the layer that has the fewest */
  int64_t kept_max;
  int32_t layers; /* that keep entries; with kv.heads=apart, heads */
  int32_t looked; /* of these, those in which a replay decides what is kept; 0 also where everything fits */
} brim_document_stats;
/* What the session has of its document now. */
BRIM_API brim_status brim_session_document_stats(const brim_session* session, brim_document_stats* stats);

#ifdef __cplusplus
}
#endif
#endif
