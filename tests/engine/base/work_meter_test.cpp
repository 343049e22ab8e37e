// The meter by which long work is counted and cancelled: it checks the flag often enough, but not at every step.
#include "engine/base/work_meter.hpp"

#include <doctest/doctest.h>

#include <atomic>

using brim::WorkMeter;

TEST_CASE("a meter looks at the flag each time so many units were counted, and stays cancelled") {
  std::atomic<bool> cancel{false};
  WorkMeter meter(&cancel);
  for (std::int64_t i = 0; i < 10 * WorkMeter::kPollUnits; ++i) REQUIRE(meter.step());
  CHECK(meter.units() == 10 * WorkMeter::kPollUnits);
  CHECK(meter.polls() == 10);
  CHECK(meter.max_between_polls() == WorkMeter::kPollUnits);
  cancel = true;
  std::int64_t more = 0;
  while (meter.step()) ++more;
  CHECK(more < WorkMeter::kPollUnits);
  CHECK(meter.cancelled());
  cancel = false;
  CHECK(!meter.step());
}

TEST_CASE("work in large steps is looked at after each, and a step too large shows") {
  WorkMeter meter;
  REQUIRE(meter.step(WorkMeter::kMaxUnitsBetweenPolls));
  CHECK(meter.polls() == 1);
  CHECK(meter.max_between_polls() <= WorkMeter::kMaxUnitsBetweenPolls);
  REQUIRE(meter.step(WorkMeter::kMaxUnitsBetweenPolls + 1));
  CHECK(meter.polls() == 2);
  CHECK(meter.max_between_polls() > WorkMeter::kMaxUnitsBetweenPolls);
}

TEST_CASE("a test can have the meter cancelled at any look; no meter is never cancelled") {
  WorkMeter meter;
  meter.cancel_at_poll(3);
  std::int64_t steps = 1;
  while (meter.step()) ++steps;
  CHECK(steps == 3 * WorkMeter::kPollUnits);
  CHECK(brim::step(nullptr, 1'000'000'000));
  CHECK(!brim::step(&meter));
  CHECK(brim::cancelled_error().code == brim::ErrorCode::cancelled);
}

TEST_CASE("a meter may ask a function instead of a flag, and counts each call from the beginning") {
  int asked = 0;
  WorkMeter meter([](void* context) { return ++*static_cast<int*>(context) < 3; }, &asked);
  while (meter.step()) continue;
  CHECK(asked == 3);
  CHECK(meter.units() == 3 * WorkMeter::kPollUnits);
  CHECK(!meter.poll());
  CHECK(asked == 3);
  meter.restart();
  CHECK(meter.units() == 0);
  CHECK(meter.polls() == 0);
  CHECK(!meter.cancelled());
  CHECK(!meter.poll());
}
