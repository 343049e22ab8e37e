// Quotas that are measured once over a whole prompt: the shares follow from what was measured, nothing moves afterwards,
// and measuring evicts nothing.
#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "engine/kv/policies.hpp"
#include "research/kv_suite/one_shot.hpp"
#include "tests/engine/generate/tiny.hpp"
#include "tests/support/policies.hpp"

using namespace brim;
using namespace brim::apps;

namespace {

const KeepGoing kAlways = [] { return true; };

run::SequenceOptions options_with(const kv::Split& split) {
  run::SequenceOptions options;
  options.context = 192;
  options.budget.kind = kv::BudgetRequest::Kind::percent;
  options.budget.percent = 40;
  options.threads = 2;
  options.split = &split;
  options.keep = &kv::window_rule();
  return options;
}

std::vector<double> measured(const std::shared_ptr<const model::Model>& model, const kv::Split& split,
                             std::size_t tokens) {
  const auto found = measure_layers(model, options_with(split), test::some_ids(tokens), kAlways);
  if (!found) FAIL(found.error().sentence);
  return *found;
}

}  // namespace

TEST_CASE("the shares of a measured split are those that the split computes from the measurement") {
  const MeasuredSplit split(kv::zigzag_split(), {0.3, 0.1, 0.1, 0.3});
  const std::vector<kv::LayerNeed> layers(4);
  std::vector<double> shares(4);
  split.shares({layers, 0, nullptr, 0, {}}, shares);
  // .2 + .8 · 4 · .3 / .8 = 1.4, and .2 + .8 · 4 · .1 / .8 = .6.
  CHECK(shares[0] == doctest::Approx(1.4));
  CHECK(shares[1] == doctest::Approx(0.6));
  CHECK(shares[3] == doctest::Approx(1.4));
  CHECK(split.needs().statistic == kv::LayerStatistic::none);
}

TEST_CASE("layers are measured over a whole prompt, alike every time and in whatever budget the arm has") {
  const auto model = test::tiny_model();
  for (const char* name : {"zigzag", "zigzag-lmbo", "cake", "squeeze"}) {
    CAPTURE(name);
    const kv::Split& split = *test::split_named(name);
    const std::vector<double> first = measured(model, split, 150);
    REQUIRE(first.size() == 3);
    for (const double value : first) CHECK(value > 0);
    CHECK(measured(model, split, 150) == first);
    run::SequenceOptions small = options_with(split);
    small.budget.percent = 25;
    small.threads = 1;
    const auto again = measure_layers(model, small, test::some_ids(150), kAlways);
    REQUIRE(again);
    CHECK(*again == first);
  }
  for (const double share : measured(model, kv::zigzag_split(), 150)) CHECK(share <= 1);
}

TEST_CASE("a sequence with measured quotas keeps them, where the streaming split moves its own") {
  const auto model = test::tiny_model();
  run::SequenceOptions options = options_with(kv::zigzag_split());
  const MeasuredSplit split(kv::zigzag_split(), {0.1, 0.8, 0.1});
  options.split = &split;
  const auto sequence = run::Sequence::create(model, options);
  if (!sequence) FAIL(sequence.error().sentence);
  const auto quotas = [&] {
    std::vector<std::int64_t> found;
    for (const kv::StreamId stream : kv::ids_up_to<kv::StreamId>(3)) {
      found.push_back((*sequence)->cache().stats(stream).quota);
    }
    return found;
  };
  const std::vector<std::int64_t> before = quotas();
  CHECK(before[1] > 2 * before[0]);  // 2.12 times and .44 times the average, in whole granules
  test::read(**sequence, test::some_ids(150));
  CHECK(quotas() == before);
  CHECK((*sequence)->cache().measured().empty());
  CHECK((*sequence)->cache().bytes_peak() <= (*sequence)->cache().plan().budget_bytes);
}

TEST_CASE("a prompt too long to be measured and one that is stopped are errors") {
  const auto model = test::tiny_model();
  const run::SequenceOptions options = options_with(kv::zigzag_split());
  CHECK(check_measurable(*model, options, 150).ok());
  CHECK_FALSE(check_measurable(*model, options, kv::kLargestContext).ok());
  const auto stopped = measure_layers(model, options, test::some_ids(150), [] { return false; });
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().code == ErrorCode::cancelled);
}
