// A scripted chat for tests of memory: hundreds of turns with all kinds of text that people and programs write, through
// the C interface.
#pragma once

#include <brim/brim.h>

#include <string>

#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace brim::test {

/// A model for the chat, in a format whose weights are repacked (loading starts the threads); its tokenizer merges byte
/// pairs or is SentencePiece. Throws when it cannot be written.
void write_chat_model(const std::string& path, bool byte_pairs = false);
/// Another tiny model with the chat's template.
void write_chat_model(const std::string& path, TinyModel model);

/// The same as a file that is removed with the object.
struct ChatModelFile {
  ScratchFolder folder;
  std::string path = folder.path + "/model.gguf";
  explicit ChatModelFile(bool byte_pairs = false) { write_chat_model(path, byte_pairs); }
  explicit ChatModelFile(const TinyModel& model) { write_chat_model(path, model); }
};

/// The options of its session, to be freed by the caller: sampling, stop strings, speculation, and a budget that holds
/// a small part of the text.
brim_options* chat_options();

/// Runs turn `turn`: a message of words, UTF-8, JSON or bytes that are not text, an answer in pieces, and now and then
/// another answer, other options or a query of the conversation. False at the first call that fails; brim_last_error()
/// has the reason.
bool chat_turn(brim_session* session, int turn);

}  // namespace brim::test
