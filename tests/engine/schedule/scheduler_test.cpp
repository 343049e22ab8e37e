// What a scheduler does with requests: what their prompts keep of earlier ones, failures that stay alone, a bounded
// queue, fairness, deadlines, cancelling, and no allocation in a pass.
#include <array>
#include <limits>
#include <thread>

#include "tests/engine/schedule/scheduling.hpp"
#include "tests/support/allocation_count.hpp"
#include "tests/support/tiny_recurrent.hpp"

namespace {

using namespace brim;
using schedule::RequestId;
using test::Answers;
using test::request_of;
using test::seats_of;
using test::submit;

schedule::Request with_key(schedule::Request request, const char* key, bool reuse = true) {
  request.key = key;
  request.reuse = reuse;
  return request;
}

/// The request's answer, when nothing else is answered.
test::Answer answered(schedule::Scheduler& scheduler, const schedule::Request& request) {
  Answers answers;
  const RequestId id = submit(scheduler, request);
  answers.finish(scheduler);
  return answers.of(id);
}

/// The same prompt, the answer to it, and more.
schedule::Request continued(const schedule::Request& request, const test::Answer& answer) {
  schedule::Request next = request;
  next.ids.insert(next.ids.end(), answer.ids.begin(), answer.ids.end());
  for (TokenId id = 300; id < 310; ++id) next.ids.push_back(id);
  return next;
}

bool contains(const std::string& text, const char* words) { return text.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("a prompt continues what a seat of its key holds, and no other key's") {
  const auto model = test::tiny_model();
  const auto scheduler = test::make_scheduler(model, seats_of(2));
  const schedule::Request first = with_key(request_of(1, 70, 5), "a");
  const test::Answer one = answered(*scheduler, first);
  CHECK(one.cached == 0);
  CHECK(one.prompt == 70);
  CHECK(one.generated == 5);
  REQUIRE(one.ids.size() == 5);
  CHECK(answered(*scheduler, with_key(first, "b")).cached == 0);
  const schedule::Request second = continued(first, one);
  CHECK(answered(*scheduler, with_key(second, "c", false)).cached == 0);  // the seat of "a", which was used first
  CHECK(answered(*scheduler, with_key(first, "a")).cached == 0);          // the seat of "b"
  const test::Answer again = answered(*scheduler, second);
  CHECK(again.cached == 74);  // the token that was picked last was not processed
  CHECK(again.prompt == 85);
  CHECK(answered(*scheduler, with_key(second, "a", false)).cached == 0);
  // The same twice: what is kept is exact. The last token is processed again for its logits.
  const auto other = test::make_scheduler(model, seats_of(2));
  (void)answered(*other, first);
  test::check_same(answered(*other, second), again);
  CHECK(answered(*other, second).cached == 84);
  const auto counts = other->counts();
  CHECK(counts.cached_tokens == 74 + 84);
  CHECK(counts.prompt_tokens == 70 + 85 + 85);
  CHECK(counts.finished == 3);
}

TEST_CASE("the seat with the longest prefix is taken, others keep their conversations") {
  const auto scheduler = test::make_scheduler(test::tiny_model(), seats_of(3));
  const schedule::Request first = request_of(1, 60, 4), second = request_of(2, 60, 4);
  const test::Answer one = answered(*scheduler, first), other = answered(*scheduler, second);
  CHECK(answered(*scheduler, continued(first, one)).cached == 63);
  CHECK(answered(*scheduler, continued(second, other)).cached == 63);
  CHECK(scheduler->counts().cached_tokens == 126);
}

TEST_CASE("layers with states go back to the checkpoint behind the prompt") {
  const auto scheduler = test::make_scheduler(test::tiny_model(test::tiny_recurrent("lfm2")), seats_of(1));
  const schedule::Request first = request_of(1, 70, 5);
  (void)answered(*scheduler, first);
  schedule::Request edited = first;
  edited.ids.insert(edited.ids.end(), {300, 301, 302});
  CHECK(answered(*scheduler, edited).cached == 70);
}

TEST_CASE("one failure is that request's alone") {
  const auto model = test::tiny_model();
  const schedule::SchedulerOptions options = seats_of(3);
  const auto scheduler = test::make_scheduler(model, options);
  const schedule::Request good = request_of(1, 90, 10), other = request_of(2, 40, 10);
  schedule::Request banned = request_of(3, 50, 10);
  for (TokenId id = 0; id < model->config().vocabulary; ++id) {
    banned.answer.sampling.logit_bias.emplace_back(id, -std::numeric_limits<float>::infinity());
  }
  Answers answers;
  const RequestId first = submit(*scheduler, good), failing = submit(*scheduler, banned),
                  last = submit(*scheduler, other);
  answers.finish(*scheduler);
  REQUIRE(!answers.of(failing).status);
  CHECK(answers.of(failing).status.error().code == ErrorCode::invalid_argument);
  test::check_same(answers.of(first), test::answer_alone(model, options, good));
  test::check_same(answers.of(last), test::answer_alone(model, options, other));
  CHECK(scheduler->counts().failed == 1);
  CHECK(scheduler->counts().finished == 2);
}

TEST_CASE("wrong requests are refused when they come") {
  const auto model = test::tiny_model();
  const auto scheduler = test::make_scheduler(model, seats_of(1));
  const auto refused = [&](const schedule::Request& request, const char* words) {
    const auto id = scheduler->submit(request);
    REQUIRE(!id);
    CHECK(id.error().code == ErrorCode::invalid_argument);
    CHECK(contains(id.error().sentence, words));
  };
  schedule::Request request = request_of(1, 5, 1);
  request.ids.clear();
  refused(request, "no tokens");
  request.ids = {1, static_cast<TokenId>(model->config().vocabulary)};
  refused(request, "token id");
  request = with_key(request_of(1, 5, 1), std::string(300, 'k').c_str());
  refused(request, "300 bytes");
  request = request_of(1, 5, 1);
  request.seconds = std::numeric_limits<double>::quiet_NaN();
  refused(request, "time limit");
  request = request_of(1, 5, 1);
  request.answer.sampling.temperature = -1;
  refused(request, "temperature");
  CHECK(!scheduler->wait(0));
}

TEST_CASE("the queue is bounded, and says so with numbers") {
  schedule::SchedulerOptions options = seats_of(1);
  options.queue = 2;
  const auto scheduler = test::make_scheduler(test::tiny_model(), options);
  for (std::uint64_t i = 0; i < 3; ++i) submit(*scheduler, request_of(i, 20, 3));  // one for the seat, two that wait
  for (int round = 0; round < 2; ++round) {
    const auto refused = scheduler->submit(request_of(9, 20, 3));
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::wrong_state);
    CHECK(contains(refused.error().sentence, round == 0 ? "3 requests wait" : "2 requests wait"));
    CHECK(contains(refused.error().sentence, "at most 2 may wait"));
    std::array<schedule::Event, 4> events;
    scheduler->step(events);  // the first one gets the seat
  }
  CHECK(scheduler->counts().refused == 2);
  CHECK(scheduler->counts().busy == 1);
  Answers answers;
  answers.finish(*scheduler);
  CHECK(answers.size() == 3);
  CHECK(scheduler->submit(request_of(9, 20, 3)));
}

TEST_CASE("a key with many requests does not keep another one waiting") {
  const auto scheduler = test::make_scheduler(test::tiny_model(), seats_of(2));
  std::vector<RequestId> many;
  for (std::uint64_t i = 0; i < 6; ++i) many.push_back(submit(*scheduler, with_key(request_of(i, 40, 4), "many")));
  const RequestId late = submit(*scheduler, with_key(request_of(9, 40, 4), "late"));
  Answers answers;
  answers.finish(*scheduler);
  CHECK(answers.of(many[0]).place <= 2);
  CHECK(answers.of(late).place <= 2);
  for (std::size_t i = 1; i < many.size(); ++i) CHECK(answers.of(many[i]).place == i + 2);
}

TEST_CASE("more sequences than a pass holds take turns") {
  const auto model = test::tiny_model();
  const schedule::SchedulerOptions options = seats_of(19);
  const auto scheduler = test::make_scheduler(model, options);
  std::vector<RequestId> ids;
  for (std::uint64_t i = 0; i < 19; ++i) ids.push_back(submit(*scheduler, request_of(i, 5, 6)));
  Answers answers;
  while (scheduler->wait(0)) CHECK(answers.step(*scheduler, 40) <= 16);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    test::check_same(answers.of(ids[i]), test::answer_alone(model, options, request_of(i, 5, 6)));
  }
}

