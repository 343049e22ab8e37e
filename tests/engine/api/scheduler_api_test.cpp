// Schedulers as a program that embeds Brim uses them: prompts in three forms, options of requests, events in the
// caller's structs, and misuse that does nothing.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "brim/scheduler.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/tiny_model.hpp"

namespace {

struct SchedulerTest {
  brim::test::ScratchFolder folder;
  brim::Model model = load();
  brim::Options options{{"kv.budget", "full"},
                        {"temperature", "0"},
                        {"limit", "8"},
                        {"chat.template", "chatml"},
                        {"stop.ignore_eos", "1"}};

  brim::Model load() {
    const std::string path = folder.path + "/model.gguf";
    brim::test::write_tiny_model(path, {});
    return brim::Model::load(path, {{"threads", "2"}});
  }
  std::string said_alone(const std::string& text) {
    brim::Session session(model, options);
    std::string said;
    for (const std::string_view piece : session.reply(text)) said += piece;
    return said;
  }
};

/// The texts of all requests until none is left; the last event of each.
struct Texts {
  std::map<std::int64_t, std::string> said;
  std::map<std::int64_t, brim_status> status;
  std::map<std::int64_t, std::int64_t> cached, generated;

  explicit Texts(brim::Scheduler& scheduler) {
    while (scheduler.wait(0)) {
      for (const brim::Scheduler::Event& event : scheduler.step()) {
        said[event.id] += event.text;
        if (!event.last()) continue;
        CHECK(status.count(event.id) == 0);
        status[event.id] = event.status;
        cached[event.id] = event.cached_tokens;
        generated[event.id] = event.generated_tokens;
      }
    }
  }
};

std::string user_message(const std::string& text) { return R"([{"role": "user", "content": ")" + text + R"("}])"; }

brim_request text_request(const char* text) {
  brim_request request{};
  request.size = sizeof request;
  request.text = text;
  request.text_size = std::char_traits<char>::length(text);
  return request;
}

}  // namespace

TEST_CASE("messages, text and ids are answered together as a session answers them alone") {
  SchedulerTest test;
  brim::Scheduler scheduler(test.model, test.options, {.seats = 3});
  const std::int64_t messages = scheduler.submit({.messages = user_message("the cat")});
  const std::int64_t text = scheduler.submit({.text = "the dog"});
  const std::int64_t ids = scheduler.submit({.ids = test.model.tokenize("the dog", true, false)});
  CHECK(messages > 0);
  CHECK(scheduler.stats().waiting == 3);
  Texts texts(scheduler);
  CHECK(texts.said[messages] == test.said_alone("the cat"));
  CHECK(texts.said[text] == texts.said[ids]);
  brim::Session session(test.model, test.options);
  session.append("the dog");
  std::string alone;
  for (const std::string_view piece : session.pieces()) alone += piece;
  CHECK(texts.said[text] == alone);
  const brim_scheduler_stats stats = scheduler.stats();
  CHECK(stats.seats == 3);
  CHECK(stats.busy == 0);
  CHECK(stats.finished == 3);
  CHECK(stats.generated_tokens == 24);
  CHECK(stats.kv_budget_bytes == session.stats().kv_budget_bytes);
  CHECK(stats.passes > 8);
  for (std::int32_t number = 0; number < 3; ++number) {
    const brim_seat seat = scheduler.seat(number);
    CHECK(seat.busy == 0);
    CHECK(seat.tokens > 4);  // of a prompt, and what was generated
    CHECK(seat.kv_bytes > 0);
    CHECK(seat.kv_bytes <= seat.kv_budget_bytes);
    CHECK(seat.kv_budget_bytes == stats.kv_budget_bytes);
  }
  CHECK_THROWS_AS((void)scheduler.seat(3), brim::Exception);
  CHECK_THROWS_AS((void)scheduler.seat(-1), brim::Exception);
}

