// Loops of the tools: every index runs once, thread numbers are different, and an exception of a body reaches the
// caller; what calibration computes in loops is the same to the last bit for any number of threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <stdexcept>
#include <vector>

#include "apps/calibrate/sensitivity.hpp"
#include "apps/loops/parallel_for.hpp"
#include "tests/engine/generate/tiny.hpp"

using namespace brim;
using namespace brim::apps;

namespace {

WindowLosses measured(const std::shared_ptr<const model::Model>& model, int threads) {
  Measuring with;
  with.model = model;
  with.sequence.context = 160;
  with.sequence.threads = 2;
  with.sequence.profile = std::make_shared<const kv::Profile>();
  with.others = {*kernels::parse_kv_types("q4_0")};
  with.chunk = 4;
  with.loop_threads = threads;
  const Window window{test::some_ids(160), 160 - 37};
  WindowLosses losses;
  int steps = 0;
  const Status status = measure_window(
      with, window, losses, [&] { ++steps; }, [] { return true; });
  if (!status) FAIL(status.error().sentence);
  CHECK(steps == 2 * static_cast<int>(model->config().layers.size()));
  return losses;
}

bool same(const std::vector<LayerLoss>& a, const std::vector<LayerLoss>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const LayerLoss& one, const LayerLoss& other) {
    return one.kl == other.kl && one.nll == other.nll && one.measured && other.measured;
  });
}

}  // namespace

TEST_CASE("every index is visited once, on a thread below the number of threads, no thread twice at a time") {
  REQUIRE(loops_are_parallel());
  for (const int threads : {1, 2, 3, 8}) {
    for (const std::int64_t count : {0, 1, 2, 7, 1000}) {
      CAPTURE(threads);
      CAPTURE(count);
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count)), inside(static_cast<std::size_t>(threads));
      std::atomic<bool> distinct{true};
      parallel_for(threads, count, [&](std::int64_t index, int thread) {
        if (thread < 0 || thread >= std::min<std::int64_t>(threads, count)) {
          distinct = false;
          return;
        }
        if (inside[static_cast<std::size_t>(thread)].fetch_add(1) != 0) distinct = false;
        visits[static_cast<std::size_t>(index)].fetch_add(1);
        inside[static_cast<std::size_t>(thread)].fetch_sub(1);
      });
      CHECK(distinct.load());
      CHECK(std::all_of(visits.begin(), visits.end(), [](const std::atomic<int>& visit) { return visit.load() == 1; }));
    }
  }
}

TEST_CASE("the first exception of a body reaches the caller, and bodies that have not begun are left out") {
  for (const int threads : {1, 4}) {
    std::atomic<int> begun{0};
    CHECK_THROWS_AS(parallel_for(threads, 100000,
                                 [&](std::int64_t, int) {
                                   ++begun;
                                   throw std::bad_alloc();
                                 }),
                    std::bad_alloc);
    CHECK(begun.load() >= 1);
    CHECK(begun.load() <= threads);
  }
}

TEST_CASE("a calibration measures the same bits with any number of threads") {
  const auto model = test::tiny_model();
  const WindowLosses one = measured(model, 1);
  const auto positive = [](const LayerLoss& loss) { return loss.kl.back() > 0; };
  REQUIRE(std::any_of(one.layers.begin(), one.layers.end(), positive));
  for (const int threads : {2, 5, 64}) {
    CAPTURE(threads);
    const WindowLosses several = measured(model, threads);
    CHECK(same(one.layers, several.layers));
    REQUIRE(several.others.size() == 1);
    CHECK(same(one.others[0], several.others[0]));
    CHECK(one.infonce == several.infonce);
  }
}
