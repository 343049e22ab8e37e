// Schedulers over tiny models: requests, and the answers that their events add up to.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/schedule/scheduler.hpp"
#include "tests/engine/generate/tiny.hpp"

namespace brim::test {

/// Options whose clock stands still.
inline schedule::SchedulerOptions seats_of(int seats, const char* budget = "full") {
  schedule::SchedulerOptions options;
  options.seat.sequence.budget = kv::parse_budget(budget).value();
  options.seat.sequence.threads = 2;
  options.seats = seats;
  options.clock = [] { return 0.0; };
  return options;
}

inline std::unique_ptr<schedule::Scheduler> make_scheduler(const std::shared_ptr<const model::Model>& model,
                                                           schedule::SchedulerOptions options) {
  auto scheduler = schedule::Scheduler::create(model, std::move(options));
  if (!scheduler) FAIL(scheduler.error().sentence);
  return std::move(*scheduler);
}

/// A prompt of `count` ids that look like text, another one for each seed; it is answered with `limit` tokens.
inline schedule::Request request_of(std::uint64_t seed, std::size_t count, std::int64_t limit) {
  schedule::Request request;
  Random random(seed);
  request.ids.push_back(1);
  while (request.ids.size() < count) request.ids.push_back(static_cast<TokenId>(random.pick(259, 348)));
  request.answer.sampling.seed = seed;
  request.answer.limit = limit;
  request.answer.ignore_end_tokens = true;
  return request;
}

struct Answer {
  std::vector<TokenId> ids;
  std::string text;
  generate::End end = generate::End::not_yet;
  Status status{};
  std::int64_t prompt = 0, cached = 0, generated = 0;
  std::size_t place = 0;  ///< of its first event among the first events of all requests
  bool ended() const { return end != generate::End::not_yet || !status; }
};

/// Collects events; each request has none after its last.
class Answers {
 public:
  void take(std::span<const schedule::Event> events) {
    for (const schedule::Event& event : events) {
      const auto [at, is_new] = answers_.try_emplace(event.id);
      Answer& answer = at->second;
      if (is_new) answer.place = answers_.size();
      CHECK(!answer.ended());
      answer.status = event.status;
      answer.prompt = event.prompt_tokens;
      answer.cached = event.cached_tokens;
      answer.generated = event.generated_tokens;
      if (!event.status) continue;
      if (event.piece.id >= 0) answer.ids.push_back(event.piece.id);
      answer.text += event.piece.text;
      answer.end = event.piece.end;
    }
  }
  std::size_t step(schedule::Scheduler& scheduler, std::size_t room = 20) {
    std::vector<schedule::Event> events(room);
    const std::size_t count = scheduler.step(events);
    take(std::span(events).first(count));
    return count;
  }
  /// Until no request is left.
  void finish(schedule::Scheduler& scheduler) {
    for (int steps = 0; scheduler.wait(0); ++steps) {
      REQUIRE(steps < 100000);
      step(scheduler);
    }
  }
  const Answer& of(schedule::RequestId id) const {
    REQUIRE(answers_.count(id) == 1);
    return answers_.at(id);
  }
  std::size_t size() const { return answers_.size(); }

 private:
  std::map<schedule::RequestId, Answer> answers_;
};

inline schedule::RequestId submit(schedule::Scheduler& scheduler, schedule::Request request) {
  const auto id = scheduler.submit(std::move(request));
  if (!id) FAIL(id.error().sentence);
  return *id;
}

/// What a session says to the request's prompt: one that no scheduler knows.
inline Answer answer_alone(const std::shared_ptr<const model::Model>& model, const schedule::SchedulerOptions& options,
                           const schedule::Request& request, std::int64_t* evicted = nullptr) {
  generate::SessionOptions settings = request.answer;
  settings.sequence = options.seat.sequence;
  settings.sequence.prefill_chunk = options.prefill_chunk;
  settings.sequence.executor = nullptr;
  auto session = generate::Session::create(model, settings);
  if (!session) FAIL(session.error().sentence);
  REQUIRE((*session)->append(request.ids));
  Answer answer;
  while (!answer.ended()) {
    const auto piece = (*session)->next();
    if (!piece) FAIL(piece.error().sentence);
    if (piece->id >= 0) answer.ids.push_back(piece->id);
    answer.text += piece->text;
    answer.end = piece->end;
  }
  if (evicted != nullptr) *evicted += (*session)->sequence().cache().evicted();
  return answer;
}

inline void check_same(const Answer& found, const Answer& expected) {
  CHECK(found.ids == expected.ids);
  CHECK(found.text == expected.text);
  CHECK(found.end == expected.end);
}

}  // namespace brim::test