TEST_CASE("a request has options of its own; the scheduler's are the defaults") {
  SchedulerTest test;
  brim::Scheduler scheduler(test.model, test.options);
  const brim::Options shorter{{"limit", "3"}};
  const std::int64_t plain = scheduler.submit({.text = "the dog"});
  const std::int64_t cut = scheduler.submit({.text = "the dog", .options = &shorter});
  Texts texts(scheduler);
  CHECK(texts.generated[plain] == 8);
  CHECK(texts.generated[cut] == 3);
  const auto refused = [&](const brim::Options& options, const char* words) {
    try {
      scheduler.submit({.text = "the dog", .options = &options});
      FAIL("it was not refused");
    } catch (const brim::Exception& failure) {
      CHECK(failure.status() == BRIM_INVALID_ARGUMENT);
      CHECK(std::string(failure.what()).find(words) != std::string::npos);
    }
  };
  refused({{"kv.budget", "full"}}, "fixed when a session is created");
  refused({{"system", "Be brief."}}, "not one of a request");
  refused({{"no.such", "1"}}, "unknown option");
  refused({{"temperature", "-1"}}, "temperature");
  CHECK_THROWS_AS(brim::Scheduler(test.model, {{"system", "Be brief."}}), brim::Exception);
}

TEST_CASE("prefixes are used again for an equal key, where the request allows it") {
  SchedulerTest test;
  brim::Scheduler scheduler(test.model, test.options, {.seats = 1});
  const auto cached = [&](const brim::Scheduler::Request& request) {
    const std::int64_t id = scheduler.submit(request);
    return Texts(scheduler).cached[id];
  };
  const std::string text(60, 'a');
  CHECK(cached({.text = text, .key = "a"}) == 0);
  CHECK(cached({.text = text + "b", .key = "a"}) > 50);
  CHECK(cached({.text = text, .key = "a", .reuse = false}) == 0);
  CHECK(cached({.text = text, .key = "b"}) == 0);
}

TEST_CASE("a cancelled request and one that is late end with a status and a sentence") {
  SchedulerTest test;
  brim::Scheduler scheduler(test.model, test.options, {.seats = 1});
  const std::int64_t kept = scheduler.submit({.text = "the dog"});
  const std::int64_t cancelled = scheduler.submit({.text = "the cat"});
  scheduler.cancel(cancelled);
  scheduler.cancel(cancelled + 1000);
  Texts texts(scheduler);
  CHECK(texts.status[kept] == BRIM_OK);
  CHECK(texts.status[cancelled] == BRIM_CANCELLED);
  CHECK(texts.said[cancelled].find("cancel") != std::string::npos);
}

TEST_CASE("a full queue is a state and not a wrong request") {
  SchedulerTest test;
  brim::Scheduler scheduler(test.model, test.options, {.seats = 1, .queue = -1});
  const std::int64_t first = scheduler.submit({.text = "the dog"});
  try {
    scheduler.submit({.text = "the cat"});
    FAIL("it was not refused");
  } catch (const brim::Exception& failure) {
    CHECK(failure.status() == BRIM_WRONG_STATE);
    CHECK(std::string(failure.what()).find("the queue is full") != std::string::npos);
  }
  Texts texts(scheduler);
  CHECK(texts.said.count(first) == 1);
  CHECK(scheduler.stats().refused == 1);
}

TEST_CASE("a smaller capacity makes smaller steps, and structs of a later version lie further apart") {
  SchedulerTest test;
  brim::Scheduler scheduler(test.model, test.options);
  for (const char* text : {"the dog", "the cat", "a", "b"}) scheduler.submit({.text = text});
  struct Later {
    brim_event event;
    std::int64_t further;
  };
  std::int64_t events = 0;
  while (scheduler.wait(0)) {
    std::vector<Later> found(2, {{}, 42});
    found[0].event.size = sizeof(Later);
    std::size_t count = found.size();
    REQUIRE(brim_scheduler_step(scheduler.get(), &found[0].event, &count) == BRIM_OK);
    REQUIRE(count <= 2);
    for (std::size_t i = 0; i < count; ++i) {
      CHECK(found[i].event.size == sizeof(Later));
      CHECK(found[i].event.id >= 1);
      CHECK(found[i].event.id <= 4);
      CHECK(found[i].further == 42);
      ++events;
    }
  }
  CHECK(events == 4 * 9);  // eight tokens and an end each
}

