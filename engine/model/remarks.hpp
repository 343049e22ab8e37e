// What a person should know about a model file that loads, but lacks something or holds more than is used.
#pragma once

#include "engine/base/log.hpp"
#include "engine/io/gguf.hpp"
#include "engine/model/config.hpp"
#include "engine/model/weights.hpp"
#include "engine/text/tokenizer.hpp"

namespace brim::model {

/// Logs to `log`, one line per remark: a missing pre-tokenizer, special ids that are not tokens' and keys that are
/// not known (warnings), a missing chat template, tokens that became control tokens, tensors that are skipped.
void log_remarks(const Log& log, const io::Gguf& file, const Config& config, const Weights& weights,
                 const text::Tokenizer& tokenizer);

/// "4 of other encoders (v.patch_embd.weight, …), 12 that predict further tokens (blk.4.attn_q.weight, …)"; empty when
/// none are skipped.
std::string skipped_text(const io::Gguf& file, const Config& config, const Weights& weights);

}  // namespace brim::model