TEST_CASE("a request that is late ends, with a seat or without one, and no other one does") {
  const auto model = test::tiny_model();
  schedule::SchedulerOptions options = seats_of(2);
  const auto now = std::make_shared<double>(100);
  options.clock = [now] { return *now; };
  const auto scheduler = test::make_scheduler(model, options);
  const schedule::Request kept = request_of(1, 40, 30);
  schedule::Request seated = request_of(2, 40, 30), waiting = request_of(3, 40, 30);
  seated.seconds = 5;
  waiting.seconds = 3;
  Answers answers;
  const RequestId first = submit(*scheduler, kept), second = submit(*scheduler, seated),
                  third = submit(*scheduler, waiting);
  for (int step = 0; step < 6; ++step) answers.step(*scheduler);
  *now = 103.5;
  answers.step(*scheduler);
  REQUIRE(!answers.of(third).status);
  CHECK(answers.of(third).status.error().code == ErrorCode::cancelled);
  CHECK(contains(answers.of(third).status.error().sentence, "time limit"));
  CHECK(answers.of(second).status);
  *now = 106;
  answers.step(*scheduler);
  CHECK(!answers.of(second).status);
  CHECK(answers.of(second).generated > 0);
  answers.finish(*scheduler);
  test::check_same(answers.of(first), test::answer_alone(model, options, kept));
}