TEST_CASE("misuse of a scheduler is refused with a reason") {
  SchedulerTest test;
  brim_scheduler* none = nullptr;
  CHECK(brim_scheduler_create(nullptr, nullptr, nullptr, &none) == BRIM_INVALID_ARGUMENT);
  brim_scheduler_settings settings{};
  CHECK(brim_scheduler_create(test.model.get(), test.options.get(), &settings, &none) == BRIM_INVALID_ARGUMENT);
  settings.size = sizeof settings;
  for (const std::int32_t seats : {-1, 257, 2147483647}) {
    settings.seats = seats;
    CHECK(brim_scheduler_create(test.model.get(), test.options.get(), &settings, &none) == BRIM_INVALID_ARGUMENT);
    CHECK(none == nullptr);
  }
  settings = {sizeof settings, 1, -2, 0, 0, 0, nullptr, 0};
  CHECK(brim_scheduler_create(test.model.get(), test.options.get(), &settings, &none) == BRIM_INVALID_ARGUMENT);
  brim::Scheduler scheduler(test.model, test.options);
  std::int64_t id = 5;
  brim_request request = text_request("the dog");
  request.ids = &settings.seats;
  CHECK(brim_scheduler_submit(scheduler.get(), &request, &id) == BRIM_INVALID_ARGUMENT);
  CHECK(id == 0);
  CHECK(std::string(brim_last_error()).find("exactly one of messages, text and ids, found 2") != std::string::npos);
  request = text_request("the dog");
  request.timeout_ms = -1;
  CHECK(brim_scheduler_submit(scheduler.get(), &request, &id) == BRIM_INVALID_ARGUMENT);
  request = text_request("the dog");
  request.key_size = 3;
  CHECK(brim_scheduler_submit(scheduler.get(), &request, &id) == BRIM_INVALID_ARGUMENT);
  request.size = 0;
  CHECK(brim_scheduler_submit(scheduler.get(), &request, &id) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_scheduler_submit(scheduler.get(), nullptr, &id) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_scheduler_submit(nullptr, &request, &id) == BRIM_INVALID_ARGUMENT);
  std::vector<brim_event> events(4);
  std::size_t count = 1;
  events[0].size = sizeof(brim_event);
  CHECK(brim_scheduler_step(scheduler.get(), events.data(), &count) == BRIM_INVALID_ARGUMENT);
  CHECK(count == 0);
  count = 4;
  events[0].size = sizeof(brim_event) - 1;
  CHECK(brim_scheduler_step(scheduler.get(), events.data(), &count) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_scheduler_wait(nullptr, 0, nullptr) == BRIM_INVALID_ARGUMENT);
  brim_scheduler_cancel(nullptr, 1);
  brim_scheduler_wake(nullptr);
  brim_scheduler_free(nullptr);
  CHECK(scheduler.submit({.text = "the dog"}) == 1);  // nothing was queued before
}

TEST_CASE("the ids of a prompt are those that a request processes") {
  SchedulerTest test;
  brim::Scheduler scheduler(test.model, test.options);
  const brim::Scheduler::Request messages{.messages = user_message("the dog")};
  const std::vector<std::int32_t> ids = scheduler.prompt(messages);
  REQUIRE(!ids.empty());
  const std::int64_t by_messages = scheduler.submit(messages);
  const Texts said(scheduler);
  const std::int64_t by_ids = scheduler.submit({.ids = ids});
  const Texts again(scheduler);
  CHECK(said.said.at(by_messages) == again.said.at(by_ids));
  CHECK(again.cached.at(by_ids) > 0);
  CHECK(scheduler.prompt({.text = "the dog"}) == test.model.tokenize("the dog", true, false));
  CHECK(scheduler.stats().refused == 0);
  std::size_t count = 1;
  std::int32_t id = 0;
  const brim_request request = text_request("the dog was on the cat");
  CHECK(brim_scheduler_prompt(scheduler.get(), &request, &id, &count) == BRIM_INVALID_ARGUMENT);
  CHECK(count > 1);
  CHECK(brim_scheduler_prompt(nullptr, &request, &id, &count) == BRIM_INVALID_ARGUMENT);
  CHECK(brim_scheduler_prompt(scheduler.get(), nullptr, &id, &count) == BRIM_INVALID_ARGUMENT);
}

