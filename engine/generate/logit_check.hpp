// Finds logits from which no token can be picked: the result of damaged weights or a defective kernel.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/result.hpp"

namespace brim::generate {

/// Whether all of them are numbers or −inf, and at least one is a number. `tokens`: how many had been processed, for
/// the message. Errors: bad_file with the first wrong one, its token id and the place in the text.
Status check_logits(std::span<const float> logits, std::int64_t tokens);

/// Why Sampler::sample picked nothing: as check_logits; or invalid_argument, because the options ban every token.
Error no_token_error(std::span<const float> logits, std::int64_t tokens);

}  // namespace brim::generate
