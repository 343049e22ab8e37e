// See logit_check.hpp.
#include "engine/generate/logit_check.hpp"

#include <cmath>
#include <cstddef>

#include "kernels/dispatch.hpp"

namespace brim::generate {
namespace {

template <class... Parts>
Error damaged(std::int64_t tokens, const Parts&... found) {
  return error(ErrorCode::bad_file, "the model's logits after token ", tokens,
               " of the text are not usable: expected numbers, found ", found...,
               "; the model file is damaged or was converted wrongly, or the kernels for ", kernels::active_set(),
               " are defective on this machine: compare the file's checksum, or set BRIM_ISA=generic and try again");
}

}  // namespace

Status check_logits(std::span<const float> logits, std::int64_t tokens) {
  bool any = false;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    const float logit = logits[id];
    if (std::isnan(logit)) return damaged(tokens, "NaN for token id ", id);
    if (std::isinf(logit) && logit > 0) return damaged(tokens, "infinity for token id ", id);
    any = any || std::isfinite(logit);
  }
  if (any) return {};
  return damaged(tokens, "-infinity for all ", logits.size(), " token ids");
}

Error no_token_error(std::span<const float> logits, std::int64_t tokens) {
  if (const Status status = check_logits(logits, tokens); !status) return status.error();
  return error(ErrorCode::invalid_argument, "no token can be picked after token ", tokens,
               " of the text: logit_bias and the penalties ban all ", logits.size(), "; ban fewer");
}

}  // namespace brim::generate