TEST_CASE("logprobs, embeddings and lengths that do not fit, through the C interface") {
  SchedulerTest test;
  brim::Scheduler scheduler(test.model, test.options, {.seats = 2, .refuse_when_full = true});
  const std::int64_t asking = scheduler.submit({.text = "the dog", .top_logprobs = 2});
  scheduler.submit({.text = "the cat"});
  std::size_t noted = 0;
  while (scheduler.wait(0)) {
    for (const brim::Scheduler::Event& event : scheduler.step()) {
      CHECK(event.logprobs.size() == (event.id == asking && event.token >= 0 ? 3u : 0u));
      if (event.logprobs.empty()) continue;
      ++noted;
      CHECK(event.logprobs[0].token == event.token);
      CHECK(event.logprobs[1].token == event.token);  // temperature 0
      CHECK(event.logprobs[0].bytes != nullptr);
      CHECK(event.logprobs[2].logprob <= event.logprobs[1].logprob);
    }
  }
  CHECK(noted == 8);
  const std::int64_t id = scheduler.submit({.text = "the dog", .embedding = brim::Scheduler::Request::Embedding::mean});
  std::size_t width = 0;
  while (scheduler.wait(0)) {
    for (const brim::Scheduler::Event& event : scheduler.step()) {
      CHECK(event.id == id);
      CHECK(event.last());
      width += event.embedding.size();
    }
  }
  brim::Session session(test.model, test.options);
  session.append("the dog");
  CHECK(width == session.embedding().size());
  const std::string limit = std::to_string(scheduler.stats().kept_tokens);
  brim::Options longer;
  longer.set("limit", limit);
  CHECK_THROWS_AS(scheduler.submit({.text = "the dog", .options = &longer}), brim::Exception);
  brim_request request = text_request("the dog");
  std::int64_t none = 0;
  request.top_logprobs = 1;
  CHECK(brim_scheduler_submit(scheduler.get(), &request, &none) == BRIM_INVALID_ARGUMENT);
  CHECK(std::string(brim_last_error()) == "top_logprobs: expected 0 to 0 without logprobs, found 1");
  request.logprobs = 1;
  request.top_logprobs = 21;
  CHECK(brim_scheduler_submit(scheduler.get(), &request, &none) == BRIM_INVALID_ARGUMENT);
  request.top_logprobs = 0;
  request.embedding = 3;
  CHECK(brim_scheduler_submit(scheduler.get(), &request, &none) == BRIM_INVALID_ARGUMENT);
  brim_scheduler_settings settings{};
  settings.size = sizeof settings;
  settings.when_full = 2;
  brim_scheduler* created = nullptr;
  CHECK(brim_scheduler_create(test.model.get(), test.options.get(), &settings, &created) == BRIM_INVALID_ARGUMENT);
}

TEST_CASE("a freed scheduler parks its texts, and the next one continues them") {
  SchedulerTest test;
  const brim::Scheduler::Settings settings{
      .seats = 1, .park_folder = test.folder.path + "/park", .park_bytes = 1 << 24};
  const std::string text(100, 'a');
  const auto cached = [&](brim::Scheduler& scheduler, const char* key) {
    const std::int64_t id = scheduler.submit({.text = text, .key = key});
    return Texts(scheduler).cached[id];
  };
  {
    brim::Scheduler scheduler(test.model, test.options, settings);
    CHECK(cached(scheduler, "a") == 0);
  }
  brim::Scheduler scheduler(test.model, test.options, settings);
  CHECK(scheduler.stats().parked_bytes > 0);
  CHECK(cached(scheduler, "b") == 0);
  CHECK(cached(scheduler, "a") > 80);
  CHECK(scheduler.stats().restored == 1);
  CHECK(scheduler.stats().parked == 1);
  CHECK(scheduler.stats().parking_failed == 0);
  CHECK_THROWS_AS(brim::Scheduler(test.model, test.options, {.park_folder = "relative", .park_bytes = 1}),
                  brim::Exception);
}

TEST_CASE("a model may be freed before its scheduler") {
  SchedulerTest test;
  const std::string expected = test.said_alone("the cat");
  const auto created = [&] {
    const brim::Model model = brim::Model::load(test.folder.path + "/model.gguf", {{"threads", "2"}});
    return brim::Scheduler(model, test.options);
  };
  brim::Scheduler scheduler = created();
  const std::int64_t id = scheduler.submit({.messages = user_message("the cat")});
  CHECK(Texts(scheduler).said[id] == expected);
}
