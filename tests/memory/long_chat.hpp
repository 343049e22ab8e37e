// A scripted chat for tests of memory: hundreds of turns of everything that people and programs write, through the C interface.
#pragma once

#include <brim/brim.h>

#include <string>

namespace brim::test {

/// A model for it, in the format whose weights are repacked (loading starts the threads), whose tokenizer merges byte pairs or
/// is SentencePiece. Throws when it cannot be written.
void write_chat_model(const std::string& path, bool byte_pairs = false);

/// The options of its session, to be freed by the caller: sampling, stop strings, speculation, a budget that holds a small
/// part of what is said.
brim_options* chat_options();

/// Says turn `turn`: a message of words, UTF-8, JSON or bytes that are no text, an answer in pieces, now and then another
/// answer, other options or a look at the conversation. False at the first call that fails; brim_last_error() says why.
bool chat_turn(brim_session* session, int turn);

}  // namespace brim::test
