// A text at the smallest, a middle and the whole budget, under several rules: what every kind of layer has to keep.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tests/engine/generate/as_alone.hpp"
#include "tests/engine/generate/cached.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/policies.hpp"

namespace brim::test {

/// Bytes in use are within the budget after every step, beyond the context of 256 positions too, and a byte less than the
/// smallest budget is refused with both numbers.
inline void check_inside_budget(const std::shared_ptr<const model::Model>& model) {
  const auto ids = some_ids(400);
  const std::span<const std::int32_t> all(ids);
  std::int64_t min = 0;
  for (const char* keep : {"snapkv", "distinct", "tova", "window"}) {
    CAPTURE(keep);
    const kv::Rule* const rule = rule_named(keep);
    const kv::Plan plan = tiny_sequence(model, {.keep = rule})->memory().kv;
    min = plan.min_bytes;
    const std::int64_t budgets[] = {plan.min_bytes, (plan.min_bytes + plan.full_bytes) / 2, plan.full_bytes};
    for (const std::int64_t budget : budgets) {
      CAPTURE(budget);
      const auto sequence = tiny_sequence(model, {.budget = std::to_string(budget), .keep = rule});
      CHECK(sequence->memory().kv.budget_bytes <= budget);
      for (std::size_t at = 0; at < 300; at += 50) {
        read(*sequence, all.subspan(at, 50));
        REQUIRE(sequence->cache().bytes_used() <= budget);
      }
      for (std::size_t at = 300; at < 330; ++at) {
        go_on(*sequence, all.subspan(at, 1));
        REQUIRE(sequence->cache().bytes_used() <= budget);
      }
      CHECK(sequence->cache().rebased() > 0);
      for (const float logit : logits_of(*sequence)) REQUIRE(std::isfinite(logit));
    }
  }
  run::SequenceOptions too_small;
  too_small.keep = &kv::window_rule();
  too_small.budget = *kv::parse_budget(std::to_string(min - 1));
  const auto refused = run::Sequence::create(model, too_small);
  REQUIRE(!refused);
  CHECK(refused.error().sentence.find(kv::bytes_text(min - 1)) != std::string::npos);
  CHECK(refused.error().sentence.find(kv::bytes_text(min)) != std::string::npos);
}

}  // namespace brim::test
