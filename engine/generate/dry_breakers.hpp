// DRY's breakers are given as text ("\n", ":"), but repetitions are counted in tokens: this file finds the token
// sequences that contain a breaker.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/generate/sampler.hpp"
#include "engine/text/tokenizer.hpp"

namespace brim::generate {

/// The default breakers of llama.cpp: "\n", ":", "\"", "*".
std::vector<std::string> default_dry_breakers();

/// For SamplingOptions::dry_breakers: every token that contains a breaker, alone, and every token that ends in the first
/// part of one, followed by the tokens of the rest (at most 20). Breakers longer than 40 bytes are cut. Looks at the
/// whole vocabulary once per breaker: call it once per session, and only when DRY is on.
/// Errors: invalid_argument for an empty breaker.
Result<std::vector<std::vector<TokenId>>> find_dry_breakers(const text::Tokenizer& tokenizer,
                                                            const std::vector<std::string>& breakers);

}  // namespace brim::generate
