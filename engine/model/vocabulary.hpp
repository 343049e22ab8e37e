// The text side of a model file: tokenizer.ggml.* as a text::Vocabulary, and the chat template. Every type and count is
// checked; the file is untrusted input. Sits beside the configuration; the tokenizer itself is engine/text.
#pragma once

#include <string>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::model {

/// Reads tokenizer.ggml.* and general.name. What the file does not say is what default_vocabulary says; a special id
/// that is no token is ignored, as llama.cpp does. Errors: bad_file naming the file and the key (missing tokens or
/// merges, wrong types, counts that differ, a BOS to add that is not named); unsupported for a tokenizer model or
/// pre-tokenizer that is not known, with the known ones, and for tokens to suppress.
Result<text::Vocabulary> read_vocabulary(const io::Gguf& gguf);

/// tokenizer.chat_template, or an empty string when there is none. Named variants (tokenizer.chat_template.*) are not
/// read. Errors: bad_file when it is no string.
Result<std::string> read_chat_template(const io::Gguf& gguf);

}  // namespace brim::model
