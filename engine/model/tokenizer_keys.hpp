// Metadata keys of a tokenizer that Brim does not read ("tokenizer.ggml.escape_whitespaces"). A key that would change the
// tokens of most texts is harmless only where its value says "not used"; one that is unknown is a warning.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/gguf.hpp"

namespace brim::model {

/// `space_marks`: whether the vocabulary has U+2581 for spaces (it is not byte-level); the rules for white space are its
/// own.
/// Errors: unsupported, naming the file, the key and its value, for one that changes tokens.
Status refuse_tokenizer_keys(const io::Gguf& gguf, bool space_marks);

/// The keys with unknown meaning, in the order of the file.
std::vector<std::string> unknown_tokenizer_keys(const io::Gguf& gguf);

}  // namespace brim::model
