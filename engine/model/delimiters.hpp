// What each token of a vocabulary ends (a word, a sentence, a line), so that the cache, which does not know texts, can
// cut one into blocks.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/kv/document.hpp"
#include "engine/text/tokenizer.hpp"

namespace brim::model {

/// What the bytes of one token end: their last mark counts, behind which only spaces, closing quotes and brackets may
/// stand.
kv::Delimiter delimiter_of(std::string_view piece) noexcept;

/// One byte per token id, in the form that kv::Document expects: a kv::Delimiter, with kv::kBeginsWord. Tokens that end
/// an answer end a turn. Characters that a vocabulary spells as single bytes end nothing, except newlines and ASCII
/// marks.
std::vector<std::uint8_t> find_delimiters(const text::Tokenizer& tokenizer);

}  // namespace brim::model
