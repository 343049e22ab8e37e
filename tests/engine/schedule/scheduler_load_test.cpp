// No answer depends on the load, bit for bit: requests that come at random moments, with prompts of any length, seats
// that change hands, cancelled neighbours and a clock that makes pieces of prompts longer and shorter at random, against
// a session that has the machine for itself.
#include <algorithm>
#include <optional>

#include "tests/engine/schedule/scheduling.hpp"
#include "tests/support/tiny_recurrent.hpp"

namespace {

using namespace brim;

struct Load {
  const char* what;
  const char* budget;
  const kv::Rule* keep = &kv::window_rule();
  bool evicts = false;
  bool drafts = false;
  std::int64_t longest = 300;  // prompt
};

schedule::Request random_request(test::Random& random, std::int64_t longest) {
  const std::uint64_t seed = random.next();
  const auto tokens = static_cast<std::size_t>(random.pick(1, longest));
  schedule::Request request = test::request_of(seed, tokens, random.pick(0, 12));
  request.reuse = false;
  request.key = random.pick(0, 1) == 0 ? "one" : "other";
  request.answer.ignore_end_tokens = random.pick(0, 1) == 0;
  request.answer.sampling.temperature = random.pick(0, 2) == 0 ? 0 : 0.9;
  request.answer.sampling.repeat_penalty = random.pick(0, 1) == 0 ? 1.0 : 1.2;
  if (random.pick(0, 2) == 0) request.answer.stops = {"e", "qq"};
  return request;
}

struct Submitted {
  schedule::RequestId id;
  schedule::Request request;
  bool cancelled;
};

void check_load(const std::shared_ptr<const model::Model>& model, const Load& load, std::uint64_t seed) {
  INFO(load.what);
  test::Random random(seed);
  const auto clock = std::make_shared<std::pair<test::Random, double>>(test::Random(seed + 1), 0.0);
  schedule::SchedulerOptions options = test::seats_of(3, load.budget);
  options.seat.sequence.keep = load.keep;
  if (load.drafts) options.seat.sequence.speculation = {true, 3, true};
  options.prefill_chunk = 32;
  options.clock = [clock] { return clock->second += static_cast<double>(clock->first.pick(0, 300)) / 1000; };
  const auto scheduler = test::make_scheduler(model, options);
  std::vector<Submitted> submitted;
  test::Answers answers;
  constexpr std::size_t kRequests = 20;
  while (submitted.size() < kRequests || scheduler->wait(0)) {
    if (submitted.size() < kRequests && random.pick(0, 5) == 0) {
      schedule::Request request = random_request(random, load.longest);
      submitted.push_back({test::submit(*scheduler, request), request, random.pick(0, 5) == 0});
    }
    if (!submitted.empty() && random.pick(0, 3) == 0) {
      const Submitted& one =
          submitted[static_cast<std::size_t>(random.pick(0, static_cast<std::int64_t>(submitted.size()) - 1))];
      if (one.cancelled) scheduler->cancel(one.id);
    }
    answers.step(*scheduler, static_cast<std::size_t>(random.pick(2, 6)));
  }
  std::int64_t evicted = 0;
  for (const Submitted& one : submitted) {
    const test::Answer& found = answers.of(one.id);
    const test::Answer alone = test::answer_alone(model, options, one.request, &evicted);
    CHECK(found.cached == 0);
    CHECK(found.prompt == static_cast<std::int64_t>(one.request.ids.size()));
    if (found.status) {
      test::check_same(found, alone);
    } else {
      CHECK(one.cancelled);
      CHECK(found.status.error().code == ErrorCode::cancelled);
      REQUIRE(found.ids.size() <= alone.ids.size());
      CHECK(std::equal(found.ids.begin(), found.ids.end(), alone.ids.begin()));
    }
  }
  CHECK((evicted > 0) == load.evicts);
  const auto counts = scheduler->counts();
  CHECK(counts.busy == 0);
  CHECK(counts.waiting == 0);
  CHECK(counts.finished + counts.failed == static_cast<std::int64_t>(kRequests));
}

test::TinyModel long_context(test::TinyModel shape = {}) {
  shape.context = 1024;
  return shape;
}

}  // namespace

TEST_CASE("an answer under any load is the answer alone: everything fits") {
  const auto model = test::tiny_model(long_context());
  check_load(model, {"full", "full"}, 1);
  check_load(model, {"full, with drafts", "full", &kv::window_rule(), false, true}, 2);
}

TEST_CASE("an answer under any load is the answer alone: windows") {
  test::TinyModel shape = long_context();
  shape.window = 40;
  check_load(test::tiny_model(shape), {"windows", "full"}, 3);
}

TEST_CASE("an answer under any load is the answer alone: budgets below the need") {
  const auto model = test::tiny_model(long_context());
  check_load(model, {"window", "12%", &kv::window_rule(), true}, 4);
  check_load(model, {"tova", "12%", &kv::tova_rule(), true}, 5);
  check_load(model, {"dynsplit", "12%", &kv::dynsplit_rule(), true}, 6);
}

TEST_CASE("an answer under any load is the answer alone: beyond the context") {
  const auto model = test::tiny_model();  // 256 positions
  check_load(model, {"a short context", "full", &kv::window_rule(), true, false, 600}, 7);
}

TEST_CASE("an answer under any load is the answer alone: layers with states") {
  for (const char* const architecture : {"lfm2", "qwen35"}) {
    check_load(test::tiny_model(long_context(test::tiny_recurrent(architecture))), {architecture, "full"}, 8);
  }
}
