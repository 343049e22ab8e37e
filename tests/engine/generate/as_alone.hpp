// A text that is saved, taken back, copied and processed beside others, against the same text alone: what every kind of
// attention has to keep.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/state.hpp"
#include "engine/run/executor.hpp"
#include "tests/engine/generate/cached.hpp"
#include "tests/engine/generate/reading.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/engine/generate/together.hpp"
#include "tests/support/saved_bytes.hpp"

namespace brim::test {

inline void check_goes_on_as_alone(const std::shared_ptr<const model::Model>& model) {
  using Ids = std::span<const std::int32_t>;
  const auto ids = some_ids(120);
  const auto part = [&](std::size_t from, std::size_t to) { return Ids(ids).subspan(from, to - from); };
  const auto fresh = [&](Ids prompt, Ids more) {
    const auto sequence = tiny_sequence(model, {.threads = 1});
    read(*sequence, prompt);
    go_on(*sequence, more);
    return logits_of(*sequence);
  };
  const auto sequence = tiny_sequence(model, {}), other = tiny_sequence(model, {.threads = 1});
  read(*sequence, part(0, 60));
  go_on(*sequence, part(60, 65));
  StateWriter writer;
  REQUIRE(sequence->save(writer));
  const std::vector<std::byte> saved = saved_bytes(writer);
  StateReader state("a state", {saved});
  REQUIRE(other->restore(state));
  for (run::Sequence* each : {sequence.get(), other.get()}) {
    go_on(*each, part(65, 70));
    CHECK(logits_of(*each) == fresh(part(0, 60), part(60, 70)));
    REQUIRE(each->rewind(60, {}, nullptr));
    go_on(*each, part(80, 85));
    CHECK(logits_of(*each) == fresh(part(0, 60), part(80, 85)));
  }
  auto executor = std::make_shared<run::Executor>(model, 3);
  std::vector<Ids> prompts;
  for (std::size_t i = 0; i < 4; ++i) prompts.push_back(part(i, 20 + 9 * i));
  const Sequences sequences = sequences_after(model, executor, prompts);
  for (std::size_t step = 0; step < 6; ++step) step_together(*executor, sequences, ids[90 + step]);
  for (std::size_t i = 0; i < 4; ++i) CHECK(logits_of(*sequences[i]) == fresh(prompts[i], part(90, 96)));
}

}  // namespace brim::test
