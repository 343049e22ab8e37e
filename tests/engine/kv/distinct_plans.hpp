// Plans under rules that keep a score with each entry, and what their tests look at.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "engine/base/state.hpp"
#include "tests/engine/kv/fake_model.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/saved_bytes.hpp"

namespace brim::test {

inline kv::Plan distinct_plan(const kv::Shape& shape, const kv::BudgetRequest& request, const char* split = "uniform") {
  const auto plan = make_plan(shape, request, std::int64_t{1} << 40, split, "distinct");
  if (!plan) FAIL(plan.error().sentence);
  return *plan;
}

/// A plan of these quotas, under a rule that keeps a score with each entry.
inline kv::Plan plan_of_rule(const kv::Shape& shape, const std::vector<std::int64_t>& quotas, const kv::Rule& rule,
                             int chunk = 16) {
  const auto plan = kv::plan_of_quotas(shape, quotas, chunk, rule);
  if (!plan) FAIL(plan.error().sentence);
  return *plan;
}

/// A plan in which every layer keeps `quota` entries.
inline kv::Plan distinct_with_quota(const kv::Shape& shape, std::int64_t quota, int chunk = 32) {
  return plan_of_rule(shape, std::vector<std::int64_t>(shape.layers.size(), quota), kv::distinct_rule(), chunk);
}

inline std::vector<std::byte> saved(const kv::Memory& memory) {
  StateWriter state;
  memory.save(state);
  return saved_bytes(state);
}

inline Status restore(kv::Memory& memory, const std::vector<std::byte>& bytes) {
  StateReader state("a state", {bytes});
  return memory.restore(state);
}

/// The positions of the entries that a layer keeps.
inline std::vector<std::int64_t> positions_of(const FakeModel& model, int layer) {
  const auto positions = model.view(layer).positions();
  return {positions.begin(), positions.end()};
}

}  // namespace brim::test
