// What requests may ask for beside text: logprobs, embeddings, and to be refused rather than to be evicted.
#include <cmath>
#include <vector>

#include "tests/engine/schedule/scheduling.hpp"
#include "tests/support/allocation_count.hpp"

namespace requests_test {

using namespace brim;
using schedule::Event;
using test::request_of;
using test::seats_of;
using test::submit;

TEST_CASE("events have the logprobs of their tokens, and those of other requests have none") {
  const auto scheduler = test::make_scheduler(test::tiny_model(), seats_of(2));
  schedule::Request asking = request_of(1, 20, 6);
  asking.answer.logprobs = 3;
  asking.answer.sampling.temperature = 0;
  const auto first = submit(*scheduler, asking), second = submit(*scheduler, request_of(2, 20, 6));
  std::vector<Event> events(20);
  int noted = 0;
  while (scheduler->wait(0)) {
    const std::size_t count = scheduler->step(events);
    for (std::size_t i = 0; i < count; ++i) {
      const Event& event = events[i];
      CHECK((event.logprobs != nullptr) == (event.id == first && event.piece.id >= 0));
      if (event.logprobs == nullptr) continue;
      ++noted;
      CHECK(event.id != second);
      CHECK(event.logprobs->chosen.id == event.piece.id);
      REQUIRE(event.logprobs->count == 3);
      CHECK(event.logprobs->top[0].id == event.piece.id);
      CHECK(event.logprobs->top[0].logprob == event.logprobs->chosen.logprob);
      CHECK(event.logprobs->chosen.logprob <= 0);
    }
  }
  CHECK(noted == 6);
  asking.answer.logprobs = 21;
  const auto refused = scheduler->submit(asking);
  REQUIRE(!refused);
  CHECK(refused.error().sentence == "logprobs: expected -1 to 20, found 21");
}

TEST_CASE("a pass allocates nothing for logprobs") {
  const auto scheduler = test::make_scheduler(test::tiny_model(), seats_of(1));
  schedule::Request asking = request_of(1, 20, 100);
  asking.answer.logprobs = 20;
  submit(*scheduler, asking);
  std::vector<Event> events(20);
  for (int step = 0; step < 5; ++step) scheduler->step(events);
  const std::size_t before = test::allocation_count();
  for (int step = 0; step < 10; ++step) scheduler->step(events);
  CHECK(test::allocation_count() == before);
}

/// The embedding of the request's prompt while `others` are answered.
std::vector<float> embedding_of(schedule::Scheduler& scheduler, schedule::Request request, generate::Pooling pooling,
                                std::vector<schedule::Request> others = {}) {
  request.pooling = pooling;
  for (schedule::Request& other : others) submit(scheduler, std::move(other));
  const auto id = submit(scheduler, std::move(request));
  std::vector<Event> events(20);
  std::vector<float> found;
  while (scheduler.wait(0)) {
    const std::size_t count = scheduler.step(events);
    for (std::size_t i = 0; i < count; ++i) {
      if (events[i].id != id) {
        CHECK(events[i].embedding.empty());
        continue;
      }
      if (!events[i].status) FAIL(events[i].status.error().sentence);
      CHECK(events[i].piece.end == generate::End::limit);
      CHECK(events[i].piece.id == -1);
      CHECK(events[i].cached_tokens == 0);
      CHECK(events[i].generated_tokens == 0);
      CHECK(found.empty());
      found.assign(events[i].embedding.begin(), events[i].embedding.end());
    }
  }
  return found;
}

std::vector<float> unit(std::vector<double> values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  std::vector<float> scaled;
  for (const double value : values) scaled.push_back(static_cast<float>(value * (1 / std::sqrt(squares))));
  return scaled;
}

TEST_CASE("embeddings are those of a session that is given the prompt, under any load") {
  const auto model = test::tiny_model();
  const schedule::SchedulerOptions options = seats_of(3);
  const schedule::Request request = request_of(1, 90, 0);
  generate::SessionOptions settings;
  settings.sequence = options.seat.sequence;
  auto session = generate::Session::create(model, settings);
  REQUIRE(session);
  REQUIRE((*session)->append(std::span(request.ids)));
  const auto state = (*session)->embedding();
  REQUIRE(state);
  const std::vector<float> last = unit({state->begin(), state->end()});
  const auto scheduler = test::make_scheduler(model, options);
  const std::vector<float> found = embedding_of(*scheduler, request, generate::Pooling::last);
  REQUIRE(found.size() == last.size());
  for (std::size_t i = 0; i < last.size(); ++i) CHECK(found[i] == doctest::Approx(last[i]));
  CHECK(embedding_of(*scheduler, request, generate::Pooling::last, {request_of(2, 40, 9), request_of(3, 150, 5)}) ==
        found);
  const std::vector<float> mean = embedding_of(*scheduler, request, generate::Pooling::mean);
  CHECK(mean != found);
  CHECK(embedding_of(*scheduler, request, generate::Pooling::mean, {request_of(2, 40, 9), request_of(3, 150, 5)}) ==
        mean);
  // The mean of one token's state is that state.
  schedule::Request short_one = request;
  short_one.ids.resize(1);
  CHECK(embedding_of(*scheduler, short_one, generate::Pooling::mean) ==
        embedding_of(*scheduler, short_one, generate::Pooling::last));
  // An answer that follows in the seat is the answer alone.
  test::Answers answers;
  const auto id = submit(*scheduler, request_of(5, 60, 8));
  answers.finish(*scheduler);
  test::check_same(answers.of(id), test::answer_alone(model, options, request_of(5, 60, 8)));
}

TEST_CASE("what a seat cannot keep is refused with the numbers, where that is asked for") {
  const auto model = test::tiny_model();  // 256 positions
  schedule::SchedulerOptions options = seats_of(1);
  options.refuse_when_full = true;
  const auto scheduler = test::make_scheduler(model, options);
  REQUIRE(scheduler->counts().kept_tokens == 256);
  const auto refused = scheduler->submit(request_of(1, 200, 57));
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::invalid_argument);
  CHECK(refused.error().sentence.find("the prompt has 200 tokens and its answer up to 57; expected at most 256") !=
        std::string::npos);
  CHECK(!scheduler->submit(request_of(1, 257, 0)));
  CHECK(!scheduler->submit(request_of(1, 256, -1)));
  test::Answers answers;
  const auto whole = submit(*scheduler, request_of(1, 200, 56));
  const auto open = submit(*scheduler, request_of(2, 250, -1));
  answers.finish(*scheduler);
  CHECK(answers.of(whole).generated == 56);
  CHECK(answers.of(open).generated == 6);
  CHECK(answers.of(open).end == generate::End::limit);
  const auto evicting = test::make_scheduler(model, seats_of(1));
  CHECK(evicting->submit(request_of(1, 200, 57)));
  schedule::Request embedding = request_of(1, 257, 0);
  embedding.pooling = generate::Pooling::mean;
  CHECK(!evicting->submit(embedding));  // never cut
}

TEST_CASE("a budget below the need keeps fewer tokens, and none of those is evicted") {
  const auto model = test::tiny_model();
  for (const char* const budget : {"12%", "40%", "80%"}) {
    schedule::SchedulerOptions options = seats_of(1, budget);
    options.refuse_when_full = true;
    const auto scheduler = test::make_scheduler(model, options);
    const std::int64_t kept = scheduler->counts().kept_tokens;
    INFO(budget);
    CHECK(kept < 256);
    REQUIRE(kept >= 16);
    std::int64_t evicted = 0;
    const schedule::Request request = request_of(1, static_cast<std::size_t>(kept) - 4, 4);
    test::Answers answers;
    const auto id = submit(*scheduler, request);
    answers.finish(*scheduler);
    test::check_same(answers.of(id), test::answer_alone(model, options, request, &evicted));
    CHECK(evicted == 0);
    CHECK(!scheduler->submit(request_of(1, static_cast<std::size_t>(kept), 1)));
  }
}

}  // namespace requests_test
