// Sequences of one model that share an executor and its passes.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/run/executor.hpp"
#include "engine/run/sequence.hpp"
#include "tests/engine/generate/tiny.hpp"

namespace brim::test {

using Sequences = std::vector<std::unique_ptr<run::Sequence>>;

/// One sequence for each prompt, with room for everything, which has read it alone.
inline Sequences sequences_after(const std::shared_ptr<const model::Model>& model,
                                 const std::shared_ptr<run::Executor>& executor,
                                 const std::vector<std::span<const std::int32_t>>& prompts) {
  Sequences sequences;
  for (const auto prompt : prompts) {
    run::SequenceOptions options;
    options.budget = {kv::BudgetRequest::Kind::full, 0, 0};
    options.executor = executor;
    auto sequence = run::Sequence::create(model, options);
    if (!sequence) FAIL(sequence.error().sentence);
    read(**sequence, prompt);
    sequences.push_back(std::move(*sequence));
  }
  return sequences;
}

/// One pass, in which every sequence processes `id`.
inline void step_together(run::Executor& executor, const Sequences& sequences, std::int32_t id) {
  std::vector<model::SequenceStep> steps;
  for (const auto& sequence : sequences) {
    auto next = sequence->begin_next(id, 1, nullptr);
    REQUIRE(next);
    REQUIRE(next->has_value());
    steps.push_back(**next);
  }
  run::Executor::Turn turn = executor.turn();
  REQUIRE(turn.decoder().forward(steps, nullptr));
  std::int64_t row = 0;
  for (const auto& sequence : sequences) sequence->end_next(turn.decoder(), row++, 1, {});
}

}  // namespace brim::test