TEST_CASE("cancelling ends one request before the next pass") {
  const auto model = test::tiny_model();
  const schedule::SchedulerOptions options = seats_of(2);
  const auto scheduler = test::make_scheduler(model, options);
  const schedule::Request kept = request_of(1, 40, 20), in_prompt = request_of(2, 200, 20);
  Answers answers;
  const RequestId first = submit(*scheduler, kept), second = submit(*scheduler, in_prompt),
                  third = submit(*scheduler, request_of(3, 40, 20));
  scheduler->cancel(third);  // it waits
  scheduler->cancel(12345);
  scheduler->cancel(-1);
  for (int step = 0; step < 3; ++step) answers.step(*scheduler);
  CHECK(!answers.of(third).status);
  scheduler->cancel(second);
  answers.step(*scheduler);
  REQUIRE(!answers.of(second).status);
  CHECK(answers.of(second).status.error().code == ErrorCode::cancelled);
  CHECK(answers.of(second).ids.empty());
  answers.finish(*scheduler);
  scheduler->cancel(first);  // it has ended
  test::check_same(answers.of(first), test::answer_alone(model, options, kept));
  // What a seat was left with in the middle of a prompt is a prefix like any other.
  const test::Answer again = answered(*scheduler, in_prompt);
  CHECK(again.cached > 0);
  CHECK(again.cached < 200);
  test::check_same(again, test::answer_alone(model, options, in_prompt));
}

TEST_CASE("passes allocate nothing, with a piece of a prompt or without") {
  const auto scheduler = test::make_scheduler(test::tiny_model(), seats_of(3, "60%"));
  std::array<schedule::Event, 20> events;
  const auto steps = [&](int count) {
    const std::size_t before = test::allocation_count();
    std::size_t pieces = 0;
    for (int step = 0; step < count; ++step) pieces += scheduler->step(events);
    CHECK(test::allocation_count() == before);
    return pieces;
  };
  submit(*scheduler, request_of(1, 20, 1000));
  submit(*scheduler, request_of(2, 20, 1000));
  for (int step = 0; step < 6; ++step) scheduler->step(events);
  CHECK(steps(20) == 40);
  submit(*scheduler, request_of(3, 700, 1000));
  scheduler->step(events);  // it gets its seat, and the first piece is processed
  CHECK(steps(8) == 16);    // 700 tokens take at least eleven pieces
  CHECK(steps(40) > 80);
}

TEST_CASE("waiting ends when there is something to do") {
  const auto scheduler = test::make_scheduler(test::tiny_model(), seats_of(1));
  CHECK(!scheduler->wait(0));
  CHECK(!scheduler->wait(-1));
  CHECK(!scheduler->wait(0.001));
  scheduler->wake();
  CHECK(!scheduler->wait(1e9));  // woken before
  std::thread waker([&] { scheduler->wake(); });
  CHECK(!scheduler->wait(1e9));
  waker.join();
  std::thread sender([&] { submit(*scheduler, request_of(1, 5, 2)); });
  CHECK(scheduler->wait(1e9));
  sender.join();
  Answers answers;
  answers.finish(*scheduler);
  CHECK(answers.size() == 1);
}

TEST_CASE("seats that cannot be created say which, with numbers") {
  const auto model = test::tiny_model();
  const auto refused = [&](schedule::SchedulerOptions options, ErrorCode code, const char* words) {
    const auto scheduler = schedule::Scheduler::create(model, std::move(options));
    REQUIRE(!scheduler);
    CHECK(scheduler.error().code == code);
    CHECK(contains(scheduler.error().sentence, words));
  };
  refused(seats_of(0), ErrorCode::invalid_argument, "seats: expected 1 to 256, found 0");
  schedule::SchedulerOptions options = seats_of(2);
  options.prefill_chunk = 16;
  refused(options, ErrorCode::invalid_argument, "prefill chunk: expected 32 to 512, found 16");
  options = seats_of(2);
  options.max_gap = 0;
  refused(options, ErrorCode::invalid_argument, "max gap");
  options = seats_of(2);
  options.seat.system = "Be brief.";
  refused(options, ErrorCode::invalid_argument, "system message");
  const std::int64_t budget = test::make_scheduler(model, seats_of(1))->counts().budget_bytes;
  options = seats_of(3);
  options.seat.sequence.pool = std::make_shared<kv::Pool>(2 * budget + budget / 2);
  refused(options, ErrorCode::out_of_memory, "seat 3 of 3: ");
  CHECK(options.seat.sequence.pool->left() == 2 * budget + budget / 2);  // nothing stays booked
  options.seats = 2;
  CHECK(schedule::Scheduler::create(model, options));
}

TEST_CASE("an automatic budget is divided between the seats") {
  schedule::SchedulerOptions options = seats_of(3, "auto");
  options.seat.sequence.pool = std::make_shared<kv::Pool>(300000);
  const auto scheduler = test::make_scheduler(test::tiny_model(), options);
  CHECK(3 * scheduler->counts().budget_bytes <= 300000);
  CHECK(options.seat.sequence.pool->left() == 300000 - 3 * scheduler->counts().budget_bytes);
}
