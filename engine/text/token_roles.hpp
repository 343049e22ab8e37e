// The role of each token: its type from the file, corrected where files are known to be wrong, and whether it ends an
// answer. Files seldom state either correctly, so both also depend on well-known token texts, with llama.cpp's lists.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/text/token_map.hpp"
#include "engine/text/vocabulary.hpp"

namespace brim::text {

/// Bits; a token may have several (a user-defined token that is known to be a control token has both).
enum TokenRole : std::uint8_t {
  kNormalToken = 1,
  kUnknownToken = 2,
  kControlToken = 4,
  kUserDefinedToken = 8,
  kByteToken = 16,
  kStripsRight = 32,  ///< white space after it is dropped when it is found in text
};

struct TokenRoles {
  std::vector<std::uint8_t> bits;     ///< one per token
  std::vector<bool> ends_generation;  ///< one per token
  /// Tokens that are control tokens because their text is known to end answers, although the file gives another type.
  std::vector<std::int32_t> assumed_control;
};

/// What ends an answer is what the metadata names (EOS, EOT, EOM and lists of ids) and every token whose text is known to;
/// never an id that is only a tokenizer's default. `tokens`: each token's text and its id. Ids in the vocabulary that are out of range are ignored.
TokenRoles find_token_roles(const Vocabulary& vocabulary, const TokenMap& tokens);

}  // namespace brim::text
