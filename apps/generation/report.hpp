// The report on an answer: a status line for people, JSON for programs.
#pragma once

#include <brim/brim.hpp>
#include <string>

#include "apps/generation/generation.hpp"

namespace brim::apps {

/// "38 tokens, 51.3 tok/s · KV 812.0 KiB of 1.5 MiB · evicting": under 80 columns. `evicted_before` is
/// brim_stats.evicted before the answer: a larger value now means that entries are being evicted.
std::string status_line(const brim_stats& stats, std::int64_t evicted_before);

/// {"text", "ids", "end", "tokens": {…}, "timings": {…}, "speculation": {…}, "kv": {…}} and a newline.
std::string answer_json(const Answer& answer, const brim_stats& stats);

/// Tokens per second; 0 when no time was measured.
double rate(std::int64_t tokens, double seconds);

}  // namespace brim::apps
