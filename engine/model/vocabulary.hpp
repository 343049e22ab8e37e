// The text side of a model file: tokenizer.ggml.* as a text::Vocabulary, and the chat template. Every type and count is
// checked; the file is untrusted input. Independent of the configuration; the tokenizer itself is engine/text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::model {

/// Reads tokenizer.ggml.* and general.name. What the file does not say is what default_vocabulary says; a special id
/// that is not a token's is ignored, as llama.cpp does (ignored_token_ids says which). Errors: bad_file naming the file and the key (missing tokens or
/// merges, wrong types, counts that differ, a BOS to add that is not named or not a token's); unsupported for a tokenizer model or
/// pre-tokenizer that is not known, with the known ones, and for keys that change tokens in ways that are not
/// supported.
Result<text::Vocabulary> read_vocabulary(const io::Gguf& gguf);

/// Whether read_vocabulary reads tokenizer.ggml.`name`.
bool reads_tokenizer_key(std::string_view name);

/// What read_vocabulary ignored, of a vocabulary with `tokens` tokens: a sentence without its file for each key whose special id,
/// or ids, are not tokens' ("key 'tokenizer.ggml.eos_token_id' is 500, expected a token id from 0 to 319").
std::vector<std::string> ignored_token_ids(const io::Gguf& gguf, std::size_t tokens);

/// tokenizer.chat_template, or an empty string when there is none. Errors: bad_file when it is
/// not a string.
Result<std::string> read_chat_template(const io::Gguf& gguf);
/// The named variant for requests with tools, tokenizer.chat_template.tool_use; other variants are not read. As above.
Result<std::string> read_tool_template(const io::Gguf& gguf);

}  // namespace brim::model
