// The tiny model of the tests, loaded; sequences over it; and ids for prompts. Shared by the tests of sequences and of
// sessions.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/model/model.hpp"
#include "engine/run/sequence.hpp"
#include "tests/support/random.hpp"
#include "tests/support/tiny_file.hpp"

namespace brim::test {

/// Writes and loads a tiny model; its file is gone already.
inline std::shared_ptr<const model::Model> tiny_model(const TinyModel& shape = {}) {
  const TinyFile file(shape);
  auto model = model::Model::load(file.path, {.threads = 3});  // sequences take as many of them as they need
  if (!model) FAIL(model.error().sentence);
  return *model;
}

struct TinySequence {
  std::string type = "f16";
  std::string budget = "full";
  int threads = 2;
  const kv::Rule* keep = &kv::window_rule();
  std::string read = "all";
};

inline std::unique_ptr<run::Sequence> tiny_sequence(const std::shared_ptr<const model::Model>& model,
                                                    const TinySequence& wish) {
  run::SequenceOptions options;
  const auto types = kernels::parse_kv_types(wish.type);
  REQUIRE(types);
  options.type = *types;
  const auto budget = kv::parse_budget(wish.budget);
  if (!budget) FAIL(budget.error().sentence);
  options.budget = *budget;
  options.threads = wish.threads;
  options.keep = wish.keep;
  const auto reading = kv::parse_reading(wish.read);
  if (!reading) FAIL(reading.error().sentence);
  options.reading = *reading;
  auto sequence = run::Sequence::create(model, options);
  if (!sequence) FAIL(sequence.error().sentence);
  return std::move(*sequence);
}

/// Processes ids that must be valid; the logits after the last one; and how far two rows of logits are apart.
inline void read(run::Sequence& sequence, std::span<const std::int32_t> ids) {
  const Status status = sequence.read(ids, {}, nullptr);
  if (!status) FAIL(status.error().sentence);
}
inline std::vector<float> logits_of(run::Sequence& sequence) {
  const auto logits = sequence.logits();
  if (!logits) FAIL(logits.error().sentence);
  return {logits->begin(), logits->end()};
}
inline double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - b[i]));
  return largest;
}

/// Ids of the tiny vocabulary that look like text: BOS, then printable characters in an order without a period.
inline std::vector<std::int32_t> some_ids(std::size_t count) {
  std::vector<std::int32_t> ids{1};
  Random random(12345);
  while (ids.size() < count) ids.push_back(static_cast<std::int32_t>(random.pick(259, 348)));
  return ids;
}

}  // namespace brim::test
